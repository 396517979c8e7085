"""Why an act of or on a user is refused."""


class GebruikerFout(Exception):
    """An act on a user is refused; the text is for the operator, in English, and holds no password or link."""


class LinkOngeldig(Exception):
    """The link to set a password is unknown, used or too old."""


class WachtwoordFout(Exception):
    """A password breaks a rule; `str()` is the Dutch sentence for the one who chose it."""
