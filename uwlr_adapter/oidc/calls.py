"""Calls of the provider: few at once, short, small, and only over TLS, this machine excepted.

A page of the portal waits for such a call in its thread, so a provider that is slow must not take all threads.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from uwlr_adapter.oidc.errors import ProviderError, ProviderFault
from uwlr_adapter.outbound import OutboundError, Permissions, Reply, parse_url, send

SECONDS = 5.0
"""Seconds for one call: a person waits for the page."""
MAX_OCTETS = 256 * 1024
"""Bytes of an answer (inclusive): a hundred keys are 50 kB."""
AT_ONCE = 4
"""Calls at once in a process: a quarter of the default number of threads."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""The hosts that may be called without TLS: a trial on one machine."""
HTTP_OK = 200


class ProviderCalls:
    """Calls the provider. Only the host of the issuer, which the operator set, may be on a private network."""

    def __init__(self, issuer: str) -> None:
        self._host = urlsplit(issuer).hostname
        self._places = threading.BoundedSemaphore(AT_ONCE)

    def get_json(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return the JSON object at an address. Raises ProviderError."""
        reply = self.send("GET", url, headers={"Accept": "application/json", **(headers or {})})
        if reply.status != HTTP_OK:
            raise ProviderError(ProviderFault.AWAY if reply.status >= 500 else ProviderFault.ANSWER)  # noqa: PLR2004 - HTTP
        return read_object(reply.content)

    def send(self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Reply:
        """Send a request and return the answer, whatever its status. Raises ProviderError."""
        require_address(url)
        permissions = Permissions(private=urlsplit(url).hostname == self._host)
        with self._place():
            try:
                return send(method, url, body, headers, permissions=permissions, seconds=SECONDS, max_octets=MAX_OCTETS)
            except OutboundError:
                raise ProviderError(ProviderFault.AWAY) from None

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Hold one of the places. Raises ProviderError at once when all are taken."""
        if not self._places.acquire(blocking=False):
            raise ProviderError(ProviderFault.BUSY)
        try:
            yield
        finally:
            self._places.release()


def read_object(content: bytes) -> dict[str, Any]:
    """Return a JSON object. Raises ProviderError for anything else."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ProviderError(ProviderFault.ANSWER)
    return found


def require_address(url: str) -> None:
    """Refuse an address that is not https, this machine excepted, or that no browser reads as we do.

    Raises ProviderError.
    """
    try:
        parts = parse_url(url)
    except OutboundError:
        raise ProviderError(ProviderFault.ADDRESS) from None
    if (parts.scheme != "https" and parts.hostname not in LOOPBACK) or "\\" in url or parts.fragment:
        raise ProviderError(ProviderFault.ADDRESS)
