"""The search for canaries finds them, however they are spelled: else its 0 hits would say nothing."""

import base64
import gzip
import zlib

import pytest
from support.canaries import Search, _octets, canary, find

MARKED = canary("sleutel")
OCTETS = MARKED.encode()
SPELLED = {
    "small letters": OCTETS.lower(),
    "capitals": OCTETS.upper(),
    "hex": OCTETS.hex().encode(),
    "percent": "".join(f"%{one:02X}" for one in OCTETS).encode(),
    "repr of bytes": "".join(f"\\x{one:02x}" for one in OCTETS).encode(),
    "JSON": "".join(f"\\u00{one:02x}" for one in OCTETS).encode(),
    "references": "".join(f"&#{one};" for one in OCTETS).encode(),
    "hexadecimal references": "".join(f"&#x{one:x};" for one in OCTETS).encode(),
    "UTF-16, little end first": MARKED.encode("utf-16-le"),
    "UTF-16, big end first": MARKED.encode("utf-16-be"),
    **{f"base64, {before} before": base64.b64encode(b"x" * before + OCTETS + b"rest") for before in range(3)},
}


@pytest.mark.parametrize("name", SPELLED)
def test_a_canary_is_found_in_any_spelling(name: str) -> None:
    """Alone, and between other text."""
    assert find(SPELLED[name])
    assert find(b"een regel met " + SPELLED[name] + b" erin")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda content: zlib.compress(content, wbits=-15)])
def test_a_cell_is_unpacked(pack: object) -> None:
    """A canary in a compressed cell of the database is found."""
    assert callable(pack)
    assert find(_octets(pack(OCTETS * 3))) == {"sleutel"}


def test_what_is_no_canary_is_not_found() -> None:
    """Neither in plain text nor in bytes."""
    assert not find(b"Kanariegeel, sleutel: " + bytes(range(256)))


def test_only_what_is_allowed_is_passed_over() -> None:
    """A hit names the place and the canary; a secret of the service itself counts as one."""
    search = Search(secrets={b"een-link": "link"})
    search.text("pagina", f"{MARKED} {canary('naam')} een-link", frozenset({"naam"}))
    assert search.hits == [("pagina", "link"), ("pagina", "sleutel")]
