"""Does the live figure of `lstm` compute what the book computes, and can everybody set its gates?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import lstm

pytestmark = pytest.mark.slow

PAGE = "book/lstm.html"
SAME = {"rtol": 1e-9, "atol": 1e-12}  # a gate of exactly 0 or 1 is a bias of 60 for the book


class Cell(LiveFigure):
    """The figure in a tab, and what the book says that it must show."""

    stem = "lstm"

    def __init__(self, page):
        super().__init__(page)
        self.T, self.phases = self.data["T"], self.data["phases"]

    def series(self, name):
        marks = self.figure.locator(f"svg [data-name^='{name}-']")
        found = marks.evaluate_all("all => all.map((e) => [e.dataset.name, e.dataset.value])")
        found = {int(key.rsplit("-", 1)[1]): float(value) for key, value in found}
        return np.array([found[t] for t in sorted(found)])

    def choose(self, phase):
        self.figure.locator(f"button[data-name='phase-{phase}']").click()

    def gates(self):
        """(T, 3): i, f, o of every step, read from the sliders phase by phase."""
        begin, rows = 0, []
        for k, end in enumerate(self.phases):
            self.choose(k)
            rows += [[self.value_of(name) for name in "ifo"]] * (end - begin)
            begin = end
        return np.array(rows)

    def agrees(self):
        gates = self.gates()
        x = self.value_of("disturb") * np.array(self.data["noise"])
        x[int(self.value_of("at")) - 1] += self.value_of("pulse")
        np.testing.assert_allclose(self.series("x"), x, **SAME)
        # one unit whose gates follow from biases: a step at a time, since they change
        h, c, states = np.zeros((1, 1)), np.zeros((1, 1)), [(0.0, 0.0)]
        with np.errstate(divide="ignore"):
            logits = np.clip(np.log(gates) - np.log1p(-gates), -60, 60)
        W_hx, W_hh = np.array([[0.0], [0], [1], [0]]), np.zeros((4, 1))
        for x_t, (i, f, o) in zip(x, logits, strict=True):
            new = lstm.lstm_step(np.full((1, 1), x_t), h, c, W_hx, W_hh, np.array([i, f, 0, o]))
            h, c = new["h"], new["c"]
            states.append((c.item(), h.item()))
        states = np.array(states)
        gradient = np.append(np.cumprod(gates[::-1, 1])[::-1], 1.0)
        np.testing.assert_allclose(self.series("c"), states[:, 0], **SAME)
        np.testing.assert_allclose(self.series("h"), states[:, 1], **SAME)
        np.testing.assert_allclose(self.series("gradient"), gradient, **SAME)
        at = int(self.value_of("at"))
        np.testing.assert_allclose(self.shown("c"), states[-1, 0], **SAME)
        np.testing.assert_allclose(self.shown("h"), states[-1, 1], **SAME)
        np.testing.assert_allclose(self.shown("reach"), gradient[at], **SAME)
        slope = gradient[at] * gates[at - 1, 0] * (1 - np.tanh(x[at - 1]) ** 2)
        np.testing.assert_allclose(self.shown("input"), slope, **SAME)
        return states, gradient

    def shown(self, name):
        return float(self.figure.locator(f"td[data-name='{name}']").get_attribute("data-value"))


@pytest.fixture(params=["narrow", "wide"])
def cell(request, tab):
    return Cell(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_holds_the_pulse(cell):
    states, gradient = cell.agrees()
    assert len(cell.series("x")) == cell.T
    at = int(cell.value_of("at"))
    assert states[at, 0] > 0.5
    assert gradient[at] > 0.2


def test_gates_are_set_by_keyboard_phase_by_phase(cell):
    last, _ = cell.agrees()
    for phase, name, value in ((0, "i", 0.4), (1, "f", 0.7), (2, "o", 0.2), (1, "i", 1.0), (2, "f", 0.0)):
        cell.choose(phase)
        cell.slide(name, value)
        before, (last, _) = last, cell.agrees()
        assert np.abs(last - before).max() > 1e-3


def test_input_is_set_by_keyboard(cell):
    for name, value in (("pulse", -1.2), ("at", 14), ("disturb", 0.8)):
        cell.slide(name, value)
        cell.agrees()


def test_integrator_has_a_constant_gradient(cell):
    cell.figure.get_by_role("button", name="Integrator").click()
    _, gradient = cell.agrees()
    np.testing.assert_array_equal(gradient, 1.0)


def test_ten_half_open_steps_cost_a_factor_of_a_thousand(cell):
    cell.figure.get_by_role("button", name="Integrator").click()
    cell.choose(1)
    cell.slide("f", 0.5)
    _, gradient = cell.agrees()
    assert gradient[0] == pytest.approx(1 / 1024)
    assert "% of it is still there" in cell.figure.locator("[aria-live='polite']").text_content()


def test_pointer_moves_the_pulse_and_chooses_a_phase(cell):
    svg = cell.figure.locator(".live-stage svg")
    svg.scroll_into_view_if_needed()
    box = svg.bounding_box()
    cell.page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 40)
    assert cell.figure.locator("button[data-name='phase-2']").get_attribute("aria-pressed") == "true"
    before = cell.value_of("at")
    cell.page.mouse.click(box["x"] + 0.6 * box["width"], box["y"] + 0.6 * box["height"])
    assert cell.value_of("at") > before
    cell.agrees()


def test_reset_brings_the_first_picture_back(cell):
    first, _ = cell.agrees()
    cell.figure.get_by_role("button", name="All half open").click()
    cell.slide("pulse", 0.5)
    cell.figure.get_by_role("button", name="Reset").click()
    again, _ = cell.agrees()
    np.testing.assert_array_equal(again, first)


def test_the_page_is_as_wide_as_the_screen(cell):
    assert cell.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
