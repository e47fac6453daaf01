"""Does the live figure of `kalman` compute what `solutions.kalman` computes, in both modes, with mouse and keyboard?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import kalman

pytestmark = pytest.mark.slow

PAGE = "book/kalman.html"
SAME = {"rel": 1e-8, "abs": 1e-10}


class Filter(LiveFigure):
    """The figure in a tab, and what the reference says that it must show."""

    stem = "kalman"

    def choose(self, mode):
        self.figure.locator(f"button[data-name='{mode}']").click()

    def mode(self):
        (pressed,) = self.figure.locator("button[aria-pressed='true']").all()
        return pressed.get_attribute("data-name")

    def shown(self, name):
        return super().shown(name, rounding=0.051 if name == "log-likelihood" else 5e-4)

    def agrees(self):
        d, mode = self.data, self.mode()
        r, quiet = 10 ** self.value_of("log_r"), 10 ** self.value_of("log_v")
        noisy = np.array(d["noisy"]) & (mode == "switching")
        v, x, h = np.where(noisy, d["factor"], 1.0) * quiet, np.array(d[mode]["x"]), np.array(d["h"])
        one, t = np.ones((1, 1)), int(self.value_of("t")) - 1
        f, a = d["f"] * one, d["a"] * one
        found = kalman.kalman_filter(x[:, None], np.zeros(1), d["S0"] * one, f, a, r * one, v[:, None, None])
        p = found["P"][:, 0, 0]
        gate = kalman.kalman_gate(p, np.full(len(p), d["a"]), v)["u"]
        rest = kalman.steady_state_gain(f, a, r * one, v.mean() * one)["K"][0, 0]
        fixed = [0.0]
        for x_t in x:
            fixed.append(d["f"] * fixed[-1] + rest * (x_t - d["a"] * d["f"] * fixed[-1]))
        estimate = found["h_hat"][1:, 0]
        assert self.shown("p") == pytest.approx(p[t], **SAME)
        assert self.shown("gate") == pytest.approx(gate[t], **SAME)
        assert self.shown("gain") == pytest.approx(gate[t] / d["a"], **SAME)
        assert self.shown("mean") == pytest.approx(estimate[t], **SAME)
        assert self.shown("error") == pytest.approx(np.mean((estimate - h) ** 2), **SAME)
        assert self.shown("log-likelihood") == pytest.approx(found["log_likelihood"], **SAME)
        assert self.shown("fixed-gain") == pytest.approx(rest, rel=1e-7)
        assert self.shown("fixed-error") == pytest.approx(np.mean((np.array(fixed[1:]) - h) ** 2), rel=1e-6)
        assert self.shown("truth") == pytest.approx(h[t], **SAME)
        assert self.shown("seen") == pytest.approx(x[t] / d["a"], **SAME)
        return gate


@pytest.fixture(params=["narrow", "wide"])
def shown(request, tab):
    return Filter(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_stationary_and_comes_to_rest(shown):
    gate = shown.agrees()
    assert shown.mode() == "stationary"
    assert np.ptp(gate[20:]) < 1e-3
    assert "whatever the data say" in shown.said()


@pytest.mark.parametrize("mode", ["stationary", "switching"])
@pytest.mark.parametrize(("log_r", "log_v", "t"), [(-3.0, 2.0, 1), (1.0, -2.0, 60), (0.3, 0.1, 13)])
def test_every_setting_agrees_with_the_reference(shown, mode, log_r, log_v, t):
    shown.choose(mode)
    for name, value in (("log_r", log_r), ("log_v", log_v), ("t", t)):
        shown.slide(name, value)
    shown.agrees()


def test_scaling_both_noises_leaves_the_gate_and_moves_the_likelihood(shown):
    shown.choose("switching")
    before, likelihood = shown.shown("gate"), shown.shown("log-likelihood")
    shown.slide("log_r", shown.value_of("log_r") + 1)
    shown.slide("log_v", shown.value_of("log_v") + 1)
    shown.slide("t", 60)
    shown.slide("t", 30)
    # the start variance stays as it was, and is forgotten by then
    assert shown.shown("gate") == pytest.approx(before, rel=1e-3)
    assert abs(shown.shown("log-likelihood") - likelihood) > 1


def test_switching_noise_closes_the_gate_and_costs_a_fixed_gain_dearly(shown):
    shown.choose("switching")
    gate, noisy = shown.agrees(), np.array(shown.data["noisy"])
    assert gate[noisy].max() < gate[5:][~noisy[5:]].min()
    assert shown.shown("fixed-error") > 1.3 * shown.shown("error")
    assert "closes where the noise is strong" in shown.said()


def test_click_into_the_picture_chooses_the_step(shown):
    stage = shown.figure.locator(".live-stage svg")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    shown.page.mouse.click(box["x"] + box["width"] * 0.8, box["y"] + box["height"] * 0.3)
    assert 44 <= shown.value_of("t") <= 52
    shown.agrees()
    shown.page.mouse.down()
    shown.page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3, steps=4)
    shown.page.mouse.up()
    assert 6 <= shown.value_of("t") <= 14
    shown.agrees()


def test_buttons_answer_the_keyboard(shown):
    shown.figure.locator("button[data-name='switching']").press("Enter")
    assert shown.mode() == "switching"
    shown.figure.locator("button[data-name='stationary']").press(" ")
    assert shown.mode() == "stationary"


def test_figure_fits_its_page(shown):
    page_width, view = shown.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert page_width <= view
    frame = shown.figure.bounding_box()
    for table in shown.figure.locator("table").all():
        box = table.bounding_box()
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE)
    page.emulate_media(media="print")
    assert page.locator("#live-kalman .live-static").is_visible()
    assert not page.locator("#live-kalman .live-ui").is_visible()
