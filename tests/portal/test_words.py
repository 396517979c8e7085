"""The words of the portal: each label of the printed step plan is found, and a school reads no word of the machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment
from support.portal_browser import CODE, SCHOOL, Portal

import uwlr_adapter
from uwlr_adapter.errors import SchoolRefusedError

PACKAGE = Path(uwlr_adapter.__file__).parent
KOPPELING = f"{SCHOOL}/koppeling/1"
OVERVIEW, FORM = SCHOOL, f"{SCHOOL}/activeren/snappet"
LABELS = {
    # step 2: the screen of the koppelingen, before and after
    "Beheer": OVERVIEW,
    "Koppelingen": OVERVIEW,
    "Koppelingenoverzicht": OVERVIEW,
    "Geactiveerde koppelingen": OVERVIEW,
    "Beschikbare koppelingen": OVERVIEW,
    "UWLR Leerlinggegevens": OVERVIEW,
    "Activeren": OVERVIEW,
    "Naam": OVERVIEW,
    "Type koppeling": OVERVIEW,
    "Gebruikersvoorwaarden": OVERVIEW,
    "Status": OVERVIEW,
    "Bewerken": OVERVIEW,
    "Beëindigen": OVERVIEW,
    # step 3: the form
    "Koppeling activeren": FORM,
    "Koppelinggegevens": FORM,
    "Omschrijving": FORM,
    "Snappet UWLR koppeling": FORM,
    "Prijs": FORM,
    "Geen aanvullende kosten": FORM,
    "downloaden": FORM,
    "Uw gegevens": FORM,
    "Gebruiker": FORM,
    "Uw naam": FORM,
    "Voor akkoord": FORM,
    "Startdatum": FORM,
    "Verificatiecode": FORM,
    "Gereed": FORM,
    # to pause and to resume, on the page behind Bewerken
    "Gereed ": KOPPELING,
    "Verificatiecode ": KOPPELING,
}
"""The labels of the printed step plan, and the page where each is found; a space at the end tells two of one name."""
OLD = re.compile(r"\b(afnemers?|journaal|journalen|brin6s?|samengestelde|brinnummers?)\b", re.IGNORECASE)
"""The words of the machine that a school does not read."""
OPERATOR_PAGES = {
    *("afnemer.html", "afnemer_uitschakelen.html", "afnemers.html", "klantcode.html"),
    *("user.html", "user_new.html", "users.html"),
}
"""The pages of operators say `afnemer`, as their commands, the documentation and UWLR do."""
OF_OPERATORS = {"users.py"}
"""Modules that speak to operators alone, beside those that are named after them."""
FOR_OPERATORS = {
    *("Er is al een afnemer met deze klantnaam.", "Afnemer", "Klantnaam van de afnemer", "Afnemer uitgeschakeld"),
}
"""Sentences that only operators read, in modules that speak to schools too."""


def test_each_label_of_the_step_plan(portal: Portal) -> None:
    """Each stands on its page as a text of its own: a heading, a label, a link, a button or a cell."""
    browser = portal.browser("school")
    pages = {FORM: browser.get(FORM), OVERVIEW: browser.get(OVERVIEW)}
    group = "//section[contains(@class, 'groep')][.//a[contains(., 'Activeren')]]"
    assert pages[OVERVIEW].tree.xpath(group), "the list of UWLR is open, and no click closes it"
    shown = browser.submit_page(pages[FORM], naam="A", akkoord="ja", verificatiecode=CODE, actie="gereed")
    pages[KOPPELING] = browser.get(KOPPELING)
    assert shown.h1 == "Koppelingenoverzicht"
    texts = {path: _texts(page.tree) for path, page in pages.items()}
    texts[OVERVIEW] |= _texts(shown.tree)
    assert {label: path for label, path in LABELS.items() if label.strip() not in texts[path]} == {}


def _texts(tree: object) -> set[str]:
    """Return the texts of a page, each by itself."""
    found = tree.xpath("//body//text()")  # type: ignore[attr-defined] # lxml without types
    return {" ".join(text.split()) for text in found} | {" ".join(text.split()).rstrip(" :") for text in found}


@pytest.mark.parametrize("path", sorted((PACKAGE / "portal" / "templates").glob("*.html")), ids=lambda path: path.name)
def test_no_old_word_in_a_template(path: Path) -> None:
    """No page of a school has one, nor an attribute that is read out."""
    if path.name in OPERATOR_PAGES or path.name.removeprefix("_").startswith("beheer"):
        return
    source = path.read_text(encoding="utf-8")
    if path.name == "base.html":
        source = source.replace(">Afnemers<", "><")  # the menu of operators
    tokens = [(kind, text) for _, kind, text in Environment(autoescape=True).lex(source)]
    read_out = re.findall(r'(?:aria-label|title|placeholder|alt)="([^"]*)"', source)
    literals = [text for kind, text in tokens if kind == "string" and re.search(r"[A-Za-z] [a-z]|^.[A-Z][a-z]", text)]
    data = re.sub(r"<[^>]*>", " ", "".join(text for kind, text in tokens if kind == "data"))
    shown = [re.sub(r"\{.*?\}", "", text) for text in (*read_out, *literals, data)]
    assert [text for text in shown if OLD.search(text)] == []


def _dutch_strings() -> Iterator[tuple[str, str]]:
    """Yield each text of the modules that speak to a school, without docstrings and English."""
    modules = (PACKAGE / "portal").glob("*.py")
    files = [path for path in modules if not path.name.startswith("operator") and path.name not in OF_OPERATORS]
    files += [*(PACKAGE / "mail").glob("*words*.py"), PACKAGE / "koppelingen" / "verdict_words.py"]
    for path in files:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bare = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in bare:
                continue
            if re.search(r"[a-z] [a-z]|^[A-Z][a-z]+$", node.value):
                yield path.name, node.value


def test_no_old_word_in_a_sentence() -> None:
    """Neither the sentences of the portal and of mails, nor those of refused acts, nor the words of fields."""
    from uwlr_adapter.contract.fields import FIELDS  # noqa: PLC0415 - the words of one test

    found = list(_dutch_strings())
    assert len(found) > 300
    assert [one for one in found if OLD.search(one[1]) and one[1] not in FOR_OPERATORS] == []
    refusals = [SchoolRefusedError]
    for kind in refusals:
        refusals += kind.__subclasses__()
    texts = [text for kind in refusals if isinstance(text := getattr(kind, "text", None), str)]
    assert len(texts) > 20
    assert [text for text in texts if OLD.search(text)] == []
    assert [field.word for field in FIELDS if OLD.search(field.word)] == []


def test_no_old_word_on_a_page(portal: Portal) -> None:
    """The pages themselves, with what comes from the database and the catalogue, and the file of the logboek."""
    browser = portal.browser("school")
    browser.submit(FORM, naam="A", akkoord="ja", verificatiecode=CODE, actie="gereed")
    for path in ("", "/koppeling/1", "/koppeling/1/delen", "/koppeling/1/bevestiging", "/koppeling/1/pauzeren"):
        assert not OLD.search(browser.get(f"{SCHOOL}{path}").text), path
    for path in ("/schooljaar", "/journaal", "/journaal.csv", "/meldingen", "/vragen", "/inzage"):
        page = browser.get(f"{SCHOOL}{path}")
        assert page.status == 200, path
        assert not OLD.search(page.body if path.endswith("csv") else page.text), path
    disposition = browser.get(f"{SCHOOL}/journaal.csv").reply.headers["Content-Disposition"]
    assert disposition == 'attachment; filename="logboek-21QW00-2026-11-25.csv"'
