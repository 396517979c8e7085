"""The reader of results: plainly written ones against one by one, the head alone against the whole, and the XSD."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any
from unittest.mock import patch

from support.result_messages import class_of, manifest, sample

from fuzz.target import Target
from fuzz.targets.words import XML, charset_in
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.leerresultaten import reader, request, schema
from uwlr_adapter.contract.leerresultaten import repairs as own_repairs
from uwlr_adapter.contract.leerresultaten.judging import JudgedResults, judge
from uwlr_adapter.contract.leerresultaten.names import MODELS
from uwlr_adapter.contract.request import Call

_LOCAL = [tag.rpartition("}")[2].encode() for tag in MODELS]
_WORDS = (
    *(b"<%s>1</%s>" % (name, name) for name in _LOCAL),
    *_LOCAL,
    *(b"<score>007</score>", b"<score> 7 </score>", b"2026-11-31", b"2026-11-10Z", b"21QW", b"T1", b"7", b"9" * 18),
    *(b' vocabulaire="urn:v"', b' vocabulairelocatie="::"', b' niveau="1"', b' key="r1"', b' key=" r1"', b"-2.50"),
    *(b"<peildatum>2026-11-10</peildatum>", b"<infourl>urn:x</infourl>", b"+7", b"10.01", b"2026-2027", b"2.2"),
)
_PADDED = request.HEAD_OCTETS + 1


def samples() -> list[bytes]:
    """Return the samples with their verdicts, a class, and some of them longer than the head that is read alone."""
    found = [sample(one.file) for one in manifest() if one.file.endswith(".xml")]
    found += [class_of(2, 3), class_of(1, 1)]
    long = [one.replace(b"</toetsafnames>", b" " * _PADDED + b"</toetsafnames>") for one in found[::8]]
    return [b"\0" + one for one in (*found, *long)]


def check(data: bytes) -> str:
    """Require one verdict of all ways that read the same message."""
    charset, document = charset_in(data)
    found = _verdict(document, charset, request.read)
    with patch.object(reader, "read_plain", lambda _element: None):
        assert found == _verdict(document, charset, request.read), "plain results are read otherwise"
    of_head = _verdict(document, charset, request.read_head)
    if found != of_head and len(document) <= request.HEAD_OCTETS:
        raise AssertionError("a short message is read otherwise")
    if isinstance(found[-1], JudgedResults) and isinstance(of_head[-1], JudgedResults):
        assert found == of_head, "the head says something else than the whole"
    if isinstance(of_head[-1], JudgedResults):
        assert isinstance(found[-1], JudgedResults), "valid by its head alone"
    strict = _verdict(document, charset, request.read, strict=True)
    if isinstance(strict[-1], JudgedResults):
        is_same = strict == found or (isinstance(found[-1], JudgedResults) and "witruimte" in found[-1].repairs)
        assert is_same, "valid for a strict reader, and other for a tolerant one that stripped no white space"
        _require_valid(request.read(document, charset, strict=True))
    last = found[-1]
    return "valid" if isinstance(last, JudgedResults) else str(last)


def _verdict(
    document: bytes, charset: str | None, read: Callable[..., Call], *, strict: bool = False
) -> tuple[Any, ...]:
    try:
        call = read(document, charset, strict=strict)
        if call.school is None:
            return call.autorisatie, call.repairs, request.school_finding(call)
        return call.autorisatie, call.repairs, call.school, judge(call)
    except Fault as fault:
        assert fault.finding is not None
        return type(fault).__name__, (fault.finding.path, fault.finding.rule)


def _require_valid(call: Call) -> None:
    assert call.tree is not None
    body = deepcopy(call.tree.body)
    own_repairs.fold(body)
    assert schema.errors(body) == [], "accepted, and not by the XSD"


TARGET = Target("results", samples, (*XML, *_WORDS), check, calls=15_000, calls_each=10)
