"""Where the portal stands, and which paths a login may lead back to."""

import re

PREFIX = "/koppelingen"
PASSWORD_PREFIX = f"{PREFIX}/wachtwoord"
"""Before the token of a one-time link."""
_LOCAL = re.compile(rf"{PREFIX}(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")


def local_path(text: str | None) -> str | None:
    """Give a path when it is one of the portal's own, written plainly; None for anything else.

    No host, scheme, query, double slash or dots to climb with: a login leads to no other place.
    """
    return text if text is not None and _LOCAL.fullmatch(text) else None
