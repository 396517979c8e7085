"""One login at the provider: the secrets by which it is ours, and who came of it. Nothing here loads authlib."""

import hmac
import secrets
from dataclasses import dataclass, field
from typing import NamedTuple

RANDOM_BYTES = 32
"""Random bytes of a state, a nonce and a code verifier."""


class FlowSecrets(NamedTuple):
    """Random texts that tie an answer of the provider to the browser that asked for it. Each is used once."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def make(cls) -> "FlowSecrets":
        """Return new ones."""
        return cls(*(secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3)))

    def is_state(self, text: str | None) -> bool:
        """Return whether the provider sent our state back."""
        return text is not None and hmac.compare_digest(text.encode(), self.state.encode())


@dataclass(frozen=True, slots=True)
class ProviderLogin:
    """Somebody who logged in at the provider."""

    subject: str = field(repr=False)
    shown_name: str = field(repr=False)
    """By what this person knows the account there, for a page; empty when the provider does not say."""
    named: frozenset[str] | None = None
    """The brin6s and brincodes that the session is narrowed to; None where no claim is set."""
    has_second_factor: bool = False
