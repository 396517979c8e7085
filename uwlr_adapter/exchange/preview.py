"""The preview of an answer for the school: the bytes that an afnemer would get now, without a journaal entry."""

from uwlr_adapter.answers.store import StaleAnswerError
from uwlr_adapter.contract import fault
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.request import SchoolReference, Verzoek
from uwlr_adapter.exchange.exchange import MAX_ATTEMPTS, Exchange
from uwlr_adapter.journaal.model import VerzoekEntry


def preview(exchange: Exchange, klantnaam: str, brin6: str, entry_id: str, verzoek: Verzoek) -> bytes:
    """Return the answer that the afnemer of a koppeling would get to this request now, with the right code.

    `entry_id` is the id of the koppeling in the catalogue. The answer is stored like any other, so that the afnemer
    gets these very bytes; nothing is written in the journaal. Raises Fault.
    """
    entry = VerzoekEntry(exchange.clock(), verzoek.operation.name, 0)
    caller = Autorisatie(autorisatiesleutel="", klantcode="", klantnaam=klantnaam)
    school = SchoolReference(brin6[:4], brin6[4:], None)
    for _ in range(MAX_ATTEMPTS):
        access_rows = exchange.gate.look(exchange.database, caller, school)
        if access_rows.afnemer is None or access_rows.afnemer.disabled_at is not None:
            raise fault.OngeldigeKlantIdentificatie
        access = exchange.gate.decide_without_code(access_rows, entry_id, entry.moment)
        try:
            return exchange.answering.answer(access, access_rows.joined, verzoek, entry, gzip=False).content
        except StaleAnswerError:
            continue
    raise fault.TijdelijkNietBeschikbaar
