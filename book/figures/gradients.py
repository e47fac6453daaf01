"""Drawings of the chapter `gradients`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PURPLE


def norms_between_bounds(ax, lags, curves, limits):
    """Norms over the lag on a logarithmic axis: the first of `curves` as dots, the others as lines.

    lags (n,), curves: label -> (n,), limits (low, high) of the axis  ->  ax
    """
    for i, (label, values) in enumerate(curves.items()):
        shown = np.where(values > 0, values, np.nan)
        if i == 0:
            ax.plot(lags, shown, color=ORANGE, marker="o", markersize=3.5, linestyle="none", label=label, zorder=3)
        else:
            ax.plot(lags, shown, color=(BLUE, GREY)[i - 1], marker="", linestyle=("--", "-")[i - 1], label=label)
    ax.set(yscale="log", ylim=limits, xlabel="lag $k$", ylabel="norm")
    ax.legend(loc="center left", bbox_to_anchor=(0.0, 1.13), ncols=1 if len(max(curves, key=len)) > 40 else 2)
    return ax


def norms_by_radius(ax, lags, by_radius, orthogonal):
    """Norm of the Jacobian against the lag: a line for each spectral radius, its power dotted, one orthogonal matrix.

    lags (n,), by_radius: radius -> (n,), orthogonal (n,)  ->  ax
    """
    for (radius, norms), color, marker in zip(
        by_radius.items(), (BLUE, GREEN, ORANGE, PURPLE), ("o", "^", "s", "D"), strict=True
    ):
        label = rf"$\rho$ = {radius:g}"
        ax.plot(lags, norms, color=color, marker=marker, linestyle="-", markevery=10, label=label)
        ax.plot(lags, float(radius) ** lags, color=color, marker="", linestyle=":", linewidth=1.4)
    ax.plot(lags, orthogonal, color=INK, marker="x", linestyle="--", markevery=10, label="orthogonal")
    ax.set(yscale="log", ylim=(1e-19, 1e19), xlabel="lag $k$", ylabel="norm of the Jacobian over $k$ steps")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return ax


def cliff(axes, w, b, loss, cut_b, cut_loss, cut_size, cut_at):
    """The loss of one unit over (w, b), and a cut at w = cut_at with the length of its gradient. Returns axes."""
    surface, cut = axes
    picture = surface.contourf(w, b, loss, levels=20, cmap="Blues")
    surface.figure.colorbar(picture, ax=surface, label="loss")
    surface.axvline(cut_at, color=ORANGE, linestyle="--", linewidth=1.4)
    surface.set(xlabel="weight $w$", ylabel="bias $b$")
    surface.grid(visible=False)
    cut.plot(cut_b, cut_size, color=ORANGE, marker="", linestyle="-", label="length of the gradient")
    cut.plot(cut_b, cut_loss, color=BLUE, marker="", linestyle="--", label="loss")
    cut.set(yscale="log", xlabel=f"bias $b$, at $w = {cut_at:g}$", ylim=(1e-5, 10 * cut_size.max()))
    cut.legend(loc="upper left", bbox_to_anchor=(0.0, 1.25))
    return axes
