"""Results that are plainly written are read at once, and as the reader reads them one by one."""

import pytest
from lxml import etree
from support.result_messages import LR, afname, body_of, class_of, manifest, message, resultaat, sample

from uwlr_adapter.contract.leerresultaten import reader
from uwlr_adapter.contract.leerresultaten.plain_results import read_plain
from uwlr_adapter.contract.leerresultaten.reader import Reader, Unreadable
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.rules import Rule

CLASS = class_of(2, 3)
CHANGES = (
    *(
        (b'key="0-1"', f'key="{key}"'.encode())
        for key in (" 0-1", "0-1 ", "", "a&amp;b", "é" * 256, "a" * 257, ">", "'")
    ),
    *((b"<score>7", f"<score>{score}".encode()) for score in ("", "+7", "-1", "007", " 7", "1" * 18, "1" * 19, "7.0")),
    *((b">2026-11-10<", f">{day}<".encode()) for day in ("2026-11-31", "2026-11-10Z", " 2026-11-10", "0000-01-01")),
    *((b"<toetscode>T1</toetscode><toetso", one) for one in (b"<toetso", b"<toetscode/><toetso", b"<x/><toetso")),
    (b"<toetscode>T1<", b"<toetscode> T1 <"),
    (b"<toetscode>T1<", b"<toetscode>T 1<"),
    (b"<toetscode>T1<", "<toetscode>T1\u00a0<".encode()),
    (b"<toetscode>T1<", b"<toetscode><![CDATA[T1]]><"),
    (b"<toetscode>T1<", b"<toetscode>T<!-- -->1<"),
    (b"<toetscode>T1<", b'<toetscode vocabulaire="urn:v">T1<'),
    (b"<score>7</score>", b"<score>7</score>los"),
    (b"<score>7</score>", b"<score>7</score><infourl>https://a.example</infourl>"),
    (b"<score>7</score>", b'<score xmlns="urn:x">7</score>'),
    (b"<score>7</score>", b"\n <score>7</score>\t\r\n"),
    (b"<resultaten>", b'<resultaten a="1">'),
    (b"<resultaten>", b"<resultaten>\n  "),
    (b"<resultaten>", b"<resultaten>los"),
    (b"</resultaten>", b"<resultaat/></resultaten>"),
)


def read(data: bytes) -> tuple[Leerresultaten, bool] | tuple[str, Rule]:
    """Return what the reader makes of a message: the records and whether a text was spaced, or what is wrong where."""
    made = Reader(body_of(data))
    try:
        return made.read(), made.spaced
    except Unreadable as error:
        return error.finding.path, error.finding.rule


def cases() -> list[bytes]:
    """Return messages that are plainly written, and those that are nearly so."""
    changed = [CLASS.replace(*change, 1) for change in CHANGES]
    return [CLASS, *changed, *(sample(one.file) for one in manifest() if one.file.endswith(".xml"))]


@pytest.mark.parametrize("data", cases())
def test_both_ways_read_the_same(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A message is read, or refused, as without the short way."""
    short = read(data)
    monkeypatch.setattr(reader, "read_plain", lambda _element: None)
    assert read(data) == short


def test_a_class_is_read_at_once() -> None:
    """A message of a class is plainly written, with a prefix and without."""
    plain = etree.fromstring(CLASS).find(f".//{{{LR}}}resultaten")
    with_prefix = etree.fromstring(
        f'<lr:resultaten xmlns:lr="{LR}"><lr:resultaat key="a"><lr:afnamedatum>2026-11-10'
        "</lr:afnamedatum><lr:toetscode>T1</lr:toetscode><lr:score>7</lr:score></lr:resultaat></lr:resultaten>"
    )
    assert plain is not None
    for element, number in ((plain, 3), (with_prefix, 1)):
        found = read_plain(element)
        assert found is not None
        assert len(found) == number
    other = etree.fromstring(f'<resultaten xmlns="{LR}" xmlns:o="urn:o"><o:resultaat key="a"/></resultaten>')
    assert read_plain(other) is None
    assert read_plain(etree.fromstring(f'<resultaten xmlns="{LR}"/>')) is None
    assert read(message(afname(resultaat()))) is not None
