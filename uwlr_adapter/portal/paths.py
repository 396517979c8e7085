"""The URL prefixes of the portal, and the check on a path to return to after logging in."""

import re

PREFIX = "/koppelingen"
"""The prefix of every path of the portal."""
PASSWORD_PREFIX = f"{PREFIX}/wachtwoord"
"""The path of a one-time link, up to its token."""
PROVIDER_PREFIX = f"{PREFIX}/inloggen/extern"
"""The first part of every path of logging in at a provider."""
CALLBACK = f"{PROVIDER_PREFIX}/terug"
"""The path at which somebody comes back with a code; the provider knows it by its public address."""
SIGNED_OUT = f"{PROVIDER_PREFIX}/uitgelogd"
"""The path at which somebody comes back who logged out there."""
BACK_CHANNEL = f"{PROVIDER_PREFIX}/afmelden"
"""The path by which the provider ends sessions."""
INVITATION_PREFIX = f"{PREFIX}/uitnodiging"
"""The path of an invitation, up to its token."""
_LOCAL = re.compile(rf"{PREFIX}(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def local_path(text: str | None) -> str | None:
    """Return the text when it is a plain path of the portal, else None.

    A host, scheme, query, double slash or dot segment is refused: a login never redirects outside the portal.
    """
    return text if text is not None and _LOCAL.fullmatch(text) else None
