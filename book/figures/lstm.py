"""Drawings of the chapter `lstm`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, arrow


def cell_diagram(ax):
    """One LSTM cell: the carousel as a straight line on top, the gates that multiply, the hidden state below."""

    def node(x, y, text, face="white", size=11):
        style = {"boxstyle": "circle,pad=0.25", "facecolor": face, "edgecolor": INK}
        ax.text(x, y, text, ha="center", va="center", fontsize=size, bbox=style, zorder=3)

    def box(x, y, text, color):
        style = {"boxstyle": "round,pad=0.35", "facecolor": "white", "edgecolor": color, "linewidth": 1.5}
        ax.text(x, y, text, ha="center", va="center", fontsize=10, bbox=style, zorder=3)

    top, middle, bottom = 3.0, 1.9, 0.8
    for start, stop in ((0.0, 1.32), (1.68, 4.32), (4.68, 8.0)):
        arrow(ax, (start, top), (stop, top))
    ax.text(-0.1, top, "$c_{t-1}$", ha="right", va="center")
    ax.text(8.1, top, "$c_t$", ha="left", va="center")
    node(1.5, top, r"$\times$")
    node(4.5, top, "$+$")
    node(4.5, middle, r"$\times$")
    node(6.6, middle, r"$\times$")
    box(1.5, bottom, "$f_t$", BLUE)
    box(3.5, bottom, "$i_t$", BLUE)
    box(4.5, bottom, "$g_t$", ORANGE)
    box(5.6, bottom, "$o_t$", BLUE)
    box(6.6, 2.5, "tanh", ORANGE)
    arrow(ax, (1.5, 1.08), (1.5, 2.8))
    arrow(ax, (3.5, 1.08), (4.35, 1.78))
    arrow(ax, (4.5, 1.08), (4.5, 1.72))
    arrow(ax, (4.5, 2.08), (4.5, 2.8))
    arrow(ax, (5.6, 1.08), (6.45, 1.78))
    arrow(ax, (6.6, top), (6.6, 2.74))
    arrow(ax, (6.6, 2.26), (6.6, 2.08))
    arrow(ax, (6.78, middle), (8.0, middle))
    ax.text(8.1, middle, "$h_t$", ha="left", va="center")
    ax.plot([0.3, 5.6], [0.1, 0.1], color=INK, linestyle="-", marker="", linewidth=1.1)
    for x in (1.5, 3.5, 4.5, 5.6):
        arrow(ax, (x, 0.1), (x, 0.52))
    ax.text(0.2, 0.1, "$x_t,\\ h_{t-1}$", ha="right", va="center")
    ax.text(3.0, top + 0.22, "carousel", ha="center", color=GREY, fontsize=9)
    ax.set(xlim=(-1.1, 8.7), ylim=(-0.2, 3.45))
    ax.axis("off")
    return ax


def paths(ax, lags, curves):
    """Largest and smallest singular values over the lag. curves: label -> (largest (n,), smallest (n,)). Returns ax."""
    styles = ((BLUE, "o", "-"), (ORANGE, "s", "--"), (GREEN, "^", "-."))
    for (label, (largest, smallest)), (color, marker, line) in zip(curves.items(), styles, strict=False):
        every = max(1, len(lags) // 8)
        ax.plot(lags, largest, color=color, marker=marker, linestyle=line, markevery=every, label=label)
        ax.plot(lags, smallest, color=color, marker=marker, linestyle=line, markevery=every, fillstyle="none")
    ax.set(yscale="log", xlabel="lag $k$", ylabel="singular values over $k$ steps")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def border(ax, groups, most):
    """Updates until success against the reach of the gradient. groups: label -> list of (reach, updates or None).

    Failures are crosses at the top, where the updates ran out.
    """
    styles = {25: (GREEN, "^"), 50: (BLUE, "o"), 100: (ORANGE, "s")}
    for T, runs in groups.items():
        color, marker = styles[T]
        learned = [(r, n) for r, n in runs if n]
        failed = [r for r, n in runs if not n]
        label = f"T = {T}"
        if learned:
            ax.plot(*zip(*learned, strict=True), color=color, marker=marker, linestyle="none", label=f"{label}, learns")
        if failed:
            ax.plot(failed, [most * 1.07] * len(failed), color=color, marker=marker, linestyle="none",
                    fillstyle="none", label=f"{label}, fails")  # fmt: skip
    ax.axhline(most, color=GREY, linestyle=":", linewidth=1.2)
    ax.set(xscale="log", xlabel="reach of the gradient before training", ylabel="updates until success",
           ylim=(0, 1.17 * most))  # fmt: skip
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def states(axes, sequences):
    """Inputs, cell and hidden states of one network on several sequences, a column each.

    axes (3, n), sequences: title -> (x (T,), c (T+1, H), h (T+1, H))
    """
    dashes = ("-", "--", "-.", ":")
    for column, (title, (x, c, h)) in zip(axes.T, sequences.items(), strict=True):
        steps = np.arange(len(c))
        column[0].plot(steps[1:], x, color=GREY, marker=".", linestyle="-", linewidth=0.9)
        column[0].set_title(title)
        for row, values in ((column[1], c), (column[2], h)):
            few = values.shape[1] <= 4
            for k in range(values.shape[1]):
                row.plot(steps, values[:, k], marker="", color=(BLUE, ORANGE, GREEN, PURPLE)[k % 4],
                         linestyle=dashes[k % 4], linewidth=1.6 if few else 0.8)  # fmt: skip
            row.axhline(0, color=INK, linewidth=0.6)
        column[2].set(xlabel="step $t$", ylim=(-1.05, 1.05))
    for row, label in zip(axes[:, 0], ("$x_t$", "$c_t$", "$h_t$"), strict=True):
        row.set_ylabel(label)
    return axes


def gates_and_gradient(axes, x, gates, c, h, gradient):
    """The live figure, standing still: input and gates, states, gradient. x (T,), gates {name: (T,)}, c, h, gradient
    (T+1,). Returns axes."""
    steps = np.arange(1, len(x) + 1)
    axes[0].bar(steps, x, color=PALE, edgecolor=GREY, width=0.7, label="$x_t$")
    lines = zip(gates.items(), (BLUE, ORANGE, GREEN), ("-", "--", "-."), strict=True)
    for (name, values), color, line in lines:
        axes[0].step(steps, values, where="mid", color=color, linestyle=line, marker="", label=f"${name}_t$")
    axes[1].plot(np.arange(len(c)), c, color=BLUE, marker="o", markersize=3, label="$c_t$")
    axes[1].plot(np.arange(len(h)), h, color=ORANGE, marker="s", markersize=3, linestyle="--", label="$h_t$")
    axes[2].plot(np.arange(len(c)), gradient, color=PURPLE, marker="D", markersize=3, linestyle="-",
                 label=r"$\partial c_T/\partial c_t$")  # fmt: skip
    axes[2].set(xlabel="step $t$", ylim=(-0.05, 1.1))
    for ax in axes:
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return axes
