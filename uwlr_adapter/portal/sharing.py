"""What a koppeling shares: the fields that leave and those that stay, the records that leave today, what they lack.

Numbers only: no name and no other value of a person is returned.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie.selection import select
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.dataset import Dataset
from uwlr_adapter.contract.fields import BY_PATH, FIELDS, Field
from uwlr_adapter.contract.profiles import PERSON_LISTS, NamedProfiel
from uwlr_adapter.contract.versions import FULL_VERSIONS, USUAL_VERSION


@dataclass(frozen=True, slots=True)
class SharedField:
    """A field that leaves; `version` names the versions of UWLR under which it does, None when it is all of them."""

    word: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class SharedRecords:
    """One kind of record: the fields that leave, those that stay, and the number of records that lack a wanted one."""

    name: str
    number: int
    go: tuple[SharedField, ...]
    stay: tuple[str, ...]
    missing: tuple[tuple[str, int], ...] = ()
    """A field that the platform relies on, and the number of records that leave without it."""
    incomplete: int = 0
    """The number of records that lack at least one."""


@dataclass(frozen=True, slots=True)
class Sharing:
    """What one koppeling shares today; when the numbers in `kinds` are 0 there is nothing to send."""

    schooljaar: str
    profiel: str
    kinds: tuple[SharedRecords, ...]
    withheld: int = 0
    """The number of leerlingen who are not sent because they are withheld from the koppeling."""

    @property
    def is_empty(self) -> bool:
        """Whether there are no leerlingen to send."""
        return self.kinds[0].number == 0


def sharing_of(
    connection: sa.Connection,
    brin6: str,
    profiel: NamedProfiel,
    moment: datetime,
    withheld: frozenset[int] = frozenset(),
) -> Sharing:
    """Return what a vestiging would share under a profile if it were fetched at this moment (UTC).

    `withheld` are the ids of the persons who are withheld from the koppeling.
    """
    dataset = dataset_of(connection, brin6, moment, withheld)
    whole = dataset_of(connection, brin6, moment) if withheld else dataset
    kinds = (_shared_records(name, record, profiel, dataset) for name, record in _KINDS)
    left_out = sum(0 if one is None else len(one.leerlingen) * sign for one, sign in ((whole, 1), (dataset, -1)))
    return Sharing(schooljaar_of(day_of(moment)), profiel.name, tuple(kinds), left_out)


_KINDS = (
    ("leerlingen", "leerling"),
    ("groepen", "groep"),
    ("overige groepen", "samengestelde_groep"),
    ("leerkrachten", "leerkracht"),
)
"""What a school calls the records that it shares, and what the table of fields calls each."""
_RECORD_WORDS = {record: name for name, record in _KINDS} | {"vestiging": "locaties"}
"""What a school calls the records of which it shares fields."""


def grouped_words(velden: Collection[Field]) -> list[tuple[str, list[str]]]:
    """Return fields in words, by the kind of record that they are of."""
    words = {record: [one.word for one in velden if one.record == record] for record in _RECORD_WORDS}
    return [(_RECORD_WORDS[record], found) for record, found in words.items() if found]


def dataset_of(
    connection: sa.Connection, brin6: str, moment: datetime, without: frozenset[int] = frozenset()
) -> Dataset | None:
    """Return the records that would be sent in the school year of the moment (UTC)."""
    today = day_of(moment)
    return select(
        connection,
        brin6=brin6,
        schooljaar=schooljaar_of(today),
        day=today,
        aanmaakdatum=moment.isoformat(timespec="seconds"),
        without=without,
    )


def _count(dataset: Dataset, record: str) -> int:
    if record in {"leerling", "leerkracht"}:
        return len(dataset.leerlingen if record == "leerling" else dataset.leerkrachten)
    return sum(groep.soort == record for groep in dataset.groepen)


def shared_field(field: Field, profiel: NamedProfiel) -> SharedField | None:
    """Return a field as it leaves under a profile; None when it stays."""
    profielen = {version: profiel.in_version(version) for version in FULL_VERSIONS}
    under = [version for version, one in profielen.items() if field.element in getattr(one, field.record)]
    everywhere = len(under) == len(FULL_VERSIONS)
    return SharedField(field.word, None if everywhere else " en ".join(under)) if under else None


def _shared_records(name: str, record: str, profiel: NamedProfiel, dataset: Dataset | None) -> SharedRecords:
    leave, stay = [], []
    for field in FIELDS:
        if field.record != record:
            continue
        if shared := shared_field(field, profiel):
            leave.append(shared)
        else:
            stay.append(field.word)
    bare = SharedRecords(name=name, number=0, go=tuple(leave), stay=tuple(stay))
    if dataset is None:
        return bare
    usual = profiel.in_version(USUAL_VERSION)
    return replace(
        bare,
        number=_count(dataset, record),
        missing=tuple(
            (BY_PATH[f"{kind}/{element}"].word, count)
            for (kind, element), count in usual.missing(dataset).items()
            if kind == record
        ),
        incomplete=len(usual.incomplete_places(dataset, name)) if name in PERSON_LISTS else 0,
    )
