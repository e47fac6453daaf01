"""A live figure in a tab, as its tests use it."""

import json

import pytest


class LiveFigure:
    """The figure of a chapter: its data, its sliders, its table and what it says."""

    stem = ""  # of the chapter

    def __init__(self, page):
        self.page = page
        self.figure = page.locator(f"#live-{self.stem}")
        self.data = json.loads(self.figure.locator("script.live-data").text_content())

    def value_of(self, name):
        return float(self.figure.locator(f"input[data-name='{name}']").input_value())

    def slide(self, name, value):
        """Moves a slider with the keyboard."""
        range_input = self.figure.locator(f"input[data-name='{name}']")
        for end, key in (("min", "Home"), ("max", "End")):
            if value == float(range_input.get_attribute(end)):
                range_input.press(key)
        for _ in range(1000):
            now = self.value_of(name)
            if abs(now - value) < 1e-9:
                return
            range_input.press("ArrowRight" if now < value else "ArrowLeft")
        raise AssertionError(f"the slider {name} never reached {value}")

    def shown(self, name, rounding=5e-4):
        """The number of a cell of the table; what is printed there is it, rounded."""
        element = self.figure.locator(f"td[data-name='{name}']")
        value, text = float(element.get_attribute("data-value")), element.text_content().replace("\u2212", "-")
        assert float(text) == pytest.approx(value, rel=0.06, abs=0 if "e" in text else rounding)
        return value

    def said(self):
        return self.figure.locator("[aria-live='polite']").text_content()
