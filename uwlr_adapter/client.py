"""A zeep client that fetches a school from any UWLR endpoint.

It uses our own WSDL, since zeep cannot read the published one, and nothing of the endpoint's. zeep writes the message
only: `outbound` sends it, and the outcome is read from the bytes, since zeep returns None for both `geenwijzigingen`
and `geengegevens`. What the endpoint sends is not trusted: none of its texts reaches a terminal as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree
from zeep import Client
from zeep.transports import Transport

from uwlr_adapter import outbound
from uwlr_adapter.contract import names, schemas
from uwlr_adapter.contract.answer import check_envelope
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.contract.xml import ANSWER, XmlError, parse
from uwlr_adapter.errors import UwlrAdapterError

MAX_TEXT = 500
"""Characters of a fault of another service that are shown."""
_REDIRECTS = range(300, 400)
_NOWHERE = "http://localhost"
"""An address that zeep asks for and that is not called."""
_BINDING = f"{{{names.LEERLINGGEGEVENS}}}bndLeerlinggegevens"
_OUTCOMES = frozenset(
    {f"{{{names.LEERLINGGEGEVENS}}}{name}" for name in ("leerlinggegevens", "geenwijzigingen", "geengegevens")}
)
_SOAP = {"s": names.SOAP11, "lg": names.LEERLINGGEGEVENS}


class PullError(UwlrAdapterError):
    """No answer could be fetched or read; the text is one sentence with the cause."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A request for one school, with the credentials of the caller. `schooljaar` is written as 2026-2027."""

    klantnaam: str
    klantcode: str = field(repr=False)
    autorisatiesleutel: str = field(repr=False)
    brincode: str
    dependancecode: str
    schooljaar: str
    xsdversie: str = USUAL_VERSION


@dataclass(frozen=True, slots=True)
class PullResult:
    """An answer: the kind of outcome, the payload as UTF-8 XML, and the errors that our XSD finds in it."""

    outcome: str
    """`leerlinggegevens`, `geenwijzigingen` or `geengegevens`."""
    xml: bytes = field(repr=False)
    counts: Mapping[str, int]
    """Number of records per kind, such as `leerlingen`."""
    findings: tuple[Finding, ...]
    """The errors; of more than 100 each broken rule once, with the path `*`."""


def pull(endpoint: str, request: PullRequest, *, allow_private: bool = False, allow_http: bool = False) -> PullResult:
    """Fetch a school with HaalLeerlinggegevens, within 60 seconds.

    `allow_private` is for an endpoint on this machine or a private network, `allow_http` for one on another machine
    without TLS. Raises PullError for a fault, and when there is no answer or an unusable one.
    """
    operation = names.HAAL_LEERLINGGEGEVENS
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.soap_action}"'}
    permissions = outbound.Permissions(private=allow_private, plain=allow_http)
    try:
        reply = outbound.send("POST", endpoint, _message(request), headers, permissions=permissions)
    except outbound.OutboundError as error:
        raise PullError(str(error)) from None
    if reply.status in _REDIRECTS:
        raise PullError(f"the endpoint answers with a redirect (HTTP {reply.status}), which is not followed")
    return read(reply.content, reply.status, request.xsdversie)


def _message(request: PullRequest) -> bytes:
    """Return the message as zeep writes it. Raises PullError."""
    client = Client(str(contract_file("wsdl/leerlinggegevens.wsdl")), transport=_Files())  # type: ignore[no-untyped-call] # zeep has no types
    try:
        message = client.create_message(
            client.create_service(_BINDING, _NOWHERE),
            names.HAAL_LEERLINGGEGEVENS.name,
            schooljaar=request.schooljaar,
            brincode=request.brincode,
            dependancecode=request.dependancecode,
            xsdversie=request.xsdversie,
            _soapheaders={
                "msgpHeader": {
                    "autorisatiesleutel": request.autorisatiesleutel,
                    "klantcode": request.klantcode,
                    "klantnaam": request.klantnaam,
                }
            },
        )
    except ValueError:
        raise PullError("the klantnaam, a code or the school contains a character that XML does not allow") from None
    return etree.tostring(message, encoding="utf-8", xml_declaration=True)


class _Files(Transport):
    """Reads the files of the contract, and nothing from a network."""

    def _load_remote_data(self, url: str) -> bytes:
        raise PullError(f"{quotable(url)} is no file of this package")


def read(content: bytes, status: int = 200, xsdversie: str = USUAL_VERSION) -> PullResult:
    """Return the outcome in the bytes of a response with HTTP status `status`. Raises PullError as `pull` does."""
    try:
        root = parse(content, ANSWER)
    except XmlError as error:
        if error.rule is Rule.TOO_MUCH:
            raise PullError(f"the answer of the endpoint is too much to read: {error.reason}") from None
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message") from None
    body = root.find("s:Body", _SOAP)
    if root.tag != f"{{{names.SOAP11}}}Envelope" or body is None or len(body) != 1:
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message")
    if body[0].tag == f"{{{names.SOAP11}}}Fault":
        raise PullError(_fault_text(body[0]))
    if len(body[0]) != 1 or body[0][0].tag not in _OUTCOMES:
        raise PullError("the answer contains neither data nor an outcome")
    payload = body[0][0]
    return PullResult(
        outcome=etree.QName(payload).localname,
        xml=etree.tostring(body[0], encoding="utf-8", xml_declaration=True),
        counts={
            kind: len(payload.findall(f"lg:{path}", _SOAP))
            for kind, path in (
                ("groepen", "groepen/lg:groep"),
                ("samengestelde groepen", "groepen/lg:samengestelde_groep"),
                ("leerlingen", "leerlingen/lg:leerling"),
                ("leerkrachten", "leerkrachten/lg:leerkracht"),
            )
        },
        findings=tuple(check_envelope(root, xsdversie)) if xsdversie in schemas.ANSWER else (),
    )


def quotable(text: str) -> str:
    """Return a text of another service for a terminal: at most MAX_TEXT characters, and none that steers it."""
    shown = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text[:MAX_TEXT])
    return shown + ("…" if len(text) > MAX_TEXT else "")


def _fault_text(element: etree._Element) -> str:
    code = (element.findtext("faultcode") or "").rpartition(":")[2]
    error = element.find(f"detail/{{{names.FAULT_DETAIL}}}fout")
    where = "" if error is None else f" [{error.get('pad')}: {error.get('regel')}]"
    text = " ".join((element.findtext("faultstring") or "no text").split())
    return quotable(f"{code}: {text}{where}")
