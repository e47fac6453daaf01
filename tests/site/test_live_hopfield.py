"""Does the live figure of `hopfield` compute what the reference computes, with mouse and keyboard, and say so?"""

import json

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import hopfield

pytestmark = pytest.mark.slow

PAGE = "book/hopfield.html"
CLOSE = {"rtol": 0, "atol": 1e-9}


class Memory(LiveFigure):
    """The figure in a tab, and what the reference says that it must show."""

    stem = "hopfield"

    def __init__(self, page):
        super().__init__(page)
        self.X = np.array(self.data["patterns"], dtype=float)

    def patterns(self):
        return self.X[: int(float(self.slider("stored").input_value()))]

    def beta(self):
        return 10 ** float(self.slider("logBeta").input_value())

    def slider(self, name):
        return self.figure.locator(f"input[data-name='{name}']")

    def slide(self, name, presses):
        for _ in range(abs(presses)):
            self.slider(name).press("ArrowRight" if presses > 0 else "ArrowLeft")

    def press(self, name):
        self.figure.locator(f"button[data-name='{name}']").click()

    def choose(self, mode):
        self.figure.locator(f"input[data-name='{mode}']").check()

    def state(self):
        cells = self.figure.locator("button[data-name^='cell-']")
        return np.array(cells.evaluate_all("all => all.map((e) => Number(e.dataset.value))"))

    def energies(self):
        return np.array(json.loads(self.figure.locator("circle[data-name='energy']").get_attribute("data-energies")))

    def column(self, name):
        cells = self.figure.locator(f"td[data-name^='{name}-']")
        values = cells.evaluate_all("all => all.filter((e) => !e.parentElement.hidden).map((e) => e.dataset.value)")
        return np.array([float(value) for value in values])

    def recalled(self, start, visits):
        """State and energies of the reference; with couplings in whole numbers, so that a field of zero is zero."""
        D = len(start)
        W = np.round(D * hopfield.hebbian_weights(self.patterns()))
        order = np.array([self.data["order"][k % D] for k in range(visits)], dtype=int)
        found = hopfield.hopfield_recall(start, W, np.zeros(D), order)
        return found["xi"], found["E"] / D


@pytest.fixture(params=["narrow", "wide"])
def memory(request, tab):
    return Memory(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_the_damaged_letter_and_a_sweep_repairs_it(memory):
    start = memory.state()
    np.testing.assert_array_equal(start, memory.data["damaged"])
    memory.press("sweep")
    memory.press("sweep")
    xi, E = memory.recalled(start, 72)
    np.testing.assert_array_equal(memory.state(), xi)
    np.testing.assert_allclose(memory.energies(), E, **CLOSE)
    np.testing.assert_array_equal(xi, memory.X[0])
    assert "This is Z" in memory.said()
    assert "at rest" in memory.said()


def test_overlaps_and_single_steps_are_those_of_the_reference(memory):
    start = memory.state()
    for visits in (1, 2, 3):
        memory.press("step")
        xi, E = memory.recalled(start, visits)
        np.testing.assert_array_equal(memory.state(), xi)
        np.testing.assert_allclose(memory.energies(), E, **CLOSE)
    np.testing.assert_allclose(memory.column("overlap"), memory.patterns() @ memory.state(), **CLOSE)


def test_all_letters_overload_the_classic_network_and_not_the_modern_one(memory):
    memory.slide("stored", 5)
    assert len(memory.patterns()) == 8
    memory.press("pattern-6")
    start = memory.state()
    np.testing.assert_array_equal(start, memory.X[6])
    memory.press("sweep")
    xi, E = memory.recalled(start, 36)
    np.testing.assert_array_equal(memory.state(), xi)
    np.testing.assert_allclose(memory.energies(), E, **CLOSE)
    assert np.any(xi != start)
    memory.choose("modern")
    memory.slide("logBeta", 6)
    memory.press("pattern-6")
    memory.press("sweep")
    np.testing.assert_array_equal(np.sign(memory.state()), memory.X[6])


@pytest.mark.parametrize("presses", [-15, 0, 15])
def test_modern_network_is_the_reference_at_every_temperature(memory, presses):
    memory.choose("modern")
    memory.slide("logBeta", presses)
    xi, E = memory.state()[None], []
    for update in range(4):
        E.append(hopfield.modern_hopfield_energy(xi, memory.patterns(), memory.beta())[0])
        np.testing.assert_allclose(memory.state(), xi[0], **CLOSE)
        np.testing.assert_allclose(memory.energies(), E, **CLOSE)
        score = memory.beta() * memory.patterns() @ xi[0]
        p = np.exp(score - score.max())
        np.testing.assert_allclose(memory.column("weight"), p / p.sum(), **CLOSE)
        if update < 3:
            memory.press("step")
            xi = hopfield.modern_hopfield_update(xi, memory.patterns(), memory.beta())
    assert np.all(np.diff(E) <= 1e-12)


def test_cells_turn_by_pointer_and_by_keyboard(memory):
    before = memory.state()
    cell = memory.figure.locator("button[data-name='cell-14']")
    cell.click()
    np.testing.assert_array_equal(np.flatnonzero(memory.state() != before), [14])
    cell.press("ArrowRight")
    memory.page.keyboard.press("ArrowDown")
    memory.page.keyboard.press("Space")
    np.testing.assert_array_equal(np.flatnonzero(memory.state() != before), [14, 21])
    assert memory.figure.locator("button[data-name^='cell-'][tabindex='0']").count() == 1
    W = hopfield.hebbian_weights(memory.patterns())
    E = hopfield.hopfield_energy(memory.state()[None], W, np.zeros(36))
    np.testing.assert_allclose(memory.energies(), E, **CLOSE)
    assert "row 3, column 3" in cell.get_attribute("aria-label")


def test_damage_turns_five_cells_and_noise_makes_a_state_of_signs(memory):
    before = memory.state()
    memory.press("damage")
    assert np.sum(memory.state() != before) == 5
    memory.press("noise")
    assert set(memory.state()) == {-1.0, 1.0}
    start = memory.state()
    for _ in range(3):
        memory.press("sweep")
    np.testing.assert_array_equal(memory.state(), memory.recalled(start, 108)[0])


def test_back_in_the_classic_network_a_blend_becomes_signs(memory):
    memory.choose("modern")
    memory.slide("logBeta", -15)
    memory.press("step")
    assert np.any(np.abs(memory.state()) < 0.9)
    memory.choose("classic")
    assert set(np.abs(memory.state())) == {1.0}


def test_figure_fits_its_page(memory):
    page_width, view = memory.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert page_width <= view
    frame = memory.figure.bounding_box()
    for part in ("table", ".live-stage svg", "[role='group']"):
        box = memory.figure.locator(part).first.bounding_box()
        assert box["x"] + box["width"] <= frame["x"] + frame["width"]


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE)
    page.emulate_media(media="print")
    assert page.locator("#live-hopfield .live-static").is_visible()
    assert not page.locator("#live-hopfield .live-ui").is_visible()
