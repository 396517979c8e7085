"""Write a living school to the files of its LAS: a CSV set in one of the ways a spreadsheet does, or EDEXML files."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from io import StringIO

from support.edexml_files import make_dataset, to_edexml
from support.school_life import Leven
from support.school_model import Bewering, Jaar, jaargroep_of
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Rol

Rij = Mapping[str, str]


@dataclass(frozen=True)
class Schrift:
    """How a CSV set is written."""

    codering: str = "utf-8-sig"
    teken: str = ";"
    iso: bool = False

    def day(self, day: date | None) -> str:
        """Write a day, or nothing."""
        if day is None:
            return ""
        return day.isoformat() if self.iso else f"{day.day}-{day.month}-{day.year}"

    def write(self, rows: Iterable[Rij], header: Iterable[str]) -> bytes:
        """Write one file."""
        text = StringIO(newline="")
        writer = csv.DictWriter(text, list(header), delimiter=self.teken, restval="")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode(self.codering)


SCHRIFTEN = (Schrift(), Schrift("cp1252", ","), Schrift("utf-8", ",", iso=True))


def schooljaar(start: int) -> str:
    """Write a schooljaar."""
    return f"{start}-{start + 1}"


def _plaats(brin6: str) -> dict[str, str]:
    return {"Brin": brin6[:4], "Vestiging": brin6[4:]}


def _jaar(year: Jaar) -> dict[str, str]:
    return {**_plaats(year[0]), "Schooljaar": schooljaar(year[1])}


def csv_set(
    leven: Leven,
    years: Iterable[Jaar],
    schrift: Schrift = SCHRIFTEN[0],
    schoolkeys: Mapping[str, str] | None = None,
) -> dict[str, bytes]:
    """Give the files of a set that lays out these years; leerlingen and periods stand in it whole.

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
        rows = [{**_plaats(brin6), "Naam": brin6, "Schoolsleutel": key} for brin6, key in schoolkeys.items()]
        files["vestigingen"] = ("Brin,Vestiging,Naam,Schoolsleutel", rows)
    for kind in leven.kinderen:
        own = {"Leerling": kind.key}
        files["leerlingen"][1].append(
            {
                "Sleutel": kind.key,
                "ECK-iD": kind.eckid or "",
                "Achternaam": kind.gegevens["achternaam"],
                "Voorvoegsel": kind.gegevens["voorvoegsel"],
                "Roepnaam": kind.gegevens["roepnaam"],
                "Geboortedatum": schrift.day(date.fromisoformat(kind.gegevens["geboortedatum"])),
                "Geslacht": "MV"[kind.gegevens["geslacht"] == "2"],
            }
        )
        for periode in kind.periodes:
            days = {"Inschrijfdatum": schrift.day(periode.van), "Uitschrijfdatum": schrift.day(periode.tot)}
            gast = {"Gastinschrijving": "Ja" if periode.gast else "Nee"}
            files["inschrijvingen"][1].append({**own, **_plaats(periode.brin6), **days, **gast})
        for year, plekken in kind.plekken.items():
            for plek in plekken if year in years else ():
                place = {"Groep": plek.groep or "", "Jaargroep": plek.jaargroep or ""}
                files["plaatsingen"][1].append({**own, **_jaar(year), **place})
    for year in years:
        for klas in leven.klassen[year].values():
            files["groepen"][1].append(
                {
                    "Sleutel": klas.key,
                    **_jaar(year),
                    "Naam": klas.naam,
                    "Soort": "Samengestelde groep" if klas.jaargroep is None else "Stamgroep",
                    "Jaargroep": "1/2" if klas.jaargroep == "C" else klas.jaargroep or "",
                    "In koppelingen beschikbaar": "Ja" if klas.beschikbaar else "Nee",
                }
            )
        for leraar in leven.leraren[year].values():
            own = {
                "Sleutel": leraar.key,
                "ECK-iD": leraar.eckid or "",
                "Achternaam": leraar.gegevens["achternaam"],
                "E-mailadres": leraar.gegevens["emailadres"],
                "Rollen": " | ".join(leraar.rollen),
            }
            for groep, rollen in leraar.groepen or [("", ())]:
                files["leerkrachten"][1].append(
                    {**own, **_jaar(year), "Groep": groep, "Rollen in groep": "|".join(rollen)}
                )
    return {naam: schrift.write(rows, header.split(",")) for naam, (header, rows) in files.items()}


def edexml_file(year: Jaar, bewering: Bewering, schoolkey: str | None = None) -> bytes:
    """Give the EDEXML file that says this of a year."""
    klassen = {klas.key: klas for klas in bewering.klassen}
    leerlingen = []
    for kind, (periode,), plekken in bewering.kinderen:
        stam = next((plek for plek in plekken if plek.groep and klassen[plek.groep].soort == "groep"), None)
        leerlingen.append(
            Leerling(
                key=kind.key,
                eckid=kind.eckid,
                **{naam: value for naam, value in kind.gegevens.items() if value},
                jaargroep=jaargroep_of(stam, plekken, klassen),
                groep=None if stam is None else stam.groep,
                samengestelde_groepen=tuple(plek.groep for plek in plekken if plek.groep and plek is not stam),
                instroomdatum=None if periode.van is None else periode.van.isoformat(),
                uitstroomdatum=None if periode.tot is None else periode.tot.isoformat(),
            )
        )
    return to_edexml(
        make_dataset(
            leerlingen,
            groepen=[
                Groep("groep", klas.key, klas.naam, klas.jaargroep)
                if klas.jaargroep is not None
                else Groep("samengestelde_groep", klas.key, klas.naam)
                for klas in bewering.klassen
            ],
            leerkrachten=[
                Leerkracht(
                    key=leraar.key,
                    eckid=leraar.eckid,
                    **leraar.gegevens,
                    rollen=_rollen(leraar.rollen),
                    groepen=tuple(
                        GroepVerwijzing(
                            "groep" if klassen[key].soort == "groep" else "samengestelde_groep", key, _rollen(rollen)
                        )
                        for key, rollen in leraar.groepen
                    ),
                )
                for leraar in bewering.leraren
            ],
            brin6=year[0],
            schooljaar=schooljaar(year[1]),
            schoolkey=schoolkey,
        )
    )


def _rollen(codes: Iterable[str]) -> tuple[Rol, ...]:
    return tuple(Rol("rol", code) for code in codes)
