"""The verdict on a koppeling as the pages of a school show it: its words, and where its next step is taken."""

from dataclasses import dataclass

from flask import g, request, url_for

from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind
from uwlr_adapter.koppelingen.verdict_words import VerdictWords, words_of
from uwlr_adapter.portal.guard import NOT_FOR_LEZERS

_PAGES = {
    VerdictKind.NOT_OFFERED: "school.confirm_end",
    VerdictKind.PAUSED: "school.show_koppeling",
    VerdictKind.EMPTY: "school.show_sharing",
    VerdictKind.HELD: "school.show_questions",
}
"""The page on which the next step is taken, or explained."""
_OF_THE_VESTIGING = frozenset({VerdictKind.HELD})


@dataclass(frozen=True, slots=True)
class ShownVerdict:
    """A verdict in words, with the link to its next step; None when no other page of the school has it."""

    words: VerdictWords
    url: str | None


def shown(verdict: KoppelingVerdict, name: str, koppeling: Koppeling | None) -> ShownVerdict:
    """Return a verdict as a page shows it; `koppeling` is None for one that every school has."""
    words, page = words_of(verdict, name), _PAGES.get(verdict.kind)
    if koppeling is None or page is None or (page in NOT_FOR_LEZERS and g.get("rol") is GebruikerRol.LEZER):
        return ShownVerdict(words, None)
    koppeling_id = None if verdict.kind in _OF_THE_VESTIGING else koppeling.id
    url = url_for(page, brin6=koppeling.brin6, koppeling_id=koppeling_id)
    return ShownVerdict(words, None if url == request.path else url)
