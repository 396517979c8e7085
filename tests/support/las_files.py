"""Write a living school to the files of its LAS: a CSV set in one of the ways a spreadsheet does, or EDEXML files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO

from support.edexml_files import make_dataset, to_edexml
from support.school_life import SchoolLife
from support.school_model import Claim, YearKey, jaargroep_of
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol

Row = Mapping[str, str]


@dataclass(frozen=True)
class CsvStyle:
    """How a CSV set is written."""

    encoding: str = "utf-8-sig"
    separator: str = ";"
    iso: bool = False

    def day(self, day: date | None) -> str:
        """Write a day, or nothing."""
        if day is None:
            return ""
        return day.isoformat() if self.iso else f"{day.day}-{day.month}-{day.year}"

    def write(self, rows: Iterable[Row], header: Iterable[str]) -> bytes:
        """Write one file."""
        text = StringIO(newline="")
        writer = csv.DictWriter(text, list(header), delimiter=self.separator, restval="")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode(self.encoding)


CSV_STYLES = (CsvStyle(), CsvStyle("cp1252", ","), CsvStyle("utf-8", ",", iso=True))


def schooljaar(start: int) -> str:
    """Write a schooljaar."""
    return f"{start}-{start + 1}"


def _place(brin6: str) -> dict[str, str]:
    return {"Brin": brin6[:4], "Vestiging": brin6[4:]}


def _year(year: YearKey) -> dict[str, str]:
    return {**_place(year[0]), "Schooljaar": schooljaar(year[1])}


def csv_set(
    life: SchoolLife,
    years: Iterable[YearKey],
    style: CsvStyle = CSV_STYLES[0],
    schoolkeys: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Return the files of a set that lays out these years; leerlingen and periods stand in it whole.

    With schoolkeys there is a file of vestigingen as well.
    """
    years = list(years)
    files: dict[str, tuple[str, list[dict[str, str]]]] = {
        "leerlingen": ("Sleutel,ECK-iD,Achternaam,Voorvoegsel,Roepnaam,Geboortedatum,Geslacht", []),
        "inschrijvingen": ("Leerling,Brin,Vestiging,Inschrijfdatum,Uitschrijfdatum,Gastinschrijving", []),
        "groepen": ("Sleutel,Brin,Vestiging,Schooljaar,Naam,Soort,Jaargroep,In koppelingen beschikbaar", []),
        "plaatsingen": ("Leerling,Brin,Vestiging,Schooljaar,Groep,Jaargroep", []),
        "leerkrachten": (
            (
                "Sleutel,ECK-iD,Achternaam,Voorvoegsel,Roepnaam,E-mailadres,Rollen,Brin,Vestiging,Schooljaar,Groep,"
                "Rollen in groep"
            ),
            [],
        ),
    }
    if schoolkeys:
        rows = [{**_place(brin6), "Naam": brin6, "Schoolsleutel": key} for brin6, key in schoolkeys.items()]
        files["vestigingen"] = ("Brin,Vestiging,Naam,Schoolsleutel", rows)
    for kind in life.pupils:
        own = {"Leerling": kind.key}
        files["leerlingen"][1].append(
            {
                "Sleutel": kind.key,
                "ECK-iD": kind.eckid or "",
                "Achternaam": kind.gegevens["achternaam"],
                "Voorvoegsel": kind.gegevens["voorvoegsel"],
                "Roepnaam": kind.gegevens["roepnaam"],
                "Geboortedatum": style.day(date.fromisoformat(kind.gegevens["geboortedatum"])),
                "Geslacht": "MV"[kind.gegevens["geslacht"] == "2"],
            }
        )
        for period in kind.periods:
            days = {"Inschrijfdatum": style.day(period.van), "Uitschrijfdatum": style.day(period.tot)}
            gast = {"Gastinschrijving": "Ja" if period.gast else "Nee"}
            files["inschrijvingen"][1].append({**own, **_place(period.brin6), **days, **gast})
        for year, places in kind.places.items():
            for placing in places if year in years else ():
                place = {"Groep": placing.groep or "", "Jaargroep": placing.jaargroep or ""}
                files["plaatsingen"][1].append({**own, **_year(year), **place})
    for year in years:
        for klas in life.klassen[year].values():
            files["groepen"][1].append(
                {
                    "Sleutel": klas.key,
                    **_year(year),
                    "Naam": klas.naam,
                    "Soort": "Samengestelde groep" if klas.jaargroep is None else "Stamgroep",
                    "Jaargroep": "1/2" if klas.jaargroep == "C" else klas.jaargroep or "",
                    "In koppelingen beschikbaar": "Ja" if klas.available else "Nee",
                }
            )
        for teacher in life.teachers[year].values():
            own = {
                "Sleutel": teacher.key,
                "ECK-iD": teacher.eckid or "",
                "Achternaam": teacher.gegevens["achternaam"],
                "E-mailadres": teacher.gegevens["emailadres"],
                "Rollen": " | ".join(teacher.rollen),
            }
            for groep, rollen in teacher.groepen or [("", ())]:
                files["leerkrachten"][1].append(
                    {**own, **_year(year), "Groep": groep, "Rollen in groep": "|".join(rollen)}
                )
    return {naam: style.write(rows, header.split(",")) for naam, (header, rows) in files.items()}


def edexml_file(year: YearKey, claim: Claim, schoolkey: str | None = None) -> bytes:
    """Return the EDEXML file that says this of a year."""
    klassen = {klas.key: klas for klas in claim.klassen}
    leerlingen = []
    for kind, (period,), places in claim.pupils:
        stam = next((placing for placing in places if placing.groep and klassen[placing.groep].soort == "groep"), None)
        leerlingen.append(
            Leerling(
                key=kind.key,
                eckid=kind.eckid,
                **{naam: value for naam, value in kind.gegevens.items() if value},
                jaargroep=jaargroep_of(stam, places, klassen),
                groep=None if stam is None else stam.groep,
                samengestelde_groepen=tuple(
                    placing.groep for placing in places if placing.groep and placing is not stam
                ),
                instroomdatum=None if period.van is None else period.van.isoformat(),
                uitstroomdatum=None if period.tot is None else period.tot.isoformat(),
            )
        )
    return to_edexml(
        make_dataset(
            leerlingen,
            groepen=[
                Groep("groep", klas.key, klas.naam, klas.jaargroep)
                if klas.jaargroep is not None
                else Groep("samengestelde_groep", klas.key, klas.naam)
                for klas in claim.klassen
            ],
            leerkrachten=[
                Leerkracht(
                    key=teacher.key,
                    eckid=teacher.eckid,
                    **teacher.gegevens,
                    rollen=_rollen(teacher.rollen),
                    groepen=tuple(
                        GroepVerwijzing(
                            "groep" if klassen[key].soort == "groep" else "samengestelde_groep", key, _rollen(rollen)
                        )
                        for key, rollen in teacher.groepen
                    ),
                )
                for teacher in claim.teachers
            ],
            brin6=year[0],
            schooljaar=schooljaar(year[1]),
            schoolkey=schoolkey,
        )
    )


def _rollen(codes: Iterable[str]) -> tuple[Rol, ...]:
    return tuple(Rol("rol", code) for code in codes)
