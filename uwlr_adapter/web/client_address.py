"""The network address of the client that sent a request, also behind a proxy on this machine."""

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""Addresses from which a proxy on this machine calls."""
MAX_ADDRESS = 45
"""Longest address in characters: IPv6 with an IPv4 tail."""


def client_address(environ: "WSGIEnvironment") -> str:
    """Return the network address of the client, without its port; at most MAX_ADDRESS characters.

    Behind a proxy on this machine it is the last address in X-Forwarded-For, which that proxy wrote. From any other
    peer the header is ignored, since a client can put anything in it.
    """
    peer = _without_port(environ.get("REMOTE_ADDR", ""))
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    if forwarded is None or peer not in LOOPBACK:
        return peer
    try:
        return str(ipaddress.ip_address(forwarded.rpartition(",")[2].strip()))[:MAX_ADDRESS]
    except ValueError:
        return peer


def _without_port(address: str) -> str:
    """Return `address` without a port and the brackets of IPv6; an address without a port is returned as it is."""
    host, separator, port = address.rpartition(":")
    has_port = separator and port.isdigit() and (":" not in host or "[" in host)
    return (host.strip("[]") if has_port else address)[:MAX_ADDRESS]
