"""The examples for vendors, made from the service itself: `make examples` writes them, a test holds them to this.

The school in them is that of `uwlr_adapter/demo/examples/eigen-school`, which anybody can import.
"""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from support.profile_school import PROFIELEN, ProfileSchool, aanmaakdatum, code_of, outcome
from support.school_builder import KLANTCODE, MOMENT
from support.wsgi import call
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract import fault, fault_catalogue, names, versions
from uwlr_adapter.contract.fault_catalogue import FaultSubject
from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.demo import toets
from uwlr_adapter.demo.example_files import ANSWERS, FAULT_EXAMPLES, FOLDER, OWN_SCHOOL, SENT
from uwlr_adapter.demo.setup import BRIN6 as DEMO_BRIN6

BRIN6, SCHOOLJAAR, ANOTHER_YEAR = "99VB00", "2026-2027", "2025-2026"
URL = "https://uwlr.example.nl/uwlr/fouten"
"""The page of the fault catalogue of the service in the examples."""
SENT_AT = datetime(2026, 11, 12, 15, tzinfo=UTC)
"""When the message with results in the examples was made."""
_GROEPEN = """
      <groepen>
        <groep key="g26-3"/>
        <groep key="g26-78"/>
        <groep/>
      </groepen>"""
_REQUEST = f"""\
<soap:Envelope xmlns:soap="{names.SOAP11}">
  <soap:Header>
    <autorisatie xmlns="{names.AUTORISATIE}">
      <autorisatiesleutel>{{sleutel}}</autorisatiesleutel>
      <klantcode>{KLANTCODE}</klantcode>
      <klantnaam>Proef</klantnaam>
    </autorisatie>
  </soap:Header>
  <soap:Body>
    <{{name}} xmlns="{names.LEERLINGGEGEVENS}">
      <schooljaar>{{schooljaar}}</schooljaar>
      <brincode>{BRIN6[:4]}</brincode>
      <dependancecode>{BRIN6[4:]}</dependancecode>
      <xsdversie>{{version}}</xsdversie>{{rest}}
    </{{name}}>
  </soap:Body>
</soap:Envelope>
"""
"""A request; the values in it are those of an afnemer and a koppeling that exist nowhere."""


def make() -> dict[str, bytes]:
    """Return the content of each example that is made, by its path below the folder of the examples."""
    return dict([*_answers(), *_faults(), *_results()])


def _answers() -> Iterator[tuple[str, bytes]]:
    with tempfile.TemporaryDirectory() as folder:
        school = ProfileSchool(Path(folder), MOMENT)
        try:
            school.bring(edexml.read((FOLDER / OWN_SCHOOL / f"{BRIN6}-{SCHOOLJAAR}.xml").read_bytes()))
            school.activate(BRIN6)
            for version in versions.VERSIONS:
                for profiel in PROFIELEN:
                    for operation in names.OPERATIONS.values():
                        yield from _of_operation(school, version, profiel, operation)
        finally:
            school.close()


def _of_operation(
    school: ProfileSchool, version: str, profiel: str, operation: Operation
) -> Iterator[tuple[str, bytes]]:
    place = f"{ANSWERS}/{version}/{PROFIELEN[profiel].replace(' ', '-')}/{operation.name}"
    groepen = _GROEPEN if operation.by_groep else ""

    def ask(schooljaar: str, last: str = "") -> tuple[bytes, bytes]:
        since = f"\n      <laatstontvangengegevens>{last}</laatstontvangengegevens>" if last else ""
        values = {"sleutel": code_of(BRIN6, profiel), "name": operation.request, "schooljaar": schooljaar}
        request = _REQUEST.format(**values, version=version, rest=since + groepen).encode()
        return request, call(school.app, request).body

    data = ask(SCHOOLJAAR)
    for request, content in (data, ask(SCHOOLJAAR, aanmaakdatum(data[1])), ask(ANOTHER_YEAR)):
        yield f"{place}/{outcome(content)}/verzoek.xml", request
        yield f"{place}/{outcome(content)}/antwoord.xml", content


def _faults() -> Iterator[tuple[str, bytes]]:
    """Yield the examples of the fault catalogue, each of which tests/integration/test_fault_catalogue.py sends."""
    for entry in fault_catalogue.load().entries:
        if entry.example is None:
            continue
        # Apart, because a word and a code may differ in capitals only.
        kind = "faultcode" if entry.about in {FaultSubject.CODE, FaultSubject.RESULTS} else "regel"
        place, content = f"{FAULT_EXAMPLES}/{kind}/{entry.name}", entry.example.message.encode()
        if entry.about is FaultSubject.ANSWER:
            yield f"{place}/antwoord.xml", content
            continue
        yield f"{place}/verzoek.xml", content
        yield f"{place}/antwoord.xml", fault.render(entry.example.fault, URL)


def _results() -> Iterator[tuple[str, bytes]]:
    """Yield a message with results, as `push` sends it to the demo in that schooljaar, and its answer."""
    yield f"{SENT}/toets.xml", toets.verzoek(DEMO_BRIN6, SENT_AT)
    yield f"{SENT}/bevestiging.xml", BEVESTIGING


def main() -> None:
    """Write the examples anew."""
    for folder in (ANSWERS, FAULT_EXAMPLES, SENT):
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
    for name, content in make().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


if __name__ == "__main__":
    main()
