"""A file with results that is to be sent: read, counted, judged by our own contract, and put in an envelope.

The file is the request of BrengLeerresultaten, with or without an envelope. Its body is sent as it stands there, right
or wrong: a toolkit that wrote it anew might hide what is wrong. A header in the file is left out, with its codes.
"""

from dataclasses import dataclass, field

from lxml import etree

from uwlr_adapter.contract import names
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.leerresultaten import agreement
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.names import BRENG_LEERRESULTATEN, tag
from uwlr_adapter.contract.leerresultaten.request import MESSAGE, read
from uwlr_adapter.contract.xml import XmlError, parse
from uwlr_adapter.errors import UwlrAdapterError

_SOAP = f"{{{names.SOAP11}}}"
_AUTORISATIE = f"{{{names.AUTORISATIE}}}"
_ROOT = tag(BRENG_LEERRESULTATEN.request)
_NOBODY = Autorisatie("00AA00", "-", "-")
"""Codes of a message that is judged and not sent."""

_TOO_LARGE = f"its message is larger than {MESSAGE.octets // 1024**2} MiB: send it in parts"


class PushError(UwlrAdapterError):
    """Results could not be read or sent, or no answer came; the text is one sentence, without anything of the file."""


@dataclass(frozen=True, slots=True)
class ResultsFile:
    """The request in a file, and how much is in it; `body` is not to be changed."""

    body: etree._Element = field(repr=False)
    leerlingen: int
    """Toetsafnames: the results of one leerling, mostly."""
    resultaten: int
    toetsen: int


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """The verdict of our contract on a file: the fault that it would get, and the repairs that it would need."""

    fault: Fault | None
    repairs: tuple[str, ...]


def read_results(content: bytes) -> ResultsFile:
    """Read the request in a file, whatever is wrong in it. Raises PushError for a file that holds none."""
    try:
        root = parse(content, MESSAGE)
    except XmlError as error:
        raise PushError(f"it cannot be read as a message: {error.reason}") from None
    body = root
    if root.tag == f"{_SOAP}Envelope":
        (body, *_) = [*root.iterfind(f"{_SOAP}Body/*"), root]
    if etree.QName(body).localname != BRENG_LEERRESULTATEN.request:
        raise PushError(f"it holds no {BRENG_LEERRESULTATEN.request}")
    counts = [len(list(body.iter(tag(name)))) for name in ("toetsafname", "resultaat", "toets")]
    return ResultsFile(body, *counts)


def judge_results(file: ResultsFile) -> FileVerdict:
    """Judge a file as this service judges a message, but for its codes, its school and its leerlingen."""
    try:
        judged = judge(read(write_message(file, _NOBODY)))
        agreement.check(judged.leerresultaten)
    except Fault as fault:
        return FileVerdict(fault, ())
    return FileVerdict(None, judged.repairs)


def write_message(file: ResultsFile, autorisatie: Autorisatie) -> bytes:
    """Return the message for a file, with these codes in its header. Raises PushError."""
    envelope = etree.Element(f"{_SOAP}Envelope", nsmap={"s": names.SOAP11})
    header = etree.SubElement(
        etree.SubElement(envelope, f"{_SOAP}Header"), f"{_AUTORISATIE}autorisatie", nsmap={"a": names.AUTORISATIE}
    )
    try:
        for name in names.AUTORISATIE_PARTS:
            etree.SubElement(header, f"{_AUTORISATIE}{name}").text = getattr(autorisatie, name)
    except ValueError:
        raise PushError("the klantnaam or a code contains a character that XML does not allow") from None
    try:
        # Anew from bytes: an element that is moved is gone from the file, and a copy loses the prefixes of an xsi:type.
        copy = parse(etree.tostring(file.body, encoding="utf-8", with_tail=False), MESSAGE)
    except XmlError:
        raise PushError(_TOO_LARGE) from None
    etree.SubElement(envelope, f"{_SOAP}Body").append(copy)
    message = etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
    if len(message) > MESSAGE.octets:
        raise PushError(_TOO_LARGE)
    return message
