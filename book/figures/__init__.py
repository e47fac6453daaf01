"""Drawing for the pages: arrays in, axes out. Nothing here computes what a page claims."""

import html
import io
import json
import re
from pathlib import Path

import matplotlib.pyplot as plt

STYLE = Path(__file__).resolve().parents[1] / "book.mplstyle"
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


def power_laws(ax, series, xlabel, ylabel):
    """Measurements on log-log axes. series: label -> (sizes, values, fitted slope or None). Returns ax."""
    for label, (sizes, values, slope) in series.items():
        name = label if slope is None else f"{label}: slope {slope:.2f}"
        ax.plot(sizes, values, label=name)
    ax.set(xscale="log", yscale="log", xlabel=xlabel, ylabel=ylabel)
    ax.set_xscale("log", base=2)
    ax.legend()
    return ax


def arrow(ax, start, stop):
    ax.annotate("", stop, start, arrowprops={"arrowstyle": "-|>", "color": INK, "shrinkA": 0, "shrinkB": 0})
