"""Does the live figure of `gradients` compute what NumPy computes, with mouse and keyboard, and say it in words?"""

import numpy as np
import pytest
from live_figure import LiveFigure

pytestmark = pytest.mark.slow

PAGE = "book/gradients.html"
# A power of a defective matrix loses some digits to the order of its products.
SAME = {"rel": 1e-9, "abs": 1e-300}


class Norms(LiveFigure):
    """The figure in a tab, and what NumPy says that it must show."""

    stem = "gradients"

    def dots(self):
        """{k: norm} of the dots in the picture."""
        found = self.figure.locator("circle[data-name^='dot-']").evaluate_all(
            "all => all.map((e) => [e.dataset.name, e.dataset.value])"
        )
        return {int(name.removeprefix("dot-")): float(value) for name, value in found}

    def agrees(self):
        rho, c, d, k = (self.value_of(name) for name in ("rho", "c", "d", "k"))
        k = int(k)
        W = rho * np.eye(2) + c / 2 * np.array([[1.0, 1.0], [-1.0, -1.0]])
        DW = np.diag([1.0, d]) @ W
        sigma = np.linalg.norm(W, 2)
        power, norms = np.eye(2), [1.0]
        for _ in range(self.data["T"]):
            power = power @ DW
            norms.append(np.linalg.norm(power, 2))
        assert self.shown("radius-rate") == pytest.approx(rho, **SAME)
        assert self.shown("radius-value") == pytest.approx(rho**k, **SAME)
        assert self.shown("bound-rate") == pytest.approx(sigma, **SAME)
        assert self.shown("bound-value") == pytest.approx(sigma**k, **SAME)
        # the root of a rounding error where two eigenvalues meet
        assert self.shown("norm-rate") == pytest.approx(np.abs(np.linalg.eigvals(DW)).max(), abs=1e-6)
        assert self.shown("norm-value") == pytest.approx(norms[k], **SAME)
        for lag, norm in self.dots().items():
            assert norm == pytest.approx(norms[lag], **SAME)
        assert np.all(np.array(norms) <= sigma ** np.arange(len(norms)) * (1 + 1e-9))
        return norms


@pytest.fixture(params=["narrow", "wide"])
def norms(request, tab):
    return Norms(tab(request.param).open(PAGE, typeset=False))


def said(norms):
    return norms.figure.locator("[aria-live='polite']").text_content()


def test_first_picture_breaks_the_claim_of_deck_d(norms):
    found = norms.agrees()
    assert norms.value_of("rho") < 1 < found[-1]
    assert "but it explodes" in said(norms)
    assert len(norms.dots()) == norms.data["T"] + 1


@pytest.mark.parametrize(
    ("rho", "c", "d"), [(0.0, 3.0, 0.1), (0.9, 6.0, 1.0), (1.3, 0.0, 1.0), (0.45, 0.0, 0.5), (1.0, 1.5, 0.05)]
)
def test_every_setting_agrees_with_numpy(norms, rho, c, d):
    for name, value in (("rho", rho), ("c", c), ("d", d)):
        norms.slide(name, value)
    norms.agrees()


def test_normal_matrix_with_slopes_of_one_obeys_its_spectral_radius(norms):
    norms.slide("c", 0)
    norms.slide("d", 1)
    assert norms.shown("radius-value") == pytest.approx(norms.shown("norm-value"))
    assert norms.shown("bound-value") == pytest.approx(norms.shown("norm-value"))
    assert "it vanishes in the end" in said(norms)


def test_transient_is_said_in_words(norms):
    norms.slide("d", 1)
    norms.slide("c", 6)
    norms.slide("rho", 0.9)
    found = norms.agrees()
    assert f"at k = {np.argmax(found)}" in said(norms)


def test_lag_slider_reads_off_another_step(norms):
    norms.slide("k", 7)
    norms.agrees()
    assert norms.figure.locator("th", has_text="over 7").count() == 1


def test_mouse_drags_the_slope(norms):
    range_input = norms.figure.locator("input[data-name='d']")
    range_input.scroll_into_view_if_needed()
    box = range_input.bounding_box()
    middle = box["y"] + box["height"] / 2
    norms.page.mouse.move(box["x"] + box["width"] * 0.1, middle)
    norms.page.mouse.down()
    norms.page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=5)
    norms.page.mouse.up()
    assert norms.value_of("d") > 0.7
    norms.agrees()


def test_figure_fits_its_page(norms):
    page_width, view = norms.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert page_width <= view
    frame = norms.figure.bounding_box()
    table = norms.figure.locator("table").bounding_box()
    assert table["x"] + table["width"] <= frame["x"] + frame["width"]


def test_print_shows_the_still_picture(wide):
    page = wide.open(PAGE)
    page.emulate_media(media="print")
    assert page.locator("#live-gradients .live-static").is_visible()
    assert not page.locator("#live-gradients .live-ui").is_visible()
