"""EDEXML files: a delivery or a refusal with reasons, the same for the same content in other bytes."""

from pathlib import Path

from lxml import etree

from fuzz.target import Target
from fuzz.targets import deliveries
from fuzz.targets.words import XML
from uwlr_adapter.administratie.sources.edexml import decoding, edexml
from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.contract.xml import FILE, parse

FOLDER = Path(__file__).parents[2] / "tests" / "data" / "edexml"
_NAMES = sorted({part for field in FIELDS for part in (field.record, field.element)})
_WORDS = (
    *(f"<{name}>x</{name}>".encode() for name in _NAMES),
    *(name.encode() for name in _NAMES),
    *(b' key="101"', b' key="g3"', b' eckid="https://ketenid.nl/1"', b'<groep key="g3"/>', b'<vestiging key="N"/>'),
    *(b"<school>", b"</school>", b"<leerlingen>", b"</leerlingen>", b"<groepen/>", b"2026-10-01", b"2026-02-30"),
    *(b"2026-2027", b"21QW", b"\x80", b"\x93", b"\xe9", b"\x0b", b"&#11;", b"&eacute;", b"EDEX", b"<leerling key='1'>"),
)


def samples() -> list[bytes]:
    """Return the files of the corpus that are not large."""
    return [path.read_bytes() for path in sorted(FOLDER.glob("*.xml")) if path.stat().st_size < 16 * 1024]


def check(data: bytes) -> str:
    """Require a delivery or reasons, twice the same, and the same from other bytes for the tree of a taken file."""
    found, problems = deliveries.outcome(lambda: [edexml.read(data)])
    assert (found, problems) == deliveries.outcome(lambda: [edexml.read(data)]), "read twice, and otherwise"
    if found:
        prepared, charset, _ = decoding.prepare(data)
        root = parse(prepared, FILE, charset)
        for encoding in ("utf-8", "utf-16"):
            other = etree.tostring(root, encoding=encoding, xml_declaration=True)
            again, _ = deliveries.outcome(lambda other=other: [edexml.read(other)])  # type: ignore[misc] # bound at once
            assert deliveries.contents(again) == deliveries.contents(found), f"read otherwise as {encoding}"
    return deliveries.verdict(found, problems)


TARGET = Target("edexml", samples, (*XML, *_WORDS), check, calls=15_000, calls_each=15)
