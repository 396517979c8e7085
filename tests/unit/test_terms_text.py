"""The text of terms: its paragraphs, its digest, and what another text changes in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.terms_text import ChangeKind, Paragraph, difference, digest_of, paragraphs, unwrapped

OLD = "1. De school leest.\n2. De school\n   schrijft.\n3. De school rekent.\n"
PARAGRAPHS = st.lists(st.text("abc ", min_size=1).map(str.strip).filter(bool), max_size=6)


def test_paragraphs() -> None:
    """A number, a sign of a list and an empty line begin one; any other line goes on with it."""
    text = "Vooraf staat\neen zin.\n\n1. Eerst\n   dit.\n2) Dan  dat.\n- een punt\n\n  2026. is geen nummer\n"
    assert paragraphs(text) == (
        Paragraph("", "Vooraf staat een zin."),
        Paragraph("1", "Eerst dit."),
        Paragraph("2", "Dan dat."),
        Paragraph("", "- een punt"),
        Paragraph("", "2026. is geen nummer"),
    )
    assert unwrapped(text).splitlines()[2] == "1. Eerst dit."
    assert paragraphs(unwrapped(text)) == paragraphs(text)
    assert paragraphs(" \n\n") == ()


def test_what_a_digest_depends_on() -> None:
    """On the id, the version and every word; not on how lines are wrapped."""
    digest = digest_of("uwlr", "uwlr-1", OLD)
    assert digest == digest_of("uwlr", "uwlr-1", OLD.replace("\n   ", " "))
    others = {digest_of("app", "uwlr-1", OLD), digest_of("uwlr", "uwlr-2", OLD), digest_of("uwlr", "uwlr-1", OLD + "x")}
    assert len(others | {digest}) == 4


def test_a_difference_in_words() -> None:
    """A paragraph that came in between is new, one that went is gone, another wording is a change; numbers are none."""
    new = "1. De school leest.\n2. De school tekent.\n3. De school schrijft niet.\n4. De school rekent.\n5. Einde.\n"
    found = [(one.kind, one.old and one.old.number, one.new and one.new.number) for one in difference(OLD, new)]
    assert found == [
        (ChangeKind.SAME, "1", "1"),
        (ChangeKind.CHANGED, "2", "2"),
        (ChangeKind.ADDED, None, "3"),
        (ChangeKind.SAME, "3", "4"),
        (ChangeKind.ADDED, None, "5"),
    ]
    assert [one.kind for one in difference(OLD, "1. De school leest.")] == ["ongewijzigd", "vervallen", "vervallen"]
    assert difference("", "") == ()


@given(PARAGRAPHS, PARAGRAPHS)
def test_a_difference_loses_nothing(old: list[str], new: list[str]) -> None:
    """Each paragraph of both texts is in it once, in its order, and says what it is."""
    changes = difference("\n\n".join(old), "\n\n".join(new))
    assert [one.old for one in changes if one.old] == list(paragraphs("\n\n".join(old)))
    assert [one.new for one in changes if one.new] == list(paragraphs("\n\n".join(new)))
    for one in changes:
        same = one.old is not None and one.new is not None and one.old.text == one.new.text
        assert (one.kind is ChangeKind.SAME) == same


@pytest.mark.parametrize(
    ("id_", "digest"),
    [
        ("app", "app-1 2a57e3e18700598859d64e66a11d43e11c75c6d9"),
        ("ouderportaal", "ouderportaal-1 f924b7a02c0d9293980ae663f565d50c66f8389a"),
        ("samenwerkingsverband", "samenwerkingsverband-1 7c4e5344f20615ec082ce519039ce9c0289eb574"),
        ("toets", "toets-1 7ec9c38b1d383ed5043a7b5a59e02045d710bc4f"),
        ("uwlr", "uwlr-1 d0e193a0266eeb22de59a3be6fd8dba40b2589ae"),
        ("bron", "bron-1 caa8be18dc6d20e7f6ebe04ae6a5ba3a7b276e2d"),
    ],
)
def test_the_terms_that_are_shipped(id_: str, digest: str) -> None:
    """A text that is changed gets a new version, else no operator could start: schools agreed to it."""
    (one,) = {entry.voorwaarden for entry in Catalogue.load() if entry.voorwaarden.id == id_}
    assert f"{one.versie} {digest_of(one.id, one.versie, one.tekst)}" == digest
