"""Why an act of or on a user is refused."""

from uwlr_adapter.errors import UwlrAdapterError


class GebruikerError(UwlrAdapterError):
    """An act on a user is refused; the text is for the operator, in English, and holds no password or link."""


class InvalidLinkError(UwlrAdapterError):
    """The link to set a password is unknown, used or too old."""


class WeakPasswordError(UwlrAdapterError):
    """A password breaks a rule; `str()` is the Dutch sentence for the one who chose it."""
