"""Drawings of the chapter `sequences`: arrays in, axes out."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

from book.figures import BLUE, GREY, INK, ORANGE, PALE, arrow


def three_sequences(axes, series, signal, words, codes):
    """A time series, a signal and a sentence as one-hot codes.

    axes three, series (T, D), signal (seconds, values), words list of T, codes (T, V)  ->  axes
    """
    axes[0].plot(np.arange(1, len(series) + 1), series, marker="", label=None)
    axes[0].set(title="time series", xlabel="step $t$ (months)", ylabel="$x_t$")
    axes[1].plot(*signal, color=ORANGE, linestyle="-", marker="")
    axes[1].set(title="signal", xlabel="seconds")
    axes[2].imshow(codes.T, cmap=ListedColormap(["white", BLUE]), aspect="auto", interpolation="nearest")
    axes[2].set(title="language", yticks=range(codes.shape[1]), ylabel="word id")
    axes[2].set_xticks(range(len(words)), words, rotation=45, ha="right")
    axes[2].grid(visible=False)
    return axes


def decomposition(axes, x, trend, season, residual):
    """A series and the three parts that add up to it, one axes each. All (T,), nan where undefined. Returns axes."""
    steps = np.arange(1, len(x) + 1)
    parts = (("$x_t$", x), ("trend", trend), ("season", season), ("residual", residual))
    for ax, (label, values), color in zip(axes, parts, (INK, BLUE, ORANGE, GREY), strict=True):
        ax.plot(steps, values, color=color, linestyle="-", marker="")
        ax.set_ylabel(label)
    axes[-1].set_xlabel("step $t$ (months)")
    return axes


def window_accuracy(ax, sizes, accuracy, T):
    """Share of all strings of T bits on which the best function of a window is right. Returns ax."""
    ax.bar(sizes, accuracy, width=0.6, color=BLUE, edgecolor=INK, linewidth=0.6)
    ax.axhline(0.5, color=INK, linestyle="--", linewidth=1)
    ax.set(xlabel="window $k$", ylabel="best share right", ylim=(0, 1.08), xticks=sizes, title=f"parity of {T} bits")
    ax.grid(visible=False, axis="x")
    return ax


def bit_states(ax, bits, rows, window):
    """Bits and the states that follow them, one row each; the last `window` bits are framed.

    bits (T,), rows {label: (T,) zeros and ones}, window int  ->  ax
    """
    table = np.array([bits, *rows.values()], dtype=float)
    T = len(bits)
    ax.imshow(table, cmap=ListedColormap(["white", "#b9d2ea"]), vmin=0, vmax=1, extent=(0.5, T + 0.5, len(table), 0))
    for (row, column), value in np.ndenumerate(table):
        ax.text(column + 1, row + 0.5, f"{value:.0f}", ha="center", va="center", color=INK)
    ax.add_patch(
        plt.Rectangle((T - window + 0.5, 0.03), window - 0.04, 0.94, fill=False, edgecolor=ORANGE, linewidth=2.5)
    )
    ax.set_yticks(np.arange(len(table)) + 0.5, ["bit $x_t$", *rows])
    ax.set(xticks=range(1, T + 1), xlabel="step $t$", aspect="auto")
    ax.grid(visible=False)
    return ax


def ctc_trellis(ax, symbols, alpha, moves):
    """The places of the extended labels against time, with what the forward recursion holds at each.

    symbols list of S, alpha (T, S), moves list of ((t, s), (t + 1, s')) that lie on a complete path  ->  ax
    """
    T, S = alpha.shape
    for (t, s), (t_next, s_next) in moves:
        skip = s_next - s == 2
        ax.annotate(
            "", (t_next + 1, s_next), (t + 1, s),
            arrowprops={"arrowstyle": "-|>", "color": ORANGE if skip else GREY, "shrinkA": 15, "shrinkB": 15,
                        "linestyle": "--" if skip else "-", "linewidth": 1.3},
        )  # fmt: skip
    used = {place for move in moves for place in move}
    for t, s in np.ndindex(T, S):
        on = (t, s) in used
        ax.text(
            t + 1, s, f"{alpha[t, s]:.3f}" if alpha[t, s] > 0 else "0", ha="center", va="center", fontsize=8,
            color=INK if on else GREY,
            bbox={"boxstyle": "circle,pad=0.35", "facecolor": "white" if on else PALE,
                  "edgecolor": BLUE if on else "#bbbbbb"},
        )  # fmt: skip
    ax.set(xlim=(0.5, T + 0.5), ylim=(S - 0.4, -0.6), xticks=range(1, T + 1), xlabel="step $t$")
    ax.set_yticks(range(S), [f"$s={s + 1}$:  {symbol}" for s, symbol in enumerate(symbols)])
    ax.grid(visible=False)
    return ax


def shares_by_size(ax, sizes, shares, baseline):
    """Mean over seeds, with every seed as a dot, against the size of the corpus. shares: label -> (sizes, seeds)."""
    for label, values in shares.items():
        (line,) = ax.plot(sizes, values.mean(axis=1), label=label)
        ax.plot(np.repeat(sizes, values.shape[1]), values.ravel(), color=line.get_color(), marker=".", linestyle="none")
    ax.axhline(baseline, color=INK, linestyle=":", linewidth=1.2)
    ax.set(xlabel="sentences", ylabel="nearest word in the same category", ylim=(-0.02, 1.05), xscale="log")
    ax.set_xticks(sizes, [str(size) for size in sizes])
    ax.minorticks_off()
    ax.legend(loc="center right")
    return ax


def word_map(ax, points, labels, groups):
    """Words as points of the plane, marked by group. points (V, 2), labels and groups lists of V. Returns ax."""
    markers = "os^Dv<>Ph*"
    for i, group in enumerate(dict.fromkeys(groups)):
        chosen = np.array([g == group for g in groups])
        ax.plot(*points[chosen].T, marker=markers[i % len(markers)], linestyle="none", label=group)
    for point, label in zip(points, labels, strict=True):
        ax.annotate(label, point, xytext=(4, 2), textcoords="offset points", fontsize=7, color=INK)
    ax.set(xlabel="first direction", ylabel="second direction")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def input_output_shapes(axes, shapes):
    """Which steps hear an input and which give an output. shapes: title -> (inputs, outputs), sets of steps."""
    for ax, (title, (inputs, outputs)) in zip(axes, shapes.items(), strict=True):
        steps = sorted(inputs | outputs)
        for i, t in enumerate(steps):
            ax.add_patch(plt.Rectangle((t - 0.3, -0.3), 0.6, 0.6, facecolor="#b9d2ea", edgecolor=INK))
            if i:
                arrow(ax, (steps[i - 1] + 0.3, 0), (t - 0.3, 0))
            if t in inputs:
                ax.add_patch(plt.Rectangle((t - 0.3, -1.5), 0.6, 0.6, facecolor=PALE, edgecolor=INK))
                arrow(ax, (t, -0.9), (t, -0.3))
            if t in outputs:
                ax.add_patch(plt.Circle((t, 1.2), 0.3, facecolor="white", edgecolor=ORANGE, linewidth=1.8))
                arrow(ax, (t, 0.3), (t, 0.9))
        ax.set(xlim=(0.4, 5.6), ylim=(-1.7, 1.7), aspect="equal")
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return axes
