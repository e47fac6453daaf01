"""Drawings of the chapter `kalman`: arrays in, axes out."""

import numpy as np

from book.figures import BLUE, GREEN, GREY, INK, ORANGE, PALE


def gate_curves(ax, ratio, right, deck):
    """The gate against a²p/v on a logarithmic axis, as it is and as deck D prints it. All (n,). Returns ax."""
    ax.plot(ratio, right, color=BLUE, marker="", linestyle="-")
    ax.plot(ratio, deck, color=ORANGE, marker="", linestyle="--")
    ax.annotate("the gate", (ratio[-1], right[-1]), (-6, -14), textcoords="offset points", ha="right", color=BLUE)
    ax.annotate(
        "as deck D has it", (ratio[-1], deck[-1]), (-6, -14), textcoords="offset points", ha="right", color=ORANGE
    )
    ax.plot([1, 1], [0.5, 1 / 3], color=INK, marker="o", linestyle="none", markersize=4)
    ax.set(xscale="log", ylim=(0, 1.05), xlabel="$a^2 p / v$", ylabel="gate $u$")
    return ax


def run(ax, t, truth, seen, mean, deviation, noisy, seen_label="observation $x_t / a$"):
    """A filter at work: states, observations, estimates with a band of two deviations, noisy stretches shaded.

    t (n,), truth, seen, mean, deviation (n,), noisy (n,) bool  ->  ax
    """
    shade(ax, t, noisy)
    ax.fill_between(t, mean - 2 * deviation, mean + 2 * deviation, color=BLUE, alpha=0.18, linewidth=0)
    ax.plot(t, truth, color=INK, marker="", linestyle=":", label="state $h_t$")
    ax.plot(t, seen, color=ORANGE, marker="x", markersize=4, linestyle="none", label=seen_label)
    ax.plot(t, mean, color=BLUE, marker="", linestyle="-", label=r"estimate $\hat h_t$")
    ax.set(xlabel="step $t$", xlim=(t[0], t[-1]))
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3)
    return ax


def shade(ax, t, noisy):
    """Grey ground under the steps at which noisy (n,) is true. Returns ax."""
    for step in np.flatnonzero(noisy):
        ax.axvspan(t[step] - 0.5, t[step] + 0.5, color=PALE, linewidth=0, zorder=0)
    return ax


def live_still(axes, t, truth, seen, mean, deviation, gate, gain, rest):
    """What the live figure shows at first: the run above, gate and gain with their values at rest below."""
    above, below = axes
    run(above, t, truth, seen, mean, deviation, np.zeros(len(t), dtype=bool))
    above.set(xlabel="")
    below.plot(t, gate, color=BLUE, marker="o", markersize=3, linestyle="-", label="gate $u_t$")
    below.plot(t, gain, color=GREEN, marker="s", markersize=3, linestyle="--", label="gain $k_t$")
    below.axhline(rest, color=GREY, linestyle=":", linewidth=1.2)
    below.set(ylim=(0, 1), xlim=(t[0], t[-1]), xlabel="step $t$")
    below.legend(loc="upper right", ncols=2)
    return axes


def learned_gate(axes, t, noisy, kalman, effective, mean_gate, pairs):
    """Left: the Kalman gate, the effective gate of a GRU and its mean update gate over one sequence. Right: many steps.

    t (n,), noisy (n,) bool, kalman, effective, mean_gate (n,); pairs (2, N) of Kalman and effective gates  ->  axes
    """
    left, right = axes
    shade(left, t, noisy)
    left.plot(t, kalman, color=INK, marker="", linestyle="-", label="Kalman gate $u_t$")
    left.plot(
        t,
        effective,
        color=BLUE,
        marker="o",
        markersize=3.5,
        linestyle="none",
        label=r"GRU, $\partial y_t/\partial x_t$",
    )
    left.plot(t, mean_gate, color=ORANGE, marker="", linestyle="--", label="GRU, mean of $1 - z_t$")
    left.set(xlabel="step $t$", ylabel="gate", xlim=(t[0], t[-1]))
    left.legend(loc="lower left", bbox_to_anchor=(-0.05, 1.0), ncols=1)
    right.plot([0, 1], [0, 1], color=GREY, marker="", linestyle=":", linewidth=1.2)
    right.plot(*pairs, color=BLUE, marker=".", markersize=2.5, linestyle="none", alpha=0.4, rasterized=True)
    right.set(xlabel="Kalman gate $u_t$", ylabel=r"GRU, $\partial y_t/\partial x_t$", aspect="equal")
    return axes


def pendulum(ax, t, truth, seen, linear, extended):
    """The angle of a pendulum, what is seen of it (its sine), and two estimates of it. All (n,). Returns ax."""
    ax.plot(t, truth, color=INK, marker="", linestyle=":", label="angle")
    ax.plot(t, seen, color=GREY, marker=".", markersize=3, linestyle="none", label="observation of its sine")
    ax.plot(t, linear, color=ORANGE, marker="", linestyle="--", label="linear filter")
    ax.plot(t, extended, color=BLUE, marker="", linestyle="-", label="extended filter")
    ax.set(xlabel="step $t$", ylabel="radian", xlim=(t[0], t[-1]))
    ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    return ax
