"""A call, what the database is asked about it, and the access that it has."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from uwlr_adapter.contract.request import Call
from uwlr_adapter.db.statements import Query, Row
from uwlr_adapter.exchange.outcome import Brought
from uwlr_adapter.koppelingen.access import Access, AccessStatements


class Sender(NamedTuple):
    """What a call brings besides its message: its source (`web/source.py`), and whether it accepts gzip."""

    source: str
    gzip: bool = False
    certificate: str = ""
    """The fingerprint of the client certificate of its connection (`web/client_certificate.py`); "" for none."""


class Asked(NamedTuple):
    """What the access query reads beside the access itself, and the parameters for that."""

    statements: AccessStatements
    parameters: Mapping[str, str | int]


class Question(NamedTuple):
    """A call and its access query; `repairs` are those that a tolerant reading of the message needed."""

    call: Call
    sender: Sender
    repairs: tuple[str, ...]
    asked: Asked
    query: Query
    afnemer_id: int | None = None
    """The afnemer that a tolerant reading knew, where the call is a strict reading for it."""


class Granted(NamedTuple):
    """A call that has access; its body is not judged yet."""

    call: Call
    sender: Sender
    asked: Asked
    access: Access
    day: date
    """The day of the answer, in Amsterdam."""
    rows: Sequence[Row]
    """What the access query read beside the access; each row has the id of a koppeling first."""
    made: Brought | None = None
    """What the last work brought."""
