"""The public keys of a provider: kept for an hour, and asked for again when a token is of a key that is not among them.

A provider changes its keys without a word. Anybody can send a token with a key id of their own, so that asking again is
bounded in time.
"""

import threading
from datetime import datetime, timedelta
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, KeySet, RSAKey

from uwlr_adapter.clock import Clock
from uwlr_adapter.oidc.calls import ProviderCalls
from uwlr_adapter.oidc.errors import ProviderError, ProviderFault

KEEP = timedelta(hours=1)
"""How long keys are used without asking again: a key that the provider withdraws is of no use an hour later."""
ASK_AGAIN = timedelta(minutes=1)
"""The time between two questions because of an unknown key (inclusive)."""
MAX_KEYS = 100
"""Keys of a provider that are read (inclusive)."""
MIN_RSA_BITS = 2048
"""Bits of an RSA key (inclusive; RFC 7518, 3.3)."""


class SigningKeys:
    """The keys of one provider. Safe to share between threads."""

    def __init__(self, calls: ProviderCalls, clock: Clock) -> None:
        self._calls, self._clock = calls, clock
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None
        """When a token with an unknown key made us ask last, or when the keys came."""

    def get(self, jwks_uri: str) -> KeySet:
        """Return the keys, at most KEEP old. Raises ProviderError."""
        with self._lock:
            kept = self._keys if self._is_within(self._fetched_at, KEEP) else None
        return kept if kept is not None else self._ask(jwks_uri)

    def get_newer(self, jwks_uri: str) -> KeySet | None:
        """Return the keys of now, for a token whose key is not known; None within ASK_AGAIN. Raises ProviderError."""
        with self._lock:
            if self._is_within(self._asked_at, ASK_AGAIN):
                return None
            self._asked_at = self._clock()  # whatever comes of it: nobody else asks in the meantime
        return self._ask(jwks_uri)

    def _is_within(self, since: datetime | None, span: timedelta) -> bool:
        """Return whether a moment is at most so long ago; a clock that was put back makes it old."""
        return since is not None and timedelta(0) <= self._clock() - since <= span

    def _ask(self, jwks_uri: str) -> KeySet:
        found = read_keys(self._calls.get_json(jwks_uri))
        with self._lock:
            self._keys, self._fetched_at, self._asked_at = found, self._clock(), self._clock()
        return found


def read_keys(document: dict[str, Any]) -> KeySet:
    """Return the keys of a JWK Set that can verify a signature; others are left out. Raises ProviderError for none."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ProviderError(ProviderFault.ANSWER)
    keys = [key for one in listed[:MAX_KEYS] if (key := _read_key(one)) is not None]
    if not keys:
        raise ProviderError(ProviderFault.NO_KEY)
    return KeySet(keys)


def _read_key(found: object) -> Key | None:
    """Return a public key of RSA or of an elliptic curve; None for any other, and for one that is not for signatures.

    A symmetric key is never read: everybody could sign with one that is published.
    """
    if not isinstance(found, dict) or found.get("kty") not in {"RSA", "EC"} or found.get("use", "sig") != "sig":
        return None
    if found["kty"] == "RSA" and _octets(found.get("n")) * 8 < MIN_RSA_BITS:
        return None
    try:
        key = JWKRegistry.import_key(found)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return key if isinstance(key, RSAKey | ECKey) else None


def _octets(modulus: object) -> int:
    """Return how many bytes a number in base64url has."""
    return len(modulus) * 3 // 4 if isinstance(modulus, str) else 0
