"""Who a request is counted for: an address, a network of IPv6, or nothing."""

from ipaddress import ip_network

import pytest

from uwlr_adapter.settings import Settings
from uwlr_adapter.web.client_certificate import make_certificate_of
from uwlr_adapter.web.head import Head
from uwlr_adapter.web.source import MAX_FORWARDED, MAX_PROXIES, make_source_of

HERE = make_source_of(Settings().trusted_proxies)
BALANCED = make_source_of([ip_network(text) for text in ("127.0.0.1", "10.0.0.0/8", "2001:db8:ffff::/48")])
CLIENT = "192.0.2.7"


def source(peer: str, forwarded_for: str = "", source_of: object = HERE) -> str:
    """Return the source of a request, as the service asks for it."""
    head = Head("POST", "", peer, forwarded_for=forwarded_for)
    return head.sender(source_of, make_certificate_of(())).source  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.2.7", CLIENT),
        ("192.0.2.7:50123", CLIENT),
        ("::ffff:192.0.2.7", CLIENT),
        ("[::ffff:192.0.2.7]:50123", CLIENT),
        ("[::ffff:c000:207%eth0]:1", CLIENT),
        ("127.0.0.1:50123", "127.0.0.1"),
        ("[::1]:50123", "::1"),
        ("[2001:db8:1:2::7]:50123", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:0:0:0:7", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("[fe80::2%25eth1]:80", "fe80::/64"),
        *(
            (junk, "")
            for junk in ("", "unix:", "localhost:80", "192.0.2.7:x", "192.0.2", "[192.0.2.7", "[::1]x", "::g")
        ),
        *((junk, "") for junk in ("192.0.2.7%eth0", "192.0.2.7:٣", "[::1]80", "192.0.2.7:1:2", "\x1b[31m", "1" * 500)),
    ],
)
def test_a_source_is_an_address_or_nothing(peer: str, expected: str) -> None:
    """Ports, brackets, zones and the forms of one address make no second source; anything else is none."""
    assert source(peer) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("127.0.0.1:1", CLIENT, CLIENT),
        ("127.0.0.1:1", f" {CLIENT}:4711 ", CLIENT),
        ("::1", "2001:db8::7", "2001:db8::/64"),
        ("::ffff:127.0.0.1", CLIENT, CLIENT),
        ("127.0.0.1:1", f"10.9.9.9, {CLIENT}", CLIENT),
        ("127.0.0.1:1", f"{CLIENT}, 10.9.9.9", "10.9.9.9"),
        ("127.0.0.1:1", f"{CLIENT}, 127.0.0.1", CLIENT),
        ("127.0.0.1:1", "", "127.0.0.1"),
        ("127.0.0.1:1", "<script>", ""),
        ("127.0.0.1:1", f"{CLIENT},", ""),
        ("127.0.0.1:1", f"{CLIENT}, unknown, 127.0.0.1", ""),
        ("192.0.2.8:1", "127.0.0.1", "192.0.2.8"),
        ("127.0.0.2:1", CLIENT, "127.0.0.2"),
        ("", CLIENT, ""),
    ],
)
def test_only_a_proxy_here_is_believed(peer: str, forwarded_for: str, expected: str) -> None:
    """By default a proxy on this machine says whom it speaks for, and of the header only what it wrote counts."""
    assert source(peer, forwarded_for) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("10.0.0.5:1", CLIENT, CLIENT),
        ("127.0.0.1:1", f"203.0.113.9, {CLIENT}, 10.0.0.5", CLIENT),
        ("127.0.0.1:1", f"{CLIENT}, 10.0.0.4, 10.0.0.5", CLIENT),
        ("[2001:db8:ffff::1]:1", f"{CLIENT}, [2001:db8:ffff::2]:99", CLIENT),
        ("10.0.0.5:1", "10.0.0.4", "10.0.0.4"),
        ("192.0.2.8:1", f"{CLIENT}, 10.0.0.5", "192.0.2.8"),
    ],
)
def test_trusted_proxies_are_passed_over(peer: str, forwarded_for: str, expected: str) -> None:
    """From the right, the first address that no trusted proxy has is the caller; what stands before it is its own."""
    assert source(peer, forwarded_for, BALANCED) == expected


def test_nobody_is_believed_unless_trusted() -> None:
    """Without trusted proxies the header means nothing."""
    assert source("127.0.0.1:1", CLIENT, make_source_of(())) == "127.0.0.1"


def test_a_long_header_is_cut_off() -> None:
    """Only the end of a long header is read, and never a part of an address; a chain of proxies has an end."""
    tail = f"{CLIENT}, 10.0.0.5"
    assert source("127.0.0.1:1", "9" * 65_000 + "," + tail, BALANCED) == CLIENT
    cut = f"1{CLIENT}" + ",10.0.0.5" * 3
    cut = " " * (MAX_FORWARDED - len(cut) + 1) + cut
    assert source("127.0.0.1:1", "4" + cut, BALANCED) == ""
    chain = f"{CLIENT}" + ",10.0.0.5" * MAX_PROXIES
    assert source("127.0.0.1:1", chain, BALANCED) == "10.0.0.5"
    assert source("127.0.0.1:1", "," * 65_000) == ""
