"""The source of a request: the network address that its budgets count for, or nothing.

A proxy that the operator trusts (UWLR_TRUSTED_PROXIES) says whom it speaks for in X-Forwarded-For. From any other peer
the header is ignored, since a client can put anything in it. A source of IPv6 is a /64: that is what one subscriber
gets, who can call from each of its addresses.
"""

import functools
import re
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
SourceOf: TypeAlias = Callable[[str, str], str]
"""Returns the source of a request, from its peer (with or without a port) and the FORWARDED of its X-Forwarded-For."""

LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""The sources on this machine."""
ENVIRON = "uwlr.source"
"""Where the environ of a WSGI request holds its source."""
MAX_FORWARDED = 512
"""Characters of X-Forwarded-For that are read (inclusive), from its end: the part that the nearest proxies wrote."""
FORWARDED = slice(-MAX_FORWARDED - 1, None)
"""What a `SourceOf` needs of the header: one character more shows that it was longer."""
MAX_PROXIES = 10
"""The longest chain of trusted proxies (inclusive)."""
_FORM = re.compile(
    r"\[([0-9A-Fa-f:.]+)(?:%[^]]+)?](?::[0-9]+)?"
    r"|([0-9.]+)(?::[0-9]+)?"
    r"|([0-9A-Fa-f]*:[0-9A-Fa-f:.]*)(?:%.+)?"
)
_SUBSCRIBER = 64
_CACHED = 4096
"""Sources that are remembered: parsing one takes as long as a tenth of a request."""


def make_source_of(trusted: Sequence[Network]) -> SourceOf:
    """Return the function that finds the source of a request, behind proxies with an address in these networks."""

    @functools.lru_cache(_CACHED)
    def source_of(peer: str, forwarded_for: str) -> str:
        return _text(_caller(trusted, peer, forwarded_for))

    return source_of


def is_trusted(trusted: Sequence[Network], peer: str) -> bool:
    """Return whether a peer, with or without a port, has an address in one of these networks."""
    address = _address(peer)
    return address is not None and any(address in network for network in trusted)


def _caller(trusted: Sequence[Network], peer: str, forwarded_for: str) -> Address | None:
    """Return the last address that no trusted proxy has; None when a trusted proxy names no address."""
    address = _address(peer)
    entries = forwarded_for.split(",") if forwarded_for else []
    if len(forwarded_for) > MAX_FORWARDED:
        entries[0] = ""  # the rest of an entry that was cut off may look like another address
    for entry in entries[: -MAX_PROXIES - 1 : -1]:
        if address is None or not any(address in network for network in trusted):
            break
        address = _address(entry)
    return address


def _address(text: str) -> Address | None:
    """Return the address in `1.2.3.4`, `1.2.3.4:80`, `::1`, `[::1]` or `[::1]:80`; None for anything else.

    The zone of an address (`%eth0`) is dropped; an IPv4 address that is written as IPv6 is that of IPv4.
    """
    form = _FORM.fullmatch(text.strip())
    if form is None:
        return None
    try:
        found = ip_address(form[1] or form[2] or form[3])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _text(address: Address | None) -> str:
    if address is None:
        return ""
    if address.version == 4 or address.is_loopback:  # noqa: PLR2004 - the version of IP
        return str(address)
    return str(IPv6Network((address, _SUBSCRIBER), strict=False))
