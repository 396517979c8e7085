"""The reader for plainly written messages says what the parser says, or leaves the message to it."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.oracle import amount
from support.request_corpus import FOLDER, read_manifest

from uwlr_adapter.contract import names, request
from uwlr_adapter.contract.fault import Fault
from uwlr_adapter.contract.plain import MAX_OCTETS, read_plain
from uwlr_adapter.contract.request import Call, judge
from uwlr_adapter.contract.xml import MESSAGE

YEAR = "2026-2027"
Reader = Callable[[bytes, str | None], Call]


def by_parser(data: bytes, charset: str | None) -> Call:
    """Read a message with the parser, whatever it looks like."""
    return request._read_tree(data, charset, strict=False, operations=names.OPERATIONS, limits=MESSAGE)  # noqa: SLF001 - the other reader


def verdict(read: Reader, data: bytes, charset: str | None) -> Any:
    """Return what a reader makes of a message, and what the judge makes of that."""
    try:
        call = read(data, charset)
        found = (call.operation, call.autorisatie, call.school, call.repairs)
        try:
            return (*found, judge(call, YEAR))
        except Fault as fault:
            return (*found, type(fault), fault.finding and (fault.finding.path, fault.finding.rule))
    except Fault as fault:
        return type(fault), fault.finding


def same(data: bytes, charset: str | None = "utf-8") -> None:
    """Require that both readers agree."""
    assert verdict(request.read, data, charset) == verdict(by_parser, data, charset), data


def message(
    *,
    declaration: str = '<?xml version="1.0" encoding="utf-8"?>',
    soap: str = "s:",
    header: str = "",
    body: str = "",
    space: str = "",
    operation: str = "leerlinggegevens_verzoek",
    school: str = "<{v}brincode>21QW</{v}brincode><{v}dependancecode>00</{v}dependancecode>",
    rest: str = "<{v}xsdversie>2.2</{v}xsdversie>",
    code: str = "21QW00Ygr67BfgKl!gr8",
    extra: str = "",
) -> bytes:
    """Write a message as a toolkit does: `soap`, `header` and `body` are prefixes with their colon."""

    def declared(prefix: str, uri: str) -> str:
        return f' xmlns{":" if prefix else ""}{prefix.rstrip(":")}="{uri}"'

    parts = "".join(
        f"<{header}{name}>{value}</{header}{name}>{space}"
        for name, value in zip(names.AUTORISATIE_PARTS, (code, "klantcode-van-32", "Snappet"), strict=True)
    )
    inner = f"<{body}schooljaar>{YEAR}</{body}schooljaar>{space}{(school + rest).format(v=body)}"
    return (
        f"{declaration}{space if declaration else ''}"
        f"<{soap}Envelope{declared(soap, names.SOAP11)}{extra}>{space}<{soap}Header>{space}"
        f"<{header}autorisatie{declared(header, names.AUTORISATIE)}>{space}{parts}</{header}autorisatie></{soap}Header>"
        f"{space}<{soap}Body><{body}{operation}{declared(body, names.LEERLINGGEGEVENS)}>{space}{inner}"
        f"</{body}{operation}></{soap}Body>{space}</{soap}Envelope>"
    ).encode()


PLAIN = [
    message(),
    message(declaration="", soap="soapenv:", header="aut:", body="lg:", space="\n  "),
    message(declaration='<?xml version="1.0" encoding="UTF-8" standalone="yes"?>', soap="", header="a:", body="v:"),
    message(operation="structuur_verzoek", school="<{v}schoolkey>de school (1)</{v}schoolkey>"),
    message(
        extra=' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ),
    message(
        school="<{v}brincode>21QW</{v}brincode>",
        rest="<{v}xsdversie>2.3</{v}xsdversie><{v}gegevenssetid>smalle set</{v}gegevenssetid>"
        "<{v}laatstontvangengegevens>2026-11-25T10:30:00+01:00</{v}laatstontvangengegevens>",
    ),
    message(soap="s:", header="s:", body="s:"),
    message(rest="<{v}xsdversie>9.9</{v}xsdversie>"),
]
"""Messages that are plain; the last one asks for a version that is not served."""
OTHER = [
    message(code="21QW00Ygr67Bfg&amp;l!gr8"),
    message(code="21QW00Zoë67BfgKl!gr8xx"),
    message(code=" 21QW00Ygr67BfgKl!gr8"),
    message(code="x" * 65),
    message(code="21QW00<!-- -->Ygr67BfgKl"),
    message(code="21QW00Ygr67]]>fgKl!gr8"),
    message(rest="<{v}xsdversie></{v}xsdversie>"),
    message(
        rest="<{v}xsdversie>2.2</{v}xsdversie><{v}laatstontvangengegevens>2026-02-30T10:30:00</{v}laatstontvangengegevens>"
    ),
    message(
        rest="<{v}xsdversie>2.2</{v}xsdversie><{v}laatstontvangengegevens>2026-11-25T24:00:00Z</{v}laatstontvangengegevens>"
    ),
    message(
        rest="<{v}xsdversie>2.2</{v}xsdversie><{v}laatstontvangengegevens>0000-11-25T10:00:00Z</{v}laatstontvangengegevens>"
    ),
    message(school="<{v}brincode>21qw</{v}brincode>"),
    message(school="<{v}schoolkey>x</{v}schoolkey><{v}brincode>21QW</{v}brincode>"),
    message(school=""),
    message(operation="leerlingen_verzoek"),
    message(operation="onbekend_verzoek"),
    message(extra=' xmlns:s="urn:anders"'),
    message(extra=' xmlns:p=""'),
    message(extra=' xmlns:xml="urn:x"'),
    message(extra=' xmlns:q="urn:q" xmlns:q="urn:r"'),
    message(extra=' s:encodingStyle="x"'),
    message(extra="".join(f' xmlns:n{number}="urn:{number}"' for number in range(40))),
    message(declaration='<?xml version="1.1"?>'),
    message(declaration='<?xml version="1.0" encoding="utf-16"?>'),
    message(declaration="\n<?xml version='1.0'?>"),
    message(declaration="<!DOCTYPE x>"),
    message().replace(b"</s:Body>", b"</s:Body><s:Body/>"),
    message(space="\n" * MAX_OCTETS),
    b"",
    b"\xef\xbb\xbf" + message(),
]
"""Messages that the plain reader leaves to the parser."""


@pytest.mark.parametrize("data", PLAIN)
def test_a_plain_message_is_read_without_the_parser(data: bytes) -> None:
    """What most toolkits write is plain, and both readers agree on it."""
    assert read_plain(data, "utf-8") is not None
    same(data)


@pytest.mark.parametrize("data", OTHER)
def test_what_is_not_plain_is_left_to_the_parser(data: bytes) -> None:
    """Whatever the parser, a repair or the XSD changes or refuses gets their verdict."""
    found = read_plain(data, "utf-8")
    assert found is None or found.request in {"onbekend_verzoek", "leerlingen_verzoek"}
    same(data)


@pytest.mark.parametrize("charset", [None, "utf-8", "iso-8859-1", "utf-16", "bestaat-niet"])
def test_the_charset_of_the_transport_counts(charset: str | None) -> None:
    """A message in another charset than UTF-8 is left to the parser."""
    for data in PLAIN:
        same(data, charset)


def test_the_corpus_of_clients_gets_one_verdict() -> None:
    """The recorded requests of every known client are read alike by both."""
    for case in read_manifest():
        _, _, body = (FOLDER / case.file).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        same(body)


PIECES = [
    *(bytes([number]) for number in range(128)),
    *(
        b"<",
        b"/>",
        b"</",
        b"&amp;",
        b"&#65;",
        b"&x;",
        b"<!-- -->",
        b"<![CDATA[x]]>",
        b"<?pi?>",
        b"<x/>",
        b"\r\n",
        b"\xc3\xab",
    ),
    *(
        b' a="b"',
        b' xmlns=""',
        b' xmlns:s="urn:x"',
        b" xmlns:v='urn:x'",
        b' xml:lang="nl"',
        b"xsi:nil",
        b' xsi:nil="true"',
        b"schooljaar",
        b"v:",
        b"s:",
    ),
    *(b"<brincode/>", b"<dependancecode></dependancecode>", b"2026", b"T", b"Z", b"+15:00", b".5", b"\xff", b"\x00"),
]
"""What a mutation puts somewhere."""


@settings(max_examples=amount(400, 200_000), deadline=None)
@given(st.integers(min_value=0, max_value=2**32))
def test_both_readers_agree_on_mutations(seed: int) -> None:
    """Plain messages with bytes taken out, put in, doubled and moved get the same verdict from both readers."""
    dice = random.Random(seed)  # noqa: S311 - a test that plays the same each time
    data = bytearray(dice.choice(PLAIN))
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        place, end = sorted(dice.choices(range(len(data) + 1), k=2))
        end = min(end, place + dice.choice([1, 1, 2, 5, 40]))
        match dice.choice(["insert", "insert", "replace", "delete", "double"]):
            case "insert":
                data[place:place] = dice.choice(PIECES)
            case "replace":
                data[place:end] = dice.choice(PIECES)
            case "delete":
                del data[place:end]
            case _:
                data[place:place] = data[place:end]
    same(bytes(data), dice.choice([None, "utf-8", "utf-8", "utf-8", "iso-8859-1"]))
