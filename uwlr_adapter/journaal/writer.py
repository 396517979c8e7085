"""Write the journaal: each call with its outcome, and each act on a koppeling or an afnemer. Append-only.

It holds ids, counts, fixed words, and the login of whoever acted or was acted on: no text of a caller, no code, of a
pupil at most the number. The id of its request or of the run of its command leads from an entry to the log.
An act and its row are stored in one transaction. Calls that are refused before their afnemer is known are counted per
minute and source. How long both are kept: `retention.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.statements import InsertStatement
from uwlr_adapter.journaal.model import KIND_OF_CALL, Act, EntryKind, Refusal, VerzoekEntry
from uwlr_adapter.journaal.request_id import current_id
from uwlr_adapter.journaal.tables import act_to_tell, journaal, refusal

COLUMNS = tuple(column.name for column in journaal.c if column.name != "id")
"""The columns of an entry; the database hands out its id."""
_COUNTED = ("minute", "source", "outcome", "occurrences")
COUNT_REFUSALS = InsertStatement(refusal, _COUNTED, adds="occurrences")
"""Adds calls that were refused before their afnemer was known to their counts."""
MAX_SOURCES = 20
"""Sources of one minute that a process names (inclusive). In a quiet minute there are none or a few; an attack from
everywhere makes 2.6 million rows for each outcome in 90 days, whatever number of sources it has."""
OTHERS = "others"
"""The source of all others in that minute."""


def entry_row(entry: VerzoekEntry) -> dict[str, Any]:
    """Return the row of a call, with the version of its koppeling beside the columns."""
    remarks = entry.remarks if entry.results is None else (*entry.remarks, *entry.results.remarks)
    return {
        "moment": entry.moment.astimezone(UTC).replace(tzinfo=None),
        "kind": KIND_OF_CALL.get(entry.operation, EntryKind.VERZOEK).value,
        "act": entry.operation,
        "afnemer_id": entry.afnemer_id,
        "koppeling_id": entry.koppeling_id,
        "brin6": entry.brin6,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "leerlingen": entry.leerlingen,
        "repairs": " ".join(entry.repairs) or None,
        "remarks": " ".join(remarks) or None,
        "actor": None,  # its afnemer
        "request_id": entry.request_id,
        "answer": entry.answer,
        "koppeling_version": entry.koppeling_version,
    }


def refusal_rows(refusals: Sequence[Refusal]) -> list[Mapping[str, Any]]:
    """Return the rows of COUNT_REFUSALS for some calls.

    They are sorted, so that two processes lock rows in one order and never deadlock.
    """
    counted = Counter(
        (to_utc(one.moment).replace(second=0, microsecond=0), one.source, one.outcome) for one in refusals
    )
    return [dict(zip(_COUNTED, (*key, counted[key]), strict=True)) for key in sorted(counted)]


class RefusedSources:
    """The sources that were refused in the present minute, of which MAX_SOURCES are named."""

    def __init__(self) -> None:
        self._present: tuple[datetime | None, set[str]] = (None, set())

    def name(self, source: str, moment: datetime) -> str:
        """Return the source to count a refusal under: itself, or OTHERS. Safe to call from any thread."""
        minute = moment.replace(second=0, microsecond=0)
        if self._present[0] != minute:
            self._present = (minute, set())
        sources = self._present[1]
        if source not in sources and len(sources) >= MAX_SOURCES:
            return OTHERS
        sources.add(source)
        return source


TOLD_ACTS = frozenset(
    {
        *(Act.ACTIVATED, Act.CODE_CHANGED, Act.PAUSED, Act.RESUMED, Act.ENDED, Act.ENDED_BY_MERGE),
        *(Act.LEERLINGGEGEVENS_PAUSED, Act.LEERLINGGEGEVENS_RESUMED, Act.LEERLINGGEGEVENS_ALLOWED),
        *(Act.RESULTS_PAUSED, Act.RESULTS_RESUMED, Act.RESULTS_ALLOWED),
        *(Act.GEBRUIKER_ADDED, Act.GEBRUIKER_ENABLED),
        *(Act.GEBRUIKER_JOINED, Act.ROL_CHANGED, Act.ACCESS_REMOVED),
        *(Act.GROEPEN_GIVEN, Act.GROEPEN_TAKEN),
    }
)
"""The acts that people of the school are told of at once. Each is noted in its own transaction, so that it is told once
whatever the order in which transactions commit (`mail/telling.py`)."""
_OLDER_ACTS = frozenset(
    {
        *(Act.GEBRUIKER_ADDED, Act.GEBRUIKER_RESET, Act.GEBRUIKER_DISABLED, Act.GEBRUIKER_ENABLED),
        *(Act.EMAIL_CONFIRMED, Act.EMAIL_REMOVED),
    }
)
"""The acts on a user that code before number 28 knows. Of any other one the login stands under another name: that code
does not tell an act by mail whose login it does not find, and would fail on the word of this one."""
_GROEPEN_ACTS = frozenset({Act.GROEPEN_GIVEN, Act.GROEPEN_TAKEN})
"""The acts on a leerkracht, which code before number 34 does not know. Their login stands under a third name, so that
code before it tells them to nobody."""
MAX_ACTOR = 100
"""Characters of an actor: the width of its column."""


def record_act(
    connection: sa.Connection,
    *,
    moment: datetime,
    act: Act,
    koppeling_id: int | None,
    brin6: str,
    actor: str,
    remarks: str | None = None,
) -> None:
    """Store an act on a koppeling, in the transaction of the act itself; None is every koppeling of the vestiging.

    `actor` is the login of the portal user, or CLI or JOB with a name; so it is in each of these functions.
    """
    what = {"koppeling_id": koppeling_id, "brin6": brin6, "remarks": remarks}
    _record(connection, EntryKind.KOPPELING, moment, act, actor, **what)


def record_afnemer(connection: sa.Connection, *, moment: datetime, act: Act, afnemer_id: int, actor: str) -> None:
    """Store an act on an afnemer, in the transaction of the act itself; no school sees it."""
    _record(connection, EntryKind.AFNEMER, moment, act, actor, afnemer_id=afnemer_id)


def record_service_act(connection: sa.Connection, *, moment: datetime, act: Act, actor: str, remarks: str) -> None:
    """Store an act on the service as a whole, in the transaction of the act itself; no school sees it."""
    _record(connection, EntryKind.SERVICE, moment, act, actor, remarks=remarks)


def record_records_act(
    connection: sa.Connection,
    *,
    moment: datetime,
    act: Act,
    brin6: str,
    actor: str,
    batch: int | None = None,
    persoon_id: int | None = None,
) -> None:
    """Store an act on the records of a vestiging, in the transaction of the act itself.

    `batch` is its import; `persoon_id` the number of the leerling who was looked at: it says nothing to anybody else.
    """
    about = {"import": batch, "leerling": persoon_id}
    remarks = " ".join(f"{name}={number}" for name, number in about.items() if number is not None) or None
    _record(connection, EntryKind.RECORDS, moment, act, actor, brin6=brin6, remarks=remarks)


def record_results_act(
    connection: sa.Connection, *, moment: datetime, act: Act, brin6: str, actor: str, counts: Mapping[str, int]
) -> None:
    """Store an act on results of a vestiging, in the transaction of the act itself: numbers alone."""
    remarks = " ".join(f"{name}={number}" for name, number in counts.items())
    _record(connection, EntryKind.RECORDS, moment, act, actor, brin6=brin6, remarks=remarks)


def record_going_back(
    connection: sa.Connection, *, moment: datetime, brin6s: Iterable[str], actor: str, remarks: str | None
) -> None:
    """Store for each vestiging that its records and koppelingen went back to an earlier moment."""
    for brin6 in brin6s:
        _record(connection, EntryKind.RECORDS, moment, Act.WENT_BACK, actor, brin6=brin6, remarks=remarks)


def record_gebruiker_act(
    connection: sa.Connection,
    *,
    moment: datetime,
    act: Act,
    login: str,
    brin6s: Iterable[str],
    actor: str,
    rol: str | None = None,
    taught: tuple[int, str] | None = None,
) -> None:
    """Store an act on a user, once for each vestiging that it concerns; without any, once for none.

    In the transaction of the act itself. `login` is of the user who is acted on; it holds no white space. `rol` is the
    role that the user has after it, where that is told; `taught` the number of groepen of a leerkracht after it, and
    their schooljaar.
    """
    places: list[str | None] = [*brin6s]
    who = "login" if act in _OLDER_ACTS else "leerkracht" if act in _GROEPEN_ACTS else "gebruiker"
    remarks = f"{who}={login}"
    if rol is not None:
        remarks = f"{remarks} rol={rol}"
    if taught is not None:
        remarks = " ".join([remarks, f"groepen={taught[0]}", f"schooljaar={taught[1]}"])
    for brin6 in places or [None]:
        _record(connection, EntryKind.GEBRUIKER, moment, act, actor, brin6=brin6, remarks=remarks)


def _record(
    connection: sa.Connection,
    kind: EntryKind,
    moment: datetime,
    act: Act,
    actor: str,
    **what: Any,  # noqa: ANN401 - the columns of that kind
) -> None:
    """Store an act, with the id of the request or the run of a command that does it."""
    of_act = {"moment": to_utc(moment), "kind": kind, "act": act, "outcome": "gedaan"}
    values = {**of_act, "actor": actor, "request_id": current_id(), **what}
    entry_id = connection.execute(journaal.insert().values(values).returning(journaal.c.id)).scalar_one()
    if act in TOLD_ACTS:
        connection.execute(act_to_tell.insert().values(entry_id=entry_id))
