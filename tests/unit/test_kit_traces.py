"""A secret of a run is found in a response in whatever form, and what is there by chance is none."""

import base64
from collections.abc import Callable

import pytest

from uwlr_adapter.kit.reading import Reading
from uwlr_adapter.kit.traces import SecretTraces
from uwlr_adapter.outbound import Reply

KEY, KLANTCODE = "21QW00Ygr67 <Bf>&é!gr8", "demo-klantcode"
TRACES = SecretTraces(KEY, KLANTCODE)


def reading(content: bytes, header: str = "") -> Reading:
    """Return a response."""
    return Reading(Reply(200, content, (("X-Iets", header),)), 0.1)


@pytest.mark.parametrize("before", ["", "a", "ab"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_base64_is_read_wherever_the_secret_begins(before: str, encode: Callable[[bytes], bytes]) -> None:
    """Three letters of base64 hold two bytes and a bit, so that a secret has three forms."""
    coded = encode(f"{before}{KEY}:x".encode()).decode()
    assert TRACES.are_in(reading(f"<a>{coded}</a>".encode()))
    assert TRACES.are_in(reading(b"", coded))


@pytest.mark.parametrize(
    "content",
    [
        KLANTCODE.upper().encode(),
        b"<a k='21QW00Ygr67 &lt;Bf&gt;&amp;&#233;!grX'/>",
        "<a>21QW00Ygr67 <b/>&lt;Bf<![CDATA[>&é!]]> gr8</a>".encode(),
        '<?xml version="1.0" encoding="utf-16"?><a>demo-<b/>klantcode</a>'.encode("utf-16"),
        b"{no xml: 21QW00Ygr67%20%3CBf%3E%26%C3%A9%21gr}",
        KLANTCODE.encode().hex().upper().encode(),
    ],
)
def test_a_secret_in_another_form_is_found(content: bytes) -> None:
    """In small letters and capitals, in references, in pieces, in UTF-16, in percents, in hexadecimal digits."""
    assert TRACES.are_in(reading(content))


def test_what_is_not_there_is_not_found() -> None:
    """A part of a secret is none, and one that is too short is not looked for."""
    assert not TRACES.are_in(reading(b"<a>21QW00Ygr67 demo-klant</a>", "demo"))
    short = SecretTraces("21QW0012", "OV")
    assert short.unseen == ("autorisatiesleutel", "klantcode")
    assert not short.are_in(reading(b"<a>21QW0012 OV</a>"))
