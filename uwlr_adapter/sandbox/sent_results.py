"""The results that an account sent to a school of its own: those that stand, the messages, and what its school does."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie.result_tables import not_processed, resultaat, resultaat_versie
from uwlr_adapter.administratie.tables import persoon
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.client.results_file import read_results, write_message
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import toets
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.resultaten import reading, taking_back
from uwlr_adapter.resultaten.reading import ResultsMessage, ResultVersion
from uwlr_adapter.resultaten.tables import results_message
from uwlr_adapter.resultaten.taking import take
from uwlr_adapter.sandbox.accounts import ACTOR, Account, SandboxRefusedError
from uwlr_adapter.sandbox.sandbox_clock import shown
from uwlr_adapter.sandbox.situations import SandboxPlace

_CORRECTED_AFTER = timedelta(days=1)
_SENT_BEFORE = timedelta(days=2)
"""How long before a school is made its first results came."""


def begin(database: Database, account: Account, place: SandboxPlace, leerlingen: list[str], moment: datetime) -> None:
    """Take results of these leerlingen from an account, then a correction of them, and take that back."""
    for days, more in ((_SENT_BEFORE, 0), (_SENT_BEFORE - _CORRECTED_AFTER, 1)):
        sent = moment - days
        content = read_results(toets.verzoek_of(place.brin6, leerlingen, sent, more=more))
        codes = Autorisatie(place.code, account.klantnaam, account.klantnaam)
        said = judge(read(write_message(content, codes))).leerresultaten
        with database.writing() as connection:
            taken = take(connection, sent, _afnemer_id(connection, account), place.brin6, said)
    with database.writing() as connection:
        taking_back.take_back(connection, moment, place.brin6, taken.message_id, ACTOR)


def person_of(connection: sa.Connection, brin6: str, key: str) -> int:
    """Return the id of a leerling of a school by its key. Raises SandboxRefusedError."""
    own = persoon.c
    query = sa.select(own.id).where(own.brincode == brincode_of(brin6), own.soort == "leerling", own.key == key)
    found: int | None = connection.scalar(query)
    if found is None:
        raise SandboxRefusedError("this school has no leerling with that key")
    return found


def take_back(database: Database, place: SandboxPlace, moment: datetime) -> ResultsMessage:
    """Take back the last message that stands, and return it. Raises SandboxRefusedError when none does."""
    with database.writing() as connection:
        standing = [one for one in reading.messages(connection, place.brin6) if one.taken_back_at is None]
        if not standing:
            raise SandboxRefusedError("no message with results stands at this school")
    with database.writing() as connection:
        taking_back.take_back(connection, moment, place.brin6, standing[0].id, ACTOR)
    return standing[0]


def put_back(database: Database, place: SandboxPlace) -> ResultsMessage:
    """Undo the last taking back, and return that message. Raises SandboxRefusedError when none was taken back."""
    with database.reading() as connection:
        away = [one for one in reading.messages(connection, place.brin6) if one.taken_back_at is not None]
    if not away:
        raise SandboxRefusedError("no message with results was taken back at this school")
    last = max(away, key=lambda one: (one.taken_back_at, one.id))
    with database.writing() as connection:
        taking_back.undo_take_back(connection, place.brin6, last.id)
    return last


def erase(connection: sa.Connection, brin6: str) -> None:
    """Erase all that came to a school of the sandbox."""
    of_school = sa.select(resultaat.c.id).where(resultaat.c.brin6 == brin6)
    connection.execute(resultaat_versie.delete().where(resultaat_versie.c.resultaat_id.in_(of_school)))
    for table in (resultaat, not_processed, results_message):
        connection.execute(table.delete().where(table.c.brin6 == brin6))


def written(database: Database, account: Account, place: SandboxPlace, after: int = 0) -> dict[str, Any]:
    """Return what stands at a school of what its account sent, by page, with its last messages, as JSON has it.

    `after` (exclusive) is the `next` of the page before.
    """
    with database.reading() as connection:
        afnemer_id = _afnemer_id(connection, account)
        standing = reading.of_afnemer(connection, afnemer_id, place.brin6, after)
        names = _keys_of(connection, standing)
        messages = [one for one in reading.messages(connection, place.brin6) if one.afnemer_id == afnemer_id]
        left_out = reading.left_out(connection, place.brin6)
    own = {one.id for one in messages}
    return {
        "results": [{"leerlingid": names[one.persoon_id], **_result(one)} for one in standing],
        "next": standing[-1].resultaat_id if len(standing) == reading.PAGE else None,
        "messages": [_message(one) for one in messages],
        "not_processed": [
            {"message": one.message_id, "leerlingid": one.leerlingid, "reason": one.reason, "results": one.results}
            for one in left_out
            if one.message_id in own
        ],
    }


def _keys_of(connection: sa.Connection, standing: list[ResultVersion]) -> dict[int, str | None]:
    query = sa.select(persoon.c.id, persoon.c.key).where(persoon.c.id.in_({one.persoon_id for one in standing}))
    return {row.id: row.key for row in connection.execute(query)}


def _result(one: ResultVersion) -> dict[str, Any]:
    return {
        "key": one.key,
        "afnamedatum": one.afnamedatum.isoformat(),
        "toetscode": one.toetscode,
        "toetsonderdeelcode": one.onderdeel,
        "score": one.score,
        "oso": one.osoresultaat is not None,
        "version": one.number,
        "message": one.message_id,
    }


def _message(one: ResultsMessage) -> dict[str, Any]:
    counts = ("leerlingen", "added", "changed", "same", "overtaken", "not_processed")
    return {
        "id": one.id,
        "schooljaar": one.schooljaar,
        "aanmaakdatum": shown(one.aanmaakdatum),
        "moment": shown(one.moment),
        **{name: getattr(one, name) for name in counts},
        "taken_back": one.taken_back_at is not None,
    }


def _afnemer_id(connection: sa.Connection, account: Account) -> int:
    found = afnemers.find(connection, account.klantnaam)
    if found is None:
        raise SandboxRefusedError("this account has no klantcode yet")
    return found.id
