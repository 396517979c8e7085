"""Inzage for a parent: who got what of a child, when and with which fields, and the record that goes now."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import leerlingen, schools, withholding
from uwlr_adapter.administratie.importing import effect
from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.administratie.selection import select
from uwlr_adapter.administratie.tables import deelname
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.contract import answer
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, Leerling
from uwlr_adapter.contract.escape import escape_text
from uwlr_adapter.contract.fields import FIELDS, attribute_of
from uwlr_adapter.contract.names import HAAL_LEERLINGEN
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import afnemers, received, store
from uwlr_adapter.koppelingen.received import Got
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.portal.context import catalogue
from uwlr_adapter.portal.school import name_of, shared_profiel
from uwlr_adapter.portal.sharing import shared_field

KEY_WORDS = ("sleutel in de leerlingadministratie", "ECK-iD (pseudoniem)")
"""What a school calls the two fields by which a platform knows a leerling; they are in every answer."""
_SHOWN_DIGITS = 4
_HIDDEN = "•" * 8


@dataclass(frozen=True, slots=True)
class PlatformGot:
    """What one learning platform got of a leerling, or fetched when it was not kept who was in it."""

    name: str
    brin6: str
    ended: bool
    first: datetime
    last: datetime
    words: tuple[str, ...] = ()
    """The fields in Dutch."""
    schooljaren: tuple[str, ...] = ()
    by_groep: bool = False
    """Whether it may be that a group of this leerling was never asked."""


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One field of a record that goes: its Dutch word, its value (None: not filled in), and the versions that have it.

    `version` is None when it goes under each version of UWLR.
    """

    word: str
    value: str | None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class PlatformRecord:
    """The record of a leerling that goes to one platform in one school year at its next fetch."""

    schooljaar: str
    values: tuple[FieldValue, ...]
    fragment: str
    """The element of the answer, in the version that most platforms ask."""


@dataclass(frozen=True, slots=True)
class PlatformNow:
    """What one living koppeling would give of a leerling at its next fetch; without records nothing."""

    name: str
    blocked: bool
    """Whether the operator keeps the platform out."""
    paused: bool
    withheld: bool
    records: tuple[PlatformRecord, ...]
    starts: date | None
    """When it will start; None when it has."""


@dataclass(frozen=True, slots=True)
class Insight:
    """All that is known of who got a leerling, and what goes now."""

    leerling: KnownLeerling
    got: tuple[PlatformGot, ...]
    not_known: tuple[PlatformGot, ...]
    """The fetches of which it was not kept who was in them."""
    now: tuple[PlatformNow, ...]
    went_back: tuple[datetime, ...]
    """When a backup was put back: what was fetched between that and the backup is not known."""
    undone: tuple[datetime, ...]
    """When an import was undone: whoever came with it is somebody else when coming back."""


def vestigingen_of(connection: sa.Connection, brin6: str) -> list[str]:
    """Return the vestigingen of the school of a vestiging: a leerling may have moved among them."""
    brincode = brincode_of(brin6)
    return [one.brin6 for one in schools.list_vestigingen(connection) if one.brincode == brincode]


def insight_of(
    connection: sa.Connection, brin6: str, leerling: KnownLeerling, day: date, *, whole_eckid: bool = False
) -> Insight:
    """Return what is known of a leerling of a vestiging; the ECK-iD is masked unless `whole_eckid`."""
    got = received.got(connection, received.ids_of(connection, leerling.persoon_id))
    had_years = sa.select(deelname.c.brin6).where(deelname.c.persoon_id == leerling.persoon_id).distinct()
    brin6s = {brin6, *(one.brin6 for one in got), *connection.scalars(had_years)}
    not_known = received.not_known(connection, brin6s, "leerlingen")
    return Insight(
        leerling,
        tuple(_platforms(got)),
        tuple(_platforms(not_known)),
        tuple(_now(connection, brin6, leerling, day, whole_eckid=whole_eckid)),
        tuple(search.moments_of(connection, brin6, Act.WENT_BACK)),
        tuple(search.moments_of(connection, brin6, Act.IMPORT_UNDONE)),
    )


def words_of(paths: Iterable[str]) -> tuple[str, ...]:
    """Return the Dutch words for fields of a leerling by record/element, in their order on the wire."""
    wanted = set(paths)
    return tuple(dict.fromkeys(one.word for one in FIELDS if one.record == "leerling" and one.path in wanted))


def mask(eckid: str) -> str:
    """Return an ECK-iD of which only the end can be read, enough to compare."""
    return f"{_HIDDEN}{eckid[-_SHOWN_DIGITS:]}" if len(eckid) > 2 * _SHOWN_DIGITS else _HIDDEN


def _platforms(got: Sequence[Got]) -> Iterable[PlatformGot]:
    of_koppeling: dict[int, list[Got]] = {}
    for one in got:
        of_koppeling.setdefault(one.koppeling_id, []).append(one)
    for some in of_koppeling.values():
        about = some[0]
        entry = catalogue().get(about.entry_id)
        yield PlatformGot(
            name=about.klantnaam if entry is None else entry.naam,
            brin6=about.brin6,
            ended=about.status is Status.BEEINDIGD,
            first=min(one.first for one in some),
            last=max(one.last for one in some),
            words=words_of(path for one in some for path in one.fields),
            schooljaren=tuple(sorted({one.schooljaar for one in some if one.is_known})),
            by_groep=all(one.by_groep for one in some),
        )


def _now(
    connection: sa.Connection, brin6: str, leerling: KnownLeerling, day: date, *, whole_eckid: bool
) -> Iterable[PlatformNow]:
    datasets = _datasets(connection, brin6, day, leerling.key)
    for koppeling in store.list_living(connection, brin6):
        profiel = shared_profiel(koppeling)
        if profiel is None or koppeling.afnemer_id is None:
            continue
        is_withheld = leerling.persoon_id in withholding.withheld_from(connection, koppeling.id)
        records = [] if is_withheld else [_record(one, profiel, whole_eckid=whole_eckid) for one in datasets]
        platform = afnemers.by_id(connection, koppeling.afnemer_id)
        yield PlatformNow(
            name_of(koppeling),
            platform is not None and not platform.is_enabled,
            koppeling.status is Status.GEPAUZEERD or koppeling.leerlinggegevens.status is ToestemmingStatus.PAUSED,
            is_withheld,
            tuple(records),
            koppeling.startdatum if koppeling.startdatum > day else None,
        )


def _datasets(connection: sa.Connection, brin6: str, day: date, key: str) -> list[Dataset]:
    """Return what is answered today in each school year that has a leerling, with this leerling alone."""
    found = []
    for year in effect.years_of(connection, brin6):
        dataset = select(connection, brin6=brin6, schooljaar=year.schooljaar, day=day, aanmaakdatum="")
        own = () if dataset is None else tuple(one for one in dataset.leerlingen if one.key == key)
        if dataset is not None and own:
            found.append(replace(dataset, leerlingen=own))
    return found


def _record(dataset: Dataset, profiel: NamedProfiel, *, whole_eckid: bool) -> PlatformRecord:
    (leerling,) = dataset.leerlingen
    fragment = answer.fragments(
        AnswerFormat(HAAL_LEERLINGEN, profiel.in_version(USUAL_VERSION), USUAL_VERSION), dataset
    )[0]
    eckid = leerling.eckid
    if eckid is not None and not whole_eckid:
        fragment = fragment.replace(escape_text(eckid), mask(eckid))
        eckid = mask(eckid)
    values = [FieldValue(word, value) for word, value in zip(KEY_WORDS, (leerling.key, eckid), strict=True)]
    return PlatformRecord(dataset.school.schooljaar, (*values, *_values(dataset, leerling, profiel)), fragment)


def _values(dataset: Dataset, leerling: Leerling, profiel: NamedProfiel) -> Iterable[FieldValue]:
    for field in FIELDS:
        if field.record == "leerling" and (shared := shared_field(field, profiel)):
            value = getattr(leerling, attribute_of(field.element))
            yield FieldValue(shared.word, _as_text(dataset, field.element, value), shared.version)


def _as_text(dataset: Dataset, element: str, value: str | Collection[str] | None) -> str | None:
    """Return a value as it goes; a reference with the name of what it names, as a school knows it."""
    if not value:
        return None
    if element in {"groep", "samengestelde_groepen"}:
        names = {one.key: one.naam for one in dataset.groepen}
        keys = [value] if isinstance(value, str) else value
        return ", ".join(f"{names.get(key, '')} (sleutel {key})".strip() for key in keys)
    if element == "vestiging":
        return {one.key: one.naam for one in dataset.locaties}.get(str(value), str(value))
    return str(value)


def find_leerling(connection: sa.Connection, brin6: str, day: date, persoon_id: int) -> KnownLeerling | None:
    """Return a leerling who has or had a year at a vestiging; None for anybody else."""
    found = leerlingen.leerlingen(connection, brin6, day, [persoon_id])
    return found[0] if found and found[0].schooljaar is not None else None
