"""The organisation that runs the service: on every page, the login too, with its links; unsafe ones are refused."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from support.portal_browser import SCHOOL, Portal

from uwlr_adapter.settings import Settings

LINKS = {
    "Hulp": "https://www.example.nl/hulp",
    "Contact": "mailto:help@example.nl",
    "Privacy": "https://www.example.nl/privacy?taal=nl",
}
NAME = "Stichting <Voorbeeld> & Zn."


def test_on_every_page(make: Callable[..., Portal]) -> None:
    """At the top and the foot of the login, of an error, and of the pages of a school and an operator."""
    portal = make(organisation=NAME, help_url=LINKS["Hulp"], contact_url=LINKS["Contact"], privacy_url=LINKS["Privacy"])
    nobody, school, operator = portal.browser(), portal.browser("school"), portal.browser("operator")
    for browser, path in (
        (nobody, "/koppelingen/inloggen"),
        (school, SCHOOL),
        (school, f"{SCHOOL}/bestaat-niet"),
        (operator, "/koppelingen/beheer/afnemers"),
    ):
        page = browser.get(path)
        assert page.tree.xpath("string(//header//*[@class='organisatie'])") == NAME, path
        assert dict(_links(page.tree)) == LINKS, path
        assert "<Voorbeeld>" not in page.body


def _links(tree: object) -> list[tuple[str, str]]:
    return [(one.text, one.get("href")) for one in tree.xpath("//footer//a")]  # type: ignore[attr-defined] # no types


def test_without_any(portal: Portal) -> None:
    """There is no empty foot."""
    page = portal.browser().get("/koppelingen/inloggen")
    assert not page.tree.xpath("//footer")
    assert not page.tree.xpath("//*[@class='organisatie']")


@pytest.mark.parametrize("name", ["help_url", "contact_url", "privacy_url"])
@pytest.mark.parametrize(
    "value",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "http://www.example.nl",
        "//www.example.nl",
        "/hulp",
        "www.example.nl",
        "https://",
        "https:///hulp",
        "https://www.example.nl@elders.example",
        "https://www.example.nl/a b",
        'https://www.example.nl/"><script>',
        "https://www.example.nl\n",
        "https://[",
        "mailto:",
        "mailto:a@b.nl?bcc=c@d.nl",
        "tel:",
        "tel:javascript",
    ],
)
def test_what_is_no_link(name: str, value: str) -> None:
    """The service does not start with it, and the message does not repeat it."""
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate({name: value})
    assert value not in str(refused.value) or value in {"https://", "mailto:", "tel:"}


@pytest.mark.parametrize("value", ["tel:+31201234567", "mailto:help@example.nl", "https://example.nl/contact"])
def test_contact(value: str) -> None:
    """Contact may be a page, an address or a telephone number."""
    assert Settings(contact_url=value).contact_url == value
