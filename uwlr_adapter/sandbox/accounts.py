"""The accounts of the sandbox: each is an afnemer with a klantnaam of its own, and the letters of its schools."""

from dataclasses import dataclass

import sqlalchemy as sa

from uwlr_adapter.demo.setup import KLANTNAAM
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen import tables
from uwlr_adapter.sandbox.situations import LETTERS, PUBLISHED
from uwlr_adapter.sandbox.state import SandboxState

ACTOR = "sandbox"
"""Who does in the journaal what the sandbox does for a school."""


class SandboxRefusedError(RefusedError):
    """The sandbox does not do what was asked; the text says why."""


@dataclass(frozen=True, slots=True)
class Account:
    """A vendor at the sandbox."""

    letters: str
    klantnaam: str

    @property
    def is_published(self) -> bool:
        """Whether everybody knows its codes."""
        return self.letters == PUBLISHED


THE_PUBLISHED = Account(PUBLISHED, KLANTNAAM)
"""The account of the demo."""


def by_klantnaam(state: SandboxState, klantnaam: str) -> Account | None:
    """Return the account with exactly this klantnaam, if any."""
    if klantnaam == KLANTNAAM:
        return THE_PUBLISHED
    return next((Account(letters, one) for letters, one in state.accounts.items() if one == klantnaam), None)


def by_letters(state: SandboxState, letters: str) -> Account | None:
    """Return the account with these letters, if it is taken."""
    if letters == PUBLISHED:
        return THE_PUBLISHED
    klantnaam = state.accounts.get(letters)
    return None if klantnaam is None else Account(letters, klantnaam)


def free_letters(state: SandboxState) -> str:
    """Return the letters of the next account. Raises SandboxRefusedError when all are taken."""
    for letters in LETTERS:
        if letters != PUBLISHED and letters not in state.accounts:
            return letters
    raise SandboxRefusedError(
        f"all {len(LETTERS) - 1} accounts of this sandbox are taken: use the published one, or start a sandbox of your "
        "own"
    )


def is_klantcode(connection: sa.Connection, server_keys: ServerKeys, klantnaam: str, klantcode: str) -> bool:
    """Return whether an afnemer has this klantcode."""
    query = sa.select(tables.afnemer.c.klantcode_digest).where(tables.afnemer.c.klantnaam == klantnaam)
    presented = server_keys.probe(SecretPurpose.KLANTCODE, klantcode)
    return presented.matches(connection.scalar(query))
