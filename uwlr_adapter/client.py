"""A zeep client that fetches a school from any UWLR endpoint.

It uses our own WSDL, since zeep cannot read the published one, and reads the outcome from the bytes, since zeep returns
None for both `geenwijzigingen` and `geengegevens`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import requests
from lxml import etree
from zeep import Client
from zeep import Settings as ZeepSettings
from zeep.transports import Transport

from uwlr_adapter.contract import names, schemas
from uwlr_adapter.contract.answer import check
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.contract.xml import FILE, XmlError, parse
from uwlr_adapter.errors import UwlrAdapterError

TIMEOUT = 60
"""Seconds to wait for an answer: twice the shortest timeout seen in clients."""
_BINDING = f"{{{names.LEERLINGGEGEVENS}}}bndLeerlinggegevens"
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


def pull(endpoint: str, request: PullRequest) -> PullResult:
    """Fetch a school with HaalLeerlinggegevens.

    Raises PullError for a fault, and when there is no answer or an unusable one.
    """
    transport = Transport(timeout=TIMEOUT, operation_timeout=TIMEOUT)
    try:
        client = Client(
            str(contract_file("wsdl/leerlinggegevens.wsdl")),
            transport=transport,
            settings=ZeepSettings(raw_response=True),
        )
        response = client.create_service(_BINDING, endpoint).HaalLeerlinggegevens(
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
    except requests.RequestException as error:
        raise PullError(f"{endpoint} does not answer ({type(error).__name__})") from None
    finally:
        transport.session.close()
    return read(response.content, response.status_code, request.xsdversie)


def read(content: bytes, status: int = 200, xsdversie: str = USUAL_VERSION) -> PullResult:
    """Return the outcome in the bytes of a response with HTTP status `status`. Raises PullError as `pull` does."""
    try:
        body = parse(content, FILE).find("s:Body", _SOAP)
    except XmlError:
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message") from None
    if body is None or len(body) != 1:
        raise PullError(f"the endpoint answers with HTTP {status} and no SOAP message")
    if body[0].tag == f"{{{names.SOAP11}}}Fault":
        raise PullError(_fault_text(body[0]))
    if len(body[0]) != 1:
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
        findings=tuple(check(content, xsdversie)) if xsdversie in schemas.ANSWER else (),
    )


def _fault_text(element: etree._Element) -> str:
    code = (element.findtext("faultcode") or "").rpartition(":")[2]
    error = element.find(f"detail/{{{names.FAULT_DETAIL}}}fout")
    where = "" if error is None else f" [{error.get('pad')}: {error.get('regel')}]"
    return f"{code}: {element.findtext('faultstring') or 'no text'}{where}"
