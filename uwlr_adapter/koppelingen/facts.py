"""The facts of many koppelingen, read in a bounded number of statements: what `verdict.py` judges by.

The cheap facts are read of each, the dear ones only where the cheap ones leave the verdict open.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.importing import last_taken
from uwlr_adapter.administratie.tables import (
    PersonKind,
    deelname,
    import_batch,
    import_not_taken,
    import_question,
    records_age,
)
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import any_from_utc, day_of, from_utc, schooljaar_of, to_utc
from uwlr_adapter.db import bulk
from uwlr_adapter.koppelingen import call_states
from uwlr_adapter.koppelingen.call_states import AT_ONCE
from uwlr_adapter.koppelingen.calls import Calls
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import afnemer
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus
from uwlr_adapter.koppelingen.verdict import (
    STALE_AFTER,
    Facts,
    Held,
    KoppelingVerdict,
    is_silent,
    takes_results_only,
    verdict_of,
)

MAX_LOOKED_INTO = 20
"""The most vestigingen whose last import, noted to be long ago, is looked up in the imports themselves; of any more the
note is taken, which is an hour old at most."""


def verdicts_of(
    connection: sa.Connection, catalogue: Catalogue, koppelingen: Iterable[Koppeling], moment: datetime
) -> dict[int, KoppelingVerdict]:
    """Return the verdict on each of these koppelingen, living or ended, by its id. Raises DBAPIError.

    `moment` is the present, timezone-aware.
    """
    return {id_: verdict_of(facts) for id_, facts in facts_of(connection, catalogue, koppelingen, moment).items()}


def facts_of(
    connection: sa.Connection, catalogue: Catalogue, koppelingen: Iterable[Koppeling], moment: datetime
) -> dict[int, Facts]:
    """Return the facts of each of these koppelingen by its id, as `verdicts_of` judges them. Raises DBAPIError."""
    all_, today = list(koppelingen), day_of(moment)
    carrying = [one for one in all_ if one.afnemer_id is not None]
    running = [one for one in carrying if one.is_on(Toestemming.LEERLINGGEGEVENS)]
    brin6s = sorted({one.brin6 for one in running})
    calls = call_states.read(connection, [one.id for one in carrying], moment)
    silent = [one.id for one in running if is_silent(one, calls.get(one.id, Calls()), moment)]
    elsewhere = call_states.elsewhere(connection, silent)
    empty = {one.brin6 for one in running if calls.get(one.id, Calls()).is_empty}
    filled = _with_leerlingen(connection, sorted(empty), moment)
    switched = _switched(connection)
    stale, held = stale_since(connection, brin6s, moment), held_at(connection, brin6s)
    nobody: tuple[datetime | None, datetime | None] = (None, None)
    return {
        one.id: Facts(
            moment=moment,
            today=today,
            koppeling=one,
            is_offered=_is_offered(catalogue, one),
            blocked_since=switched.get(one.afnemer_id, nobody)[0],
            allowed_since=switched.get(one.afnemer_id, nobody)[1],
            calls=calls.get(one.id, Calls()),
            elsewhere_at=any_from_utc(elsewhere.get(one.id)),
            stale_since=stale.get(one.brin6),
            held=held.get(one.brin6, Held()),
            has_leerlingen=one.brin6 not in empty or one.brin6 in filled,
        )
        for one in all_
    }


def _is_offered(catalogue: Catalogue, koppeling: Koppeling) -> bool:
    """Return whether the gate opens it: it has an entry, and carries data only under the profile of that entry."""
    if koppeling.afnemer_id is None:
        return catalogue.get(koppeling.entry_id) is not None
    if takes_results_only(koppeling):
        entry = catalogue.get(koppeling.entry_id)
        return entry is not None and (entry.offers(Toestemming.RESULTATEN) or _resumes(entry, koppeling))
    return koppeling.entry_id in catalogue.profiel_by_entry


def _resumes(entry: CatalogueEntry, koppeling: Koppeling) -> bool:
    """Return whether leerlinggegevens can be resumed, where nothing else is on."""
    is_paused = koppeling.leerlinggegevens.status is ToestemmingStatus.PAUSED
    return is_paused and entry.offers(Toestemming.LEERLINGGEGEVENS)


def _switched(connection: sa.Connection) -> dict[int | None, tuple[datetime | None, datetime | None]]:
    """Return by afnemer since when it is disabled, and since when it is enabled again, where it ever was disabled."""
    query = sa.select(afnemer.c.id, afnemer.c.disabled_at, afnemer.c.enabled_at)
    ever = sa.or_(afnemer.c.disabled_at.is_not(None), afnemer.c.enabled_at.is_not(None))
    rows = connection.execute(query.where(ever))
    return {row.id: (any_from_utc(row.disabled_at), any_from_utc(row.enabled_at)) for row in rows}


def _among(column: sa.ColumnElement[str], values: Sequence[str] | None) -> list[sa.ColumnElement[bool]]:
    """Return the condition that a column has one of some values; of many, or all, a small table is read whole."""
    return [column.in_(values)] if values is not None and len(values) <= AT_ONCE else []


def stale_since(connection: sa.Connection, brin6s: Sequence[str] | None, moment: datetime) -> dict[str, datetime]:
    """Return by vestiging since when its records were not refreshed: an import was not taken, or none came.

    Of some vestigingen, or of all; `moment` is the present.
    """
    limit, present = to_utc(moment - STALE_AFTER), ("", schooljaar_of(day_of(moment)))
    old = sa.select(records_age.c.brin6, records_age.c.taken_at).where(
        records_age.c.taken_at < limit, *_among(records_age.c.brin6, brin6s)
    )
    wanted = None if brin6s is None else set(brin6s)
    noted = {row.brin6: row.taken_at for row in connection.execute(old) if wanted is None or row.brin6 in wanted}
    found = {brin6: from_utc(taken) for brin6, taken in _still_old(connection, noted, limit).items()}
    refused = sa.select(import_not_taken.c.brin6, sa.func.min(import_not_taken.c.since).label("since")).where(
        import_not_taken.c.schooljaar.in_(present),  # a refused source of the next year leaves this one as it is
        *_among(import_not_taken.c.brin6, brin6s),
    )
    for row in connection.execute(refused.group_by(import_not_taken.c.brin6)):
        found[row.brin6] = from_utc(row.since)
    return found


def _still_old(connection: sa.Connection, noted: Mapping[str, datetime], limit: datetime) -> dict[str, datetime]:
    """Return those whose last import is as old as was noted: another one may have come within the hour."""
    brincodes = sorted({brincode_of(brin6) for brin6 in noted})
    query = sa.select(import_batch.c.brincode).where(
        import_batch.c.moment >= limit, import_batch.c.undone_at.is_(None), *_among(import_batch.c.brincode, brincodes)
    )
    recent = set(connection.scalars(query.distinct())) if noted else set()
    found = dict(noted)
    for brin6 in sorted(one for one in noted if brincode_of(one) in recent)[:MAX_LOOKED_INTO]:
        taken = last_taken.of_vestiging(connection, brin6).taken
        if taken is not None and to_utc(taken) >= limit:
            del found[brin6]
    return found


def held_at(connection: sa.Connection, brin6s: Sequence[str]) -> dict[str, Held]:
    """Return by vestiging how many persons of it are held."""
    counted: dict[str, list[int]] = {}
    wanted, brincodes = set(brin6s), sorted({brincode_of(brin6) for brin6 in brin6s})
    query = sa.select(import_question.c.soort, import_question.c.years).where(
        *_among(import_question.c.brincode, brincodes)
    )
    for soort, years in connection.execute(query):
        for brin6 in {year["brin6"] for year in years} & wanted:
            counted.setdefault(brin6, [0, 0])[soort != PersonKind.LEERLING] += 1
    return {brin6: Held(*numbers) for brin6, numbers in counted.items()}


def _with_leerlingen(connection: sa.Connection, brin6s: Sequence[str], moment: datetime) -> Collection[str]:
    """Return the vestigingen that have leerlingen in the present year."""
    found: set[str] = set()
    for some in bulk.pieces(brin6s, AT_ONCE):
        query = sa.select(deelname.c.brin6).where(
            deelname.c.brin6.in_(some), deelname.c.schooljaar == schooljaar_of(day_of(moment))
        )
        found.update(connection.scalars(query.distinct()))
    return found
