"""What every door of the service shares: who calls, and how a failure of our own is logged."""

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""Where a proxy on this machine calls from."""
MAX_SOURCE = 45
"""Characters of a network address: IPv6 with an IPv4 tail."""


def source_of(environ: "WSGIEnvironment") -> str:
    """Give the network address of the caller, without its port.

    Behind a proxy on this machine that is what the proxy wrote last in X-Forwarded-For. Of anybody else that header is
    a claim, and is not looked at.
    """
    peer = _without_port(environ.get("REMOTE_ADDR", ""))
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    if forwarded is None or peer not in LOOPBACK:
        return peer
    try:
        return str(ipaddress.ip_address(forwarded.rpartition(",")[2].strip()))[:MAX_SOURCE]
    except ValueError:
        return peer


def _without_port(address: str) -> str:
    host, separator, port = address.rpartition(":")
    found = host.strip("[]") if separator and port.isdigit() and (":" not in host or "[" in host) else address
    return found[:MAX_SOURCE]
