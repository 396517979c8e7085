"""The preview of an answer for the school: the bytes that an afnemer would get now, without a journaal entry."""

from uwlr_adapter.answers.store import Made
from uwlr_adapter.clock import Clock, day_of
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.request import SchoolReference, Verzoek
from uwlr_adapter.exchange.answering import STATEMENTS, Request
from uwlr_adapter.exchange.exchange import MAX_ATTEMPTS
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.work import Blocking, Load
from uwlr_adapter.journaal.model import VerzoekEntry
from uwlr_adapter.koppelingen.access import Gate

_NO_SLOT = -1
"""A place that holds nothing: a preview does not look at what was given, and gives nothing."""


def preview(
    use_case: Leerlinggegevens, gate: Gate, clock: Clock, klantnaam: str, brin6: str, entry_id: str, verzoek: Verzoek
) -> bytes:
    """Return the answer that the afnemer of a koppeling would get to this request now, with the right code.

    `entry_id` is the id of the koppeling in the catalogue. The answer is stored like any other, so that the afnemer
    gets these very bytes; nothing is written in the journaal, and the koppeling counts as given nothing. Raises Fault.
    """
    caller = Autorisatie(autorisatiesleutel="", klantcode="", klantnaam=klantnaam)
    school = SchoolReference(brin6[:4], brin6[4:], None)
    parameters = {"schooljaar": verzoek.schooljaar, "xsdversie": verzoek.xsdversie, "slot": _NO_SLOT}
    query = gate.query(caller, school, STATEMENTS, {**parameters, "payload": verzoek.operation.payload})
    made: Made | None = None
    for _ in range(MAX_ATTEMPTS):
        entry = VerzoekEntry(clock(), verzoek.operation.name, 0)
        access_rows = gate.read(use_case.database.look(query), query)
        if access_rows.afnemer is None or access_rows.afnemer.disabled_at is not None:
            raise fault.OngeldigeKlantIdentificatie
        day = day_of(entry.moment)
        access = gate.decide_without_code(access_rows, entry_id, day)
        request = Request(access, access_rows.joined, verzoek, day, _NO_SLOT, gzip=False, made=made)
        planned = use_case.answering.answer(request, entry)
        if isinstance(planned, Outcome):
            if isinstance(planned.answer, fault.Fault):
                raise planned.answer
            return planned.answer.content
        made = _work(use_case, planned.work)
    raise fault.TijdelijkNietBeschikbaar


def _work(use_case: Leerlinggegevens, work: Load | Blocking) -> Made | None:
    if not isinstance(work, Load):
        return use_case.do(work)
    brought = use_case.loaded(work, use_case.database.look(work.query))
    return brought if isinstance(brought, Made) else use_case.do(brought)
