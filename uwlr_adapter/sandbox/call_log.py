"""The last calls of each account, for its page: what was sent, masked, and what it got. In memory, and bounded.

A call is kept for the klantnaam that it names, and no other account finds it: a caller may choose the X-Request-ID of
its calls, so that another one can guess it, or send the same twice. One that names no account is found by that id only.
"""

import threading
from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from itertools import chain

import sqlalchemy as sa

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.names import AUTORISATIE
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import MESSAGE, Limits, XmlError, parse
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.kit.masking import Masker
from uwlr_adapter.web.services import Service

KEPT = 50
"""Calls of an account that are kept (inclusive)."""
KEPT_OF_NOBODY = 200
"""Calls that name no account."""
REASONS = {
    "onbekende school": "there is no school with that brin6",
    "geen koppeling": "no koppeling of yours lives at that school",
    "code onjuist": "the autorisatiesleutel is not the code that the school entered",
    "gepauzeerd": "the school paused the koppeling",
    "beëindigd": "the school ended the koppeling",
    "nog niet gestart": "the Startdatum of the koppeling is still to come",
    "geen school genoemd": "the body names no school, or none in the form of a brincode",
    "niet volgens het schema": "the request is not valid by the XSD",
    "versie niet ondersteund": "the version is not served",
    "leerlinggegevens gepauzeerd": "the school paused the leerlinggegevens of this koppeling",
    "geen akkoord leerlinggegevens": "the school agreed to results only",
    "resultaten gepauzeerd": "the school paused the results of this koppeling",
    "geen akkoord resultaten": "the school agreed to leerlinggegevens only",
    "geen leerling bekend": "the school knows no leerling of the message, or does not share them with you",
    "inhoud klopt niet": "a value in the message cannot be, or the message contradicts itself",
    "te veel tegelijk": "too many messages with results came at once",
    "geen gegevens": "there are no data of that schooljaar",
    "schooljaar niet ingericht": "the schooljaar is not laid out yet",
    "eigen fout": "the service could not answer",
    "certificaat ontbreekt": "a client certificate is missing",
    "certificaat onbekend of verlopen": "the client certificate is not known",
}
"""The true reason of a refusal in English, by its word in the journaal."""
_RESULTS = {
    "nieuw": "new",
    "gewijzigd": "changed",
    "gelijk": "same",
    "ingehaald": "overtaken",
    "niet-verwerkt": "not processed",
}
"""The counts of a message with results in English, by their word in the journaal."""
ANSWERED = "answered"
"""The outcome of an answer, until the journaal says of which kind it is."""


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """One call and what it got. Nothing in it is a code or a name of a person."""

    request_id: str
    moment: datetime
    operation: str
    status: int
    outcome: str
    """A faultcode, or the kind of answer."""
    request: str
    """The message, masked."""
    pad: str = ""
    regel: str = ""
    retry_after: str = ""
    repairs: tuple[str, ...] = ()
    reason: str = ""
    """The true reason of a refusal, in English; empty for an answer, and for a fault that says all."""
    results: str = ""
    """How many results of a message came to what, such as `87 new, 3 not processed`."""


class CallLog:
    """The calls that were kept. Safe to share between threads."""

    def __init__(self) -> None:
        self._of: dict[str, deque[LoggedCall]] = {}
        self._of_nobody: deque[LoggedCall] = deque(maxlen=KEPT_OF_NOBODY)
        self._lock = threading.Lock()

    def keep(self, klantnaam: str | None, call: LoggedCall) -> None:
        """Keep a call, for the account with this klantnaam or for nobody."""
        with self._lock:
            kept = self._of_nobody if klantnaam is None else self._of.setdefault(klantnaam, deque(maxlen=KEPT))
            kept.appendleft(call)

    def calls_of(self, klantnaam: str) -> list[LoggedCall]:
        """Return the calls of an account, the last one first."""
        with self._lock:
            return list(self._of.get(klantnaam, ()))

    def find(self, klantnaam: str, request_id: str) -> LoggedCall | None:
        """Return the last call with this X-Request-ID, of an account or of nobody."""
        with self._lock:
            kept = chain(self._of.get(klantnaam, ()), self._of_nobody)
            return next((call for call in kept if call.request_id == request_id), None)


def last_entry(database: Database) -> int:
    """Return the id of the last entry of the journaal; 0 for an empty one."""
    with database.reading() as connection:
        return connection.scalar(sa.select(sa.func.max(journaal.c.id))) or 0


def with_reason(database: Database, call: LoggedCall, after: int) -> LoggedCall:
    """Return a call with what the journaal says of it: the kind of answer, the reason of a refusal, the repairs.

    `after` is the id of the last entry from before the call (exclusive): an earlier one may have the same X-Request-ID.
    """
    columns = journaal.c
    query = (
        sa.select(columns.outcome, columns.reason, columns.repairs, columns.remarks)
        .where(columns.id > after, columns.request_id == call.request_id)
        .order_by(columns.id.desc())
    )
    with database.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        return call
    is_answer = call.outcome == ANSWERED
    told = "" if is_answer else REASONS.get(row.reason or "", "")
    outcome, needed = row.outcome if is_answer else call.outcome, tuple((row.repairs or "").split())
    return replace(call, outcome=outcome, reason=told, repairs=needed, results=_results(row.remarks or ""))


def _results(remarks: str) -> str:
    """Return the counts of results among the remarks of an entry, as a reader sees them."""
    counts = (remark.partition("=") for remark in remarks.split())
    return ", ".join(f"{number} {_RESULTS[word]}" for word, _, number in counts if word in _RESULTS)


def understood(content: bytes, charset: str | None, service: Service) -> Call | None:
    """Return the call in a message to a service, if it can be read; `charset` is that of the transport, if any."""
    try:
        return service.reader.read(content, charset, operations=service.operations, limits=service.limits)
    except Fault:
        return None


def named_klantnaam(content: bytes, charset: str | None = None, limits: Limits = MESSAGE) -> str | None:
    """Return the klantnaam in a message that could not be read as a call, if it is there once."""
    try:
        root = parse(content, limits, charset)
    except XmlError:
        return None
    found = [one.text for one in root.iter(f"{{{AUTORISATIE}}}klantnaam", "klantnaam")]
    return found[0] if len(found) == 1 else None


def logged(
    moment: datetime, request: str, call: Call | None, status: int, headers: dict[str, str], body: bytes
) -> LoggedCall:
    """Return what is kept of a call.

    `request` is the message, masked; `headers` are those of the response, by their names in lower case.
    """
    outcome, pad, regel = _outcome(status, headers, body)
    return LoggedCall(
        request_id=headers.get("x-request-id", ""),
        moment=moment,
        operation="" if call is None else call.operation.name,
        status=status,
        outcome=outcome,
        request=request,
        pad=pad,
        regel=regel,
        retry_after=headers.get("retry-after", ""),
    )


def masked(content: bytes, charset: str | None = None, limits: Limits = MESSAGE) -> str:
    """Return a message as it may be shown; one that breaks the limits of a message is not read at all."""
    return Masker().document(content, limits, charset)


def _outcome(status: int, headers: dict[str, str], body: bytes) -> tuple[str, str, str]:
    """Return the outcome in a response, and the path and the word of a fault that names them."""
    if not headers.get("content-type", "").startswith("text/xml"):
        return str(status), "", ""
    if status == HTTPStatus.OK:
        return ANSWERED, "", ""
    root = parse(body, MESSAGE)
    code = root.findtext(".//faultcode", "").partition(":")[2]
    detail = root.find(f".//{{{names.FAULT_DETAIL}}}fout")
    return (code, "", "") if detail is None else (code, detail.get("pad", ""), detail.get("regel", ""))
