"""The head of a large message: what the gate needs, read without the rest, and what comes of the whole."""

from contextlib import suppress

import pytest
from lxml import etree
from support.mutants import mutant, seeded
from support.oracle import amount
from support.result_messages import LR, SCHOOL, afname, class_of, enveloped, full, manifest, message, resultaat, sample
from support.result_mutants import DAMAGES

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten import request
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.request import HEAD_OCTETS, read, read_head, reread_strictly, school_finding
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding

LARGE = class_of(30, 40)


def known(call: Call) -> tuple[object, ...]:
    """Return what the gate asks of a call."""
    return call.operation, call.autorisatie, call.school, call.values, call.repairs, call.strict, call.message


def outcome(data: bytes, *, head: bool, strict: bool = False) -> tuple[object, ...]:
    """Return what comes of a message in the end: its records, or the fault and what it tells."""
    try:
        return tuple(judge((read_head if head else read)(data, strict=strict)))
    except fault.Fault as refused:
        return refused.code, refused.finding


@pytest.fixture
def short_head(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every message a large one: its head ends behind the school of the samples."""
    monkeypatch.setattr(request, "HEAD_OCTETS", 1000)
    monkeypatch.setattr(request, "_PIECE", 100)


def test_the_head_of_a_class_says_who_calls() -> None:
    """A large message is not parsed to know its caller and its school, and afterwards it is the same message."""
    assert len(LARGE) > HEAD_OCTETS
    call = read_head(LARGE)
    assert call.tree is None
    assert known(call) == known(read(LARGE))
    assert judge(call) == judge(read(LARGE))
    assert judge(reread_strictly(call)) == judge(read(LARGE, strict=True))


def test_a_small_message_is_read_whole() -> None:
    """Reading a head twice would save nothing there."""
    assert read_head(message(afname(resultaat()))).tree is not None


@pytest.mark.parametrize("one", manifest(), ids=lambda one: one.file)
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.usefixtures("short_head")
def test_every_sample_ends_the_same(one: object, *, strict: bool) -> None:
    """Whether a message is read by its head first or at once, the same comes of it."""
    data = sample(one.file)  # type: ignore[attr-defined] # a line of the manifest
    assert outcome(data, head=True, strict=strict) == outcome(data, head=False, strict=strict)


@pytest.mark.usefixtures("short_head")
def test_every_mutant_ends_the_same() -> None:
    """So it is for messages with any damage."""
    rng, heads = seeded("kop"), 0
    for number in range(amount(150, 3000)):
        data = enveloped(etree.tostring(mutant(rng, full(), DAMAGES), encoding="unicode"))
        assert outcome(data, head=True) == outcome(data, head=False), f"mutant {number}"
        try:
            heads += read_head(data).tree is None
        except fault.Fault:
            continue
    assert heads > 50


@pytest.mark.parametrize("end", [b"", b"</s:Envelope", b"<!DOCTYPE x>", b"<?x y?>", b"&x;", b"\xff"])
def test_what_is_wrong_behind_the_head_is_seen_later(end: bytes) -> None:
    """A large message that is broken behind its school is known by its head, and refused when it is judged."""
    place = LARGE.rindex(b"</toetsen>")
    data = LARGE[:place] + end + (LARGE[place:] if end else b"")
    call = read_head(data)
    assert known(call)[:3] == known(read(LARGE))[:3]
    with pytest.raises(fault.OngeldigBericht):
        judge(call)
    with pytest.raises(fault.OngeldigBericht):
        read(data)


@pytest.mark.parametrize(
    "data",
    [
        LARGE.replace(b"<s:Body>", b"<!DOCTYPE x><s:Body>"),
        LARGE.replace(b"<s:Body>", b"<?x y?><s:Body>"),
        LARGE.replace(b"<schooljaar>", b"<schooljaar>&x;"),
        LARGE.replace(b"</school>", b"</schol>"),
        LARGE.replace(b"<autorisatiesleutel>", b"<sleutel>"),
        LARGE.replace(b"<autorisatiesleutel>21QW00VoorbeeldCode2026</autorisatiesleutel>", b""),
        LARGE.replace(b"leerresultaten_verzoek", b"leerlinggegevens_verzoek"),
        LARGE.replace(b"schemas.xmlsoap.org/soap/envelope/", b"www.w3.org/2003/05/soap-envelope"),
        b" " * 11 * 1024 * 1024,
        LARGE + b" " * 11 * 1024 * 1024,
        b"<?x y?>" + LARGE,
        b'<!DOCTYPE x [<!ENTITY e "21QW">]>' + LARGE.replace(b"21QW<", b"&e;<"),
        b'<!DOCTYPE x SYSTEM "x">' + LARGE,
    ],
    ids=range(13),
)
def test_what_is_wrong_in_the_head_is_seen_at_once(data: bytes) -> None:
    """A message that is none of ours is refused before the gate, as for a small one."""
    with pytest.raises(fault.Fault) as at_once:
        read(data)
    with pytest.raises(fault.Fault) as by_head:
        read_head(data)
    assert (type(by_head.value), by_head.value.finding) == (type(at_once.value), at_once.value.finding)


@pytest.mark.parametrize(
    "data",
    [
        LARGE.replace(b"<toetsafnames>", b"<!--" + b" " * HEAD_OCTETS + b"--><toetsafnames>").replace(
            SCHOOL.encode(), b""
        ),
        LARGE.replace(SCHOOL.encode(), b"").replace(b"</toetsen>", b"</toetsen>" + SCHOOL.encode()),
        LARGE.replace(SCHOOL.encode(), b"").replace(b"<toetsafnames>", b"<toetsafnames>" + SCHOOL.encode(), 1),
    ],
    ids=["no school", "school at the end", "school elsewhere"],
)
def test_a_school_that_is_not_in_the_head_is_not_looked_for(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A large message that does not begin with its school is refused; a stranger makes nobody parse all of it."""
    monkeypatch.setattr(request, "read", never)
    with pytest.raises(fault.OngeldigBericht) as refused:
        read_head(data)
    assert refused.value.finding == Finding("leerresultaten_verzoek/school", Rule.PLACE)


@pytest.mark.parametrize(
    "data",
    [
        LARGE.replace(b"<s:Header>", f'<s:Header><school xmlns="{LR}"/>'.encode()),
        LARGE.decode().encode("utf-16"),
        LARGE.decode().encode("utf-16-be"),
        b"\xef\xbb\xbf" + LARGE,
    ],
    ids=["school in the header too", "utf-16", "utf-16-be", "mark"],
)
def test_the_head_in_every_form(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """The school of the body is found in the head, whatever its encoding."""
    charset = "utf-16-be" if data.startswith(b"\0") else None
    whole = known(read(data, charset))
    monkeypatch.setattr(request, "read", never)
    call = read_head(data, charset)
    assert (call.tree, known(call)) == (None, whole)


@pytest.mark.parametrize(
    "data",
    [
        LARGE,
        LARGE.replace(b"21QW<", b"21qw<"),
        LARGE.replace(b"</schooljaar>", b"</schoolyear>"),
        b"x" * 9_000_000,
        b"<a>" * 3_000_000,
        b"<!--" + b"x" * 9_000_000,
        b"<a " + b"x='' " * 1_000_000,
        LARGE.replace(b"<s:Body>", b"<s:Body>" + b" " * 9_000_000),
    ],
    ids=["a class", "no school", "broken", "no xml", "deep", "comment", "attributes", "far away"],
)
def test_of_a_large_message_only_the_head_is_read(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a stranger sends, none of it behind the head is looked at before the gate, or for a strict afnemer."""
    monkeypatch.setattr(request, "read", never)
    monkeypatch.setattr(request, "parse", never)
    with suppress(fault.Fault):
        call = read_head(data)
        assert reread_strictly(call).school == call.school
        school_finding(call)


def never(*_: object, **__: object) -> None:
    """Fail: a whole message is read."""
    raise AssertionError("all of it was read")


def test_a_header_that_fills_the_head_is_too_much() -> None:
    """Of a large message whose body does not begin in the head it is not said that the body is absent."""
    with pytest.raises(fault.OngeldigBericht) as refused:
        read_head(LARGE.replace(b"<s:Header>", b"<s:Header><x>" + b" " * HEAD_OCTETS + b"</x>"))
    assert refused.value.finding == Finding("bericht", Rule.TOO_MUCH)


def test_a_school_of_no_right_form_is_told() -> None:
    """A school of no right form is told of a large message as for a small one."""
    call = read_head(LARGE.replace(b"21QW<", b"21qw<"))
    assert (call.tree, call.school) == (None, None)
    assert school_finding(call) == Finding("leerresultaten_verzoek/school/brincode", Rule.FORM)
