"""The report as one page of HTML: no script, no network, pictures as inline SVG, both colour modes."""

import io
import re

import jinja2
import matplotlib
import numpy as np
from markupsafe import Markup, escape
from matplotlib.figure import Figure

INK = "#010203"  # stands for the page's text colour until the SVG is in the page
BAR, MARK = "#3f83c8", "#c2571a"  # 3:1 against both backgrounds
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "through-time",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "font.family": "sans-serif",
    "font.size": 10,
}

TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Report of the class</title>
<style>
:root { color-scheme: light dark; --back: #ffffff; --ink: #1d2126; --soft: #565d66; --line: #d4d8dd; --warm: #a3420d; }
@media (prefers-color-scheme: dark) {
  :root { --back: #15181c; --ink: #e6e8ea; --soft: #a7aeb6; --line: #3a4048; --warm: #f0a070; }
}
body { margin: 0 auto; max-width: 62rem; padding: 1rem 1.2rem 4rem; background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; margin-top: 2.5rem; border-top: 1px solid var(--line);
  padding-top: 1.2rem; } h3 { font-size: 1.05rem; margin-bottom: .4rem; }
a { color: inherit; }
figure { margin: 0 0 1rem; } figcaption { color: var(--soft); font-size: .9rem; }
svg { width: 100%; height: auto; max-width: 36rem; display: block; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid currentColor; outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: break-word; }
th { color: var(--soft); font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.kind { color: var(--warm); }
@media (max-width: 40rem) {
  table { font-size: .85rem; } th, td { padding-right: .5rem; } th.number { white-space: normal; }
}
@media print { h2 { break-before: page; } }
</style>
</head>
<body>
<h1>Report of the class</h1>
{% if not units %}<p>No unit has been released yet. <code>python -m autograde release</code> does it.</p>{% endif %}
{% if units|length > 1 %}<nav aria-label="Units"><p>
{% for unit in units %}<a href="#unit-{{ loop.index }}">{{ unit.unit }}</a> {% endfor %}</p></nav>{% endif %}
{% for unit in units %}
<section aria-labelledby="unit-{{ loop.index }}">
<h2 id="unit-{{ loop.index }}">{{ unit.unit }}</h2>
<p>{{ unit.summary }}{% if unit.hand_ins %}. The table of all hand-ins is <a href="{{ unit.unit|urlencode }}.csv">{{
unit.unit }}.csv</a>.{% endif %}</p>
{% if unit.hand_ins %}
<h3>Scores</h3>
<figure>{{ pictures[loop.index0].scores }}
<figcaption>How many hand-ins reached how many points.</figcaption></figure>
<h3>Questions</h3>
<figure>{{ pictures[loop.index0].questions }}
<figcaption>Mean share of the points (bar) and share of hand-ins with all points (diamond).</figcaption></figure>
{% endif %}
<div class="scroll" tabindex="0" role="region" aria-label="Questions of {{ unit.unit }}"><table>
<thead><tr><th scope="col">question</th><th scope="col" class="number">points</th>
<th scope="col" class="number">mean share</th><th scope="col" class="number">all points</th></tr></thead><tbody>
{% for q in unit.questions %}<tr><td>{{ q.question|breakable }}</td>
<td class="number">{{ "%g"|format(q.max_points) }}</td>
<td class="number">{{ q.mean|percent }}</td><td class="number">{{ q.full|percent }}</td></tr>
{% endfor %}</tbody></table></div>
{% if unit.hand_ins %}
<h3>Frequent misconceptions</h3>
{% if unit.misconceptions %}
<div class="scroll" tabindex="0" role="region" aria-label="Misconceptions in {{ unit.unit }}"><table>
<thead><tr><th scope="col" class="number">hand-ins</th><th scope="col">question</th>
<th scope="col">what it is</th></tr></thead><tbody>
{% for question, message, count in unit.frequent %}<tr><td class="number">{{ count }}</td><td>{{
question|breakable }}</td><td>{{ message }}</td></tr>
{% endfor %}</tbody></table></div>
{% if unit.rarer %}<p>{{ unit.rarer }}</p>{% endif %}
{% else %}<p>None was recognised.</p>{% endif %}
{% endif %}
{% if unit.hand_ins or unit.attention %}
<h3>For a person to look at</h3>
{% if unit.attention %}
<div class="scroll" tabindex="0" role="region" aria-label="Hand-ins of {{ unit.unit }} to look at"><table>
<thead><tr><th scope="col">student</th><th scope="col">why</th><th scope="col">what</th></tr></thead><tbody>
{% for student, kind, text in unit.attention %}<tr><td>{{ student }}</td><td class="kind">{{ kind }}</td>
<td>{{ text }}</td></tr>
{% endfor %}</tbody></table></div>
{% else %}<p>Nothing: no pending grade, no flag, no event.</p>{% endif %}
{% endif %}
</section>
{% endfor %}
</body>
</html>
"""


def page(units):
    """The page of some `UnitReport`s as text."""
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    environment.filters["percent"] = lambda share: "–" if share is None else f"{100 * share:.0f} %"
    environment.filters["breakable"] = lambda name: Markup("_<wbr>").join(name.split("_"))
    pictures = [
        {"scores": score_picture(unit, f"s{i}-"), "questions": question_picture(unit, f"q{i}-")}
        if unit.hand_ins
        else {}
        for i, unit in enumerate(units)
    ]
    return environment.from_string(TEMPLATE).render(units=units, pictures=pictures)


def score_picture(unit, prefix):
    """Histogram of the scores with bins of one point, or of a twentieth of the points where there are many."""
    width = max(1.0, unit.max_points / 20)
    top = max(unit.max_points, *unit.points)  # extra credit may go beyond
    edges = np.arange(0, top + 1.5 * width, width) - width / 2
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 2.2), layout="constrained")
        axes = figure.subplots()
        axes.hist(unit.points, edges, color=BAR, rwidth=0.9)
        axes.set(xlabel=f"points (of {unit.max_points:g})", ylabel="hand-ins", xlim=(edges[0], edges[-1]))
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_locator().set_params(integer=True, steps=[1, 2, 5, 10])
        return _svg(figure, f"Histogram of the scores. {unit.summary}.", prefix)


def question_picture(unit, prefix):
    """Mean share and share of full marks of each question."""
    asked = [q for q in unit.questions if q.mean is not None]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.8, 0.7 + 0.3 * len(asked)), layout="constrained")
        axes = figure.subplots()
        rows = np.arange(len(asked))
        axes.barh(rows, [100 * q.mean for q in asked], color=BAR, height=0.62)
        axes.plot([100 * q.full for q in asked], rows, "D", color=MARK, markeredgecolor=INK, clip_on=False)
        axes.set_yticks(rows, [_plain(q.question) for q in asked])
        axes.set(xlabel="per cent", xlim=(0, 100), ylim=(len(asked) - 0.4, -0.6))
        words = "; ".join(f"{q.question}: mean {100 * q.mean:.0f} %, all points {100 * q.full:.0f} %" for q in asked)
        return _svg(figure, f"Difficulty of the questions. {words}.", prefix)


def _plain(text):
    """A label that matplotlib does not read as mathematics."""
    return text.replace("$", r"\$")


def _svg(figure, description, prefix):
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    # Several pictures share the page, so each has ids of its own; the size comes from the page.
    text = re.sub(r'\bid="', f'id="{prefix}', text)
    text = re.sub(r'(url\(#|href="#)', rf"\g<1>{prefix}", text)
    head, body = text.split(">", 1)
    head = re.sub(r'\s(width|height)="[^"]*"', "", head)
    label = escape(description)
    text = f'{head} role="img" aria-label="{label}">{body}'.replace(INK, "currentColor")
    return Markup(text)
