"""Import: what a source delivers of one school becomes its records, whole or not at all, and is kept as a batch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from uwlr_adapter.administratie import batches, gegevens, vergeten, vestigingen
from uwlr_adapter.administratie.model import Ernst, ImportFout, Levering, Probleem, Rapport, Telling
from uwlr_adapter.administratie.personen import Bekend, Nieuw, Rij, match
from uwlr_adapter.administratie.tabelrijen import Jaar, rows_of
from uwlr_adapter.administratie.tables import (
    PersoonSoort,
    aanstelling,
    bronsleutel,
    deelname,
    groep,
    inschrijving,
    locatie,
    persoon,
    plaatsing,
    vestiging,
)
from uwlr_adapter.administratie.verschil import Rijen, Verschil, as_dict, compare, insert, key_of
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.settings import MAX_DROP
from uwlr_adapter.tijd import day_of

ALTIJD = {"leerlingen": 5, "groepen": 1}
"""So many may always go: in a small school a few leavers are a large share."""


@dataclass(frozen=True, slots=True)
class Opties:
    """How to import: `moment` is now, `bron` the kind of source.

    `brin6` is what the operator expects the source to be about; `naam` names a vestiging that is new, when the source
    does not (default: its brin6). A dry run does it all and takes it back.
    """

    moment: datetime
    bron: str = "edexml"
    brin6: str | None = None
    naam: str | None = None
    dry_run: bool = False
    accept_drop: bool = False
    max_drop: float = MAX_DROP


@dataclass(frozen=True, slots=True)
class Ingevoerd:
    """What an import did, or with a dry run would do, per vestiging and schooljaar; `batch` is its id."""

    batch: int
    rapporten: tuple[Rapport, ...]


@dataclass(slots=True)
class _Invoer:
    """One import on its way: what it wrote, and the vestigingen that its source is about."""

    connection: sa.Connection
    opties: Opties
    brin6s: frozenset[str] = frozenset()
    nieuwe: set[str] = field(default_factory=set)
    """The vestigingen that it made: there is nothing of theirs yet to compare with."""
    stappen: list[batches.Stap] = field(default_factory=list)

    def write(self, *verschillen: Verschil) -> None:
        """Write differences, parents first; rows that are no longer wanted go in the reverse order."""
        for verschil in verschillen:
            verschil.write(self.connection)
        for verschil in reversed(verschillen):
            verschil.delete(self.connection)
        self.stappen += batches.steps(verschillen)


@dataclass(frozen=True, slots=True)
class _Personen:
    """The persons of a delivery: ids in the order of the rows, and those whose ECK-iD changed."""

    ids: list[int]
    gewijzigd: frozenset[int]
    meldingen: list[Probleem]


def import_leveringen(opslag: Opslag, leveringen: Sequence[Levering], opties: Opties) -> Ingevoerd:
    """Import in one writing transaction. Raises ImportFout, with every reason, when refused: nothing has changed."""
    with opslag.writing() as connection:
        done = apply(connection, leveringen, opties)
        if opties.dry_run:
            connection.rollback()
    return done


def apply(connection: sa.Connection, leveringen: Sequence[Levering], opties: Opties) -> Ingevoerd:
    """Do what `import_leveringen` does, inside the writing transaction of the caller, which undoes it on ImportFout."""
    jaren = [Jaar(_resolve(connection, levering, opties.brin6), levering.school.schooljaar) for levering in leveringen]
    brincode = _one_school(jaren, leveringen)
    vestigingen.lock_school(connection, brincode)
    invoer = _Invoer(connection, opties, frozenset(jaar.brin6 for jaar in jaren))
    rapporten = _import_years(invoer, jaren, leveringen)
    if invoer.stappen:
        vestigingen.touch_school(connection, brincode)
    batch = batches.record(
        connection,
        brincode=brincode,
        moment=opties.moment,
        bron=opties.bron,
        rapporten=rapporten,
        stappen=invoer.stappen,
    )
    return Ingevoerd(batch, tuple(rapporten))


def _one_school(jaren: Sequence[Jaar], leveringen: Sequence[Levering]) -> str:
    """Give the brincode of a source, which must be about one school and name each year once."""
    if not jaren:
        raise ImportFout([Probleem(0, "", "has no vestiging and schooljaar to import")])
    seen: set[Jaar] = set()
    schoolkeys: dict[str | None, str] = {}
    for jaar, levering in zip(jaren, leveringen, strict=True):
        reden = None
        owner = schoolkeys.setdefault(levering.school.schoolkey, jaar.brin6)
        if jaar.brin6[:4] != jaren[0].brin6[:4]:
            reden = f"two schools in one source: {jaren[0].brin6[:4]} and {jaar.brin6[:4]}"
        elif jaar in seen:
            reden = f"{jaar.brin6}, {jaar.schooljaar} stands there twice"
        elif levering.school.schoolkey is not None and owner != jaar.brin6:
            reden = f"its schoolkey belongs to {owner}"
        if reden is not None:
            raise ImportFout([levering.locate(Probleem(levering.school.regel, "school", reden))])
        seen.add(jaar)
    return jaren[0].brin6[:4]


def _import_years(invoer: _Invoer, jaren: Sequence[Jaar], leveringen: Sequence[Levering]) -> list[Rapport]:
    """Import each year. A warning at a line stands with the first year that has it. Raises ImportFout for them all."""
    rapporten: list[Rapport] = []
    problemen: list[Probleem] = []
    said: set[Probleem] = set()
    for jaar, levering in zip(jaren, leveringen, strict=True):
        try:
            rapport = _import_year(invoer, jaar, levering)
        except ImportFout as fout:
            problemen += fout.problemen
        else:
            rapporten.append(replace(rapport, meldingen=tuple(one for one in rapport.meldingen if one not in said)))
            said |= {one for one in rapport.meldingen if one.regel}
    if problemen:
        raise ImportFout(list(dict.fromkeys(problemen)))
    return rapporten


def _import_year(invoer: _Invoer, jaar: Jaar, levering: Levering) -> Rapport:
    """Bring one vestiging and schooljaar to what its delivery says."""
    meldingen = _keep_vestiging(invoer, levering, jaar.brin6)
    before = {} if jaar.brin6 in invoer.nieuwe else _answered(invoer, jaar)
    leerlingen = _identify(invoer, jaar, PersoonSoort.LEERLING, _rijen(levering.leerlingen))
    leerkrachten = _identify(invoer, jaar, PersoonSoort.LEERKRACHT, _rijen(levering.leerkrachten))
    problemen = [levering.locate(one) for one in (*meldingen, *leerlingen.meldingen, *leerkrachten.meldingen)]
    if any(probleem.ernst is Ernst.WEIGERT for probleem in problemen):
        raise ImportFout([*problemen, *levering.meldingen])
    tellingen = _write(invoer, jaar, levering, leerlingen, leerkrachten)
    if not invoer.opties.accept_drop and any(before.values()):
        _require_no_drop(jaar, before, _answered(invoer, jaar), invoer.opties.max_drop)
    return Rapport(
        brin6=jaar.brin6,
        schooljaar=jaar.schooljaar,
        tellingen=tellingen,
        meldingen=tuple(sorted([*levering.meldingen, *problemen], key=lambda melding: melding.regel)),
        weggelaten=dict(levering.weggelaten),
    )


def _answered(invoer: _Invoer, jaar: Jaar) -> Mapping[str, frozenset[object]]:
    """Give who and what is answered today for this year."""
    dag = day_of(invoer.opties.moment)
    return gegevens.answered(invoer.connection, brin6=jaar.brin6, schooljaar=jaar.schooljaar, dag=dag)


def _require_no_drop(
    jaar: Jaar, before: Mapping[str, frozenset[object]], after: Mapping[str, frozenset[object]], max_drop: float
) -> None:
    """Raise ImportFout, with the question, when more than a share of what is answered today would be gone."""
    problemen = []
    for kind, known in before.items():
        gone = len(known - after[kind])
        if gone > ALTIJD[kind] and gone > max_drop * len(known):
            share = f"{gone / len(known):.0%}, and more than {max_drop:.0%} stops"
            reden = (
                f"{jaar.brin6}, {jaar.schooljaar}: {gone} of the {len(known)} {kind} that are answered today would be "
                f"gone ({share}). Is the source whole? If it is, import it with --accept-drop"
            )
            problemen.append(Probleem(0, kind, reden))
    if problemen:
        raise ImportFout(problemen)


def _resolve(connection: sa.Connection, levering: Levering, expected: str | None) -> str:
    """Give the brin6 that a delivery is about; a schoolkey alone must be a known one."""
    school, pad = levering.school, "school"
    owner = None if school.schoolkey is None else vestigingen.find_by_schoolkey(connection, school.schoolkey)
    brin6 = school.brin6 or (None if owner is None else owner.brin6)
    reden = None
    if brin6 is None:
        reden = "names no brincode, and its schoolkey belongs to no vestiging"
    elif owner is not None and owner.brin6 != brin6:
        pad, reden = "school/schoolkey", f"its schoolkey belongs to {owner.brin6}"
    elif expected is not None and expected != brin6:
        reden = f"is about {brin6}, not about {expected}"
    if brin6 is None or reden is not None:
        raise ImportFout([levering.locate(Probleem(school.regel, pad, reden or "")), *levering.meldingen])
    return brin6


def _keep_vestiging(invoer: _Invoer, levering: Levering, brin6: str) -> list[Probleem]:
    """Make the vestiging on first sight, and keep its schoolkey."""
    connection, schoolkey = invoer.connection, levering.school.schoolkey
    known = vestigingen.find_vestiging(connection, brin6)
    owner = None if schoolkey is None else vestigingen.find_by_schoolkey(connection, schoolkey)
    if owner is not None and owner.brin6 != brin6:  # a year before this one in the same source brought it
        return [Probleem(levering.school.regel, "school/schoolkey", f"its schoolkey belongs to {owner.brin6}")]
    if known is None:
        naam = levering.school.naam or invoer.opties.naam or brin6
        vestigingen.add_vestiging(connection, brin6, naam, schoolkey)
        made = {"brin6": brin6}
        invoer.stappen.append(batches.Stap(vestiging, batches.Handeling.TOEGEVOEGD, [made]))
        invoer.nieuwe.add(brin6)
    elif schoolkey is not None and schoolkey != known.schoolkey:
        row = as_dict(connection.execute(sa.select(vestiging).where(vestiging.c.brin6 == brin6)).mappings().one())
        key = (brin6,)
        invoer.write(Verschil(vestiging, gewijzigd={key: {**row, "schoolkey": schoolkey}}, oud={key: row}))
        if known.schoolkey is not None:
            return [Probleem(levering.school.regel, "school/schoolkey", "another one than before", Ernst.MELDING)]
    return []


def _rijen(gelezen: Iterable[Any]) -> list[Rij]:
    return [Rij(one.regel, one.record.key, one.record.eckid) for one in gelezen]


def _identify(invoer: _Invoer, jaar: Jaar, soort: PersoonSoort, rijen: list[Rij]) -> _Personen:
    """Match the rows with the known persons, and write down new persons, aliases and ECK-iDs."""
    van = {"soort": soort.value, "brincode": jaar.brin6[:4]}
    uitkomst = match(soort.value, rijen, _known(invoer, van))
    if any(probleem.ernst is Ernst.WEIGERT for probleem in uitkomst.problemen):
        return _Personen([], frozenset(), uitkomst.problemen)
    _write_eckids(invoer, uitkomst.eckids)
    nieuw = [one for one in uitkomst.personen if isinstance(one, Nieuw)]
    new_ids = _insert_persons(invoer, van, nieuw) if nieuw else []
    sleutels = dict(uitkomst.aliassen)
    sleutels |= {one.bronsleutel: at for one, at in zip(nieuw, new_ids, strict=True) if one.bronsleutel is not None}
    if sleutels:
        rows = [{**van, "bronkey": key, "persoon_id": at} for key, at in sleutels.items()]
        invoer.write(Verschil(bronsleutel, toegevoegd={key_of(bronsleutel, row): row for row in rows}))
    given = iter(new_ids)
    ids = [next(given) if isinstance(one, Nieuw) else one for one in uitkomst.personen]
    return _Personen(ids, frozenset(uitkomst.eckids), uitkomst.problemen)


def _write_eckids(invoer: _Invoer, eckids: Mapping[int, str]) -> None:
    if eckids:
        query = sa.select(persoon).where(persoon.c.id.in_(eckids))
        oud: Rijen = {(row["id"],): as_dict(row) for row in invoer.connection.execute(query).mappings()}
        nieuw: Rijen = {key: {**row, "eckid": eckids[row["id"]]} for key, row in oud.items()}
        invoer.write(Verschil(persoon, gewijzigd=nieuw, oud=oud))


def _insert_persons(invoer: _Invoer, van: Mapping[str, str], nieuw: list[Nieuw]) -> list[int]:
    """Write down new persons and give their ids, in the same order."""
    connection = invoer.connection
    insert(connection, persoon, [{**van, "key": one.key, "eckid": one.eckid} for one in nieuw])
    query = sa.select(persoon.c.key, persoon.c.id).where(_of(persoon, van))
    by_key = {row.key: row.id for row in connection.execute(query)}
    ids = [by_key[one.key] for one in nieuw]
    invoer.stappen.append(batches.Stap(persoon, batches.Handeling.TOEGEVOEGD, [{"id": at} for at in ids]))
    return ids


def _known(invoer: _Invoer, van: Mapping[str, str]) -> Bekend:
    connection = invoer.connection
    personen = connection.execute(
        sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(_of(persoon, van))
    ).all()
    is_leerling = van["soort"] == PersoonSoort.LEERLING
    verdwenen = vergeten.of_school(connection, van["brincode"]) if is_leerling else None
    is_vergeten = (lambda _key, _eckid: False) if verdwenen is None else verdwenen.knows
    if not personen:
        return Bekend(bij_bronsleutel={}, bij_eckid={}, eckid_van={}, keys=frozenset(), is_vergeten=is_vergeten)
    sleutels = connection.execute(
        sa.select(bronsleutel.c.bronkey, bronsleutel.c.persoon_id).where(_of(bronsleutel, van))
    )
    records = deelname if is_leerling else aanstelling
    elders = (
        sa.select(records.c.persoon_id)
        .join(persoon, persoon.c.id == records.c.persoon_id)
        .where(_of(persoon, van), records.c.brin6.not_in(invoer.brin6s))
        .distinct()
    )
    return Bekend(
        elders=frozenset(connection.scalars(elders)),
        bij_bronsleutel={row.bronkey: row.persoon_id for row in sleutels},
        bij_eckid={row.eckid: row.id for row in personen if row.eckid is not None},
        eckid_van={row.id: row.eckid for row in personen},
        keys={row.key for row in personen},
        is_vergeten=is_vergeten,
    )


def _of(table: sa.Table, van: Mapping[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[naam] == value for naam, value in van.items()))


def _write(
    invoer: _Invoer, jaar: Jaar, levering: Levering, leerlingen: _Personen, leerkrachten: _Personen
) -> dict[str, Telling]:
    """Bring the records of the year to what the delivery says; what is referred to comes first and goes last."""
    wanted = rows_of(jaar, levering, leerlingen.ids, leerkrachten.ids)
    is_empty = jaar.brin6 in invoer.nieuwe
    found = {
        table: compare(invoer.connection, table, jaar.columns(), rows, is_empty=is_empty)
        for table, rows in wanted.items()
    }
    invoer.write(*found.values())
    verplaatst = _persons_of(found[plaatsing]) | _persons_of(found[inschrijving])
    return {
        "locaties": _count(found[locatie], len(levering.locaties)),
        "groepen": _count(found[groep], len(levering.groepen)),
        "leerlingen": _count(found[deelname], len(levering.leerlingen), leerlingen.gewijzigd | verplaatst),
        "leerkrachten": _count(found[aanstelling], len(levering.leerkrachten), leerkrachten.gewijzigd),
    }


def _persons_of(verschil: Verschil) -> frozenset[int]:
    changes = (verschil.toegevoegd, verschil.gewijzigd, verschil.verwijderd)
    return frozenset(row["persoon_id"] for rows in changes for row in rows.values())


def _count(verschil: Verschil, total: int, touched: frozenset[int] = frozenset()) -> Telling:
    """Count one kind; `touched` are persons who changed without their own row changing."""
    changes = (verschil.toegevoegd, verschil.gewijzigd, verschil.verwijderd)
    own = {row.get("persoon_id") for rows in changes for row in rows.values()} if touched else set()
    gewijzigd = len(verschil.gewijzigd) + len(touched - own)
    return Telling(
        toegevoegd=len(verschil.toegevoegd),
        gewijzigd=gewijzigd,
        ongewijzigd=total - len(verschil.toegevoegd) - gewijzigd,
        verwijderd=len(verschil.verwijderd),
    )
