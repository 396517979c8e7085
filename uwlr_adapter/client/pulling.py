"""A zeep client that fetches a school from any UWLR endpoint in one call.

It uses our own WSDL, since zeep cannot read the published one, and nothing of the endpoint's. zeep writes the message
only: `outbound` sends it, and the outcome is read from the bytes, since zeep returns None for both `geenwijzigingen`
and `geengegevens`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from lxml import etree
from zeep import Client
from zeep.transports import Transport

from uwlr_adapter import outbound
from uwlr_adapter.client.result import PullError, PullResult, quotable, read_reply
from uwlr_adapter.contract import names
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.outbound import Permissions, Reply

_REDIRECTS = range(300, 400)
_NOWHERE = "http://localhost"
"""An address that zeep asks for and that is not called."""
_BINDING = f"{{{names.LEERLINGGEGEVENS}}}bndLeerlinggegevens"
_UNWRITABLE = "the klantnaam, a code or the school contains a character that XML does not allow"


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
    laatstontvangengegevens: str | None = None
    """The `aanmaakdatum` of the last answer, exactly as it was received; None asks for the data whatever it was."""


def pull(endpoint: str, request: PullRequest, *, allow_private: bool = False, allow_http: bool = False) -> PullResult:
    """Fetch a school with HaalLeerlinggegevens, within 60 seconds.

    `allow_private` is for an endpoint on this machine or a private network, `allow_http` for one on another machine
    without TLS. Raises PullError for a fault, and when there is no answer or an unusable one.
    """
    operation = names.HAAL_LEERLINGGEGEVENS
    message = MessageWriter(request).write(operation)
    permissions = Permissions(private=allow_private, plain=allow_http)
    return read_reply(send(endpoint, operation, message, permissions), request.xsdversie)


def send(
    endpoint: str, operation: Operation, message: bytes, permissions: Permissions, seconds: float = outbound.SECONDS
) -> Reply:
    """Send a message and return the response. Raises PullError when there is none, or a redirect."""
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{operation.soap_action}"'}
    try:
        reply = outbound.send("POST", endpoint, message, headers, permissions=permissions, seconds=seconds)
    except outbound.OutboundError as error:
        raise PullError(str(error)) from None
    if reply.status in _REDIRECTS:
        raise PullError(f"the endpoint answers with a redirect (HTTP {reply.status}), which is not followed")
    return reply


class MessageWriter:
    """Writes the messages of one request with zeep, which reads the WSDL once."""

    def __init__(self, request: PullRequest) -> None:
        """Read the WSDL of this package. Raises PullError."""
        self._request = request
        wsdl = str(contract_file("wsdl/leerlinggegevens.wsdl"))
        self._client = Client(wsdl, transport=_Files())  # type: ignore[no-untyped-call] # zeep has no types

    def write(self, operation: Operation, groepen: Iterable[GroepReference] = ()) -> bytes:
        """Return the message for an operation, with the groups that it asks for. Raises PullError."""
        request = self._request
        binding = _BINDING if operation is names.HAAL_LEERLINGGEGEVENS else f"{_BINDING}-getrapt"
        asked: dict[str, object] = {}
        if operation.by_groep:
            asked["groepen"] = {"_value_1": [{one.soort: {"key": one.key} if one.key else {}} for one in groepen]}
        if request.laatstontvangengegevens is not None:
            asked["laatstontvangengegevens"] = request.laatstontvangengegevens
        try:
            message = self._client.create_message(
                self._client.create_service(binding, _NOWHERE),
                operation.name,
                schooljaar=request.schooljaar,
                brincode=request.brincode,
                dependancecode=request.dependancecode,
                xsdversie=request.xsdversie,
                **asked,
                _soapheaders={
                    "msgpHeader": {
                        "autorisatiesleutel": request.autorisatiesleutel,
                        "klantcode": request.klantcode,
                        "klantnaam": request.klantnaam,
                    }
                },
            )
        except ValueError:
            raise PullError(_UNWRITABLE) from None
        return etree.tostring(message, encoding="utf-8", xml_declaration=True)


class _Files(Transport):
    """Reads the files of the contract, and nothing from a network."""

    def _load_remote_data(self, url: str) -> bytes:
        raise PullError(f"{quotable(url)} is no file of this package")
