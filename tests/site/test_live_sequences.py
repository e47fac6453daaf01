"""Does the live figure of `sequences` compute parity as the book does, and can everybody edit the string?"""

import itertools

import numpy as np
import pytest
from live_figure import LiveFigure

pytestmark = pytest.mark.slow

PAGE = "book/sequences.html"


class Strings(LiveFigure):
    """The figure in a tab, and what NumPy says that it must show."""

    stem = "sequences"

    def __init__(self, page):
        super().__init__(page)
        self.stage = self.figure.locator(".live-stage")
        self.field = self.figure.locator("input[data-name='bits']")

    def row(self, name):
        """The values of one row of the picture."""
        cells = self.figure.locator(f"rect[data-name^='{name}-']")
        return [int(float(value)) for value in cells.evaluate_all("all => all.map((e) => e.dataset.value)")]

    def said(self, name):
        return float(self.figure.locator(f"td[data-name='{name}']").get_attribute("data-value"))

    def slide(self, k):
        range_input = self.figure.locator("input[data-name='window']")
        while (now := int(range_input.input_value())) != k:
            range_input.press("ArrowRight" if now < k else "ArrowLeft")

    def expected_states(self, bits):
        W_hx, W_hh, b_h = (np.array(self.data[name]) for name in ("W_hx", "W_hh", "b_h"))
        h, states = np.zeros(len(b_h)), []
        for x_t in bits:
            h = (W_hx[:, 0] * x_t + W_hh @ h + b_h > 0).astype(float)
            states.append(h)
        return np.array(states)

    def agrees(self):
        bits = self.row("x")
        states = self.expected_states(bits)
        assert self.row("h1") == states[:, 0].tolist()
        assert self.row("h2") == states[:, 1].tolist()
        assert self.row("y") == (np.cumsum(bits) % 2).tolist()
        assert self.said("by-state") == sum(bits) % 2
        return bits


@pytest.fixture(params=["narrow", "wide"])
def strings(request, tab):
    return Strings(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_that_of_the_data(strings):
    assert strings.agrees() == [int(bit) for bit in strings.data["bits"]]


@pytest.mark.parametrize("text", ["0", "1", "11111111", "0101010101", "1000000000000001", "110100100010000100000"])
def test_typed_string_gives_its_states(strings, text):
    strings.field.fill(text)
    assert strings.agrees() == [int(bit) for bit in text]


def test_typing_drops_what_is_no_bit(strings):
    strings.field.fill("1a0 2b1")
    assert strings.agrees() == [1, 0, 1]
    strings.field.fill("")
    assert strings.agrees() == [1, 0, 1]  # an empty field leaves the last string


def test_click_flips_a_bit_and_every_later_parity(strings):
    strings.field.fill("0110100")
    before = strings.row("y")
    strings.figure.locator("rect[data-name='x-3']").click()
    assert strings.agrees() == [0, 1, 0, 0, 1, 0, 0]
    after = strings.row("y")
    assert after[:2] == before[:2]
    assert all(one != other for one, other in zip(after[2:], before[2:], strict=True))
    assert strings.field.input_value() == "0100100"


def test_keys_edit_the_string(strings):
    strings.field.fill("000")
    strings.stage.focus()
    for key in ("Home", "1", "0", "1", "1"):
        strings.page.keyboard.press(key)
    assert strings.agrees() == [1, 0, 1, 1, 0]
    strings.page.keyboard.press("Backspace")
    strings.page.keyboard.press("Home")
    strings.page.keyboard.press(" ")
    assert strings.agrees() == [0, 0, 1, 1]


def test_counts_are_those_of_all_strings_with_the_window(strings):
    text = "1011010"
    strings.field.fill(text)
    for k in range(len(text), 0, -1):
        strings.slide(k)
        same = [s for s in itertools.product("01", repeat=len(text)) if "".join(s).endswith(text[-k:])]
        odd = sum(s.count("1") % 2 for s in same)
        assert (strings.said("even"), strings.said("odd")) == (len(same) - odd, odd)
        assert strings.said("share") == max(odd, len(same) - odd) / len(same)


def test_witness_has_the_same_window_and_the_other_parity(strings):
    for text, k in (("1011010", 3), ("11", 1), ("00000000", 7)):
        strings.field.fill(text)
        strings.slide(k)
        bits, witness = strings.row("x"), strings.row("witness")
        assert len(witness) == len(bits)
        assert witness[-k:] == bits[-k:]
        assert sum(witness) % 2 != sum(bits) % 2
    strings.slide(8)
    assert strings.row("witness") == []


def test_buttons_change_the_string(strings):
    strings.field.fill("0100")
    strings.figure.get_by_role("button", name="Flip first").click()
    assert strings.agrees() == [1, 1, 0, 0]
    strings.figure.get_by_role("button", name="Longer").click()
    strings.figure.get_by_role("button", name="All ones").click()
    assert strings.agrees() == [1] * 5


def test_what_happens_is_said_in_words(strings):
    status = strings.figure.locator("[aria-live='polite']")
    strings.field.fill("1011")
    strings.slide(2)
    assert "1011 has 3 ones: odd. The witness 1111 has 4: even." in status.text_content()
    strings.slide(4)
    assert "The window holds all 4 bits" in status.text_content()
