"""Write a living school to the files of its LAS: a CSV set in one of the ways a spreadsheet does, or EDEXML files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO
from typing import Protocol

from support.edexml_files import make_dataset, to_edexml
from support.school_model import Claim, Pupil, SchoolGroup, Teacher, YearKey, jaargroep_of
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol

Row = Mapping[str, str]


class Administration(Protocol):
    """The LAS of a school, as a CSV set needs it."""

    @property
    def pupils(self) -> Iterable[Pupil]:
        """Everybody who is in it, with every enrolment and place."""

    @property
    def groups(self) -> Mapping[YearKey, Mapping[str, SchoolGroup]]:
        """The groups of each year by key."""

    @property
    def teachers(self) -> Mapping[YearKey, Mapping[str, Teacher]]:
        """The leerkrachten of each year by key."""


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
    life: Administration,
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
    for pupil in life.pupils:
        own = {"Leerling": pupil.key}
        files["leerlingen"][1].append(
            {
                "Sleutel": pupil.key,
                "ECK-iD": pupil.eckid or "",
                "Achternaam": pupil.details["achternaam"],
                "Voorvoegsel": pupil.details["voorvoegsel"],
                "Roepnaam": pupil.details["roepnaam"],
                "Geboortedatum": style.day(_day_of(pupil.details["geboortedatum"])),
                "Geslacht": "MV"[pupil.details["geslacht"] == "2"],
            }
        )
        for period in pupil.periods:
            days = {"Inschrijfdatum": style.day(period.van), "Uitschrijfdatum": style.day(period.tot)}
            gast = {"Gastinschrijving": "Ja" if period.gast else "Nee"}
            files["inschrijvingen"][1].append({**own, **_place(period.brin6), **days, **gast})
        for year, places in pupil.places.items():
            for placing in places if year in years else ():
                place = {"Groep": placing.groep or "", "Jaargroep": placing.jaargroep or ""}
                files["plaatsingen"][1].append({**own, **_year(year), **place})
    for year in years:
        for group in life.groups[year].values():
            files["groepen"][1].append(
                {
                    "Sleutel": group.key,
                    **_year(year),
                    "Naam": group.naam,
                    "Soort": "Samengestelde groep" if group.jaargroep is None else "Stamgroep",
                    "Jaargroep": "1/2" if group.jaargroep == "C" else group.jaargroep or "",
                    "In koppelingen beschikbaar": "Ja" if group.available else "Nee",
                }
            )
        for teacher in life.teachers[year].values():
            own = {
                "Sleutel": teacher.key,
                "ECK-iD": teacher.eckid or "",
                "Achternaam": teacher.details["achternaam"],
                "Roepnaam": teacher.details.get("roepnaam", ""),
                "E-mailadres": teacher.details["emailadres"],
                "Rollen": " | ".join(teacher.rollen),
            }
            for groep, rollen in teacher.groepen or [("", ())]:
                files["leerkrachten"][1].append(
                    {**own, **_year(year), "Groep": groep, "Rollen in groep": "|".join(rollen)}
                )
    return {naam: style.write(rows, header.split(",")) for naam, (header, rows) in files.items()}


def edexml_file(year: YearKey, claim: Claim, schoolkey: str | None = None, aanmaakdatum: str | None = None) -> bytes:
    """Return the EDEXML file that says this of a year."""
    groups = {group.key: group for group in claim.groups}
    leerlingen = []
    for pupil, (period,), places in claim.pupils:
        home_group = next(
            (placing for placing in places if placing.groep and groups[placing.groep].soort == "groep"), None
        )
        leerlingen.append(
            Leerling(
                key=pupil.key,
                eckid=pupil.eckid,
                **{naam: value for naam, value in pupil.details.items() if value},
                jaargroep=jaargroep_of(home_group, places, groups),
                groep=None if home_group is None else home_group.groep,
                samengestelde_groepen=tuple(
                    placing.groep for placing in places if placing.groep and placing is not home_group
                ),
                instroomdatum=None if period.van is None else period.van.isoformat(),
                uitstroomdatum=None if period.tot is None else period.tot.isoformat(),
            )
        )
    return to_edexml(
        make_dataset(
            leerlingen,
            groepen=[
                Groep("groep", group.key, group.naam, group.jaargroep)
                if group.jaargroep is not None
                else Groep("samengestelde_groep", group.key, group.naam)
                for group in claim.groups
            ],
            leerkrachten=[
                Leerkracht(
                    key=teacher.key,
                    eckid=teacher.eckid,
                    **teacher.details,
                    rollen=_rollen(teacher.rollen),
                    groepen=tuple(
                        GroepVerwijzing(
                            "groep" if groups[key].soort == "groep" else "samengestelde_groep", key, _rollen(rollen)
                        )
                        for key, rollen in teacher.groepen
                    ),
                )
                for teacher in claim.teachers
            ],
            brin6=year[0],
            schooljaar=schooljaar(year[1]),
            schoolkey=schoolkey,
            aanmaakdatum=aanmaakdatum,
        )
    )


def _day_of(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _rollen(codes: Iterable[str]) -> tuple[Rol, ...]:
    return tuple(Rol("rol", code) for code in codes)
