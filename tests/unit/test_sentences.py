"""What a school reads of a line of the journaal."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.journaal.model import TAKEN, Act, Entry, EntryKind, RefusalReason, ResultCounts
from uwlr_adapter.portal.sentences import BELOW, actor_of, sentence_of

REFUSED = Entry(
    datetime(2026, 11, 30, 12, tzinfo=UTC),
    EntryKind.VERZOEK,
    "HaalLeerlinggegevens",
    *(1, 1, "21QW00", "Client.OngeldigBericht", RefusalReason.SCHEMA, None, ()),
)


def test_a_school_reads_which_part_is_wrong() -> None:
    """The sentence of a request that breaks the agreement names the part and what is wrong, as the platform got it."""
    told = replace(REFUSED, remarks=("pad=leerlinggegevens_verzoek/schooljaar", "regel=vorm"))
    assert sentence_of(told, "Snappet") == (
        f"{sentence_of(REFUSED, 'Snappet')} Het onderdeel schooljaar heeft niet de goede vorm."
    )


def test_where_a_code_is_entered() -> None:
    """A list points to Bewerken; the page behind that button to its own field."""
    wrong = replace(REFUSED, reason=RefusalReason.WRONG_CODE)
    assert "of vul bij Bewerken de code in die Snappet gebruikt." in sentence_of(wrong, "Snappet")
    assert "of vul hieronder de code in die Snappet gebruikt." in sentence_of(wrong, "Snappet", BELOW)
    past = sentence_of(wrong, "Snappet", None)
    assert past == "Snappet probeert op te halen met een andere verificatiecode."


@pytest.mark.parametrize("remarks", [("pad=autorisatie/*", "regel=ontbreekt"), ("regel=versie",), ("onvolledig=3",)])
def test_a_part_without_a_name_is_left_out(remarks: tuple[str, ...]) -> None:
    """A school reads no stars, and nothing where the reason says it all."""
    assert sentence_of(replace(REFUSED, remarks=remarks), "Snappet") == sentence_of(REFUSED, "Snappet")


@pytest.mark.parametrize("rule", Rule)
def test_no_word_of_a_fault_reaches_a_school(rule: Rule) -> None:
    """Whatever the word, the line stays Dutch sentences."""
    told = replace(REFUSED, remarks=("pad=leerlinggegevens_verzoek/xsdversie", f"regel={rule}"))
    sentence = sentence_of(told, "Snappet")
    assert sentence.endswith(".")
    assert "regel" not in sentence
    assert "_verzoek" not in sentence
    assert "namespace" not in sentence


OF_AFNEMERS = {
    *(Act.ADDED, Act.KLANTCODE_ROTATED, Act.DISABLED, Act.ENABLED, Act.STRICT, Act.TOLERANT),
    *(Act.CERTIFICATE_ADDED, Act.CERTIFICATE_REMOVED),
    *(Act.MAINTENANCE_ANNOUNCED, Act.MAINTENANCE_WITHDRAWN),
}
"""Acts that no school reads."""


@pytest.mark.parametrize("act", sorted(set(Act) - OF_AFNEMERS))
def test_every_act_has_a_sentence(act: Act) -> None:
    """A school reads what was done, and not our word for it."""
    done = replace(REFUSED, kind=EntryKind.RECORDS, act=act, outcome="gedaan", reason=None)
    sentence = sentence_of(done, "Snappet")
    assert sentence != act
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    ("actor", "words"),
    [
        ("j.devries", "j.devries"),
        ("cli:jan", "de beheerder (jan)"),
        ("cli:jan/root", "de beheerder (jan/root)"),
        ("job:opschonen", "vanzelf"),
        (None, "niet bekend"),
    ],
)
def test_who_did_it_in_words(actor: str | None, words: str) -> None:
    """A school reads a login as it is, the operator as one with a name, and of a call the learning platform."""
    done = replace(REFUSED, kind=EntryKind.KOPPELING, act="gepauzeerd", outcome="gedaan", reason=None, actor=actor)
    assert actor_of(done, "Snappet") == words
    assert actor_of(REFUSED, "Snappet") == "Snappet"


@pytest.mark.parametrize("reason", [None, *RefusalReason])
def test_a_refused_message_with_results_is_no_fetch(reason: RefusalReason | None) -> None:
    """Whatever the reason, a school reads that results were sent, or that the request was refused."""
    refused = Entry(
        *(datetime(2026, 11, 2, tzinfo=UTC), EntryKind.RESULTATEN, "BrengLeerresultaten", 1, 1, "21QW00"),
        *("Client.AutorisatieOngeldig", reason, None, ()),
    )
    sentence = sentence_of(refused, "Snappet")
    assert "Snappet" in sentence
    assert "op te halen" not in sentence
    assert "vraagt" not in sentence


def test_what_became_of_results() -> None:
    """Each count is told in the words of a school, and nothing that is zero."""
    taken = Entry(
        *(datetime(2026, 11, 2, tzinfo=UTC), EntryKind.RESULTATEN, "BrengLeerresultaten", 1, 1, "21QW00", TAKEN),
        *(None, 2, (), ResultCounts(3, 1, 0, 2, 4).remarks),
    )
    assert sentence_of(taken, "Snappet") == (
        "Snappet stuurde resultaten van 2 leerlingen: 3 nieuw, 1 gewijzigd, 2 ouder dan wat er al was, 4 niet verwerkt."
    )
