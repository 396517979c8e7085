"""The head of an HTTP request, as far as the service reads it, for every driver alike."""

import ipaddress
import re
from typing import NamedTuple

from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.web.accept_encoding import accepts_gzip
from uwlr_adapter.web.response import XML_TYPE

LOOPBACK = frozenset({"127.0.0.1", "::1"})
"""Addresses from which a proxy on this machine calls."""
MAX_ADDRESS = 45
"""Longest address in characters: IPv6 with an IPv4 tail."""
_CHARSET = re.compile(r';[ \t]*charset[ \t]*=[ \t]*(?:"([^"]*)"|\'([^\']*)\'|([^;" \t]+))', re.IGNORECASE)
HEADERS = {
    "content-type": "content_type",
    "content-length": "content_length",
    "transfer-encoding": "transfer_encoding",
    "accept-encoding": "accept_encoding",
    "x-forwarded-for": "forwarded_for",
    "x-request-id": "request_id",
}
"""The headers that are read, in lower case, and their fields in a Head."""


class Head(NamedTuple):
    """The head of a request; a header that is absent is empty, one that is there twice has both values with a comma."""

    method: str
    query: str
    peer: str
    """The network address of the other end of the connection, with or without its port."""
    content_type: str = ""
    content_length: str = ""
    transfer_encoding: str = ""
    accept_encoding: str = ""
    forwarded_for: str = ""
    request_id: str = ""

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        """The charset of the body in lower case; None when the Content-Type names none."""
        if self.content_type == XML_TYPE:
            return "utf-8"
        found = _CHARSET.search(self.content_type)
        return None if found is None else (found[1] or found[2] or found[3] or "").lower() or None

    def sender(self) -> Sender:
        """Return what the exchange wants to know of the client."""
        gzip = self.accept_encoding != "" and accepts_gzip(self.accept_encoding)
        return Sender(address_of(self.peer, self.forwarded_for), gzip)


def address_of(peer: str, forwarded_for: str) -> str:
    """Return the network address of the client, without its port; at most MAX_ADDRESS characters.

    Behind a proxy on this machine it is the last address in X-Forwarded-For, which that proxy wrote. From any other
    peer the header is ignored, since a client can put anything in it.
    """
    address = _without_port(peer)
    if not forwarded_for or address not in LOOPBACK:
        return address
    try:
        return str(ipaddress.ip_address(forwarded_for.rpartition(",")[2].strip()))[:MAX_ADDRESS]
    except ValueError:
        return address


def _without_port(address: str) -> str:
    """Return `address` without a port and the brackets of IPv6; an address without a port is returned as it is."""
    host, separator, port = address.rpartition(":")
    has_port = separator and port.isdigit() and (":" not in host or "[" in host)
    return (host.strip("[]") if has_port else address)[:MAX_ADDRESS]
