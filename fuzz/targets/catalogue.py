"""The catalogue of an operator: read, or refused by one sentence."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import uwlr_adapter.koppelingen
from fuzz.target import Target
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.koppelingen.catalogue import MAX_ID, Catalogue, CatalogueError

_SHIPPED = Path(uwlr_adapter.koppelingen.__file__).parent / "catalogue.toml"
_SMALL = """
[[voorwaarden]]
id = "alg"
versie = "alg-1"
tekst = "Wie meedoet, doet mee."

[[profiel]]
naam = "smaller"
basis = "smalle set"
zonder = ["leerling/roepnaam"]

[[profiel]]
naam = "smalst"
basis = "smaller"
zonder = ["leerling/eckid", "leerkracht/roepnaam"]

[[koppeling]]
id = "proef"
naam = "Proef"
type = "UWLR Leerlinggegevens"
omschrijving = "Een proef"
prijs = "Gratis"
voorwaarden = "alg"
voorwaarden_resultaten = "alg"
afnemer = "Proef"
profiel = "smalst"
profiel_reden = "omdat"
code_plaats = "Daar."
"""
_WORDS = (
    *(b"[[voorwaarden]]\n", b"[[koppeling]]\n", b"[[profiel]]\n", b"[profiel]\n", b"profiel = 1\n", b'id = "alg"\n'),
    *(b"standaard = true\n", b"standaard = 1\n", b'afnemer = "Proef"\n', b'profiel = "smalle set"\n', b"true", b"nan"),
    *(b'basis = "smalst"\n', b'basis = "volledig"\n', b"zonder = []\n", b'zonder = ["leerling/key"]\n', b'"""', b"'''"),
    *(b"[", b"]", b"{", b"}", b'"', b"\\", b"\n", b"#", b"=", b".", b"\\u0000", b"\xff", b"\xef\xbb\xbf", b"\0"),
    *(b'voorwaarden_resultaten = "alg"\n', b'profiel_reden = ""\n', b"1979-05-27T07:32:00Z", b"9" * 5000, b"[" * 3000),
    *(b"1e400", b"0x" + b"f" * 4000, b"99999999-01-01", b'"' + b"a" * 41 + b'"', b"{a = 1}", b"a.b.c = 1\n"),
)


def samples() -> list[bytes]:
    """Return the catalogue that is shipped, and one with everything in it."""
    return [_SMALL.encode(), _SMALL.encode(), _SHIPPED.read_bytes()]


@cache
def _path() -> Path:
    return Path(mkdtemp(prefix="fuzz-")) / "catalogus.toml"


def check(data: bytes) -> str:
    """Require a catalogue in which every name leads somewhere, or a CatalogueError that a terminal can show."""
    _path().write_bytes(data)
    try:
        found = Catalogue.load(_path())
    except CatalogueError as error:
        return "".join(letter for letter in str(error) if not letter.isdigit())[:120]
    for entry in found:
        assert len(entry.id) <= MAX_ID
        assert found.get(entry.id) is entry
        assert entry.profiel is None or entry.profiel in found.profielen
        assert entry.has_code == (entry.id in found.profiel_by_entry or entry.voorwaarden_resultaten is not None)
        assert found.agreed[entry.id, None] == found.profiel_by_entry.get(entry.id)
    for name in found.profielen:
        assert found.requested_profiel(name) is found.profielen[name]
    assert STANDARD.items() <= found.profielen.items()
    return f"{len(found.entries)} {len(found.profielen)}"


TARGET = Target("catalogue", samples, _WORDS, check, calls=12_000, calls_each=4)
