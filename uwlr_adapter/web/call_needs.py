"""What a call needs of the database, tried without a call: its queries, and a durable write.

The statements of a call are explained, which asks for the tables, the columns and the rights, and changes nothing. The
write is the count of a failure of nobody: the rows of a past period are removed with the next failure
(`koppelingen/failures.py`), and nobody waits for this one.
"""

import random
from collections.abc import Callable, Sequence
from datetime import datetime

from uwlr_adapter.answers.freshness import AnswerKey
from uwlr_adapter.answers.store import content_query
from uwlr_adapter.clock import Clock
from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.db.database import Database
from uwlr_adapter.db.schema_version import SchemaState
from uwlr_adapter.db.statements import Command, Insert, Query, Row
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.journaal.model import Refusal, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import failures
from uwlr_adapter.koppelingen.given import Given
from uwlr_adapter.web.endpoint import Endpoint
from uwlr_adapter.web.readiness import ReadinessCheck, Unready, UnreadyError

_NOBODY = "readyz"
_PARTS = "".join(f"<{part}>{_NOBODY}</{part}>" for part in names.AUTORISATIE_PARTS)
_MESSAGE = (
    f'<e:Envelope xmlns:e="{names.SOAP11}"><e:Header><autorisatie xmlns="{names.AUTORISATIE}">{_PARTS}</autorisatie>'
    f'</e:Header><e:Body><leerlinggegevens_verzoek xmlns="{names.LEERLINGGEGEVENS}"><schooljaar>2026-2027</schooljaar>'
    f"<brincode>00AA</brincode><dependancecode>00</dependancecode><xsdversie>{USUAL_VERSION}</xsdversie>"
    "</leerlinggegevens_verzoek></e:Body></e:Envelope>"
).encode()
"""A call of nobody, of which only the question is asked."""


class CallNeeds:
    """The tries of one process. A driver replaces `look`, `load` and `write` by how it does those of a call."""

    look: Callable[[Query], Sequence[Row]]
    load: Callable[[Query], Sequence[Row]]
    write: Callable[[Sequence[Command]], object]

    def __init__(
        self, database: Database, server_keys: ServerKeys, clock: Clock, endpoint: Endpoint | None = None
    ) -> None:
        """Try what a call of this endpoint needs; without one what the portal needs."""
        self._database = database
        self._server_keys = server_keys
        self._clock = clock
        self._look: Query | None = None
        if endpoint is not None:
            self._look = endpoint.service.question(_MESSAGE, None, Sender("")).query
        self._subject = f"{_NOBODY} {random.getrandbits(64):016x}"
        """Of this process: no two of them wait for one row."""
        self.look = self.load = database.look
        self.write = database.write

    def checks(self) -> list[ReadinessCheck]:
        """Return the checks in their order."""
        return [
            ReadinessCheck(Unready.DATABASE, self._schema),
            ReadinessCheck(Unready.DATABASE, self._keys),
            ReadinessCheck(Unready.DATABASE, self._read),
            ReadinessCheck(Unready.WRITE, self._explain),
            ReadinessCheck(Unready.WRITE, self._write),
        ]

    def _schema(self) -> None:
        if self._database.schema_state() is not SchemaState.USABLE:
            raise UnreadyError(Unready.SCHEMA)

    def _keys(self) -> None:
        with self._database.reading() as connection:
            self._server_keys.unknown(connection, self._clock())

    def _read(self) -> None:
        """Ask what a call asks first, and for stored bytes."""
        if self._look is not None:
            self.look(self._look)
            self.load(content_query(AnswerKey("", "", "", "", ""), ""))

    def _explain(self) -> None:
        """Explain every statement that writes of a call."""
        if self._look is not None:
            self._database.explain(commit.commands(_outcomes(self._clock())))

    def _write(self) -> None:
        """Commit a count, durably."""
        moment = self._clock()
        counted = Insert(failures.COUNT, failures.rows_of([(self._subject, moment)]))
        self.write([counted, failures.removal(moment)])


def _outcomes(moment: datetime) -> list[Outcome]:
    """Return an outcome of each kind, of nobody: with access and data, refused, and of a caller that is not known."""
    error = fault.AutorisatieOngeldig()
    granted = VerzoekEntry(moment, _NOBODY, 0, outcome=_NOBODY, koppeling_id=0, koppeling_version=0)
    return [
        Outcome(granted, error, Given(0, _NOBODY, moment)),
        Outcome(VerzoekEntry(moment, _NOBODY, 0, outcome=_NOBODY), error),
        Outcome(Refusal(moment, _NOBODY, _NOBODY), error, guess=_NOBODY),
    ]
