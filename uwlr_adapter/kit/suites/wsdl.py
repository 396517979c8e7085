"""The WSDL: the published names, and what which toolkit stumbles on. Nothing here needs a code."""

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urljoin, urlsplit

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.kit.checks import Level, Suite, cannot, fail, omit, require
from uwlr_adapter.kit.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

SUITE = Suite("wsdl", "WSDL", "The WSDL")
FOUND = "WSDL-01"
_W = "http://schemas.xmlsoap.org/wsdl/"
_WSOAP = "http://schemas.xmlsoap.org/wsdl/soap/"
_XS = "http://www.w3.org/2001/XMLSchema"
_NS = {"w": _W, "s": _WSOAP, "x": _XS}
_OK = 200
_MAX_FILES = 20
"""Documents that one WSDL may import (inclusive)."""
_MAX_OCTETS = 16 * 1024 * 1024
"""Bytes of these documents in all (inclusive): each of them is kept while the run lasts."""
_OTHER_HOST = "uwlr-kit.invalid"
_PORTS: Final = {"http": 80, "https": 443}


@SUITE.check(1, "The endpoint serves a WSDL at ?wsdl", "R-014", level=Level.SHOULD)
def served(session: Session) -> None:
    """Ask for it, as every toolkit does."""
    reading = session.wsdl(session.target.url)
    is_there = reading.status == _OK and reading.root is not None and reading.root.tag == f"{{{_W}}}definitions"
    require(is_there, f"There is no WSDL at ?wsdl: HTTP {reading.status}.")


@SUITE.check(2, "Everything that the WSDL imports can be fetched and read", "R-016", after=(FOUND,))
def imports(session: Session) -> str:
    """Fetch each import and include, as ext-soap does before its first call."""
    number = len(_documents(session))
    return f"The WSDL is {number} document{'' if number == 1 else 's'}."


@SUITE.check(3, "zeep loads the WSDL", "R-016", "R-017", level=Level.SHOULD, after=("WSDL-02",))
def zeep_loads(session: Session) -> None:
    """Load it in the toolkit that Python programs use."""
    # zeep takes as long to load as the rest of the program, and only this check needs it.
    from zeep import Client  # noqa: PLC0415
    from zeep.transports import Transport  # noqa: PLC0415

    documents = _documents(session)

    class Fetched(Transport):
        """Reads what was fetched already, and nothing else."""

        def _load_remote_data(self, url: str) -> bytes:
            return etree.tostring(documents[url])

    try:
        Client(_address(session), transport=Fetched())  # type: ignore[no-untyped-call] # zeep has no types
    except Exception as error:  # noqa: BLE001 - whatever zeep makes of a document
        fail(f"zeep does not load the WSDL ({type(error).__name__}).")


@SUITE.check(4, "A HEAD of the WSDL is its GET without a body", "R-011", level=Level.INFORMATION, after=(FOUND,))
def head(session: Session) -> None:
    """Ask for the head alone, as a watcher does that must not load the whole."""
    given = session.wsdl(session.target.url)
    reading = session.send("HEAD", _address(session))
    require(
        reading.status == given.status, f"A HEAD of the WSDL has HTTP {reading.status}, and its GET {given.status}."
    )
    own, other = (one.reply.header("Content-Type") for one in (reading, given))
    require(own == other, "A HEAD of the WSDL has another Content-Type than its GET.")


def _add_operation(number: int, operation: names.Operation) -> None:
    own_service = operation is not names.HAAL_LEERLINGGEGEVENS
    title = f"{operation.name} is in the WSDL with the published messages and SOAPAction"

    @SUITE.check(number, title, "R-013", after=("WSDL-02",))
    def described(session: Session) -> None:
        found = [one for one in _all(session, "//w:portType/w:operation") if one.get("name") == operation.name]
        if not found and own_service:
            omit(f"The WSDL does not have {operation.name}.")
        require(found, f"The WSDL does not have the operation {operation.name}.")
        elements = {str(one.get("element", "")).rpartition(":")[2] for one in _all(session, "//w:message/w:part")}
        for name in (operation.request, operation.answer):
            require(name in elements, f"No message of the WSDL has the element {name}.")
        actions = {
            str(one.get("soapAction"))
            for bound in _all(session, "//w:binding/w:operation")
            if bound.get("name") == operation.name
            for one in bound.findall("s:operation", _NS)
        }
        require(operation.soap_action in actions, f"The SOAPAction of {operation.name} is not the published one.")


for _place, _operation in enumerate(names.OPERATIONS.values()):
    _add_operation(11 + _place, _operation)


@SUITE.check(15, "The bindings are SOAP 1.1, document/literal over HTTP", "R-013", after=("WSDL-02",))
def document_literal(session: Session) -> None:
    """Look at the bindings."""
    bindings = _all(session, "//w:binding/s:binding")
    require(bindings, "The WSDL has no binding of SOAP 1.1.")
    for one in bindings:
        require(one.get("style", "document") == "document", "A binding has another style than document.")
        http = "http://schemas.xmlsoap.org/soap/http"
        require(one.get("transport") == http, "A binding has another transport than that of SOAP over HTTP.")
    bodies = _all(session, "//w:binding/w:operation/*/s:body")
    require(all(one.get("use") == "literal" for one in bodies), "A message is not literal.")


@SUITE.check(16, "Each request has the autorisatie as its header", "R-013", "R-018", after=("WSDL-02",))
def header_parts(session: Session) -> None:
    """Look at the inputs of the bindings."""
    inputs = _all(session, "//w:binding/w:operation[s:operation]/w:input")
    without = sum(one.find("s:header", _NS) is None for one in inputs)
    require(not without, f"{without} of {len(inputs)} operations have no header in their input.")
    elements = {str(one.get("element", "")).rpartition(":")[2] for one in _all(session, "//w:message/w:part")}
    require("autorisatie" in elements, "No message of the WSDL has the element autorisatie.")
    messages = {
        (one.getparent().get("targetNamespace"), one.get("name")) for one in _all(session, "//w:definitions/w:message")
    }
    lost = [
        one for one in _all(session, "//w:input/s:header") if _qualified(one, str(one.get("message"))) not in messages
    ]
    require(
        not lost,
        f"{len(lost)} of {len(inputs)} operations name a message for their header that the WSDL does not have, its "
        "namespace included.",
    )


@SUITE.check(17, "The address in the WSDL is that of the endpoint", "R-014", level=Level.SHOULD, after=("WSDL-02",))
def address(session: Session) -> None:
    """Compare the addresses with the one that was called: a toolkit calls what the WSDL says."""
    found = [str(one.get("location", "")) for one in _all(session, "//w:service/w:port/s:address")]
    require(found, "The WSDL has no address.")
    own = sum(_host_of(one) == _host_of(session.target.url) for one in found)
    require(
        own == len(found),
        f"{len(found) - own} of {len(found)} addresses in the WSDL have another host, scheme or port than the one that "
        "was called.",
    )


@SUITE.check(18, "The address in the WSDL does not follow the Host header of a caller", "R-014", after=("WSDL-02",))
def host_header(session: Session) -> None:
    """Ask for the WSDL as another host: a cache would give the address to others."""
    reading = session.wsdl(session.target.url, {"Host": _OTHER_HOST})
    require(_OTHER_HOST.encode() not in reading.content, "The WSDL repeats the Host header of whoever asks for it.")


_STUMBLES: Final[tuple[tuple[int, str, str, str], ...]] = (
    (31, "x:group", "//x:group[@ref]", "references to xs:group, whose members NuSOAP drops"),
    (
        32,
        "sequence in choice",
        "//x:choice/x:sequence[not(@maxOccurs) or @maxOccurs='1']",
        "sequences inside a choice, which zeep flattens and pysimplesoap hides",
    ),
    (
        33,
        "repeated sequence",
        "//x:sequence[@maxOccurs='unbounded']/x:choice",
        "repeated sequences around a choice, on which zeep loops",
    ),
    (
        34,
        "Unicode classes",
        "//x:pattern[contains(@value, '\\p{')]",
        "patterns with Unicode classes, which soap4r does not read",
    ),
    (
        35,
        "schooljaar as a list",
        "//x:enumeration[@value='2024-2025']",
        "a schooljaar as a list, of which gSOAP makes an enum that refuses other years",
    ),
    (
        36,
        "identity constraints",
        "//x:key | //x:keyref | //x:unique",
        "identity constraints, which toolkits warn of and nobody uses",
    ),
    (
        37,
        "the envelope's schema",
        "//x:import[@namespace='http://schemas.xmlsoap.org/soap/envelope/']",
        "an import of the schema of SOAP's envelope, on which zeep stumbles",
    ),
)


def _add_stumble(number: int, what: str, path: str, told: str) -> None:
    @SUITE.check(number, f"No toolkit stumbles on: {what}", "R-016", level=Level.INFORMATION, after=("WSDL-02",))
    def stumble(session: Session) -> None:
        found = len(_all(session, path))
        require(not found, f"The WSDL has {told} ({found} {'time' if found == 1 else 'times'}).")


for _one in _STUMBLES:
    _add_stumble(*_one)


@SUITE.check(38, "The WSDL is one file", "R-016", level=Level.INFORMATION, after=("WSDL-02",))
def one_file(session: Session) -> None:
    """Count its documents: NuSOAP resolves nested imports against the wrong address."""
    number = len(_documents(session))
    require(
        number == 1, f"The WSDL is {number} documents, and NuSOAP resolves nested imports against the wrong address."
    )


def _qualified(element: etree._Element, name: str) -> tuple[str | None, str]:
    """Return the namespace and the local name of a qualified name in a value."""
    prefix, _, own = name.rpartition(":")
    return element.nsmap.get(prefix or None), own


def _address(session: Session) -> str:
    return f"{session.target.url.partition('?')[0]}?wsdl"


def _documents(session: Session) -> dict[str, etree._Element]:
    """Return the WSDL and all that it imports, by address; each is fetched once in a run. Fails the check."""
    known: dict[str, etree._Element] = {}
    waiting, octets = [_address(session)], 0
    while waiting:
        url = waiting.pop()
        if url in known:
            continue
        if len(known) >= _MAX_FILES:
            cannot(f"because the WSDL imports more than {_MAX_FILES} documents")
        is_own = _host_of(url) == _host_of(session.target.url)
        require(is_own, "The WSDL imports a document of another host, scheme or port, which is not fetched.")
        reading = session.wsdl(url)
        octets += len(reading.content)
        if octets > _MAX_OCTETS:
            cannot(f"because the WSDL and what it imports are larger than {_MAX_OCTETS // 1024**2} MiB")
        root = reading.root
        require(
            reading.status == _OK and root is not None, "A document that the WSDL imports cannot be fetched or read."
        )
        if root is not None:
            known[url] = root
            for one in root.iter(f"{{{_XS}}}import", f"{{{_XS}}}include", f"{{{_W}}}import"):
                location = one.get("schemaLocation") or one.get("location")
                if location:
                    waiting.append(_joined(url, location))
    return known


def _joined(base: str, location: str) -> str:
    """Return the address that an import means. Fails the check when it means none."""
    try:
        return urljoin(base, location)
    except ValueError:
        fail("The WSDL imports a document from what is no address.")


def _host_of(url: str) -> tuple[str, str | None, int | None] | None:
    """Return scheme, host and port of an address, the usual port written out; None for what is no address."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None


def _all(session: Session, path: str) -> list[Any]:
    """Return the elements that an XPath finds in all documents of the WSDL."""
    find: Callable[[etree._Element], Any] = etree.XPath(path, namespaces=_NS)
    return [one for root in _documents(session).values() for one in find(root)]
