"""The colours of the portal's style sheet: letters, edges and the focus can be seen (WCAG 2.2, 1.4.3 and 1.4.11)."""

import re
from importlib.resources import files

import pytest

CSS = files("uwlr_adapter.portal").joinpath("static", "portaal.css").read_text(encoding="utf-8")
TEXT, EDGE = 4.5, 3.0
"""The least contrast of letters, and of what shows that there is a field, a button or the focus."""
COLOURS: dict[str, str] = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]+);", CSS))
WHITE = "#ffffff"
ROLES = (
    *((one, "vlak", TEXT) for one in ("inkt", "zacht", "merk", "merk-donker", "goed", "let-op", "fout")),
    *((one, "grond", TEXT) for one in ("inkt", "zacht", "merk", "fout")),
    *((f"{one}", f"{one}-licht", TEXT) for one in ("goed", "let-op", "fout")),
    *(("inkt", f"{one}-licht", TEXT) for one in ("merk", "goed", "let-op", "fout")),
    *(("merk", f"{one}-licht", TEXT) for one in ("merk", "goed", "let-op")),
    *(("vlak", one, TEXT) for one in ("merk", "merk-donker", "fout")),
    *(("rand", one, EDGE) for one in ("vlak", "grond")),
    *(("focus", one, EDGE) for one in ("vlak", "grond", "merk-licht", "let-op-licht", "fout-licht", "goed-licht")),
)
"""Which colour stands on which, where no rule has both."""


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (`#abc` or `#aabbcc`), by the definition of WCAG 2.2."""
    digits = colour.removeprefix("#")
    pairs = [one * 2 for one in digits] if len(digits) == 3 else re.findall("..", digits)
    parts = [int(pair, 16) / 255 for pair in pairs]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def resolved(value: str) -> str | None:
    """Return the colour of a value of the style sheet, None for one that is no colour by itself."""
    if named := re.fullmatch(r"var\(--([a-z-]+)\)", value):
        return COLOURS[named[1]]
    return value if value.startswith("#") else None


def test_the_reckoning_is_that_of_wcag() -> None:
    """Black on white is 21; the grey that just passes on white passes here too."""
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize(("front", "back", "least"), ROLES)
def test_colours_by_their_role(front: str, back: str, least: float) -> None:
    """Each named colour can be seen on what it stands on."""
    assert contrast(COLOURS[front], COLOURS[back]) >= least


def test_every_rule_with_both_colours() -> None:
    """A rule that sets letters and ground sets them so that they can be read."""
    found = []
    for selector, body in re.findall(r"([^{}]+)\{([^{}]*)\}", re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)):
        told = dict(re.findall(r"(?:^|[;\s])(color|background): ([^;]+);", body))
        front, back = (resolved(told.get(name, "")) for name in ("color", "background"))
        if front is not None and back is not None:
            found.append((selector.strip(), contrast(front, back)))
    assert len(found) >= 10
    assert [(selector, ratio) for selector, ratio in found if ratio < TEXT] == []


def test_every_colour_is_in_use() -> None:
    """A colour that no rule takes would be tested for nothing."""
    assert [one for one in COLOURS if CSS.count(f"var(--{one})") == 0] == []
