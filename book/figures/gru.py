"""Drawings of the chapter `gru`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PALE, PURPLE, arrow


def places(ax):
    """The way from the old state to the candidate, with the reset gate in its two places. Returns ax."""
    product, gate, inputs = r"$W_{nh}\,\cdot\, + b_{nh}$", r"$r_t\;\odot$", r"$+\,W_{nx}x_t + b_{nx}$"
    rows = {
        "after": ["$h_{t-1}$", product, gate, inputs, "tanh", "$n_t$"],
        "before": ["$h_{t-1}$", gate, product, inputs, "tanh", "$n_t$"],
    }
    widths = {product: 1.5, inputs: 1.9}
    for y, (name, boxes) in zip((1.0, 0.0), rows.items(), strict=True):
        ax.text(-0.55, y, name, ha="right", va="center", color=INK)
        x = 0.0
        for i, text in enumerate(boxes):
            width = widths.get(text, 0.75)
            marked = text == gate
            if 0 < i < len(boxes) - 1:
                box = {"facecolor": PALE if marked else "white", "edgecolor": ORANGE if marked else BLUE}
                box["linewidth"] = 2.0 if marked else 1.2
                ax.add_patch(_rectangle(x, y, width, box))
            ax.text(x, y, text, ha="center", va="center", color=INK)
            if i < len(boxes) - 1:
                following = widths.get(boxes[i + 1], 0.75)
                step = width / 2 + following / 2 + 0.4
                arrow(ax, (x + width / 2 + 0.02, y), (x + step - following / 2 - 0.02, y))
                x += step
    ax.set(xlim=(-1.4, x + 0.6), ylim=(-0.5, 1.5))
    ax.axis("off")
    return ax


def _rectangle(x, y, width, look):
    from matplotlib.patches import FancyBboxPatch

    return FancyBboxPatch((x - width / 2, y - 0.26), width, 0.52, boxstyle="round,pad=0.0,rounding_size=0.06", **look)


def one_unit(axes, gamma, gate, bands, chosen, steps, decades):
    """Factor of one step against gamma with the losing intervals shaded, and what many steps make of one setting.

    gamma (n,), gate (n,), bands [(from, to)], chosen (gamma, gate factor), steps (m,), decades int  ->  axes
    """
    one, many = axes
    for band in bands:
        one.axvspan(*band, color=PALE, zorder=0)
        one.text(np.mean(band), -1.4, "gate\nloses", ha="center", va="bottom", color=INK)
    one.plot(gamma, gamma, color=ORANGE, marker="", linestyle="--", label="plain network")
    one.plot(gamma, gate, color=BLUE, marker="", linestyle="-", label="gate")
    one.plot([chosen[0]], [chosen[0]], color=ORANGE, marker="s", linestyle="none")
    one.plot([chosen[0]], [chosen[1]], color=BLUE, marker="o", linestyle="none")
    one.set(xlabel=r"plain factor $\gamma$", ylabel="factor of one step", ylim=(-1.5, 2.5))
    one.legend(loc="upper left")
    for factor, color, line in ((chosen[0], ORANGE, "--"), (chosen[1], BLUE, "-")):
        many.plot(steps, factor ** steps.astype(float), color=color, marker="", linestyle=line)
    many.set(yscale="log", ylim=(10.0**-decades, 10.0**decades), xlabel="steps", ylabel="left of a gradient")
    return axes


def losing_region(ax, u, borders):
    """Between which gamma the gate loses, against the update gate. borders: r -> (from (n,), to (n,)). Returns ax."""
    for (r, (low, high)), color, line in zip(borders.items(), (GREEN, BLUE, PURPLE), (":", "-", "--"), strict=True):
        ax.plot(u, low, color=color, marker="", linestyle=line, label=f"$r$ = {r:g}")
        ax.plot(u, high, color=color, marker="", linestyle=line)
    r = list(borders)[len(borders) // 2]
    ax.fill_between(u, *borders[r], color=PALE, zorder=0)
    ax.axhline(1, color=GREY, linewidth=1)
    ax.text(0.84, 1.19, "gate loses", ha="center", va="center", color=INK)
    ax.set(xlabel="update gate $u$", ylabel=r"plain factor $\gamma$", ylim=(0, 2.6))
    ax.legend(loc="upper left")
    return ax


def times(ax, sizes, series):
    """Time against T on log-log axes. series: label -> (values, is_scan, which width). Returns ax."""
    for label, (values, scan, width) in series.items():
        color = (BLUE, GREEN, ORANGE)[width]
        ax.plot(sizes, values, color=color, marker=("o", "^", "s")[width], linestyle="-" if scan else "--", label=label)
    ax.set(xscale="log", yscale="log", xlabel="steps $T$", ylabel="time [ms]")
    ax.set_xscale("log", base=2)
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax
