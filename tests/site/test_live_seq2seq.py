"""Does the live figure of `seq2seq` find what the book's beam search finds, and can everybody widen the beam?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import seq2seq

pytestmark = pytest.mark.slow

PAGE = "book/seq2seq.html"
SAME = {"rtol": 1e-12, "atol": 1e-13}  # the same sums of float64 in another order


def dense(tree, end, T, V):
    """The tree as tables: word 0 is `end`, the others count from 1 in the order in which a node lists them."""
    tables = [np.full((V,) * t, -np.inf) for t in range(1, T + 1)]
    spoken = {}

    def fill(node, prefix, words):
        places = [i for i, word in enumerate(node["words"]) if word != end]
        for i, word in enumerate(node["words"]):
            w = 0 if word == end else 1 + places.index(i)
            tables[len(prefix)][(*prefix, w)] = node["log_p"][i]
            spoken[(*prefix, w)] = [*words, word]
            if node["next"][i] is not None:
                fill(node["next"][i], (*prefix, w), [*words, word])

    fill(tree, (), [])
    return tables, spoken


def depth(node):
    return 1 + max([depth(child) for child in node["next"] if child is not None], default=0)


class Beam(LiveFigure):
    """The figure in a tab, and what the book says that it must show."""

    stem = "seq2seq"

    def __init__(self, page):
        super().__init__(page)
        self.K, self.alpha, self.table = self.data["K"], self.data["alpha"], 0

    def cell(self, name, key="value"):
        return self.figure.locator(f"td[data-name='{name}']").get_attribute(f"data-{key}")

    def agrees(self):
        tree = self.data["tables"][self.table]["tree"]
        T = depth(tree)
        tables, spoken = dense(tree, self.data["end"], T, len(tree["words"]) + 1)
        for name, K in (("found", self.K), ("best", 10**6)):
            book = seq2seq.beam_search(tables, K, self.alpha, 0)
            words = tuple(int(w) for w in book["words"] if w >= 0)
            np.testing.assert_allclose(float(self.cell(f"{name}-p")), book["log_p"], **SAME)
            np.testing.assert_allclose(float(self.cell(f"{name}-score")), book["score"], **SAME)
            assert int(self.cell(f"{name}-length")) == len(words)
            assert self.cell(f"{name}-p", "words").split() == spoken[words]
        return float(self.cell("found-p"))

    def press(self, name, key, times):
        slider = self.figure.locator(f"input[data-name='{name}']")
        for _ in range(times):
            slider.press(key)
        setattr(self, name, (int if name == "K" else float)(slider.input_value()))

    def choose(self, table):
        self.figure.locator(f"button[data-name='table-{table}']").click()
        self.table = table

    def kept(self, step):
        shown = self.figure.locator(f"text[data-name^='candidate-{step}-']")
        return shown.evaluate_all("all => all.map((e) => [Number(e.dataset.value), e.dataset.kept === 'true'])")


@pytest.fixture(params=["narrow", "wide"])
def beam(request, tab):
    return Beam(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_the_miss_of_the_worked_example(beam):
    assert np.exp(beam.agrees()) == pytest.approx(0.136)
    assert np.exp(float(beam.cell("best-p"))) == pytest.approx(0.245)
    assert "misses" in beam.figure.locator("[aria-live='polite']").text_content()
    beam.press("K", "ArrowRight", 1)
    assert np.exp(beam.agrees()) == pytest.approx(0.245)
    assert "No sentence" in beam.figure.locator("[aria-live='polite']").text_content()


def test_every_width_and_exponent_finds_what_the_book_finds(beam):
    for table in (0, 1):
        beam.choose(table)
        beam.press("K", "Home", 1)
        for _ in range(6):
            beam.agrees()
            beam.press("K", "ArrowRight", 1)
        assert beam.K == 6
        for _ in range(4):
            beam.press("alpha", "ArrowRight", 5)
            beam.agrees()
        assert beam.alpha == 2
        beam.press("alpha", "Home", 1)


def test_a_column_keeps_the_likeliest_and_ranks_the_rest(beam):
    beam.choose(1)
    beam.press("K", "ArrowRight", 1)
    for step in (1, 2, 3):
        shown = beam.kept(step)
        values, kept = zip(*shown, strict=True)
        assert list(values) == sorted(values, reverse=True)
        assert list(kept) == [rank < beam.K for rank in range(len(shown))]
    np.testing.assert_allclose([v for v, _ in beam.kept(1)], beam.data["tables"][1]["tree"]["log_p"])


def test_mouse_drags_the_width(beam):
    slider = beam.figure.locator("input[data-name='K']")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    beam.page.mouse.click(box["x"] + 0.97 * box["width"], box["y"] + box["height"] / 2)
    beam.K = int(slider.input_value())
    assert beam.K == 6
    beam.agrees()


def test_the_chosen_table_is_marked_for_those_who_hear_the_page(beam):
    beam.figure.locator("button[data-name='table-1']").focus()
    beam.page.keyboard.press("Enter")
    beam.table = 1
    beam.agrees()
    pressed = beam.figure.locator("button[aria-pressed]").evaluate_all("all => all.map((e) => e.ariaPressed)")
    assert pressed == ["false", "true"]


def test_the_page_is_as_wide_as_the_screen(beam):
    beam.choose(1)
    beam.press("K", "ArrowRight", 4)
    assert beam.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
