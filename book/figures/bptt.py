"""Drawings of the chapter `bptt`: arrays in, axes out."""

import numpy as np
from matplotlib.colors import ListedColormap

from book.figures import BLUE, GREY, INK, MEAN_WIDTH, ORANGE, PALE, PURPLE


def unfolded_neuron(ax, T):
    """One recurrent neuron unfolded over T steps: forward arrows solid, what flows back dashed. Returns ax."""
    ax.set(xlim=(-0.75, T + 1.15), ylim=(-1.3, 1.75), aspect="equal")
    ax.axis("off")

    def node(x, y, text, edge=INK, face="white"):
        ax.text(
            x, y, text, ha="center", va="center", color=INK, zorder=3,
            bbox={"boxstyle": "circle,pad=0.32", "facecolor": face, "edgecolor": edge},
        )  # fmt: skip

    def arrow(start, stop, color=INK, style="-", bend=0.0):
        ax.annotate(
            "", stop, start,
            arrowprops={"arrowstyle": "-|>", "color": color, "linestyle": style, "shrinkA": 13, "shrinkB": 13,
                        "connectionstyle": f"arc3,rad={bend}", "linewidth": 1.3},
        )  # fmt: skip

    node(0, 0, "$h_0$", face=PALE)
    for t in range(1, T + 1):
        node(t, 0, f"$h_{t}$")
        node(t, -1, f"$x_{t}$", edge=GREY, face=PALE)
        node(t, 1.2, f"$L_{t}$", edge=GREY, face=PALE)
        arrow((t, -1), (t, 0))
        arrow((t - 1, 0), (t, 0))
        arrow((t, 0), (t, 1.2))
        ax.text(t - 0.1, -0.52, "$u$", ha="right", va="center")
        ax.text(t - 0.5, -0.11, "$w$", ha="center", va="top")
        arrow((t + 0.04, 1.2), (t + 0.04, 0), color=ORANGE, style="--", bend=-0.35)
        if t > 1:
            arrow((t, 0.03), (t - 1, 0.03), color=ORANGE, style="--", bend=0.45)
            ax.text(t - 0.5, 0.3, rf"$w\,\delta_{t}$", ha="center", va="bottom", color=ORANGE)
    arrow((T + 0.95, 0.0), (T, 0.0), color=ORANGE, style="--")
    ax.text(T + 0.62, 0.1, rf"$\delta_{{{T + 1}}} = 0$", ha="center", va="bottom", color=ORANGE)
    return ax


def neuron_sweep(axes, h, target, delta):
    """States against targets (upper axes) and the deltas of the same steps (lower axes). Returns axes."""
    upper, lower = axes
    steps = np.arange(1, len(target) + 1)
    upper.plot(np.arange(len(h)), h, color=BLUE, marker="o", linestyle="-", label="$h_t$")
    upper.plot(steps, target, color=ORANGE, marker="s", linestyle="none", fillstyle="none", label="target $h^*_t$")
    upper.vlines(steps, h[1:], target, color=GREY, linestyle=":", linewidth=1)
    upper.set(ylabel="state", ylim=(-0.05, 1.05))
    upper.legend(loc="upper right", ncols=2, bbox_to_anchor=(1, 1.22))
    lower.bar(steps, delta, width=0.5, color=BLUE, edgecolor=INK, linewidth=0.6)
    lower.axhline(0, color=INK, linewidth=0.8)
    lower.set(xlabel="step $t$", ylabel=r"$\delta_t$", xticks=range(len(h)))
    lower.set_xlim(upper.get_xlim())
    return axes


def kept_pairs(ax, kept):
    """Which pairs (loss at step t, state at step s <= t) a truncated gradient keeps. kept (T, T) bool. Returns ax."""
    T = len(kept)
    shade = np.where(np.tril(np.ones((T, T), dtype=bool)), np.where(kept, 2, 1), 0)
    ax.imshow(
        shade, cmap=ListedColormap(["white", "#d0d0d0", BLUE]), vmin=0, vmax=2, extent=(0.5, T + 0.5, T + 0.5, 0.5)
    )
    ax.set(xlabel="step $s$ that the gradient reaches", ylabel="step $t$ of the loss")
    ax.set_xticks(range(1, T + 1, 3))
    ax.set_yticks(range(1, T + 1, 3))
    ax.grid(visible=False)
    ax.text(T, 1.6, "dark: kept\nlight: cut", ha="right", va="top")
    return ax


def lag_weights(ax, lags, counted, predicted):
    """Share of the pairs with a given lag that survives truncation, counted and predicted. Returns ax."""
    ax.plot(lags, predicted, color=ORANGE, linestyle="--", marker="", label="predicted")
    ax.plot(lags, counted, color=BLUE, linestyle="none", marker="o", label="counted")
    ax.set(xlabel=r"lag $\ell = t - s$", ylabel="share kept", ylim=(-0.05, 1.08))
    ax.legend()
    return ax


def bias_and_noise(ax, counts, errors):
    """Relative error of a gradient against the number of sequences. errors: label -> values. Returns ax."""
    for label, values in errors.items():
        ax.plot(counts, values, label=label)
    ax.set(xscale="log", yscale="log", xlabel="sequences averaged", ylabel="relative error of the gradient")
    ax.legend()
    return ax


def errors_by_window(axes, windows, errors, readout_errors, baseline, threshold):
    """Final error of every seed against the window, one axes per delay.

    axes one per delay, windows list, errors and readout_errors: delay -> (len(windows), seeds), baseline and threshold
    numbers  ->  axes
    """
    rows = np.arange(len(windows))
    for ax, (delay, values) in zip(axes, errors.items(), strict=True):
        short = sum(window <= delay for window in windows)
        ax.axvspan(-0.5, short - 0.5, color=PALE, zorder=0)
        seeds = values.shape[1]
        shift = np.linspace(-0.18, 0.18, seeds)
        for seed in range(seeds):
            ax.plot(rows + shift[seed], values[:, seed], color=BLUE, marker="o", linestyle="none", fillstyle="none")
        ax.hlines(np.median(values, axis=1), rows - MEAN_WIDTH, rows + MEAN_WIDTH, color=ORANGE, linewidth=2.5)
        frozen = np.median(readout_errors[delay], axis=1)
        ax.plot(rows, frozen, color=PURPLE, marker="D", linestyle="none", fillstyle="none")
        ax.axhline(baseline, color=INK, linestyle="--", linewidth=1)
        ax.axhline(threshold, color=GREY, linestyle=":", linewidth=1.3)
        ax.set(xticks=rows, xticklabels=windows, xlabel="window $K$", title=f"delay {delay}", yscale="log")
        ax.set_xlim(-0.5, len(windows) - 0.5)
        ax.grid(visible=False, axis="x")
    axes[0].set_ylabel("mean squared error at the end")
    return axes
