"""Drawings of the chapter `seq2seq`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE

MARKERS = (("o", "-", BLUE), ("s", "--", ORANGE), ("^", ":", GREEN), ("D", "-.", PURPLE))


def encoder_decoder(ax, source, target):
    """The encoder over the source words, the context, and the decoder over the target words. Returns ax."""
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": INK}
    pale = {**box, "facecolor": PALE, "edgecolor": GREY}

    def node(x, y, text, style):
        ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=style, zorder=3)

    def arrow(start, stop, color=INK, **more):
        style = {"arrowstyle": "-|>", "color": color, "shrinkA": 11, "shrinkB": 11, "linewidth": 1.2, **more}
        ax.annotate("", stop, start, arrowprops=style)

    S, T = len(source), len(target)
    for j, word in enumerate(source):
        node(j, 0, word, pale)
        node(j, 1, f"$h_{j + 1}$", box)
        arrow((j, 0), (j, 1))
        if j:
            arrow((j - 1, 1), (j, 1), BLUE)
    node(S, 1, "$c$", {**box, "edgecolor": ORANGE})
    arrow((S - 1, 1), (S, 1), BLUE)
    for t, word in enumerate(target):
        x = S + 1.15 + 1.1 * t
        node(x, 0, "<s>" if t == 0 else target[t - 1], pale)
        node(x, 1, f"$s_{t + 1}$", box)
        node(x, 2, word, pale)
        arrow((x, 0), (x, 1))
        arrow((x, 1), (x, 2))
        arrow((S if t == 0 else x - 1.1, 1), (x, 1), ORANGE if t == 0 else BLUE)
        if t:
            bend = {"connectionstyle": "arc3,rad=0.22", "linestyle": "--", "shrinkA": 6}
            arrow((S, 1.05), (x, 1.1), ORANGE, **bend)
    ax.set(xlim=(-0.6, S + 0.6 + 1.1 * T + 0.2), ylim=(-0.45, 2.45))
    ax.axis("off")
    return ax


def probability_tree(ax, words, first, second, kept, best):
    """Two steps of choices: branches with probabilities, the ends with their products.

    words (V,), first (V,), second (V, V) probabilities, kept (V,) whether the first word stays in the beam,
    best (first, second) the likeliest pair  ->  ax
    """
    V = len(words)
    middle = np.array([(V - 1 - i) * V + (V - 1) / 2 for i in range(V)])
    for i in range(V):
        style = "-" if kept[i] else "--"
        color = INK if kept[i] else GREY
        ax.plot([0, 1], [(V * V - 1) / 2, middle[i]], color=color, linestyle=style, marker="", linewidth=1.3)
        ax.text(1, middle[i], f" {words[i]}  {first[i]:.2f} ", ha="center", va="center", color=color, zorder=3,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})  # fmt: skip
        for j in range(V):
            y, is_best = middle[i] + (V - 1) / 2 - j, (i, j) == tuple(best)
            end_color = ORANGE if is_best else color
            ax.plot([1, 2], [middle[i], y], color=end_color, linestyle=style, marker="", linewidth=1 + is_best)
            text = f" {words[i]} {words[j]}   {second[i, j]:.2f}   product {first[i] * second[i, j]:.4f}"
            ax.text(2, y, text, ha="left", va="center", color=end_color, weight="bold" if is_best else "normal")
    ax.set(xlim=(-0.1, 3.4), ylim=(-0.6, V * V - 0.4))
    ax.axis("off")
    return ax


def against_length(ax, centres, shares):
    """Share of sentences translated without a fault against their length: a line of medians, a mark for each seed.

    centres (n,), shares: label -> (seeds, n)  ->  ax
    """
    for (label, values), (marker, line, color) in zip(shares.items(), MARKERS, strict=False):
        ax.plot(centres, np.median(values, axis=0), color=color, marker="", linestyle=line, label=label)
        for row in values:
            ax.plot(centres, row, color=color, marker=marker, linestyle="none", markerfacecolor="none")
    ax.set(xlabel="words in the English sentence", ylabel="share without a fault", ylim=(-0.05, 1.05))
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def against_width(axes, widths, by_alpha, reference):
    """What a wider beam finds: mean log-probability, BLEU, mean length, one panel each.

    widths (n,), by_alpha: label -> (n, 3), reference (3,), nan where there is none  ->  axes
    """
    names = ("mean $\\log p$", "BLEU", "mean number of words")
    for panel, (ax, name) in enumerate(zip(axes, names, strict=True)):
        for (label, values), (marker, line, color) in zip(by_alpha.items(), MARKERS, strict=False):
            ax.plot(widths, values[:, panel], color=color, marker=marker, linestyle=line, label=label)
        if np.isfinite(reference[panel]):
            ax.axhline(reference[panel], color=INK, linestyle=":", linewidth=1.2, label="right translation")
        ax.set(xscale="log", xlabel="width $K$", title=name)
        ax.set_xscale("log", base=2)
        ax.set_xticks(widths, [str(K) for K in widths])
    axes[-1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes
