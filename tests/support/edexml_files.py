"""EDEXML for tests: the corpus with its manifest, and a writer that makes a file of a dataset."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from support.reference_writer import render
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerkracht, Leerling, Locatie, School

CORPUS = Path(__file__).parents[1] / "data" / "edexml"


@dataclass(frozen=True, slots=True)
class EdexmlCase:
    """One line of the manifest: a file, and what the reader must say of it."""

    naam: str
    verdict: str
    line: str
    element: str
    reason: str

    @property
    def data(self) -> bytes:
        """The bytes of the file."""
        return (CORPUS / self.naam).read_bytes()


def read_manifest() -> list[EdexmlCase]:
    """Return every case of the corpus."""
    lines = (CORPUS / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return [EdexmlCase(*line.split("\t")) for line in lines]


def to_edexml(dataset: Dataset) -> bytes:
    """Return an EDEXML 2.1 file that says what a dataset says."""
    (payload,) = etree.fromstring(render(dataset))
    namespace = etree.QName(payload).namespace
    payload.tag = f"{{{namespace}}}EDEX"
    next(payload.iter(f"{{{namespace}}}xsdversie")).text = "2.1"
    data = etree.tostring(payload, encoding="utf-8", xml_declaration=True, pretty_print=True)
    return data.replace(f' xmlns="{namespace}"'.encode(), b"", 1)


def make_dataset(
    leerlingen: Iterable[Leerling] = (Leerling(key="101", roepnaam="Zoë"),),
    *,
    leerkrachten: Iterable[Leerkracht] = (),
    groepen: Iterable[Groep] = (),
    locaties: Iterable[Locatie] = (),
    brin6: str = "21QW00",
    schooljaar: str = "2026-2027",
    schoolkey: str | None = None,
    aanmaakdatum: str | None = None,
) -> Dataset:
    """Return a small dataset of an invented school."""
    school = School(
        schooljaar=schooljaar,
        peildatum=f"{schooljaar[:4]}-10-01",
        brincode=brin6[:4],
        dependancecode=brin6[4:],
        schoolkey=schoolkey,
        aanmaakdatum=aanmaakdatum or f"{schooljaar[:4]}-10-01T07:00:00+02:00",
    )
    return Dataset(school, tuple(locaties), tuple(groepen), tuple(leerlingen), tuple(leerkrachten))


def eckid(number: int) -> str:
    """Return an invented ECK-iD of the usual form."""
    return f"https://ketenid.nl/201703/{number:0128x}"
