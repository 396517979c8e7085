"""What a report may show: nothing of a person and no secret, wherever in a document it stands."""

import pytest

from uwlr_adapter.contract.names import LEERLINGGEGEVENS, SOAP11
from uwlr_adapter.kit import masking
from uwlr_adapter.kit.masking import MAX_SHOWN, Masker, shown_url
from uwlr_adapter.kit.reading import Reading
from uwlr_adapter.outbound import Reply

HIDDEN = "Kanarie"
HEADERS = (("X-Key", HIDDEN), (HIDDEN, "x"), ("Content-Type", HIDDEN), ("Allow", f"POST, {HIDDEN.upper()}"))


def document(inner: str) -> str:
    """Return a response with this in its Body, as it is shown."""
    content = f'<s:Envelope xmlns:s="{SOAP11}"><s:Body xmlns="{LEERLINGGEGEVENS}">{inner}</s:Body></s:Envelope>'
    reading = Reading(Reply(200, content.encode(), HEADERS), 0.1)
    exchange = Masker().exchange("POST", "https://las.example/uwlr", {"SOAPAction": HIDDEN}, content.encode(), reading)
    assert HIDDEN not in exchange.request
    return exchange.response


@pytest.mark.parametrize(
    "inner",
    [
        f"<roepnaam>{HIDDEN}</roepnaam>",
        f"<{HIDDEN}/>",
        f'<leerling {HIDDEN}="x"/>',
        f'<leerling key="{HIDDEN}" eckid="{HIDDEN}"/>',
        f'<leerling key="x" soort="{HIDDEN}"/>',
        f"<schooljaar>{HIDDEN}</schooljaar>",
        f"<jaargroep>{HIDDEN}</jaargroep>",
        f"<faultcode>Client.{HIDDEN}</faultcode>",
        f"<faultstring>De leerling {HIDDEN} is onbekend</faultstring>",
        f"<leerling/><!-- {HIDDEN} -->{HIDDEN}",
        f'<{HIDDEN}:leerling xmlns:{HIDDEN}="urn:{HIDDEN}"/>',
        f'<leerling xmlns="urn:{HIDDEN}"/>',
        f'<{HIDDEN}:leerling xmlns:{HIDDEN}="{LEERLINGGEGEVENS}"/>',
        f'<{HIDDEN}:Fault xmlns:{HIDDEN}="{SOAP11}"/>',
        f"<faultcode>{HIDDEN}:Client</faultcode>",
    ],
)
def test_a_name_or_a_secret_is_shown_nowhere(inner: str) -> None:
    """Neither as a text, nor as a key, a name of an element or an attribute, a prefix, a namespace or a header."""
    assert HIDDEN.lower() not in document(inner).lower()


def test_what_says_nothing_of_anybody_is_shown() -> None:
    """Values of closed form, the words of a fault, the form of a date, and which keys are equal."""
    shown = document(
        '<schooljaar>2026-2027</schooljaar><leerling key="a"><groep key="g"/></leerling>'
        '<leerling key="b"><groep key="g"/><geboortedatum>2018-03-14+01:00</geboortedatum></leerling>'
        "<faultstring>De sleutel is onbekend</faultstring>"
    )
    assert "<schooljaar>2026-2027</schooljaar>" in shown
    assert shown.count('<groep key="‹key 2›"/>') == 2
    assert "‹9999-99-99+99:99›" in shown
    assert "<faultstring>De sleutel is onbekend</faultstring>" in shown


def test_many_records_are_counted_and_no_document_is_long() -> None:
    """Of each kind some are shown."""
    assert "<!-- and 997 more of leerling -->" in document('<leerling key="a"/>' * 1000)
    kinds = "".join(f"<voornamen>{number}<roepnaam/><roepnaam/><roepnaam/></voornamen>" for number in range(3))
    assert len(document(f"<leerling>{kinds}</leerling>" * 3)) < MAX_SHOWN + 500


def test_the_prefixes_of_toolkits_are_shown() -> None:
    """They say which toolkit wrote an answer."""
    shown = document(
        '<SOAP-ENV:Fault xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope"/><faultcode>ns12:Client</faultcode>'
    )
    assert "<SOAP-ENV:Fault" in shown
    assert "<faultcode>ns12:Client</faultcode>" in shown


def test_a_document_of_many_kinds_is_little_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three of each of twenty kinds, four levels deep, are half a million elements: some are written anew."""
    monkeypatch.setattr(masking, "_MAX_COPIED", 50)
    inner = ""
    for _ in range(3):
        inner = "".join(f"<{name}>{inner}</{name}>" for name in ("leerling", "groep", "vestiging", "school"))
    assert document(inner).count("<") < 2 * 50 + 10
    assert document("<leerling/>").count("<leerling") == 1


def test_bytes_that_are_no_xml_are_not_shown() -> None:
    """Only how many there are, and why they cannot be read."""
    masker = Masker()
    assert masker.document(HIDDEN.encode()) == "(7 bytes, not shown: not well-formed XML)"
    assert masker.document(b"") == "(empty)"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://las.example/uwlr", "https://las.example/uwlr"),
        (f"https://naam:{HIDDEN}@las.example:8443/uwlr?sleutel={HIDDEN}#{HIDDEN}", "https://las.example:8443/uwlr"),
        (f"ftp://{HIDDEN}", "(no URL)"),
        (f"https://[{HIDDEN}", "(no URL)"),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(url: str, shown: str) -> None:
    """Its user name, password, query and fragment."""
    assert shown_url(url) == shown
