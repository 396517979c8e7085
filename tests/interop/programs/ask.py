"""One call with zeep; see README.md for what goes in and comes out.

Its argument before the operation says which: `strict` (as zeep is), `loose` (strict=False) or `async` (AsyncClient).
"""

import asyncio
import os
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from lxml import etree
from zeep import AsyncClient, Client, Settings
from zeep.exceptions import Fault
from zeep.helpers import serialize_object
from zeep.plugins import HistoryPlugin

GETRAPT = ("HaalStructuur", "HaalLeerlingen", "HaalLeerkrachten")
LG = "{http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens}"


def line(*fields: object) -> None:
    """Print one record."""
    print("\t".join("" if field is None else str(field) for field in fields))  # noqa: T201 - a program


def day(value: date | None) -> str | None:
    """Return a date as it is printed."""
    return None if value is None else value.isoformat()


def keys(record: dict[str, Any] | None, kind: str) -> list[str]:
    """Return the keys of the references of one kind."""
    return [one["key"] for one in (record or {}).get(kind) or []]


def of_leerkracht(leerkracht: dict[str, Any]) -> list[str]:
    """Return the groups of a leerkracht; zeep keeps a repeated choice as a list of what came."""
    chosen = (leerkracht["groepen"] or {}).get("_value_1") or []
    return [f"{kind}:{ref['key']}" for item in chosen for kind, ref in item.items() if ref is not None]


def records(data: dict[str, Any]) -> None:
    """Print a payload."""
    school = data["school"]
    aanmaakdatum = school["aanmaakdatum"].isoformat()
    line(
        "school", school["schooljaar"], school["brincode"], school["dependancecode"], aanmaakdatum, school["xsdversie"]
    )
    for item in ((data.get("groepen") or {}).get("_value_1")) or []:
        for kind, groep in item.items():
            if groep is not None:
                line(kind, groep["key"], groep["naam"], *([groep["jaargroep"]] if kind == "groep" else []))
    for leerling in (data.get("leerlingen") or {}).get("leerling") or []:
        groep = (leerling["groep"] or {}).get("key")
        samengesteld = keys(leerling["samengestelde_groepen"], "samengestelde_groep")
        person = (leerling["achternaam"], leerling["roepnaam"], day(leerling["geboortedatum"]))
        line("leerling", leerling["key"], leerling["eckid"], *person, groep, ",".join(samengesteld))
    for leerkracht in (data.get("leerkrachten") or {}).get("leerkracht") or []:
        naam = (leerkracht["achternaam"], leerkracht["roepnaam"])
        line("leerkracht", leerkracht["key"], leerkracht["eckid"], *naam, ",".join(of_leerkracht(leerkracht)))


def calling(kind: str, history: Any, operatie: str) -> Callable[..., Any]:
    """Return the operation as a function."""
    wsdl = f"{os.environ['ENDPOINT']}?wsdl"
    port = "prtLeerlinggegevensService-getrapt" if operatie in GETRAPT else "prtLeerlinggegevensService"
    if kind == "async":
        call = AsyncClient(wsdl, plugins=[history]).bind("LeerlinggegevensService", port)[operatie]
        runner = asyncio.Runner()  # one event loop, since the client keeps its connection
        return lambda **fields_: runner.run(call(**fields_))
    client = Client(wsdl, plugins=[history], settings=Settings(strict=kind == "strict"))
    bound: Callable[..., Any] = client.bind("LeerlinggegevensService", port)[operatie]
    return bound


def main() -> None:
    """Call, print, and call again when asked to."""
    kind, operatie, *groepen = sys.argv[1:]
    history: Any = HistoryPlugin()
    call = calling(kind, history, operatie)
    fields_ = ("schooljaar", "brincode", "dependancecode", "xsdversie")
    question: dict[str, Any] = {naam: os.environ[naam.upper()] for naam in fields_}
    header = {
        "autorisatiesleutel": os.environ["SLEUTEL"],
        "klantcode": os.environ["KLANTCODE"],
        "klantnaam": os.environ["KLANTNAAM"],
    }
    if groepen:
        asked = [(kind, key or None) for kind, _, key in (groep.partition("=") for groep in groepen)]
        question["groepen"] = {"_value_1": [{kind: {"key": key}} for kind, key in asked]}
    for _ in range(2 if "AGAIN" in os.environ else 1):
        try:
            antwoord = call(**question, _soapheaders={"msgpHeader": header})
        except Fault as error:
            detail = {} if error.detail is None else error.detail[0].attrib
            line("fout", error.code, error.message, detail.get("pad"), detail.get("regel"))
            return
        # zeep gives None for geenwijzigingen and for geengegevens; the envelope tells them apart.
        (outcome,) = history.last_received["envelope"].find(f".//{LG}*")
        line("uitkomst", etree.QName(outcome).localname)
        data: dict[str, Any] | None = None
        if antwoord is not None:
            data = serialize_object(antwoord[etree.QName(outcome).localname])
        if data is not None:
            question["laatstontvangengegevens"] = data["school"]["aanmaakdatum"]
            records(data)


main()
