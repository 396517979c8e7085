"""Import: what a source delivers of one school becomes its records, whole or not at all, and is kept as a batch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from uwlr_adapter.administratie import schools, selection
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.administratie.importing.diff import Verschil, compare
from uwlr_adapter.administratie.importing.identify import Herkend, School, identify
from uwlr_adapter.administratie.importing.table_rows import Jaar, rows_of
from uwlr_adapter.administratie.model import Ernst, ImportFout, Levering, Probleem, Rapport, Telling
from uwlr_adapter.administratie.tables import (
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
from uwlr_adapter.clock import day_of
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.settings import MAX_DROP

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
    """One import on its way: what it wrote, and the school that its source is about."""

    connection: sa.Connection
    opties: Opties
    school: School
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
    is_leeg = schools.lock_school(connection, brincode)
    invoer = _Invoer(connection, opties, School(brincode, frozenset(jaar.brin6 for jaar in jaren), is_leeg))
    rapporten = _import_years(invoer, jaren, leveringen)
    if invoer.stappen:
        schools.touch_school(connection, brincode)
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
        if jaar.brincode != jaren[0].brincode:
            reden = f"two schools in one source: {jaren[0].brincode} and {jaar.brincode}"
        elif jaar in seen:
            reden = f"{jaar.brin6}, {jaar.schooljaar} stands there twice"
        elif levering.school.schoolkey is not None and owner != jaar.brin6:
            reden = f"its schoolkey belongs to {owner}"
        if reden is not None:
            raise ImportFout([levering.locate(Probleem(levering.school.regel, "school", reden))])
        seen.add(jaar)
    return jaren[0].brincode


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
    leerlingen, leerkrachten = identify(invoer.connection, levering, invoer.school)
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
    return selection.answered(invoer.connection, brin6=jaar.brin6, schooljaar=jaar.schooljaar, dag=dag)


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
    owner = None if school.schoolkey is None else schools.find_by_schoolkey(connection, school.schoolkey)
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
    known = schools.find_vestiging(connection, brin6)
    owner = None if schoolkey is None else schools.find_by_schoolkey(connection, schoolkey)
    if owner is not None and owner.brin6 != brin6:  # a year before this one in the same source brought it
        return [Probleem(levering.school.regel, "school/schoolkey", f"its schoolkey belongs to {owner.brin6}")]
    if known is None:
        naam = levering.school.naam or invoer.opties.naam or brin6
        try:
            schools.insert_vestiging(connection, brin6, naam, schoolkey)
        except schools.VestigingFout as fout:  # its name, of the source or of the operator
            raise ImportFout([levering.locate(Probleem(levering.school.regel, "school", str(fout)))]) from None
        invoer.stappen.append(batches.Stap(vestiging, batches.Handeling.TOEGEVOEGD, [(brin6,)]))
        invoer.nieuwe.add(brin6)
    elif schoolkey is not None and schoolkey != known.schoolkey:
        oud = tuple(connection.execute(sa.select(vestiging).where(vestiging.c.brin6 == brin6)).one())
        invoer.write(Verschil(vestiging, gewijzigd=[(*oud[:-1], schoolkey)], oud=[oud]))
        if known.schoolkey is not None:
            return [Probleem(levering.school.regel, "school/schoolkey", "another one than before", Ernst.MELDING)]
    return []


def _write(
    invoer: _Invoer, jaar: Jaar, levering: Levering, leerlingen: Herkend, leerkrachten: Herkend
) -> dict[str, Telling]:
    """Bring the records of the year to what the delivery says; what is referred to comes first and goes last."""
    wanted = rows_of(jaar, levering, leerlingen.ids, leerkrachten.ids)
    found = {
        table: Verschil(table, rows)
        if jaar.brin6 in invoer.nieuwe
        else compare(invoer.connection, table, jaar.columns(), rows)
        for table, rows in wanted.items()
    }
    invoer.school = replace(invoer.school, is_leeg=False)
    invoer.write(
        leerlingen.eckids,
        leerkrachten.eckids,
        Verschil(persoon, [*leerlingen.nieuw, *leerkrachten.nieuw]),
        Verschil(bronsleutel, [*leerlingen.sleutels, *leerkrachten.sleutels]),
        *found.values(),
    )
    verplaatst = found[plaatsing].values("persoon_id") | found[inschrijving].values("persoon_id")
    return {
        "locaties": _count(found[locatie], len(levering.locaties)),
        "groepen": _count(found[groep], len(levering.groepen)),
        "leerlingen": _count(found[deelname], len(levering.leerlingen), leerlingen.gewijzigd | verplaatst),
        "leerkrachten": _count(found[aanstelling], len(levering.leerkrachten), leerkrachten.gewijzigd),
    }


def _count(verschil: Verschil, total: int, touched: frozenset[int] = frozenset()) -> Telling:
    """Count one kind; `touched` are persons who changed without their own row changing."""
    own = verschil.values("persoon_id") if touched else set()
    gewijzigd = len(verschil.gewijzigd) + len(touched - own)
    return Telling(
        toegevoegd=len(verschil.toegevoegd),
        gewijzigd=gewijzigd,
        ongewijzigd=total - len(verschil.toegevoegd) - gewijzigd,
        verwijderd=len(verschil.verwijderd),
    )
