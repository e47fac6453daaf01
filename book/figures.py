"""Drawing for the pages: arrays in, axes out. Nothing here computes what a page claims."""

import html
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap

STYLE = Path(__file__).with_name("book.mplstyle")
INK = "#222222"
PALE = "#e8e8e8"
BLUE, ORANGE, GREEN, PURPLE, GREY = "#1b5e9c", "#c2571a", "#2a7f62", "#7a3e93", "#555555"
MEAN_WIDTH = 0.35


def use_style():
    """The book's matplotlib style, and SVG as the format of figures in a notebook."""
    plt.style.use(STYLE)
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:
        return
    set_matplotlib_formats("svg", metadata={"Date": None})


class LiveFigure:
    """A figure that a script brings to life, with a still picture for print and for readers without scripts."""

    def __init__(self, markup, png, alt):
        self.markup, self.png, self.alt = markup, png, alt

    def _repr_html_(self):
        return self.markup

    def _repr_png_(self):
        return self.png

    def __repr__(self):
        return self.alt


def live(stem, data, alt, static, caption=""):
    """The live figure of a chapter: its data as JSON, a still picture and a caption.

    stem str, data JSON-able dict, alt what the still picture shows, static a matplotlib figure (closed afterwards),
    caption HTML  ->  LiveFigure, shown as <figure class="live" id="live-STEM" data-stem="STEM">
    """
    # `<` as an escape, so that no text in the data can end the script element
    text = json.dumps(data, allow_nan=False).replace("<", "\\u003c")
    markup = (
        f'<figure class="live" id="live-{stem}" data-stem="{stem}">\n'
        f'<script type="application/json" class="live-data">{text}</script>\n'
        f"{_inline_svg(static, alt)}\n"
        f"<figcaption>{caption}</figcaption>\n"
        "</figure>"
    )
    picture = io.BytesIO()
    static.savefig(picture, format="png", dpi=150, metadata={"Software": None})
    plt.close(static)
    return LiveFigure(markup, picture.getvalue(), alt)


def _inline_svg(figure, alt):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    width = re.search(r'<svg[^>]*?\swidth="([^"]+)"', svg).group(1)
    svg = re.sub(r'(<svg[^>]*?)\swidth="[^"]+"', r"\1", svg, count=1)
    svg = re.sub(r'(<svg[^>]*?)\sheight="[^"]+"', r"\1", svg, count=1)
    label = html.escape(alt, quote=True)
    opening = f'<svg class="live-static" role="img" aria-label="{label}" style="width: 100%; max-width: {width}" '
    return svg.replace("<svg ", opening, 1).strip()


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


def power_laws(ax, series, xlabel, ylabel):
    """Measurements on log-log axes. series: label -> (sizes, values, fitted slope or None). Returns ax."""
    for label, (sizes, values, slope) in series.items():
        name = label if slope is None else f"{label}: slope {slope:.2f}"
        ax.plot(sizes, values, label=name)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_xscale("log", base=2)
    ax.legend()
    return ax


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
                _arrow(ax, (steps[i - 1] + 0.3, 0), (t - 0.3, 0))
            if t in inputs:
                ax.add_patch(plt.Rectangle((t - 0.3, -1.5), 0.6, 0.6, facecolor=PALE, edgecolor=INK))
                _arrow(ax, (t, -0.9), (t, -0.3))
            if t in outputs:
                ax.add_patch(plt.Circle((t, 1.2), 0.3, facecolor="white", edgecolor=ORANGE, linewidth=1.8))
                _arrow(ax, (t, 0.3), (t, 0.9))
        ax.set(xlim=(0.4, 5.6), ylim=(-1.7, 1.7), aspect="equal")
        ax.set_title(title, fontsize=9)
        ax.axis("off")
    return axes


def _arrow(ax, start, stop):
    ax.annotate("", stop, start, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0})


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
