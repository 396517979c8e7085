"""The client certificate of a request: its fingerprint, as a proxy that ends TLS passes the certificate on.

A proxy that the operator trusts (UWLR_TRUSTED_PROXIES) puts the certificate in X-Client-Certificate, once its owner has
proven in TLS to hold the private key. From any other peer the header is ignored, since a client can put anything in it.
"""

import functools
import re
from base64 import b64decode
from binascii import Error
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import TypeAlias
from urllib.parse import unquote

from uwlr_adapter.web.source import Network, is_trusted

CertificateOf: TypeAlias = Callable[[str, str], str]
"""Returns the fingerprint of a client certificate, or "", from the peer of a request and its X-Client-Certificate."""

MAX_CERTIFICATE = 12 * 1024
"""Characters of the header that are read (inclusive): one of RSA with 4096 bits takes 3,000 where each is escaped."""
_ARMOUR = re.compile(r"-----(?:BEGIN|END) CERTIFICATE-----")
_SPACE = re.compile(r"\s+")
_CACHED = 256
"""Certificates that are remembered: reading one takes as long as a tenth of a request."""


def make_certificate_of(trusted: Sequence[Network]) -> CertificateOf:
    """Return the function that finds the client certificate of a request behind proxies in these networks."""

    def certificate_of(peer: str, header: str) -> str:
        return fingerprint(header) if header and is_trusted(trusted, peer) else ""

    return certificate_of


@functools.lru_cache(_CACHED)
def fingerprint(header: str) -> str:
    """Return SHA-256 of a certificate, as 64 hex digits; "" for a header that holds no certificate, or more than one.

    It is PEM with percent escapes (`$ssl_client_escaped_cert` of nginx), PEM whose lines were joined, or DER in base64
    (HAProxy).
    """
    if len(header) > MAX_CERTIFICATE:
        return ""
    inside = _SPACE.sub("", _ARMOUR.sub("", unquote(header), count=2))
    try:
        return sha256(b64decode(inside, validate=True)).hexdigest() if inside else ""
    except (Error, ValueError):
        return ""
