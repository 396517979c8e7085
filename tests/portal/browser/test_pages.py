"""Every page in every state, as a person meets it: on a telephone and on a wide screen, for the eye and for the ear."""

from pathlib import Path

import pytest
from support.chromium import NARROW, WIDE, Open, ServedPortal
from support.page_findings import axe_findings, html_findings, pixels_sticking_out
from support.portal_pages import PAGES, show


@pytest.mark.parametrize("login", dict.fromkeys(page_case.login for page_case in PAGES))
def test_every_page_is_fit_to_use(
    open_page: Open, world: ServedPortal, axe: str, tmp_path: Path, login: str | None
) -> None:
    """At both widths nothing sticks out, axe-core finds nothing at all, and the HTML as it was sent is valid."""
    page = open_page(login, width=NARROW)
    found = []
    for page_case in PAGES:
        if page_case.login != login:
            continue
        (tmp_path / f"{page_case.name}.html").write_text(show(page, page_case, world.served), encoding="utf-8")
        for width in (NARROW, WIDE):
            page.set_viewport_size({"width": width, "height": 900})
            if (too_much := pixels_sticking_out(page)) > 0:
                found.append(f"{page_case.name}, {width}: sticks out by {too_much} pixels")
            found.extend(f"{page_case.name}, {width}: {one}" for one in axe_findings(page, axe))
        page.set_viewport_size({"width": NARROW, "height": 900})
    assert found + html_findings(tmp_path) == []
