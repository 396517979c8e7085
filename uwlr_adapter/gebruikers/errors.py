"""The refusals of an act on or by a user."""

from uwlr_adapter.errors import RefusedError


class GebruikerError(RefusedError):
    """An act on a user is refused; `str()` is for the operator, in English, and holds no password or link."""


class InvalidLinkError(RefusedError):
    """The link to set a password is unknown, used or expired."""


class WeakPasswordError(RefusedError):
    """A new password breaks a rule; `str()` is the Dutch sentence for its owner."""
