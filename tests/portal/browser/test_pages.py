"""Every page in every state, as a person meets it: from a small telephone to a wide screen, for the eye and the ear."""

import random
from pathlib import Path

import pytest
from support.chromium import NARROW, WIDE, Open, ServedPortal
from support.firefox import firefox_findings
from support.oracle import amount
from support.page_findings import axe_findings, html_findings, lengthen_names, load_axe, looks
from support.portal_pages import PAGES, show

WIDTHS = range(320, 1921, 40)
LOGINS = dict.fromkeys(page_case.login for page_case in PAGES)


def widths_of(name: str) -> list[int]:
    """Return the widths at which a page is looked at: all in the long form, else a few, other ones for each page."""
    others = random.Random(name).sample(WIDTHS[1:], amount(2, len(WIDTHS) - 1))  # noqa: S311 - the same at each run
    return [WIDTHS[0], *others]


def axe_widths_of(name: str) -> list[int]:
    """Return the widths at which axe-core looks at a page: both in the long form, else one that the name chooses."""
    return random.Random(name).sample([NARROW, WIDE], amount(1, 2))  # noqa: S311 - as above


@pytest.mark.parametrize("login", LOGINS)
def test_every_page_is_fit_to_use(
    open_page: Open, world: ServedPortal, axe: str, tmp_path: Path, login: str | None
) -> None:
    """Nothing is cut off at any width, with the longest names; axe-core finds nothing, and the HTML is valid."""
    page = open_page(login, width=NARROW)
    found: list[str] = []
    for page_case in PAGES:
        if page_case.login != login:
            continue
        (tmp_path / f"{page_case.name}.html").write_text(show(page, page_case, world.served), encoding="utf-8")
        load_axe(page, axe)
        for width in axe_widths_of(page_case.name):
            page.set_viewport_size({"width": width, "height": 900})
            found.extend(f"{page_case.name}, {width}: {one}" for one in axe_findings(page))
        widths = widths_of(page_case.name)
        found.extend(f"{page_case.name}, {width}: {one}" for width in widths[:2] for one in looks(page, width))
        lengthen_names(page)
        found.extend(
            f"{page_case.name}, {width}, longest names: {one}" for width in widths for one in looks(page, width)
        )
        page.set_viewport_size({"width": NARROW, "height": 900})
    assert found + html_findings(tmp_path) == []


def test_the_pages_in_firefox(world: ServedPortal) -> None:
    """A browser of another make shows the same: a walk of the pages of each role, without anything cut off."""
    assert firefox_findings(world) == []
