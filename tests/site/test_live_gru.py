"""Does the live figure of `gru` compute what the reference computes, with mouse and keyboard, and say it in words?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import gru

pytestmark = pytest.mark.slow

PAGE = "book/gru.html"
SAME = {"rel": 1e-9, "abs": 1e-300}


class Factors(LiveFigure):
    """The figure in a tab, and what the reference says that it must show."""

    stem = "gru"

    def bands(self):
        """[(from, to)] of the shaded stretches."""
        return self.figure.locator("rect[data-name^='band-']").evaluate_all(
            "all => all.map((e) => [Number(e.dataset.from), Number(e.dataset.to)])"
        )

    def agrees(self):
        gamma, u, r = (np.array([self.value_of(name)]) for name in ("gamma", "u", "r"))
        steps = int(self.value_of("steps"))
        with np.errstate(divide="ignore", invalid="ignore"):
            one = gru.scalar_gradient_factor(gamma, u, r, 1)
            many = gru.scalar_gradient_factor(gamma, u, r, steps)
        assert self.shown("gate-step") == pytest.approx(one["factor"][0], rel=1e-9, abs=1e-15)
        assert self.shown("gate-all") == pytest.approx(many["factor"][0], **SAME)
        assert self.shown("plain-step") == pytest.approx(gamma[0], **SAME)
        assert self.shown("plain-all") == pytest.approx(gamma[0] ** steps, **SAME)
        self.bands_are_right(u[0], r[0])

    def bands_are_right(self, u, r):
        """On a fine grid of gamma: shaded exactly where the factor is further from 1 in logarithm."""
        gamma = np.linspace(self.data["low"], self.data["high"], 4003)[1:-1]
        with np.errstate(divide="ignore"):
            gap = np.abs(np.log(np.abs(1 - u + u * gamma * r))) - np.abs(np.log(np.abs(gamma)))
        shaded = np.zeros(gamma.shape, dtype=bool)
        for low, high in self.bands():
            shaded |= (gamma > low) & (gamma < high)
        clear = np.abs(gap) > 1e-9
        np.testing.assert_array_equal(shaded[clear], (gap > 0)[clear])


@pytest.fixture(params=["narrow", "wide"])
def factors(request, tab):
    return Factors(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_the_counter_example_to_deck_d(factors):
    factors.agrees()
    assert factors.shown("gate-all") == pytest.approx(2.44e-7, rel=5e-3)
    assert factors.shown("plain-all") == pytest.approx(0.0769, rel=5e-3)
    assert "the gate loses" in factors.said()
    assert "between 0.667 and 1.236" in factors.said()


def test_band_for_positive_gamma_has_the_ends_of_the_reference(factors):
    for u, r in ((0.5, 0.5), (0.3, 0.85), (0.8, 0.1)):
        factors.slide("u", u)
        factors.slide("r", r)
        ends = gru.scalar_gradient_factor(np.ones(1), np.array([u]), np.array([r]), 1)
        (band,) = [b for b in factors.bands() if b[0] < 1 < b[1]]
        assert band[0] == pytest.approx(ends["loses_from"][0], rel=1e-9)
        assert band[1] == pytest.approx(min(ends["loses_to"][0], factors.data["high"]), rel=1e-9)


@pytest.mark.parametrize(
    ("gamma", "u", "r"), [(-1.0, 0.5, 0.5), (2.5, 0.9, 1.0), (0.0, 0.2, 0.0), (1.0, 0.05, 1.0), (-1.5, 1.0, 0.7)]
)
def test_every_setting_agrees_with_the_reference(factors, gamma, u, r):
    for name, value in (("gamma", gamma), ("u", u), ("r", r)):
        factors.slide(name, value)
    factors.agrees()


def test_shut_gate_loses_nowhere_and_open_gates_are_the_plain_network(factors):
    factors.slide("u", 0)
    assert factors.bands() == []
    assert "For no γ shown" in factors.said()
    factors.slide("u", 1)
    factors.slide("r", 1)
    assert factors.bands() == []
    assert factors.shown("gate-all") == factors.shown("plain-all")
    assert "they are alike" in factors.said()


def test_steps_slider_changes_what_many_steps_leave(factors):
    factors.slide("steps", 43)
    factors.agrees()
    assert factors.figure.locator("th", has_text="43 steps").count() == 1


def test_pointer_drags_gamma_in_the_picture(factors):
    surface = factors.figure.locator("rect[data-name='surface']")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    low, high = factors.data["low"], factors.data["high"]

    def place(gamma):
        return box["x"] + box["width"] * (gamma - low) / (high - low)

    middle = box["y"] + box["height"] / 2
    factors.page.mouse.move(place(0.95), middle)
    factors.page.mouse.down()
    factors.page.mouse.move(place(-0.4), middle, steps=6)
    factors.page.mouse.up()
    assert factors.value_of("gamma") == pytest.approx(-0.4, abs=0.051)
    factors.agrees()
    factors.page.mouse.move(place(2.0), middle)
    assert factors.value_of("gamma") == pytest.approx(-0.4, abs=0.051)


def test_figure_fits_its_page(factors):
    page_width, view = factors.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert page_width <= view
    frame = factors.figure.bounding_box()
    for part in ("table", ".live-stage svg"):
        box = factors.figure.locator(part).bounding_box()
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE)
    page.emulate_media(media="print")
    assert page.locator("#live-gru .live-static").is_visible()
    assert not page.locator("#live-gru .live-ui").is_visible()
