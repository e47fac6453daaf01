"""Does the live figure of `attention` show the weights that the reference computes, by mouse, keyboard and slider?"""

import numpy as np
import pytest
from live_figure import LiveFigure

from solutions import attention

pytestmark = pytest.mark.slow

PAGE = "book/attention.html"
SAME = {"rtol": 0, "atol": 1e-12}


class Looks(LiveFigure):
    """The figure in a tab, and what the reference says that it must show."""

    stem = "attention"

    def __init__(self, page):
        super().__init__(page)
        self.T, self.head, self.mask, self.chosen = len(self.data["tokens"]), 0, "padding", self.data["chosen"]

    def temperature(self):
        return 10 ** self.value_of("temperature")

    def visible(self):
        """Which word may look at which, (T, 1, T)."""
        real = np.array(self.data["real"])[:, None]
        if self.mask == "padding":
            return attention.attention_mask(real, False)
        return attention.attention_mask(np.ones_like(real), self.mask == "causal")

    def expected(self):
        head = self.data["heads"][self.head]
        q, k = (np.array(head[name], dtype=float)[:, None] / np.sqrt(self.temperature()) for name in "qk")
        return attention.scaled_dot_product_attention(q, k, k, self.visible())["alpha"][:, 0]

    def agrees(self):
        alpha = self.expected()
        cells = self.figure.locator("rect[data-cell]").evaluate_all("all => all.map((e) => Number(e.dataset.value))")
        np.testing.assert_allclose(np.reshape(cells, (self.T, self.T)), alpha, **SAME)
        row = self.figure.locator("text[data-weight]")
        shown = row.evaluate_all("all => all.map((e) => [Number(e.dataset.value), e.dataset.hidden, e.textContent])")
        np.testing.assert_allclose([value for value, _, _ in shown], alpha[self.chosen], **SAME)
        hidden = self.visible()[self.chosen, 0] == 0
        assert [flag == "true" for _, flag, _ in shown] == hidden.tolist()
        for value, flag, text in shown:
            assert text == "hidden" if flag == "true" else abs(float(text.replace("\u2212", "-")) - value) < 6e-4
        return alpha

    def ask(self, t):
        return self.figure.locator(f"g[data-ask='{t}']")

    def press(self, kind, name):
        self.figure.locator(f"button[data-name='{kind}-{name}']").click()
        setattr(self, kind, name)


@pytest.fixture(params=["narrow", "wide"])
def looks(request, tab):
    return Looks(tab(request.param).open(PAGE, typeset=False))


def test_first_picture_is_the_worked_example_with_more_words(looks):
    alpha = looks.agrees()
    assert looks.data["tokens"][looks.chosen] == "was"
    assert alpha[looks.chosen].argmax() == looks.data["tokens"].index("dog")
    assert "“dog” (word 2)" in looks.said()


def test_every_head_mask_and_temperature_agrees_with_the_reference(looks):
    slider = looks.figure.locator("input[data-name='temperature']")
    for key in ("Home", "End"):
        slider.press(key)
        assert looks.temperature() == pytest.approx(0.1 if key == "Home" else 10)
        for head in (0, 1):
            looks.press("head", head)
            for mask in ("none", "padding", "causal"):
                looks.press("mask", mask)
                looks.agrees()


def test_keyboard_walks_through_the_words(looks):
    looks.ask(0).focus()
    looks.chosen = 0
    looks.agrees()
    for key, place in (("Tab", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("End", looks.T - 1), ("Home", 0)):
        looks.page.keyboard.press(key)
        looks.chosen = place
        looks.agrees()
        pressed = looks.figure.locator("g[data-ask]").evaluate_all(
            "all => all.map((e) => e.getAttribute('aria-pressed'))"
        )
        assert pressed == [str(t == place).lower() for t in range(looks.T)]


def test_pointer_chooses_words(looks):
    for t in (3, 5):
        looks.ask(t).scroll_into_view_if_needed()
        looks.ask(t).hover()
        looks.chosen = t
        looks.agrees()


def test_padding_takes_weight_only_without_its_mask(looks):
    looks.press("mask", "none")
    assert looks.agrees()[looks.chosen, -2:].sum() > 0.05
    assert "goes to padding" in looks.said()
    looks.press("mask", "padding")
    assert "goes to padding" not in looks.said()


def test_places_find_the_word_before(looks):
    looks.press("head", 1)
    alpha = looks.agrees()
    real = int(sum(looks.data["real"]))
    assert alpha[1:real].argmax(axis=1).tolist() == list(range(real - 1))


def test_figure_fits_its_page(looks):
    assert looks.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    stage = looks.figure.locator(".live-stage")
    assert stage.evaluate("e => e.scrollWidth <= e.clientWidth")


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE, typeset=False)
    page.emulate_media(media="print")
    assert page.locator("#live-attention svg.live-static").is_visible()
    assert not page.locator("#live-attention .live-ui").is_visible()
