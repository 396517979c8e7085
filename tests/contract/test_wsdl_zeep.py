"""zeep with its default strictness, and nothing but our WSDL, reads every kind of answer and writes valid requests."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests
import zeep
from hypothesis import given, settings
from lxml import etree
from support.mutants import AUT, LG
from support.reference_writer import render, render_leerkrachten, render_leerlingen, render_structuur
from support.strategies import datasets
from support.wsdl_types import WSDL

from uwlr_adapter.contract.dataset import Dataset, Leerkracht, Leerling, Rol
from uwlr_adapter.contract.files import contract_file

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_SCHOOL = "<school><schooljaar>2026-2027</schooljaar><brincode>21QW</brincode></school>"
_HEADER = {"autorisatie": {"autorisatiesleutel": "21QW00abcdefghijklmn", "klantcode": "c", "klantnaam": "n"}}


class Mailbox(zeep.Transport):
    """A transport without a network: keeps the request and hands back the answer laid ready."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call] # zeep has types in part
        self.answer = b""
        self.request = b""
        self.headers: Mapping[str, str] = {}

    def post(self, address: str, message: bytes, headers: Mapping[str, str]) -> requests.Response:
        """Keep the request; give the answer in an envelope."""
        assert address == "http://localhost/uwlr/leerlinggegevens"
        self.request, self.headers = message, headers
        response = requests.Response()
        response.status_code = 200
        response.headers["Content-Type"] = "text/xml; charset=utf-8"
        response._content = (  # noqa: SLF001 - the one way to make a response by hand
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body>'.encode() + self.answer + b"</s:Body></s:Envelope>"
        )
        return response


class Client:
    """A vendor's program: it knows the WSDL and what it wants to ask."""

    def __init__(self) -> None:
        self.postbus = Mailbox()
        self.client = zeep.Client(str(WSDL), transport=self.postbus)
        self.getrapt = self.client.bind("LeerlinggegevensService", "prtLeerlinggegevensService-getrapt")

    def ask(self, **fields: Any) -> Any:
        """Send a request with these fields."""
        headers = {"msgpHeader": _HEADER["autorisatie"]}
        return self.client.service.HaalLeerlinggegevens(**fields, _soapheaders=headers)

    def ask_step(self, operation: str, **fields: Any) -> Any:
        """Send a request of one of the three steps."""
        fields = {"schooljaar": "2026-2027", "brincode": "21QW", "xsdversie": "2.3", **fields}
        return self.getrapt[operation](**fields, _soapheaders={"msgpHeader": _HEADER["autorisatie"]})

    def read(self, answer: bytes) -> Any:
        """Return what zeep makes of an answer."""
        self.postbus.answer = answer
        return self.ask(schooljaar="2026-2027", brincode="21QW", xsdversie="2.2")

    def read_parts(self, parts: str) -> Any:
        """Return what zeep makes of an answer with these parts after the school."""
        text = (
            f'<leerlinggegevens_antwoord xmlns="{LG}"><leerlinggegevens>{_SCHOOL}{parts}</leerlinggegevens>'
            "</leerlinggegevens_antwoord>"
        )
        assert ANSWER.validate(etree.fromstring(text)), ANSWER.error_log
        return self.read(text.encode()).leerlinggegevens


ANSWER = etree.XMLSchema(file=str(contract_file("schemas/2.2/antwoord.xsd")))
CLIENT = Client()


def _school(*, number: int) -> str:
    """Return `number` of every kind of record."""
    each = range(1, number + 1)
    vestigingen = "".join(f'<vestiging key="v{n}"><naam>V{n}</naam></vestiging>' for n in each)
    groepen = "".join(
        f'<groep key="g{n}"><naam>G{n}</naam><jaargroep>{n}</jaargroep></groep>'
        f'<samengestelde_groep key="s{n}"><naam>S{n}</naam></samengestelde_groep>'
        for n in each
    )
    refs = "".join(f'<samengestelde_groep key="s{n}"/>' for n in each)
    leerlingen = "".join(
        f'<leerling key="l{n}"><achternaam>A{n}</achternaam><groep key="g1"/><samengestelde_groepen>{refs}'
        f'</samengestelde_groepen><vestiging key="v{n}"/></leerling>'
        for n in each
    )
    leerkrachten = "".join(
        f'<leerkracht key="d{n}"><achternaam>D{n}</achternaam><rol>LRK</rol><groepen>'
        + "".join(f'<groep key="g{m}"/><samengestelde_groep key="s{m}"/>' for m in each)
        + "</groepen></leerkracht>"
        for n in each
    )
    return (
        f"<vestigingen>{vestigingen}</vestigingen><groepen>{groepen}</groepen><leerlingen>{leerlingen}</leerlingen>"
        f"<leerkrachten>{leerkrachten}</leerkrachten>"
    )


def _kinds(mixture: Any) -> tuple[list[Any], list[Any]]:
    """Return the groepen and the samengestelde groepen of a repeated choice, as zeep lists them."""
    items = mixture["_value_1"]
    return (
        [item["groep"] for item in items if "groep" in item],
        [item["samengestelde_groep"] for item in items if "samengestelde_groep" in item],
    )


@pytest.mark.parametrize("number", [1, 2, 8])
def test_one_and_many_of_each_kind(number: int) -> None:
    """One or more of everything is read: vestigingen, both kinds of groep, leerlingen, leerkrachten, references."""
    read = CLIENT.read_parts(_school(number=number))
    each = range(1, number + 1)
    groepen, samengestelde = _kinds(read.groepen)
    assert [item.key for item in read.vestigingen.vestiging] == [f"v{n}" for n in each]
    assert [(item.key, item.naam, item.jaargroep) for item in groepen] == [(f"g{n}", f"G{n}", str(n)) for n in each]
    assert [(item.key, item.naam) for item in samengestelde] == [(f"s{n}", f"S{n}") for n in each]
    assert [item.key for item in read.leerlingen.leerling] == [f"l{n}" for n in each]
    assert [item.key for item in read.leerkrachten.leerkracht] == [f"d{n}" for n in each]
    for leerling in read.leerlingen.leerling:
        assert leerling.groep.key == "g1"
        assert [item.key for item in leerling.samengestelde_groepen.samengestelde_groep] == [f"s{n}" for n in each]
    for leerkracht in read.leerkrachten.leerkracht:
        assert [[item.key for item in kind] for kind in _kinds(leerkracht.groepen)] == [
            [f"g{n}" for n in each],
            [f"s{n}" for n in each],
        ]


def test_only_a_roepnaam() -> None:
    """A leerling and a leerkracht who have a roepnaam and nothing else are read."""
    read = CLIENT.read_parts(
        '<leerlingen><leerling key="1" eckid="e"><roepnaam>Bo</roepnaam></leerling></leerlingen>'
        '<leerkrachten><leerkracht key="2"><roepnaam>Evi</roepnaam></leerkracht></leerkrachten>'
    )
    (leerling,) = read.leerlingen.leerling
    (leerkracht,) = read.leerkrachten.leerkracht
    assert (leerling.key, leerling.eckid, leerling.roepnaam, leerling.achternaam) == ("1", "e", "Bo", None)
    assert (leerkracht.key, leerkracht.eckid, leerkracht.roepnaam, leerkracht.achternaam) == ("2", None, "Evi", None)


def test_optional_parts_absent() -> None:
    """Without vestigingen, groepen and leerkrachten the leerlingen are read."""
    read = CLIENT.read_parts('<leerlingen><leerling key="1"><achternaam>Aa</achternaam></leerling></leerlingen>')
    assert (read.vestigingen, read.groepen, read.leerkrachten) == (None, None, None)
    assert len(read.leerlingen.leerling) == 1


def test_roles() -> None:
    """Roles are read in their order: none, several kinds mixed, and inside the reference to a group."""
    read = CLIENT.read_parts(
        '<groepen><groep key="g"><naam>G</naam><jaargroep>1</jaargroep></groep></groepen>'
        '<leerlingen><leerling key="1"><roepnaam>Bo</roepnaam></leerling></leerlingen><leerkrachten>'
        '<leerkracht key="a"><achternaam>A</achternaam><groepen><groep key="g"/></groepen></leerkracht>'
        '<leerkracht key="b"><achternaam>B</achternaam><rol>LRK</rol><rolomschrijving>duo</rolomschrijving>'
        "<rol>IB</rol><rolomschrijving>tuin</rolomschrijving></leerkracht>"
        '<leerkracht key="c"><achternaam>C</achternaam><rol>VAK</rol><groepen><groep key="g"><rol>RT</rol>'
        "<rolomschrijving>gym</rolomschrijving><rol>LRK</rol></groep></groepen>"
        "<mutatiedatum>2026-09-01T10:00:00</mutatiedatum></leerkracht></leerkrachten>"
    )
    without, mixed, inside = read.leerkrachten.leerkracht
    assert not without["_value_1"]
    assert _roles(mixed) == [("rol", "LRK"), ("rolomschrijving", "duo"), ("rol", "IB"), ("rolomschrijving", "tuin")]
    assert _roles(inside) == [("rol", "VAK")]
    (groep,), _ = _kinds(inside.groepen)
    assert _roles(groep) == [("rol", "RT"), ("rolomschrijving", "gym"), ("rol", "LRK")]
    assert inside.mutatiedatum is not None


def _roles(holder: Any) -> list[tuple[str, str]]:
    return [(kind, value) for item in holder["_value_1"] or [] for kind, value in item.items()]


@pytest.mark.parametrize("outcome", ["geenwijzigingen", "geengegevens"])
def test_outcomes_without_data(outcome: str) -> None:
    """An answer without data is read without an error, and has no leerlinggegevens."""
    read = CLIENT.read(f'<leerlinggegevens_antwoord xmlns="{LG}"><{outcome}/></leerlinggegevens_antwoord>'.encode())
    assert read is None or read["leerlinggegevens"] is None


_DATES = {"geboortedatum", "start_ondw_jgr3", "instroomdatum", "uitstroomdatum", "mutatiedatum"}
_OTHERWISE = {"groep", "samengestelde_groepen", "vestiging", "rollen", "groepen", "geslacht", *_DATES}


@settings(max_examples=40, deadline=None)
@given(dataset=datasets())
def test_every_value(dataset: Dataset) -> None:
    """Every value of every record of a random school comes through unchanged."""
    read = CLIENT.read(render(dataset)).leerlinggegevens
    assert read.school.schooljaar == dataset.school.schooljaar
    assert (read.school.brincode, read.school.dependancecode, read.school.schoolkey) == (
        dataset.school.brincode,
        dataset.school.dependancecode,
        dataset.school.schoolkey,
    )
    assert read.school.peildatum.isoformat() == dataset.school.peildatum
    assert read.school.aanmaakdatum.isoformat() == dataset.school.aanmaakdatum
    for leerling, item in zip(dataset.leerlingen, read.leerlingen.leerling, strict=True):
        _same(leerling, item)
        assert item.geslacht == (None if leerling.geslacht is None else int(leerling.geslacht))
        assert (item.groep and item.groep.key) == leerling.groep
        assert (item.vestiging and item.vestiging.key) == leerling.vestiging
        held = item.samengestelde_groepen
        assert tuple(ref.key for ref in (held.samengestelde_groep if held else ())) == leerling.samengestelde_groepen
    leerkrachten = read.leerkrachten.leerkracht if read.leerkrachten else []
    for leerkracht, item in zip(dataset.leerkrachten, leerkrachten, strict=True):
        _same(leerkracht, item)
        assert _roles(item) == _pairs(leerkracht.rollen)
        refs = item.groepen["_value_1"] if item.groepen else []
        assert [(kind, ref.key, _roles(ref)) for each in refs for kind, ref in each.items()] == [
            (ref.soort, ref.key, _pairs(ref.rollen)) for ref in leerkracht.groepen
        ]


_CHOICE = {"_value_1": [{"groep": {"key": "g1"}}, {"samengestelde_groep": {}}, {"groep": {}}, {"groep": {"key": "g2"}}]}


@settings(max_examples=20, deadline=None)
@given(dataset=datasets())
def test_three_steps(dataset: Dataset) -> None:
    """The answers in steps of 2.3 are read: groepen, leerlingen with or without a key, leerkrachten."""
    CLIENT.postbus.answer = render_structuur(dataset, "2.3")
    groepen = CLIENT.ask_step("HaalStructuur")["leerlinggegevens-structuur"].groepen
    read = [
        (kind, one.key, one.naam) for item in (groepen["_value_1"] if groepen else []) for kind, one in item.items()
    ]
    assert read == [(groep.soort, groep.key, groep.naam) for groep in dataset.groepen]
    CLIENT.postbus.answer = render_leerlingen(dataset, dataset.leerlingen, "2.3")
    leerlingen = CLIENT.ask_step("HaalLeerlingen", groepen=_CHOICE)["leerlinggegevens-leerlingen"].leerlingen.leerling
    wanted = [(None if leerling.eckid else leerling.key, leerling.eckid) for leerling in dataset.leerlingen]
    assert [(item.key, item.eckid) for item in leerlingen] == wanted
    CLIENT.postbus.answer = render_leerkrachten(dataset, dataset.leerkrachten, "2.3")
    leerkrachten = CLIENT.ask_step("HaalLeerkrachten", groepen=_CHOICE)["leerlinggegevens-leerkrachten"].leerkrachten
    found = leerkrachten.leerkracht if leerkrachten else []
    assert [(item.key, item.eckid) for item in found] == [(one.key, one.eckid) for one in dataset.leerkrachten]


@pytest.mark.parametrize("operation", ["HaalStructuur", "HaalLeerlingen", "HaalLeerkrachten"])
@pytest.mark.parametrize("outcome", ["geenwijzigingen", "geengegevens"])
def test_requests_in_steps_are_valid(operation: str, outcome: str) -> None:
    """The request that zeep writes for a step is valid, with keys and without, under the SOAPAction of that step."""
    naam = operation.removeprefix("Haal").lower()
    CLIENT.postbus.answer = f'<{naam}_antwoord xmlns="{LG}"><{outcome}/></{naam}_antwoord>'.encode()
    read = CLIENT.ask_step(operation, **({} if naam == "structuur" else {"groepen": _CHOICE}))
    assert read is None or read[f"leerlinggegevens-{naam}"] is None
    request = etree.fromstring(CLIENT.postbus.request)[1][0]
    assert etree.QName(request).localname == f"{naam}_verzoek"
    schema = etree.XMLSchema(file=str(contract_file("schemas/2.2/verzoek.xsd")))
    assert schema.validate(etree.fromstring(etree.tostring(request))), schema.error_log
    keys = [item.get("key") for item in request.findall(f"{{{LG}}}groepen/*")]
    assert keys == ([] if naam == "structuur" else ["g1", None, None, "g2"])
    assert CLIENT.postbus.headers["SOAPAction"] == f'"{LG}/{naam}_verzoek"'


def _pairs(rollen: tuple[Rol, ...]) -> list[tuple[str, str]]:
    return [(rol.soort, rol.waarde) for rol in rollen]


_HYPHENATED = {"voorletters_1": "voorletters-1", "bsn_ondwnr_4": "bsn_ondwnr-4"}


def _same(persoon: Leerling | Leerkracht, item: Any) -> None:
    """Hold the texts of a person to what zeep read, and see that each date was read."""
    for name in persoon.__annotations__:
        wanted, found = getattr(persoon, name), item[_HYPHENATED.get(name, name)] if name != "rollen" else None
        if name not in _OTHERWISE:
            assert found == wanted
        elif name in _DATES:
            assert (found is None) == (wanted is None)


@pytest.mark.parametrize(
    "fields",
    [
        {"brincode": "21QW"},
        {"brincode": "21QW", "dependancecode": "01"},
        {"schoolkey": "school-1"},
        {"brincode": "21QW", "gegevenssetid": "set", "laatstontvangengegevens": "2026-09-01T10:00:00"},
    ],
)
def test_requests_are_valid(fields: dict[str, str]) -> None:
    """A request that zeep writes from our WSDL is valid, header and SOAPAction included."""
    CLIENT.postbus.answer = (
        f'<leerlinggegevens_antwoord xmlns="{LG}"><geengegevens/></leerlinggegevens_antwoord>'.encode()
    )
    CLIENT.ask(schooljaar="2026-2027", xsdversie="2.2", **fields)
    envelope = etree.fromstring(CLIENT.postbus.request)
    header, body = envelope[0], envelope[1]
    for name, element in (("autorisatie", header[0]), ("verzoek", body[0])):
        schema = etree.XMLSchema(file=str(contract_file(f"schemas/2.2/{name}.xsd")))
        assert schema.validate(etree.fromstring(etree.tostring(element))), name
    assert header[0].tag == f"{{{AUT}}}autorisatie"
    assert CLIENT.postbus.headers["SOAPAction"] == '"HaalLeerlinggegevens"'
