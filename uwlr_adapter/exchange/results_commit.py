"""The writing of an outcome that takes results: the results and its entry in the journaal are in one transaction.

The entry is written last, and only while its koppeling has the version at which access was decided, as for every other
outcome (`commit.py`): where it is not, nothing of the message stays, and the call is decided anew. So the koppeling is
held for as long as the commit takes, and fetches through it do not wait for the results.
"""

import sqlalchemy as sa

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten.places import leerling_finding
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.db.backend import backend_of, run
from uwlr_adapter.db.database import Database
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.exchange import commit
from uwlr_adapter.exchange.outcome import Outcome, ResultsToTake
from uwlr_adapter.journaal.model import ResultCounts, VerzoekEntry
from uwlr_adapter.resultaten.identifying import NotProcessedReason, known_by
from uwlr_adapter.resultaten.taking import Taken, take

LOCK_SECONDS = 5
"""How long a message waits for whoever holds its school, such as an import: the messages of all other schools wait
behind it (`web/turns.py`)."""


class _ChangedError(UwlrAdapterError):
    """The koppeling is not as it was when access was decided; it ends the transaction."""


def write(database: Database, outcome: Outcome, entry: VerzoekEntry, results: ResultsToTake) -> bool:
    """Take results with the entry of their outcome, durable when this returns; fill in its counts.

    Return False, with nothing written, when the koppeling changed meanwhile. Raises LeerlingOngeldig when no leerling
    of the message is known, then what the parts of the message do not agree about, or DBAPIError; nothing is written
    then.
    """
    if results.disagreement is not None:
        with database.reading() as connection:
            finding = _nobody(connection, entry, results.leerresultaten)
        raise results.disagreement if finding is None else fault.LeerlingOngeldig(finding)
    try:
        with database.writing() as connection:
            _write(connection, outcome, entry, results.leerresultaten)
    except _ChangedError:
        entry.leerlingen = entry.results = None
        return False
    return True


def _write(connection: sa.Connection, outcome: Outcome, entry: VerzoekEntry, message: Leerresultaten) -> None:
    """Take a message and write its entry. Raises LeerlingOngeldig, _ChangedError or DBAPIError."""
    backend_of(connection).limit_lock_wait(connection, LOCK_SECONDS)
    taken = take(connection, entry.moment, entry.afnemer_id, entry.brin6 or "", message)
    if not taken.leerlingen:
        raise fault.LeerlingOngeldig(_nobody(connection, entry, message))
    entry.leerlingen, entry.results = taken.leerlingen, _counts(taken)
    commands = commit.commands([outcome])
    done = zip(commands, run(connection, commands), strict=True)
    if not all(commit.are_written([outcome], done, None)):
        raise _ChangedError


def _counts(taken: Taken) -> ResultCounts:
    return ResultCounts(taken.added, taken.changed, taken.same, taken.overtaken, sum(taken.not_processed.values()))


def _nobody(connection: sa.Connection, entry: VerzoekEntry, message: Leerresultaten) -> Finding | None:
    """Return where the first leerling of a message is named, when none of all is known; else None.

    One who is withheld is as unknown as a child of another school.
    """
    known = known_by(connection, entry.afnemer_id, entry.brin6 or "", message)
    found = [known.find(afname, message.school.schooljaar) for afname in message.toetsafnames]
    if not all(isinstance(one, NotProcessedReason) for one in found):
        return None
    return leerling_finding(0, "eckid" if found[0] is NotProcessedReason.TWO_PEOPLE else "leerlingid")
