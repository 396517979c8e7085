"""One call with suds-community; see README.md for what goes in and comes out."""

import os
import sys
from datetime import date
from typing import Any

from suds import WebFault
from suds.client import Client

GETRAPT = ("HaalStructuur", "HaalLeerlingen", "HaalLeerkrachten")


def line(*fields: object) -> None:
    """Print one record."""
    print("\t".join("" if field is None else str(field) for field in fields))  # noqa: T201 - a program


def day(value: date | None) -> str | None:
    """Return a date as it is printed."""
    return None if value is None else value.isoformat()


def of(record: Any, naam: str) -> Any:
    """Return a part of a record, None for what did not come: suds leaves that out."""
    return getattr(record, naam, None)


def several(record: Any, naam: str) -> list[Any]:
    """Return what may come many times: of a repeated choice suds gives one as an object, and several as a list."""
    found = of(record, naam)
    return [] if not found else found if isinstance(found, list) else [found]


def records(data: Any) -> None:
    """Print a payload."""
    school = data.school
    aanmaakdatum = school.aanmaakdatum.isoformat()
    line("school", school.schooljaar, school.brincode, school.dependancecode, aanmaakdatum, school.xsdversie)
    for groep in several(of(data, "groepen"), "groep"):
        line("groep", of(groep, "_key"), groep.naam, groep.jaargroep)
    for groep in several(of(data, "groepen"), "samengestelde_groep"):
        line("samengestelde_groep", of(groep, "_key"), groep.naam)
    for een in several(of(data, "leerlingen"), "leerling"):
        groep = of(of(een, "groep"), "_key")
        more = [of(ref, "_key") for ref in several(of(een, "samengestelde_groepen"), "samengestelde_groep")]
        person = (of(een, "achternaam"), of(een, "roepnaam"), day(of(een, "geboortedatum")))
        line("leerling", of(een, "_key"), of(een, "_eckid"), *person, groep, ",".join(more))
    for een in several(of(data, "leerkrachten"), "leerkracht"):
        kinds = ("groep", "samengestelde_groep")
        refs = [f"{kind}:{of(ref, '_key')}" for kind in kinds for ref in several(of(een, "groepen"), kind)]
        line(
            "leerkracht", of(een, "_key"), of(een, "_eckid"), of(een, "achternaam"), of(een, "roepnaam"), ",".join(refs)
        )


def main() -> None:
    """Call, print, and call again when asked to."""
    operatie, *groepen = sys.argv[1:]
    client = Client(f"{os.environ['ENDPOINT']}?wsdl", cache=None)
    header = client.factory.create("{http://www.edustandaard.nl/leerresultaten/2/autorisatie}autorisatie")
    header.autorisatiesleutel = os.environ["SLEUTEL"]
    header.klantcode = os.environ["KLANTCODE"]
    header.klantnaam = os.environ["KLANTNAAM"]
    client.set_options(soapheaders=header)
    fields = ("schooljaar", "brincode", "dependancecode", "xsdversie")
    question: dict[str, Any] = {naam: os.environ[naam.upper()] for naam in fields}
    if groepen:
        question["groepen"] = client.factory.create("GroepKeuze")
    for kind, _, key in (groep.partition("=") for groep in groepen):
        reference = client.factory.create("GroepGekozen")
        reference["_key"] = key or None  # an attribute has an underscore before its name
        setattr(question["groepen"], kind, [*several(question["groepen"], kind), reference])
    port = "prtLeerlinggegevensService-getrapt" if operatie in GETRAPT else "prtLeerlinggegevensService"
    call = client.service[port][operatie]
    for _ in range(2 if "AGAIN" in os.environ else 1):
        try:
            antwoord = call(**question)
        except WebFault as error:
            fout = of(of(error.fault, "detail"), "fout")
            line("fout", error.fault.faultcode, error.fault.faultstring, of(fout, "_pad"), of(fout, "_regel"))
            return
        ((outcome, data),) = antwoord
        line("uitkomst", outcome)
        if data:  # an outcome without data is an empty text
            question["laatstontvangengegevens"] = data.school.aanmaakdatum
            records(data)


main()
