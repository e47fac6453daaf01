"""Does the live figure of `rnn` compute the states that the book computes, and can everybody move its weights?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import rnn

pytestmark = pytest.mark.slow

PAGE = "book/rnn.html"
SAME = {"rtol": 1e-12, "atol": 1e-14}  # float64 in both languages; tanh may differ in the last bit


class Network(LiveFigure):
    """The figure in a tab, and what the book says that it must show."""

    stem = "rnn"

    def __init__(self, page):
        super().__init__(page)
        self.W_hx, self.W_hh, self.b_h = (np.array(self.data[name], dtype=float) for name in ("W_hx", "W_hh", "b_h"))
        self.x = np.array(self.data["x"], dtype=float)

    def row(self, name):
        cells = self.figure.locator(f"text[data-name^='{name}-']")
        return np.array(cells.evaluate_all("all => all.map((e) => Number(e.dataset.value))"))

    def agrees(self):
        x = self.x[:, None, None]
        h = rnn.rnn_forward(x, np.zeros((1, 2)), self.W_hx[:, None], self.W_hh, self.b_h)[1:, 0]
        np.testing.assert_array_equal(self.row("x"), self.x)
        np.testing.assert_allclose(np.column_stack([self.row("h1"), self.row("h2")]), h, **SAME)
        return h

    def press(self, name, key, times):
        for _ in range(times):
            self.figure.locator(f"input[data-name='{name}']").press(key)
        return self.value_of(name)

    def arrows(self, name):
        return self.figure.locator(f"[data-arrow^='{name}-']")


@pytest.fixture(params=["narrow", "wide"])
def network(request, tab):
    return Network(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_the_worked_example(network):
    h = network.agrees()
    np.testing.assert_allclose(h[0], [0.6, 0], atol=1e-12)
    np.testing.assert_allclose(h[1], [0.6, 0.6], atol=1e-12)


def test_every_weight_moves_the_states_by_keyboard(network):
    last = network.agrees()
    for i in (0, 1):
        network.W_hx[i] = network.press(f"u{i + 1}", "ArrowRight", 7)
        last, before = network.agrees(), last
        assert np.abs(last - before).max() > 1e-3
        for j in (0, 1):
            network.W_hh[i, j] = network.press(f"w{i + 1}{j + 1}", "ArrowLeft", 5 + i + 2 * j)
            last, before = network.agrees(), last
            assert np.abs(last - before).max() > 1e-3
        network.b_h[i] = network.press(f"b{i + 1}", "ArrowLeft", 4)
        last, before = network.agrees(), last
        assert np.abs(last - before).max() > 1e-3


def test_mouse_drags_a_weight_and_every_copy_of_its_arrow(network):
    copies = network.arrows("w11")
    assert copies.count() == len(network.x)
    slider = network.figure.locator("input[data-name='w11']")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    network.page.mouse.move(box["x"] + box["width"] * 0.6, middle)
    network.page.mouse.down()
    network.page.mouse.move(box["x"] + box["width"] * 0.15, middle, steps=5)
    network.page.mouse.up()
    network.W_hh[0, 0] = network.value_of("w11")
    assert network.W_hh[0, 0] < -1.5
    network.agrees()
    styles = set(network.arrows("w11").evaluate_all("all => all.map((e) => e.getAttribute('style'))"))
    assert len(styles) == 1
    assert "dasharray" in styles.pop()


def test_a_weight_of_zero_has_no_arrow(network):
    assert network.arrows("w12").count() == 0
    network.press("w12", "ArrowRight", 1)
    assert network.arrows("w12").count() == len(network.x)


def test_buttons_change_the_inputs(network):
    button = network.figure.locator("button[data-name='input-3']")
    for value in (-1, 1, 0):
        button.click()
        network.x[2] = value
        network.agrees()
    button.focus()
    network.page.keyboard.press("Enter")
    network.x[2] = -1
    network.agrees()


def test_reset_brings_the_example_back(network):
    first = network.agrees()
    network.press("w22", "ArrowRight", 9)
    network.figure.locator("button[data-name='input-1']").click()
    network.figure.get_by_role("button", name="Reset").click()
    np.testing.assert_array_equal(network.agrees(), first)


def test_what_happens_is_said_in_words(network):
    status = network.figure.locator("[aria-live='polite']")
    assert "no longer changes" in status.text_content()
    network.press("w11", "ArrowLeft", 10)
    assert "still moves" in status.text_content()


def test_the_page_is_as_wide_as_the_screen(network):
    assert network.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
