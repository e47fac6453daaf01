"""Do the live figures compute what the book computes, and can everybody use them?"""

import numpy as np
import pytest
from bs4 import BeautifulSoup
from live_figure import LiveFigure

from solutions import bptt

pytestmark = pytest.mark.slow

PAGE = "book/bptt.html"
SAME = {"rel": 1e-12, "abs": 1e-14}  # float64 in both languages; exp may differ in the last bit


class Neuron(LiveFigure):
    """The live figure of the chapter bptt in a tab, and what the book says it must show."""

    stem = "bptt"

    def __init__(self, page):
        super().__init__(page)
        self.stage = self.figure.locator(".live-stage")
        self.x, self.target = np.array(self.data["x"]), np.array(self.data["target"])
        self.T = len(self.x)

    def shown(self, name):
        """The number that the figure shows under a name: full precision, and as printed."""
        element = self.figure.locator(f"[data-name='{name}']")
        printed = element.text_content().replace("\u2212", "-")
        value = float(element.get_attribute("data-value"))
        decimals = len(printed.partition(".")[2]) if "e" not in printed else None
        if decimals is None:
            assert float(printed) == pytest.approx(value, rel=0.06)
        else:
            assert abs(float(printed) - value) <= 0.5 * 10**-decimals + 1e-12
        return value

    def has(self, name):
        return self.figure.locator(f"[data-name='{name}']").count() > 0

    def truncated(self, w, window):
        """The book's gradient window by window, the state carried."""
        h = bptt.neuron_forward(self.x, self.data["u"], w)
        delta = np.zeros(self.T)
        for start in range(0, self.T, window):
            delta_next = 0.0
            for t in reversed(range(start, min(start + window, self.T))):
                delta[t] = (h[t + 1] - self.target[t] + w * delta_next) * h[t + 1] * (1 - h[t + 1])
                delta_next = delta[t]
        return {"delta": delta, "du": np.sum(delta * self.x), "dw": np.sum(delta * h[:-1])}

    def end(self):
        self.figure.get_by_role("button", name="To the end").click()


@pytest.fixture(params=["narrow", "wide"])
def neuron(request, tab):
    return Neuron(tab(request.param).open(PAGE, typeset=False))


def test_data_on_the_page_is_whole(neuron):
    assert neuron.data["activation"] == "logistic"
    assert len(neuron.x) == len(neuron.target) == neuron.data["T"] > 2


def test_numbers_are_those_of_the_book(neuron):
    neuron.end()
    w, u = neuron.data["w"], neuron.data["u"]
    h = bptt.neuron_forward(neuron.x, u, w)
    gradients = bptt.neuron_bptt(neuron.x, neuron.target, u, w)
    for t in range(1, neuron.T + 1):
        assert neuron.shown(f"h-{t}") == pytest.approx(h[t], **SAME)
        assert neuron.shown(f"delta-{t}") == pytest.approx(gradients["delta"][t - 1], **SAME)
        assert neuron.shown(f"dw-{t}") == pytest.approx(gradients["delta"][t - 1] * h[t - 1], **SAME)
        assert neuron.shown(f"du-{t}") == pytest.approx(gradients["delta"][t - 1] * neuron.x[t - 1], **SAME)
    assert neuron.shown("dw-full") == pytest.approx(gradients["dw"], **SAME)
    assert neuron.shown("du-full") == pytest.approx(gradients["du"], **SAME)


def test_window_of_all_steps_gives_the_full_gradient(neuron):
    neuron.slide("window", neuron.T)
    neuron.end()
    for name in ("dw", "du"):
        assert neuron.shown(f"{name}-window") == neuron.shown(f"{name}-full")
        assert neuron.shown(f"{name}-difference") == 0


def test_every_shorter_window_gives_the_truncated_gradient(neuron):
    neuron.end()
    w = neuron.data["w"]
    full = bptt.neuron_bptt(neuron.x, neuron.target, neuron.data["u"], w)
    for window in range(neuron.T - 1, 0, -1):
        neuron.slide("window", window)
        expected = neuron.truncated(w, window)
        for name in ("dw", "du"):
            assert neuron.shown(f"{name}-window") == pytest.approx(expected[name], **SAME)
            assert neuron.shown(f"{name}-full") == pytest.approx(full[name], **SAME)
            assert neuron.shown(f"{name}-difference") == pytest.approx(expected[name] - full[name], **SAME)
        borders = (neuron.T - 1) // window
        assert neuron.figure.locator(".live-border").count() == borders
        # One arrow into each state from its own loss, one from each later step inside the window
        assert neuron.figure.locator("line.back").count() == neuron.T + neuron.T - 1 - borders


def test_weight_slider_moves_states_and_gradients(neuron):
    neuron.end()
    for w in (neuron.data["w"] + 0.5, -1.0):
        neuron.slide("w", w)
        w = neuron.value_of("w")
        gradients = bptt.neuron_bptt(neuron.x, neuron.target, neuron.data["u"], w)
        h = bptt.neuron_forward(neuron.x, neuron.data["u"], w)
        assert neuron.shown(f"h-{neuron.T}") == pytest.approx(h[-1], **SAME)
        assert neuron.shown("dw-full") == pytest.approx(gradients["dw"], **SAME)


def test_mouse_drags_the_weight(neuron):
    neuron.end()
    before = neuron.shown("dw-full")
    box = neuron.figure.locator("input[data-name='w']").bounding_box()
    middle = box["y"] + box["height"] / 2
    neuron.page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    neuron.page.mouse.down()
    neuron.page.mouse.move(box["x"] + box["width"] * 0.2, middle, steps=5)
    neuron.page.mouse.up()
    w = neuron.value_of("w")
    assert w < -2
    assert neuron.shown("dw-full") != before
    expected = bptt.neuron_bptt(neuron.x, neuron.target, neuron.data["u"], w)["dw"]
    assert neuron.shown("dw-full") == pytest.approx(expected, **SAME)


def test_arrow_keys_walk_forward_and_back(neuron):
    T = neuron.T
    neuron.stage.focus()
    assert not neuron.has("h-1")
    for t in range(1, T + 1):
        neuron.page.keyboard.press("ArrowRight")
        assert neuron.has(f"h-{t}")
        assert not neuron.has(f"h-{t + 1}")
    gradients = bptt.neuron_bptt(neuron.x, neuron.target, neuron.data["u"], neuron.data["w"])
    h = bptt.neuron_forward(neuron.x, neuron.data["u"], neuron.data["w"])
    parts = gradients["delta"] * h[:-1]
    assert neuron.shown("dw-full") == 0
    for t in range(T, 0, -1):
        neuron.page.keyboard.press("ArrowRight")
        assert neuron.has(f"delta-{t}")
        assert not neuron.has(f"delta-{t - 1}")
        assert neuron.shown("dw-full") == pytest.approx(parts[t - 1 :].sum(), **SAME)
    neuron.page.keyboard.press("ArrowLeft")
    assert not neuron.has("delta-1")
    neuron.page.keyboard.press("Home")
    assert not neuron.has("h-1")


def test_play_runs_to_the_end_and_can_be_paused(neuron):
    neuron.page.clock.install()
    neuron.page.reload()
    neuron.page.wait_for_selector("#live-bptt.live-on")
    neuron.figure.get_by_role("button", name="Play").click()
    neuron.page.clock.run_for(2000)
    assert neuron.has("h-2")
    assert not neuron.has("h-3")
    neuron.figure.get_by_role("button", name="Pause").click()
    neuron.page.clock.run_for(5000)
    assert not neuron.has("h-3")
    neuron.figure.get_by_role("button", name="Play").click()
    neuron.page.clock.run_for(2000 * neuron.T)
    assert neuron.has("delta-1")
    assert neuron.figure.get_by_role("button", name="Play").is_visible()


def test_what_happens_is_said_in_words(neuron):
    status = neuron.figure.locator("[aria-live='polite']")
    said = [status.text_content()]
    for _ in range(2 * neuron.T):
        neuron.stage.press("ArrowRight")
        said.append(status.text_content())
    assert len(set(said)) == 2 * neuron.T + 1
    assert said[1].startswith("Forward, step 1")
    assert said[-1].startswith("Backward, step 1:")


def test_focus_is_visible(neuron):
    for selector in (".live-stage", "button:enabled", "input"):
        element = neuron.figure.locator(selector).first
        element.focus()
        neuron.page.keyboard.press("Shift+Tab")
        neuron.page.keyboard.press("Tab")
        assert element.evaluate("e => e === document.activeElement && getComputedStyle(e).outlineStyle") == "solid"
        assert float(element.evaluate("e => parseFloat(getComputedStyle(e).outlineWidth)")) >= 2


def test_nothing_moves_by_itself_when_motion_is_unwelcome(tab):
    figure = Neuron(tab("wide", reduced_motion="reduce").open(PAGE)).figure
    moving = figure.locator("*").evaluate_all(
        "all => all.filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0"
        " || getComputedStyle(e).animationName !== 'none').length"
    )
    assert moving == 0


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE)
    still, live = page.locator("#live-bptt .live-static"), page.locator("#live-bptt .live-ui")
    assert live.is_visible()
    assert not still.is_visible()
    page.emulate_media(media="print")
    assert still.is_visible()
    assert not live.is_visible()
    box = still.bounding_box()
    assert box["width"] > 200
    assert box["height"] > 100


def test_without_scripts_the_still_picture_is_there(tab):
    watch = tab("wide", java_script_enabled=False)
    watch.page.goto(f"{watch.site}/{PAGE}")
    assert watch.page.locator("#live-bptt .live-static").is_visible()


def test_figure_scripts_are_loaded_only_where_a_figure_is(wide):
    scripts = "[...document.scripts].map((s) => s.src).filter((s) => s.includes('/live/')).length"
    assert wide.open(PAGE).evaluate(scripts) == 1
    assert wide.open("book/notation.html").evaluate(scripts) == 0


def test_every_live_figure_of_the_book_has_a_script_and_a_still_picture(built):
    found = 0
    for path in built.rglob("*.html"):
        for figure in BeautifulSoup(path.read_bytes(), "html.parser").select("figure.live"):
            found += 1
            assert (built / "_static" / "live" / f"{figure['data-stem']}.js").is_file()
            assert figure.select("svg.live-static[role=img][aria-label]"), f"{path}: no still picture"
            assert figure.figcaption.get_text().strip()
    assert found > 0
