"""What the last calls of an afnemer got, for its own users: answers, refusals by their word, repairs and versions."""

from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template

from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.journaal import recent, told
from uwlr_adapter.journaal.model import EntryKind
from uwlr_adapter.journaal.told import ToldCalls
from uwlr_adapter.koppelingen import fetched
from uwlr_adapter.maintenance import announced
from uwlr_adapter.portal.afnemer import require_own_afnemer
from uwlr_adapter.portal.blueprints import AFNEMER
from uwlr_adapter.portal.context import catalogue, database, now, public_url
from uwlr_adapter.portal.operator_afnemers import VERSIONS_SINCE
from uwlr_adapter.portal.operator_words import ANSWERS
from uwlr_adapter.web.vendor_pages import FAULTS

REPAIRS = {
    "kop-namespace": "Zet klantnaam, klantcode en autorisatiesleutel in de namespace van autorisatie, zoals de WSDL.",
    "witruimte": "Laat spaties en regeleinden rond een waarde of een key weg.",
    "kop-volgorde": "Zet autorisatiesleutel, klantcode en klantnaam in de kop in die volgorde.",
    "leeg": "Laat een element dat u niet vult, weg uit het verzoek.",
    "brincode-wint": "Stuur een brincode of een schoolkey, niet allebei; nu telde de brincode.",
    "xsdversie": f"Stuur altijd een xsdversie; nu gold {USUAL_VERSION}.",
    "volgorde": "Zet de elementen van het verzoek in de volgorde van het schema.",
    "schooljaar": "Vul het schooljaar in, zoals 2026-2027; nu gold dat van vandaag.",
}
"""What there is to improve about a request that needed a repair, by its id (docs/reference/repairs.md)."""


RESULT_REPAIRS = REPAIRS | {"leerlingid": "Stuur bij elke leerling een leerlingid; nu gold het ECK-iD."}
"""The same for a message with results (docs/reference/leerresultaten.md)."""
RESULTS = {
    "nieuw": "Nieuw",
    "gewijzigd": "Gewijzigd",
    "gelijk": "Gelijk aan wat er al was",
    "ingehaald": "Ingehaald door een later bericht",
    "niet-verwerkt": "Niet verwerkt: de leerling is hier niet bekend",
}
"""The words for what became of results, by the word of the journaal."""


@dataclass(frozen=True, slots=True)
class FaultCount:
    """How often a fault was given, with the page that explains its word, if it has one."""

    code: str
    word: str | None
    url: str
    number: int


@AFNEMER.get("/verzoeken")
def show_calls() -> str:
    """Show what the calls got."""
    moment = now()
    with database().reading() as connection:
        afnemer = require_own_afnemer(connection)
        piece = recent.piece(connection, moment)
        calls = None if piece is None else told.calls_of(connection, piece, afnemer.id, [EntryKind.VERZOEK])
        sent = None if piece is None else told.calls_of(connection, piece, afnemer.id, [EntryKind.RESULTATEN])
        versions = fetched.versions(connection, catalogue(), afnemer.id, moment - VERSIONS_SINCE)
        maintenance = announced.list_open(connection, moment)
    return render_template(
        "eigen_verzoeken.html",
        afnemer=afnemer,
        since=None if piece is None else piece.since,
        told=calls,
        answers=[] if calls is None else [(ANSWERS.get(one, one), n) for one, n in calls.answers.most_common()],
        faults=[] if calls is None else list(_faults(calls)),
        sent=sent,
        sent_faults=[] if sent is None else list(_faults(sent)),
        sent_repairs=[]
        if sent is None
        else [(id_, RESULT_REPAIRS.get(id_, ""), n) for id_, n in sent.repairs.most_common()],
        results=[] if sent is None else [(word, sent.results[id_]) for id_, word in RESULTS.items()],
        repairs=[] if calls is None else [(id_, REPAIRS.get(id_, ""), n) for id_, n in calls.repairs.most_common()],
        versions=versions,
        maintenance=maintenance,
        present=moment,
    )


def _faults(calls: ToldCalls) -> Iterable[FaultCount]:
    for (code, word), number in calls.faults.most_common():
        yield FaultCount(code, word, public_url(f"{FAULTS}#{word or ''}"), number)
