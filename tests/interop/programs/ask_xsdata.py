"""One call with the classes and the client that xsdata makes; see README.md for what goes in and comes out.

The classes are in the package `uwlr`, which PYTHONPATH has.
"""

import importlib
import os
import sys
from typing import Any

from xsdata.formats.dataclass.client import Client
from xsdata.formats.dataclass.transports import DefaultTransport

GETRAPT = ("HaalStructuur", "HaalLeerlingen", "HaalLeerkrachten")
FIELDS = ("schooljaar", "brincode", "dependancecode", "xsdversie")
SECONDS = 60
uwlr: Any = importlib.import_module("uwlr")


def line(*fields: object) -> None:
    """Print one record."""
    print("\t".join("" if field is None else str(field) for field in fields))  # noqa: T201 - a program


def of(record: Any, naam: str) -> Any:
    """Return a part of a record that may be absent as a whole."""
    return getattr(record, naam, None)


def records(data: Any) -> None:
    """Print a payload; a list is there where the WSDL has one, and the kinds of a choice are lists side by side."""
    school = data.school
    line("school", school.schooljaar, school.brincode, school.dependancecode, school.aanmaakdatum, school.xsdversie)
    groepen = of(data, "groepen")
    for groep in of(groepen, "groep") or []:
        line("groep", groep.key, groep.naam, groep.jaargroep)
    for groep in of(groepen, "samengestelde_groep") or []:
        line("samengestelde_groep", groep.key, groep.naam)
    for een in of(of(data, "leerlingen"), "leerling") or []:
        more = [reference.key for reference in of(een.samengestelde_groepen, "samengestelde_groep") or []]
        person = (een.achternaam, een.roepnaam, een.geboortedatum)
        line("leerling", een.key, een.eckid, *person, of(een.groep, "key"), ",".join(more))
    for een in of(of(data, "leerkrachten"), "leerkracht") or []:
        kinds = ("groep", "samengestelde_groep")
        more = [f"{kind}:{reference.key}" for kind in kinds for reference in of(een.groepen, kind) or []]
        line("leerkracht", een.key, een.eckid, een.achternaam, een.roepnaam, ",".join(more))


def main() -> None:
    """Call, print, and call again when asked to."""
    operatie, *groepen = sys.argv[1:]
    naam = operatie.removeprefix("Haal")
    port = "PrtGetrapt" if operatie in GETRAPT else "PrtLeerlinggegevens"
    service = getattr(uwlr, f"{port}{operatie}")
    client = Client.from_service(service, location=os.environ["ENDPOINT"])
    client.transport = DefaultTransport(timeout=SECONDS)  # it waits 2 seconds by itself
    autorisatie = uwlr.Autorisatie(
        autorisatiesleutel=os.environ["SLEUTEL"],
        klantcode=os.environ["KLANTCODE"],
        klantnaam=os.environ["KLANTNAAM"],
    )
    question = getattr(uwlr, f"{naam}Verzoek")
    fields: dict[str, Any] = {field: os.environ[field.upper()] for field in FIELDS}
    if groepen:
        fields["groepen"] = uwlr.GroepKeuze()
    for kind, _, key in (groep.partition("=") for groep in groepen):
        getattr(fields["groepen"], kind).append(uwlr.GroepGekozen(key=key or None))
    for _ in range(2 if "AGAIN" in os.environ else 1):
        body = service.input.Body(**{f"{naam.lower()}_verzoek": question(**fields)})
        antwoord = client.send(service.input(header=service.input.Header(autorisatie=autorisatie), body=body)).body
        if (fault := antwoord.fault) is not None:
            fout = of(fault.detail, "fout")
            line("fout", fault.faultcode, fault.faultstring, of(fout, "pad"), of(fout, "regel"))
            return
        outcomes = vars(getattr(antwoord, f"{naam.lower()}_antwoord"))
        ((outcome, data),) = ((kind, found) for kind, found in outcomes.items() if found is not None)
        line("uitkomst", outcome.replace("_", "-"))
        if outcome.startswith("leerlinggegevens"):
            fields["laatstontvangengegevens"] = data.school.aanmaakdatum
            records(data)


main()
