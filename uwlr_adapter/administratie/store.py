"""Import: a Levering becomes the records of its vestiging and school year, whole or not at all."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from uwlr_adapter import dialect
from uwlr_adapter.administratie import vestigingen
from uwlr_adapter.administratie.model import (
    Ernst,
    Gelezen,
    ImportFout,
    Levering,
    Probleem,
    Rapport,
    Telling,
    parse_dag,
)
from uwlr_adapter.administratie.personen import Bekend, Nieuw, Rij, match
from uwlr_adapter.administratie.tables import (
    LEERKRACHT_VELDEN,
    LEERLING_VELDEN,
    PersoonSoort,
    aanstelling,
    bronsleutel,
    deelname,
    groep,
    locatie,
    persoon,
    plaatsing,
)
from uwlr_adapter.administratie.verschil import Verschil, compare
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling, Locatie, Rol
from uwlr_adapter.opslag import Opslag


@dataclass(frozen=True, slots=True)
class _Jaar:
    """What an import is the whole truth for."""

    brin6: str
    schooljaar: str

    def columns(self) -> dict[str, str]:
        return {"brin6": self.brin6, "schooljaar": self.schooljaar}


@dataclass(frozen=True, slots=True)
class _Personen:
    """The persons of a delivery: ids in the order of the rows, and those whose ECK-iD changed."""

    ids: list[int]
    gewijzigd: frozenset[int]
    meldingen: list[Probleem]


def import_levering(
    opslag: Opslag, levering: Levering, *, brin6: str | None = None, naam: str | None = None, dry_run: bool = False
) -> Rapport:
    """Import in one writing transaction; a dry run does the same and takes it back.

    `brin6` is what the operator expects the source to be about. `naam` names a vestiging that is new (default: its
    brin6). Raises ImportFout, with every reason, when the delivery is refused; then nothing has changed.
    """
    with opslag.writing() as connection:
        rapport = apply(connection, levering, brin6=brin6, naam=naam)
        if dry_run:
            connection.rollback()
    return rapport


def apply(
    connection: sa.Connection, levering: Levering, *, brin6: str | None = None, naam: str | None = None
) -> Rapport:
    """Do what `import_levering` does, inside the writing transaction of the caller."""
    jaar = _Jaar(_resolve(connection, levering, brin6), levering.school.schooljaar)
    dialect.lock(connection, f"brincode {jaar.brin6[:4]}")  # of two imports the second sees the persons of the first
    meldingen = _keep_vestiging(connection, levering, jaar.brin6, naam)
    found = {
        PersoonSoort.LEERLING: _identify(connection, jaar, PersoonSoort.LEERLING, levering.leerlingen),
        PersoonSoort.LEERKRACHT: _identify(connection, jaar, PersoonSoort.LEERKRACHT, levering.leerkrachten),
    }
    problemen = [*meldingen, *(melding for one in found.values() for melding in one.meldingen)]
    if any(probleem.ernst is Ernst.WEIGERT for probleem in problemen):
        raise ImportFout([*problemen, *levering.meldingen])
    tellingen = _write(connection, jaar, levering, found[PersoonSoort.LEERLING], found[PersoonSoort.LEERKRACHT])
    return Rapport(
        brin6=jaar.brin6,
        schooljaar=jaar.schooljaar,
        tellingen=tellingen,
        meldingen=tuple(sorted([*levering.meldingen, *problemen], key=lambda melding: melding.regel)),
        weggelaten=dict(levering.weggelaten),
    )


def _resolve(connection: sa.Connection, levering: Levering, expected: str | None) -> str:
    """Give the brin6 that a delivery is about; a schoolkey alone must be a known one."""
    school = levering.school
    owner = None if school.schoolkey is None else vestigingen.find_by_schoolkey(connection, school.schoolkey)
    brin6 = school.brin6 or (None if owner is None else owner.brin6)
    reden = None
    if brin6 is None:
        reden = "names no brincode, and its schoolkey belongs to no vestiging"
    elif owner is not None and owner.brin6 != brin6:
        reden = f"its schoolkey belongs to {owner.brin6}"
    elif expected is not None and expected != brin6:
        reden = f"is about {brin6}, not about {expected}"
    if brin6 is None or reden is not None:
        raise ImportFout([Probleem(school.regel, "school", reden or ""), *levering.meldingen])
    return brin6


def _keep_vestiging(connection: sa.Connection, levering: Levering, brin6: str, naam: str | None) -> list[Probleem]:
    """Make the vestiging on first sight, and keep its schoolkey."""
    schoolkey = levering.school.schoolkey
    known = vestigingen.find_vestiging(connection, brin6)
    if known is None:
        vestigingen.add_vestiging(connection, brin6, naam or brin6, schoolkey)
    elif schoolkey is not None and schoolkey != known.schoolkey:
        vestigingen.set_schoolkey(connection, brin6, schoolkey)
        if known.schoolkey is not None:
            return [Probleem(levering.school.regel, "school/schoolkey", "another one than before", Ernst.MELDING)]
    return []


def _identify(
    connection: sa.Connection,
    jaar: _Jaar,
    soort: PersoonSoort,
    gelezen: Iterable[Gelezen[Leerling]] | Iterable[Gelezen[Leerkracht]],
) -> _Personen:
    """Match the rows with the known persons, and write down new persons, aliases and ECK-iDs."""
    van = {"soort": soort.value, "brincode": jaar.brin6[:4]}
    rijen = [Rij(one.regel, one.record.key, one.record.eckid) for one in gelezen]
    uitkomst = match(soort.value, rijen, _known(connection, van, jaar.brin6))
    if any(probleem.ernst is Ernst.WEIGERT for probleem in uitkomst.problemen):
        return _Personen([], frozenset(), uitkomst.problemen)
    nieuw = [one for one in uitkomst.personen if isinstance(one, Nieuw)]
    new_ids: list[int] = []
    if uitkomst.eckids:
        connection.execute(
            persoon.update().where(persoon.c.id == sa.bindparam("of")).values(eckid=sa.bindparam("new_eckid")),
            [{"of": one, "new_eckid": eckid} for one, eckid in uitkomst.eckids.items()],
        )
    if nieuw:
        connection.execute(persoon.insert(), [{**van, "key": one.key, "eckid": one.eckid} for one in nieuw])
        by_key = _ids_by_key(connection, van)
        new_ids = [by_key[one.key] for one in nieuw]
    sleutels = dict(uitkomst.aliassen)
    sleutels |= {one.bronsleutel: at for one, at in zip(nieuw, new_ids, strict=True) if one.bronsleutel is not None}
    if sleutels:
        rows = [{**van, "bronkey": key, "persoon_id": at} for key, at in sleutels.items()]
        connection.execute(bronsleutel.insert(), rows)
    given = iter(new_ids)
    ids = [next(given) if isinstance(one, Nieuw) else one for one in uitkomst.personen]
    return _Personen(ids, frozenset(uitkomst.eckids), uitkomst.problemen)


def _known(connection: sa.Connection, van: Mapping[str, str], brin6: str) -> Bekend:
    personen = connection.execute(
        sa.select(persoon.c.id, persoon.c.key, persoon.c.eckid).where(_of(persoon, van))
    ).all()
    sleutels = connection.execute(
        sa.select(bronsleutel.c.bronkey, bronsleutel.c.persoon_id).where(_of(bronsleutel, van))
    )
    records = deelname if van["soort"] == PersoonSoort.LEERLING else aanstelling
    elders = (
        sa.select(records.c.persoon_id)
        .join(persoon, persoon.c.id == records.c.persoon_id)
        .where(_of(persoon, van), records.c.brin6 != brin6)
        .distinct()
    )
    return Bekend(
        elders=frozenset(connection.scalars(elders)),
        bij_bronsleutel={row.bronkey: row.persoon_id for row in sleutels},
        bij_eckid={row.eckid: row.id for row in personen if row.eckid is not None},
        eckid_van={row.id: row.eckid for row in personen},
        keys={row.key for row in personen},
    )


def _ids_by_key(connection: sa.Connection, van: Mapping[str, str]) -> dict[str, int]:
    rows = connection.execute(sa.select(persoon.c.key, persoon.c.id).where(_of(persoon, van)))
    return {row.key: row.id for row in rows}


def _of(table: sa.Table, van: Mapping[str, str]) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[naam] == value for naam, value in van.items()))


def _write(
    connection: sa.Connection, jaar: _Jaar, levering: Levering, leerlingen: _Personen, leerkrachten: _Personen
) -> dict[str, Telling]:
    """Bring the records of the year to what the delivery says; what is referred to comes first and goes last."""
    by_leerling = [(at, one.record) for at, one in zip(leerlingen.ids, levering.leerlingen, strict=True)]
    by_leerkracht = [(at, one.record) for at, one in zip(leerkrachten.ids, levering.leerkrachten, strict=True)]
    wanted: dict[sa.Table, list[dict[str, Any]]] = {
        locatie: [_locatie_row(jaar, one.record) for one in levering.locaties],
        groep: [_groep_row(jaar, one.record) for one in levering.groepen],
        deelname: [_deelname_row(jaar, at, record) for at, record in by_leerling],
        aanstelling: [_aanstelling_row(jaar, at, record) for at, record in by_leerkracht],
        plaatsing: [row for at, record in by_leerling for row in _plaatsing_rows(jaar, at, record)],
    }
    verschillen = {table: compare(connection, table, jaar.columns(), rows) for table, rows in wanted.items()}
    for verschil in verschillen.values():
        verschil.write(connection)
    for verschil in reversed(verschillen.values()):
        verschil.delete(connection)
    verplaatst = _persons_of(verschillen[plaatsing])
    totals = {table: len(rows) for table, rows in wanted.items()}
    return {
        "locaties": _count(verschillen[locatie], totals[locatie]),
        "groepen": _count(verschillen[groep], totals[groep]),
        "leerlingen": _count(verschillen[deelname], totals[deelname], leerlingen.gewijzigd | verplaatst),
        "leerkrachten": _count(verschillen[aanstelling], totals[aanstelling], leerkrachten.gewijzigd),
    }


def _persons_of(verschil: Verschil) -> frozenset[int]:
    changes = (verschil.toegevoegd, verschil.gewijzigd, verschil.verwijderd)
    return frozenset(row["persoon_id"] for rows in changes for row in rows.values())


def _count(verschil: Verschil, total: int, touched: frozenset[int] = frozenset()) -> Telling:
    """Count one kind; `touched` are persons who changed without their own row changing."""
    changes = (verschil.toegevoegd, verschil.gewijzigd, verschil.verwijderd)
    own = {row.get("persoon_id") for rows in changes for row in rows.values()}
    gewijzigd = len(verschil.gewijzigd) + len(touched - own)
    return Telling(
        toegevoegd=len(verschil.toegevoegd),
        gewijzigd=gewijzigd,
        ongewijzigd=total - len(verschil.toegevoegd) - gewijzigd,
        verwijderd=len(verschil.verwijderd),
    )


def _locatie_row(jaar: _Jaar, record: Locatie) -> dict[str, Any]:
    velden = ("key", "naam", "omschrijving", "mutatiedatum")
    return {**jaar.columns(), **{veld: getattr(record, veld) for veld in velden}}


def _groep_row(jaar: _Jaar, record: Groep) -> dict[str, Any]:
    velden = ("key", "soort", "naam", "jaargroep", "omschrijving", "mutatiedatum")
    return {**jaar.columns(), **{veld: getattr(record, veld) for veld in velden}}


def _deelname_row(jaar: _Jaar, persoon_id: int, record: Leerling) -> dict[str, Any]:
    return {
        **jaar.columns(),
        "persoon_id": persoon_id,
        "van": parse_dag(record.instroomdatum),
        "tot": parse_dag(record.uitstroomdatum),
        "locatie_key": record.vestiging,
        **{veld: getattr(record, veld) for veld in LEERLING_VELDEN},
    }


def _plaatsing_rows(jaar: _Jaar, persoon_id: int, record: Leerling) -> list[dict[str, Any]]:
    """Give a leerling's groups; the stamgroep has place 0."""
    places = {} if record.groep is None else {record.groep: 0}
    places |= {key: place for place, key in enumerate(record.samengestelde_groepen, 1)}
    return [
        {**jaar.columns(), "persoon_id": persoon_id, "groep_key": key, "volgorde": place}
        for key, place in places.items()
    ]


def _aanstelling_row(jaar: _Jaar, persoon_id: int, record: Leerkracht) -> dict[str, Any]:
    return {
        **jaar.columns(),
        "persoon_id": persoon_id,
        **{veld: getattr(record, veld) for veld in LEERKRACHT_VELDEN},
        "rollen": _rollen(record.rollen),
        "groepen": [[one.soort, one.key, _rollen(one.rollen)] for one in record.groepen],
    }


def _rollen(rollen: Iterable[Rol]) -> list[list[str]]:
    return [[rol.soort, rol.waarde] for rol in rollen]
