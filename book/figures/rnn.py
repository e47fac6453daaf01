"""Drawings of the chapter `rnn`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, MEAN_WIDTH, ORANGE, PALE, PURPLE


def folded_and_unfolded(axes, T):
    """A recurrent layer drawn with its loop (first axes) and as T copies with the same parameters. Returns axes."""
    box = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": INK}
    pale = {**box, "facecolor": PALE, "edgecolor": GREY}

    def node(ax, x, y, text, style):
        ax.text(x, y, text, ha="center", va="center", bbox=style, zorder=3)

    def arrow(ax, start, stop, text="", offset=(0.0, 0.0), color=BLUE, **more):
        style = {"arrowstyle": "-|>", "color": color, "shrinkA": 12, "shrinkB": 12, "linewidth": 1.4, **more}
        ax.annotate("", stop, start, arrowprops=style)
        middle = (np.array(start) + stop) / 2 + offset
        ax.text(*middle, text, ha="center", va="center", color=color, fontsize=9)

    folded, unfolded = axes
    for ax, steps in ((folded, ["t"]), (unfolded, list(range(1, T + 1)))):
        for i, t in enumerate(steps):
            node(ax, i, 0, f"$h_{t}$", box)
            node(ax, i, -1, f"$x_{t}$", pale)
            node(ax, i, 1, f"$y_{t}$", pale)
            arrow(ax, (i, -1), (i, 0), "$W_{hx}$", (-0.22, 0))
            arrow(ax, (i, 0), (i, 1), "$W_{yh}$", (-0.22, 0), color=PURPLE)
        ax.axis("off")
        ax.set(xlim=(-0.75 - 0.5 * (ax is unfolded), len(steps) - 0.4), ylim=(-1.4, 1.45), aspect="equal")
    loop = {"connectionstyle": "arc,angleA=35,armA=38,angleB=-35,armB=38,rad=16", "shrinkA": 3, "shrinkB": 3}
    arrow(folded, (0.13, 0.1), (0.13, -0.1), "$W_{hh}$", (0.52, 0), color=ORANGE, **loop)
    node(unfolded, -0.9, 0, "$h_0$", pale)
    for i in range(T):
        start = (i - 1, 0) if i else (-0.9, 0)
        arrow(unfolded, start, (i, 0), "$W_{hh}$", (0, 0.17), color=ORANGE)
    return axes


def layers_and_directions(axes, T):
    """Which state hears which: a network of two layers (first axes), and one of two directions. Returns axes."""
    deep, both = axes

    def node(ax, x, y, text, edge=INK, face="white"):
        style = {"boxstyle": "round,pad=0.3", "facecolor": face, "edgecolor": edge}
        ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=style, zorder=3)

    def arrow(ax, start, stop, color=INK, **more):
        style = {"arrowstyle": "-|>", "color": color, "shrinkA": 13, "shrinkB": 13, "linewidth": 1.2, **more}
        ax.annotate("", stop, start, arrowprops=style)

    for t in range(1, T + 1):
        for ax in axes:
            node(ax, t, 0, f"$x_{t}$", GREY, PALE)
        node(deep, t, 1, f"$h^{{(1)}}_{t}$")
        node(deep, t, 2, f"$h^{{(2)}}_{t}$")
        node(both, t, 1, rf"$\overrightarrow{{h}}_{t}$", BLUE)
        node(both, t, 2, rf"$\overleftarrow{{h}}_{t}$", ORANGE)
        arrow(deep, (t, 0), (t, 1))
        arrow(deep, (t, 1), (t, 2))
        arrow(both, (t, 0), (t, 1), BLUE)
        arrow(both, (t, 0), (t, 2), ORANGE, connectionstyle="arc3,rad=0.35")
        if t < T:
            arrow(deep, (t, 1), (t + 1, 1))
            arrow(deep, (t, 2), (t + 1, 2))
            arrow(both, (t, 1), (t + 1, 1), BLUE)
            arrow(both, (t + 1, 2), (t, 2), ORANGE)
    deep.set_title("two layers")
    both.set_title("two directions")
    for ax in axes:
        ax.set(xlim=(0.3, T + 0.7), ylim=(-0.4, 2.45), aspect="equal")
        ax.axis("off")
    return axes


def stack_value(ax, brackets, q, y):
    """The value q (T+1,) that a bracket network stores, and where its readout y (T,) says balanced. Returns ax."""
    steps = np.arange(len(q))
    ax.step(steps, q, where="post", color=BLUE, marker="", linestyle="-")
    ax.plot(steps, q, color=BLUE, marker="o", linestyle="none", label="stored value $q_t$")
    balanced = np.flatnonzero(y > 0) + 1
    ax.plot(
        balanced, np.full(len(balanced), 1.12), color=GREEN, marker="v", linestyle="none", label="readout: balanced"
    )
    ax.set(xlabel="step $t$ and its bracket", ylabel="$q_t$", ylim=(-0.06, 1.2))
    ax.set_xticks(steps, ["", *(f"{t}\n{b}" for t, b in enumerate(brackets, 1))])
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def accuracies(axes, results, bound):
    """Accuracy of every seed (dots) and their median (bar). results: panel title -> {model: (seeds,)}. Returns axes."""
    for ax, (title, models) in zip(axes, results.items(), strict=True):
        for i, values in enumerate(models.values()):
            shift = np.linspace(-0.12, 0.12, len(values)) if len(values) > 1 else np.zeros(1)
            ax.plot(i + shift, values, color=BLUE, marker="o", linestyle="none", fillstyle="none")
            ax.hlines(np.median(values), i - MEAN_WIDTH, i + MEAN_WIDTH, color=ORANGE, linewidth=2.5)
        ax.set_xticks(range(len(models)), list(models))
        ax.axhline(0.5, color=GREY, linestyle=":", linewidth=1.3)
        ax.axhline(bound, color=INK, linestyle="--", linewidth=1)
        ax.set(title=title, ylim=(0.45, 1.03), xlim=(-0.6, len(models) - 0.4))
        ax.grid(visible=False, axis="x")
    axes[0].set_ylabel("share of reviews judged rightly")
    return axes


def two_states(ax, x, h):
    """Inputs x (T,) and the states h (T+1, 2) of a network with two units. Returns ax."""
    steps = np.arange(len(h))
    ax.bar(steps[1:], x, width=0.35, color=PALE, edgecolor=GREY, label="$x_t$")
    ax.plot(steps, h[:, 0], color=BLUE, marker="o", linestyle="-", label="$h_{t,1}$")
    ax.plot(steps, h[:, 1], color=ORANGE, marker="s", linestyle="--", label="$h_{t,2}$")
    ax.axhline(0, color=INK, linewidth=0.8)
    ax.set(xlabel="step $t$", ylabel="input and states", ylim=(-1.15, 1.15), xticks=steps)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax
