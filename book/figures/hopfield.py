"""Drawings of the chapter `hopfield`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREY, INK, ORANGE


def averaged_patterns(ax, betas, averaged, levels):
    """How many patterns a place of rest averages, against beta. averaged (n, starts), levels to mark. Returns ax."""
    for level in levels:
        ax.axhline(level, color=GREY, linewidth=0.8, linestyle=":")
    middle = np.median(averaged, axis=1)
    spread = np.abs(np.stack([averaged.min(axis=1), averaged.max(axis=1)]) - middle)
    ax.errorbar(betas, middle, yerr=spread, color=BLUE, marker="o", markersize=4, linestyle="-", elinewidth=1)
    ax.set(xscale="log", yscale="log", xlabel=r"inverse temperature $\beta$", ylabel="patterns averaged, $e^{H(p)}$")
    ax.set_yticks(levels, [str(level) for level in levels])
    ax.minorticks_off()
    ax.grid(False, axis="y")
    for level, name in zip(levels, ("all", "a cluster", "one pattern"), strict=True):
        ax.text(betas[-1], level * 1.06, name, ha="right", va="bottom", color=INK)
    return ax


def capacities(ax, sizes, capacity, predicted, classic):
    """Capacity, measured and predicted, against the number of units on a logarithmic axis. Returns ax."""
    ax.plot(sizes, capacity, color=BLUE, marker="o", linestyle="-")
    ax.plot(sizes, predicted, color=GREY, marker="^", linestyle="--", zorder=1)
    ax.plot(sizes, classic * sizes, color=ORANGE, marker="s", linestyle="-.")
    ax.text(sizes[-2], capacity[-2] * 2.2, "modern", ha="right", va="bottom", color=BLUE)
    ax.text(sizes[-2], classic * sizes[-2] * 1.5, "classic, 0.138 $D$", ha="center", va="bottom", color=ORANGE)
    ax.set(yscale="log", xlabel="units $D$", ylabel="patterns $P$", xticks=sizes)
    return ax


def pattern(ax, x, title="", side=None):
    """A pattern as a square of cells, +1 dark. Returns ax."""
    side = side or round(np.sqrt(len(x)))
    ax.imshow(np.reshape(x, (side, side)), cmap="Greys", vmin=-1.3, vmax=1.3)
    ax.set(xticks=[], yticks=[], title=title)
    ax.grid(False)
    for spine in ax.spines.values():
        spine.set_visible(True)
    return ax


def one_recall(axes, stored, damaged, recalled, energy):
    """A pattern, its damaged copy, what was recalled from it, and the energy at every visit. Returns axes."""
    for ax, x, title in zip(axes, (stored, damaged, recalled), ("stored", "damaged", "recalled"), strict=False):
        pattern(ax, x, title)
    axes[3].step(np.arange(len(energy)), energy, where="post", color=BLUE)
    axes[3].set(xlabel="visited units", ylabel="energy $E$")
    return axes


def digit_rows(axes, rows):
    """Rows of patterns with a name in front. axes (len(rows), n), rows: name -> (n, D). Returns axes."""
    for line, (name, patterns) in zip(axes, rows.items(), strict=True):
        for ax, x in zip(line, patterns, strict=True):
            pattern(ax, x)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    return axes
