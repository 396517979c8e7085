"""The reader of requests: the plain way and the way through the parser agree, and so do strict and tolerant."""

from typing import Any

from support.messages import body, envelope, header
from support.request_corpus import FOLDER, read_manifest

from fuzz.target import Target
from fuzz.targets.words import XML, charset_in
from uwlr_adapter.contract import names, request
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.request import Call, judge
from uwlr_adapter.contract.xml import MESSAGE

YEAR = "2026-2027"
_WORDS = (
    *(f"<{name}>x</{name}>".encode() for name in names.VERZOEK_ELEMENTS),
    *(f"<{name}/>".encode() for name in (*names.VERZOEK_ELEMENTS, *names.AUTORISATIE_PARTS)),
    *(name.encode() for name in (*names.VERZOEK_ELEMENTS, *names.AUTORISATIE_PARTS, "autorisatie", "Envelope")),
    *(f' xmlns="{space}"'.encode() for space in (names.SOAP11, names.AUTORISATIE, names.LEERLINGGEGEVENS)),
    *(f"{one.request}".encode() for one in names.OPERATIONS.values()),
    *(b"2026-2027", b"21QW", b"00", b"2.2", b"2.3", b"smalle set", b"2026-11-25T10:30:00.5+01:00", b"mustUnderstand"),
    *(
        b'<groep key="g"/>',
        b'<samengestelde_groep key="h"/>',
        b"24:00:00",
        b"+14:00",
        b"+15:00",
        b"2026-11-25T10:30:00+15:00",
        b"2026-11-25T24:00:00Z",
        b"0000-11-25T10:00:00Z",
        b"-19:59",
        b".1234567",
        b"-02-30",
        "٢".encode(),
    ),
)


def samples() -> list[bytes]:
    """Return the recorded requests of every client, and plainly written ones."""
    bodies = [
        (FOLDER / case.file).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")[2] for case in read_manifest()
    ]
    rest = "<xsdversie>2.3</xsdversie><laatstontvangengegevens>2026-11-25T10:30:00+01:00</laatstontvangengegevens>"
    plain = [envelope(), envelope(body(), header()), envelope(body(rest=rest), header())] * 5
    return [b"\0" + one for one in (*bodies, *plain)]


def check(data: bytes) -> str:
    """Require one verdict of both ways, and of a strict reading none that a tolerant one does not share."""
    charset, document = charset_in(data)
    found = _verdict(document, charset, strict=False)
    assert found == _verdict(document, charset, strict=False, by_parser=True)
    strict = _verdict(document, charset, strict=True)
    assert strict == _verdict(document, charset, strict=True, by_parser=True)
    if isinstance(strict[-1], request.Verzoek):
        is_same = strict == found or (isinstance(found[-1], request.Verzoek) and "witruimte" in found[-1].repairs)
        assert is_same, "valid for a strict reader, and other for a tolerant one that stripped no white space"
    last = found[-1]
    return f"{'valid' if isinstance(last, request.Verzoek) else last} {found[-2] if len(found) > 2 else ''}"  # noqa: PLR2004 - the repairs stand there


def _verdict(document: bytes, charset: str | None, *, strict: bool, by_parser: bool = False) -> tuple[Any, ...]:
    """Return what a reading makes of a document, and what the judge makes of that."""
    try:
        call = _read(document, charset, strict=strict, by_parser=by_parser)
    except Fault as fault:
        return type(fault).__name__, fault.finding
    told = call.operation, call.autorisatie, call.school, call.repairs
    if call.school is None:
        return *told, request.school_finding(call)
    first, second = _judged(call), _judged(call)
    assert first == second, "a call is judged twice, and otherwise"
    return *told, first


def _read(document: bytes, charset: str | None, *, strict: bool, by_parser: bool) -> Call:
    if by_parser:
        return request._read_tree(document, charset, strict=strict, operations=names.OPERATIONS, limits=MESSAGE)  # noqa: SLF001 - the other way
    return request.read(document, charset, strict=strict)


def _judged(call: Call) -> Any:  # noqa: ANN401 - a verzoek or what is wrong with it
    try:
        return judge(call, YEAR)
    except Fault as fault:
        return type(fault).__name__, fault.finding and (fault.finding.path, fault.finding.rule)


TARGET = Target("requests", samples, (*XML, *_WORDS), check, calls=4000, calls_each=6)
