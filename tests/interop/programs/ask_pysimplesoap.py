"""One call with pysimplesoap; see README.md for what goes in and comes out.

Of the WSDL it takes the address, the SOAPAction and the name of the request. It makes values of elements only and drops
every attribute, the keys among them, so that request, header and answer are its SimpleXMLElements.
"""

import os
import sys
from typing import Any

from pysimplesoap.client import SoapClient, SoapFault
from pysimplesoap.simplexml import SimpleXMLElement

AUT = "http://www.edustandaard.nl/leerresultaten/2/autorisatie"
LG = "http://www.edustandaard.nl/leerresultaten/2/leerlinggegevens"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
FIELDS = ("schooljaar", "brincode", "dependancecode", "xsdversie")
SCHOOL = ("schooljaar", "brincode", "dependancecode", "aanmaakdatum", "xsdversie")


def line(*fields: object) -> None:
    """Print one record."""
    print("\t".join("" if field is None else str(field) for field in fields))  # noqa: T201 - a program


def text(record: Any, naam: str) -> str | None:
    """Return the text of an element below a record."""
    found = record(naam, error=False)
    return None if found is None else str(found)


def within(record: Any, naam: str) -> list[Any]:
    """Return the children of an element below a record."""
    found = record(naam, error=False)
    return list((found.children() if found else None) or [])


def records(data: Any) -> None:
    """Print a payload, whose lists stand in it one after the other."""
    parts = {part.get_local_name(): list(part.children() or []) for part in data.children()}
    school = data("school")
    line("school", *(text(school, naam) for naam in SCHOOL))
    for groep in parts.get("groepen", []):
        kind = groep.get_local_name()
        line(kind, groep["key"], text(groep, "naam"), *([text(groep, "jaargroep")] if kind == "groep" else []))
    for een in parts.get("leerlingen", []):
        groep = een("groep", error=False)
        more = [reference["key"] for reference in within(een, "samengestelde_groepen")]
        person = (text(een, naam) for naam in ("achternaam", "roepnaam", "geboortedatum"))
        line("leerling", een["key"], een["eckid"], *person, groep and groep["key"], ",".join(more))
    for een in parts.get("leerkrachten", []):
        references = [f"{reference.get_local_name()}:{reference['key']}" for reference in within(een, "groepen")]
        naam = (text(een, "achternaam"), text(een, "roepnaam"))
        line("leerkracht", een["key"], een["eckid"], *naam, ",".join(references))


def element(naam: str, namespace: str, values: dict[str, str]) -> Any:
    """Return an element with values in it, in a namespace."""
    made = SimpleXMLElement(f'<{naam} xmlns="{namespace}"/>')
    for child, value in values.items():
        made.add_child(child, value, ns=False)
    return made


def question(naam: str, received: dict[str, str], groepen: list[str]) -> Any:
    """Return a request."""
    made = element(naam, LG, {field: os.environ[field.upper()] for field in FIELDS} | received)
    if groepen:
        asked = made.add_child("groepen", ns=False)
        for kind, _, key in (groep.partition("=") for groep in groepen):
            reference = asked.add_child(kind, ns=False)
            if key:
                reference["key"] = key
    return made


def main() -> None:
    """Call, print, and call again when asked to."""
    operatie, *groepen = sys.argv[1:]
    client = SoapClient(wsdl=f"{os.environ['ENDPOINT']}?wsdl", cache=None)
    ((service, ports),) = ((naam, known["ports"]) for naam, known in client.services.items())
    (port,) = (naam for naam, known in ports.items() if operatie in known["operations"])
    client.service_port = service, port
    known = client.get_operation(operatie)
    client.action = known["action"]
    header = SimpleXMLElement("<headers/>")
    parts = {"autorisatiesleutel": "SLEUTEL", "klantcode": "KLANTCODE", "klantnaam": "KLANTNAAM"}
    header.import_node(element("autorisatie", AUT, {naam: os.environ[asked] for naam, asked in parts.items()}))
    received: dict[str, str] = {}
    for _ in range(2 if "AGAIN" in os.environ else 1):
        try:
            antwoord = client.call(operatie, question(next(iter(known["input"])), received, groepen), headers=header)
        except SoapFault as error:
            fout = SimpleXMLElement(client.xml_response)("fout", error=False)
            line("fout", error.faultcode, error.faultstring, *(fout and fout[naam] for naam in ("pad", "regel")))
            return
        (data,) = antwoord("Body", ns=SOAP).children().children()
        line("uitkomst", data.get_local_name())
        if data.children():
            received = {"laatstontvangengegevens": str(data("aanmaakdatum"))}
            records(data)


main()
