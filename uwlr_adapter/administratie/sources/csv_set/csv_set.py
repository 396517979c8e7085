"""A CSV set of one school: a folder of files becomes a Levering for each vestiging and schooljaar that is laid out.

Each such year is written as the tree of an EDEXML file and judged as one, so that both formats keep to the same rules.
docs/records.md says what the files hold and who takes part in a year.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from uwlr_adapter.administratie.model import BronSchool, Ernst, ImportFout, Levering, Periode, Plaats, Probleem
from uwlr_adapter.administratie.sources.csv_set import csv_file, labels
from uwlr_adapter.administratie.sources.csv_set.columns import KOLOMMEN, OPTIONEEL, RECORDS
from uwlr_adapter.administratie.sources.csv_set.csv_file import Rij
from uwlr_adapter.administratie.sources.csv_set.edexml_tree import tree
from uwlr_adapter.administratie.sources.csv_set.school import Jaar, School
from uwlr_adapter.administratie.sources.edexml.edexml import read_tree
from uwlr_adapter.contract.xml import BESTAND


@dataclass(frozen=True, slots=True)
class CsvBron:
    """Folders with a CSV set as a source of records: each folder is a part, imported whole or not at all."""

    mappen: Sequence[Path]
    toewijzing: Path | None = None
    """A file that names labels, instead of the `kolommen.toml` of each folder."""
    naam: str = "csv"

    def delen(self) -> Sequence[str]:
        """Give the folders."""
        return [str(folder) for folder in self.mappen]

    def lees(self, deel: str) -> Sequence[Levering]:
        """Read one folder. Raises ImportFout."""
        folder = Path(deel)
        if not folder.is_dir():
            raise ImportFout(
                [Probleem(0, "", "is no folder: a CSV set is a folder with leerlingen.csv and the others")]
            )
        named = labels.read(folder if self.toewijzing is None else self.toewijzing)
        bestanden: dict[str, bytes] = {}
        problemen: list[Probleem] = []
        for naam in KOLOMMEN:
            try:
                with (folder / f"{naam}.csv").open("rb") as opened:
                    bestanden[naam] = opened.read(BESTAND.octets + 1)
            except FileNotFoundError:
                if naam not in OPTIONEEL:
                    problemen.append(Probleem(0, "", "is not in the folder", bestand=f"{naam}.csv"))
            except OSError as error:
                problemen.append(Probleem(0, "", f"cannot be read: {error.strerror}", bestand=f"{naam}.csv"))
        if problemen:
            raise ImportFout(problemen)
        return read(bestanden, named)


def read(bestanden: Mapping[str, bytes], labels: Mapping[str, Mapping[str, str]] | None = None) -> list[Levering]:
    """Give what the files of a set say, by name without `.csv`; raises ImportFout with every reason."""
    rijen: dict[str, tuple[Rij, ...]] = {}
    problemen: list[Probleem] = []
    weggelaten: Counter[str] = Counter()
    for naam, data in bestanden.items():
        if len(data) > BESTAND.octets:
            problemen.append(Probleem(0, "", f"larger than {BESTAND.octets} bytes", bestand=f"{naam}.csv"))
            continue
        tabel = csv_file.read(naam, data, (labels or {}).get(naam, {}))
        rijen[naam] = tabel.rijen
        problemen += tabel.problemen
        weggelaten.update(tabel.weggelaten)
    _require_none(problemen)
    school = School(rijen, problemen)
    school.judge()
    _require_none(school.problemen)
    first, *others = _leveringen(school)
    return [replace(first, weggelaten=dict(weggelaten)), *others]


def _require_none(problemen: Sequence[Probleem]) -> None:
    if any(problem.ernst is Ernst.WEIGERT for problem in problemen):
        raise ImportFout(problemen)


def _leveringen(school: School) -> list[Levering]:
    """Give each laid out year; a warning about a leerling stands with the first year that has it."""
    gegeven: set[Probleem] = set()
    leveringen: list[Levering] = []
    fouten: list[Probleem] = []
    for jaar in school.jaren:
        try:
            levering = _levering(school, jaar)
        except ImportFout as fout:
            fouten += fout.problemen
            continue
        eigen = [one for one in levering.meldingen if one not in gegeven]
        gegeven.update(eigen)
        if not leveringen:
            eigen += school.problemen
        leveringen.append(replace(levering, meldingen=tuple(eigen)))
    if fouten:
        raise ImportFout(list(dict.fromkeys([*fouten, *school.problemen])))
    return leveringen


def _levering(school: School, jaar: Jaar) -> Levering:
    """Give one year of one vestiging. Raises ImportFout."""
    brin6, schooljaar = jaar
    enrolled = school.enrolled(jaar)
    if not enrolled:
        groep = next(iter(school.groepen[jaar].values()))
        reden = f"inschrijvingen.csv has nobody at {brin6} in {schooljaar}"
        raise ImportFout([groep.problem("Schooljaar", reden)])
    vestiging = school.vestigingen.get(brin6)
    plaatsen = PLAATSEN if vestiging is None else PLAATSEN | {"school": Plaats("vestigingen.csv", "Vestiging")}
    try:
        gelezen = replace(read_tree(tree(school, jaar, enrolled)), plaatsen=plaatsen)
    except ImportFout as fout:
        bare = Levering(BronSchool(0, schooljaar, brin6), plaatsen=plaatsen)
        raise ImportFout([bare.locate(one) for one in fout.problemen]) from None
    placed = school.plaatsingen.get(jaar, {})
    return replace(
        gelezen,
        school=replace(gelezen.school, naam=None if vestiging is None else vestiging["Naam"] or None),
        meldingen=tuple(gelezen.locate(one) for one in gelezen.meldingen),
        periodes={key: tuple(map(_periode, rows)) for key, rows in enrolled.items()},
        niet_ingedeeld=frozenset(key for key in enrolled if key not in placed),
        niet_beschikbaar=frozenset(
            key for key, rij in school.groepen[jaar].items() if rij["In koppelingen beschikbaar"] != "Ja"
        ),
    )


def _periode(rij: Rij) -> Periode:
    return Periode(
        instroomdatum=rij["Inschrijfdatum"] or None,
        uitstroomdatum=rij["Uitschrijfdatum"] or None,
        gast=rij["Gastinschrijving"] == "Ja",
    )


def _plaatsen() -> dict[str, Plaats]:
    """Say in which file and column an element stands, for problems that the judge of EDEXML finds."""
    found = {record: Plaats(f"{naam}.csv") for naam, record in reversed(RECORDS.items())}
    found["leerling"], found["school"] = Plaats("leerlingen.csv"), Plaats("groepen.csv", "Vestiging")
    found["school/schoolkey"] = Plaats("vestigingen.csv", "Schoolsleutel")
    for naam, kolommen in KOLOMMEN.items():
        for kolom in kolommen.values():
            if kolom.pad and naam in RECORDS:
                found[f"{RECORDS[naam]}/{kolom.pad}"] = Plaats(f"{naam}.csv", kolom.label)
    groep = Plaats("plaatsingen.csv", "Groep")
    found |= {f"samengestelde_{pad}": plaats for pad, plaats in found.items() if pad.partition("/")[0] == "groep"}
    return found | {
        "leerling/samengestelde_groepen": groep,
        "leerling/jaargroep": Plaats("plaatsingen.csv", "Jaargroep"),
        "leerkracht/rolomschrijving": found["leerkracht/rol"],
    }


PLAATSEN = _plaatsen()
