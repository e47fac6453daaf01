"""Drawings of the chapter `attention`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, arrow

MARKERS = (("o", "-", BLUE), ("s", "--", ORANGE), ("^", "-.", GREEN), ("D", ":", PURPLE))
DARK_CELL = 0.55


def weights(ax, alpha, rows, columns, numbers=True):
    """A matrix of weights as grey cells with their values; rows ask, columns are looked at.

    alpha (T, S), rows T labels, columns S labels  ->  ax
    """
    ax.imshow(alpha, cmap="Greys", vmin=0, vmax=1, aspect="auto")
    if numbers:
        for (t, j), value in np.ndenumerate(alpha):
            if value >= 0.005:
                color = "white" if value > DARK_CELL else INK
                ax.text(j, t, f"{value:.2f}".lstrip("0"), ha="center", va="center", fontsize=7.5, color=color)
    ax.set_xticks(range(len(columns)), columns, rotation=40, ha="left", rotation_mode="anchor")
    ax.set_yticks(range(len(rows)), rows)
    ax.tick_params(top=True, labeltop=True, bottom=False, labelbottom=False, length=0)
    ax.grid(False)
    return ax


def looks(ax, words, alpha, chosen):
    """One query and the words that it looks at: lines as thick as the weights, and the weights beside the words.

    words T labels, alpha (T,), chosen the index of the word that asks  ->  ax
    """
    T = len(words)
    for j, (word, value) in enumerate(zip(words, alpha, strict=True)):
        y = T - 1 - j
        ax.text(0, y, word, ha="right", va="center", color=INK, weight="bold" if j == chosen else "normal")
        ax.plot([0.05, 0.95], [T - 1 - chosen, y], color=BLUE, marker="", linewidth=0.3 + 7 * value, linestyle="-",
                alpha=0.25 + 0.75 * value, solid_capstyle="round")  # fmt: skip
        ax.text(1, y, word, ha="left", va="center", color=INK)
        ax.plot([1.45, 1.45 + value], [y, y], color=BLUE, marker="", linewidth=6, solid_capstyle="butt", linestyle="-")
        ax.text(1.48 + value, y, f"{value:.3f}", ha="left", va="center", fontsize=8, color=INK)
    ax.text(0, T - 0.1, "asks", ha="right", color=GREY)
    ax.text(1, T - 0.1, "is looked at", ha="left", color=GREY)
    ax.set(xlim=(-0.4, 2.8), ylim=(-0.6, T + 0.3))
    ax.axis("off")
    return ax


def saturation(axes, D, deviation, largest, slope):
    """Scores without and with the root: their standard deviation, the largest weight, the softmax's derivative.

    D (n,); deviation, largest, slope: label -> (n,)  ->  axes
    """
    titles = ("standard deviation of the scores", "largest weight, median", "size of the derivative, median")
    for ax, series, title in zip(axes, (deviation, largest, slope), titles, strict=True):
        for (label, values), (marker, line, color) in zip(series.items(), MARKERS, strict=False):
            ax.plot(D, values, color=color, marker=marker, linestyle=line, label=label)
        ax.set(xscale="log", xlabel="$D$", title=title)
        ax.set_xscale("log", base=2)
    axes[0].set_yscale("log", base=2)
    axes[2].set_yscale("log")
    axes[1].set_ylim(0, 1.05)
    axes[1].legend()
    return axes


def blocks(ax):
    """The Transformer block with the normalisation after and before its two parts. Returns ax."""
    rows = {
        "after": ["$x$", "attention", "+", "norm", "network", "+", "norm", "out"],
        "before": ["$x$", "norm", "attention", "+", "norm", "network", "+", "out"],
    }
    half = {"$x$": 0.2, "out": 0.3, "+": 0.17, "norm": 0.36, "attention": 0.54, "network": 0.5}  # widths of the boxes
    around = {"after": ((0, 2), (3, 5)), "before": ((0, 3), (3, 6))}
    for y, (name, boxes) in zip((1.5, 0.0), rows.items(), strict=True):
        ax.text(-0.7, y, name, ha="right", va="center", color=INK)
        for i, text in enumerate(boxes):
            box = {"boxstyle": "round,pad=0.3", "facecolor": PALE if text == "norm" else "white", "edgecolor": BLUE}
            if text in ("$x$", "out"):
                box["edgecolor"] = "none"
            if text == "+":
                box |= {"boxstyle": "circle,pad=0.15", "edgecolor": ORANGE}
            ax.text(1.25 * i, y, text, ha="center", va="center", color=INK, fontsize=9, bbox=box, zorder=3)
            if i:
                before = half[boxes[i - 1]]
                arrow(ax, (1.25 * (i - 1) + before, y), (1.25 * i - half[text], y))
        for start, stop in around[name]:
            left, right = 1.25 * start + (0.32 if start == 0 else 0.46), 1.25 * stop
            ax.plot([left, left, right], [y, y + 0.55, y + 0.55], color=ORANGE, marker="", linestyle="-", linewidth=1.4)
            ax.annotate("", (right, y + 0.2), (right, y + 0.56),
                        arrowprops={"arrowstyle": "-|>", "color": ORANGE, "shrinkA": 0, "shrinkB": 0})  # fmt: skip
    ax.set(xlim=(-1.6, 9.3), ylim=(-0.5, 2.3))
    ax.axis("off")
    return ax


def positions(axes, P, products):
    """Vectors of places as rows of grey, and the product of each place with a few chosen ones.

    P (T, D), products: label -> (T,)  ->  axes
    """
    axes[0].imshow(P, cmap="Greys", aspect="auto", vmin=-1, vmax=1)
    axes[0].set(xlabel="entry", ylabel="place $p$", title="the vectors")
    axes[0].grid(False)
    for (label, values), (_, line, color) in zip(products.items(), MARKERS, strict=False):
        axes[1].plot(values, color=color, linestyle=line, marker="", label=label)
    axes[1].set(xlabel="place $p$", title="product with the vector of place")
    axes[1].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes


def accuracies(ax, shares, levels):
    """Accuracy of each seed for each kind of network, with horizontal levels to compare with.

    shares: label -> (seeds,), levels: label -> number  ->  ax
    """
    for x, ((_, values), (marker, _, color)) in enumerate(zip(shares.items(), MARKERS, strict=False)):
        spread = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else [0.0]
        ax.plot(x + np.asarray(spread), values, color=color, marker=marker, linestyle="none", markerfacecolor="none")
    for label, level in levels.items():
        ax.axhline(level, color=INK, linestyle=":", linewidth=1.1)
        ax.text(len(shares) - 0.45, level, label, va="center", ha="left", fontsize=8.5)
    ax.set_xticks(range(len(shares)), list(shares))
    ax.set(ylabel="accuracy", ylim=(0.15, 1.05), xlim=(-0.5, len(shares) - 0.5))
    return ax


def kernel_errors(ax, M, errors, levels):
    """Error of kernel attention against the number of features, one line for each size of the inputs.

    M (n,), errors: label -> (n,), levels: label -> error of the plain mean of the values  ->  ax
    """
    for (label, values), (marker, line, color) in zip(errors.items(), MARKERS, strict=False):
        ax.plot(M, values, color=color, marker=marker, linestyle=line, label=label)
        ax.axhline(levels[label], color=color, linestyle=line, linewidth=0.8, alpha=0.8)
        ax.plot(M[-1] * 1.15, levels[label], color=color, marker=marker, markerfacecolor="none", clip_on=False)
    ax.set(xscale="log", yscale="log", xlabel="features $M$", ylabel="relative error")
    ax.set_xscale("log", base=2)
    ax.legend(loc="center left", bbox_to_anchor=(1.05, 0.5), title="inputs of size")
    return ax
