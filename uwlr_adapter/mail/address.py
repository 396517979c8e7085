"""Addresses as they are typed: which are taken, and the form in which they are stored and shown."""

import re

from uwlr_adapter.errors import RefusedError
from uwlr_adapter.mail.tables import MAX_ADDRESS

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_MAX_LOCAL = 64
_MAX_DOMAIN = 253
_NO_ADDRESS = "Dit is geen e-mailadres. Vul het in zoals meldingen@school.nl."


class AddressError(RefusedError):
    """An address cannot be used; `str()` is the Dutch sentence for whoever typed it."""


def parse(text: str) -> str:
    """Return an address in its stored form: outer spaces gone, the domain in small letters and in ASCII (IDNA).

    Raises AddressError. What no mail server of a school uses is refused as well: a quoted name, an address of digits
    instead of a domain, a name before the @ that is not in ASCII, or that reads as an encoded word (`=?utf-8?q?a?=`).
    """
    local, at, domain = text.strip().rpartition("@")
    if not at or not local or not domain or len(text) > 2 * MAX_ADDRESS:
        raise AddressError(_NO_ADDRESS)
    if not local.isascii():
        raise AddressError("Voor de @ kunnen alleen gewone letters, cijfers en tekens staan, zonder accenten.")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise AddressError(_NO_ADDRESS) from None
    labels = ascii_domain.split(".")
    is_domain = (
        len(labels) > 1
        and len(ascii_domain) <= _MAX_DOMAIN
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
    if not is_domain or len(local) > _MAX_LOCAL or "=?" in local or _LOCAL.fullmatch(local) is None:
        raise AddressError(_NO_ADDRESS)
    address = f"{local}@{ascii_domain}"
    if len(address) > MAX_ADDRESS:
        raise AddressError(f"Een e-mailadres heeft maximaal {MAX_ADDRESS} tekens.")
    return address


def shown(address: str) -> str:
    """Return a stored address as a person writes it, with the letters of its domain."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('ascii').decode('idna')}"
    except UnicodeError:
        return address
