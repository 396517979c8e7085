"""The client certificates of an afnemer: with any, its calls are known only over a connection that one of them opened.

A certificate is known by the SHA-256 of its DER form, so it may be of any CA or of none: the proxy that ends TLS has
seen that the caller holds its private key. Several may stand at once, so that a vendor renews without an interruption.
They stand in one column of the afnemer, which the gate reads with the rest: a request costs no statement more.
"""

import functools
import json
import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple

import sqlalchemy as sa

from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.db import schema_version
from uwlr_adapter.db.locks import lock
from uwlr_adapter.journaal import writer
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import afnemers, tables
from uwlr_adapter.koppelingen.afnemers import AfnemerError

MAX_CERTIFICATES = 8
"""Certificates of one afnemer (inclusive): the present and the next one of a few machines."""
MAX_FILE = 64 * 1024
"""Bytes of a file in which a certificate is looked for (inclusive); one takes 1 to 3 kB."""
MAX_SUBJECT = 200
"""Characters of a subject that are kept: it only helps to recognise the certificate."""
KNOWS_CERTIFICATES = 22
"""The schema number of the first code that asks for certificates: older code would let a caller in without."""
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")
_CACHED = 1024


class Certificate(NamedTuple):
    """A client certificate. It is good until `not_after` (UTC, exclusive)."""

    fingerprint: str
    """SHA-256 of the DER form: 64 hex digits in lower case."""
    subject: str
    not_after: datetime
    added_at: datetime


def accepts(stored: str, fingerprint: str, moment: datetime) -> bool:
    """Return whether a caller with this certificate ("" for none) may be the afnemer of which this column is."""
    return any(one.fingerprint == fingerprint and moment < one.not_after for one in parse(stored))


@functools.lru_cache(_CACHED)
def parse(stored: str | None) -> tuple[Certificate, ...]:
    """Return the certificates in the column of an afnemer, in the order in which they were added."""
    if stored is None:
        return ()
    return tuple(
        Certificate(
            fingerprint=one["fingerprint"],
            subject=one["subject"],
            not_after=from_utc(datetime.fromisoformat(one["not_after"])),
            added_at=from_utc(datetime.fromisoformat(one["added_at"])),
        )
        for one in json.loads(stored)
    )


def last_end(stored: str | None) -> datetime | None:
    """Return the moment from which none of the certificates in the column of an afnemer is good; None without any."""
    return max((one.not_after for one in parse(stored)), default=None)


def read(content: bytes, moment: datetime) -> Certificate:
    """Read the one certificate in a file, in PEM or DER.

    Raises AfnemerError for a file that holds none, several, a private key, or one that is not good any more.
    """
    from cryptography import x509  # noqa: PLC0415 - a tenth of the start of a command, for adding one only
    from cryptography.hazmat.primitives.serialization import Encoding  # noqa: PLC0415 - as above

    if len(content) > MAX_FILE:
        raise AfnemerError(f"the file is larger than {MAX_FILE // 1024} kB, so it is no certificate")
    if any(b"PRIVATE KEY" in kind for kind in _BLOCK.findall(content)):
        raise AfnemerError(
            "the file holds a private key, which only the vendor may have: ask the vendor for another certificate, "
            "with a new key, and for the file of the certificate alone"
        )
    try:
        if _BLOCK.search(content) is None:
            found = [x509.load_der_x509_certificate(content)]
        else:
            found = x509.load_pem_x509_certificates(content)
        subject = "".join(letter for letter in found[0].subject.rfc4514_string() if letter.isprintable())
    except ValueError:
        raise AfnemerError("the file holds no certificate that can be read (PEM or DER)") from None
    if len(found) > 1:
        raise AfnemerError(
            f"the file holds {len(found)} certificates: give the vendor's own alone, without those of its CA"
        )
    certificate = found[0]
    if certificate.not_valid_after_utc <= moment:
        raise AfnemerError(f"this certificate was good until {certificate.not_valid_after_utc:%Y-%m-%d}")
    fingerprint = sha256(certificate.public_bytes(Encoding.DER)).hexdigest()
    return Certificate(fingerprint, subject[:MAX_SUBJECT], certificate.not_valid_after_utc, moment)


def add(
    connection: sa.Connection, klantnaam: str, content: bytes, moment: datetime, *, actor: str
) -> tuple[Certificate, ...]:
    """Add the certificate in a file to an afnemer, and return all that it has now.

    With its first one its calls are refused without. Raises AfnemerError.
    """
    new = read(content, moment)
    present = _locked(connection, klantnaam)
    if any(one.fingerprint == new.fingerprint for one in present):
        raise AfnemerError("this afnemer has this certificate already")
    if len(present) >= MAX_CERTIFICATES:
        raise AfnemerError(f"an afnemer has at most {MAX_CERTIFICATES} certificates: remove one that is not used")
    schema_version.require_code(connection, KNOWS_CERTIFICATES)
    return _store(connection, klantnaam, [*present, new], Act.CERTIFICATE_ADDED, moment, actor)


def remove(
    connection: sa.Connection, klantnaam: str, fingerprint: str, moment: datetime, *, last: bool, actor: str
) -> tuple[Certificate, ...]:
    """Remove a certificate of an afnemer, and return those that it has left.

    `last` allows it to be the last one, after which the afnemer calls without. Raises AfnemerError.
    """
    wanted = fingerprint.replace(":", "").lower()
    present = _locked(connection, klantnaam)
    left = [one for one in present if one.fingerprint != wanted]
    if len(left) == len(present):
        raise AfnemerError("this afnemer has no certificate with this fingerprint")
    if not left and not last:
        raise AfnemerError(
            "this is its last certificate, without which its klantcode alone is enough again: add the next one first, "
            "or say --last"
        )
    return _store(connection, klantnaam, left, Act.CERTIFICATE_REMOVED, moment, actor)


def list_of(connection: sa.Connection, klantnaam: str) -> tuple[Certificate, ...]:
    """Return the certificates of an afnemer. Raises AfnemerError."""
    afnemers.get(connection, klantnaam)
    stored = sa.select(tables.afnemer.c.certificates).where(tables.afnemer.c.klantnaam == klantnaam)
    return parse(connection.scalar(stored))


def soonest_end(connection: sa.Connection) -> datetime | None:
    """Return the first moment at which an enabled afnemer has no certificate left that is good; None without any."""
    columns = tables.afnemer.c
    stored = connection.scalars(
        sa.select(columns.certificates).where(columns.certificates.is_not(None), columns.disabled_at.is_(None))
    )
    return min(filter(None, map(last_end, stored)), default=None)


def _locked(connection: sa.Connection, klantnaam: str) -> tuple[Certificate, ...]:
    lock(connection, f"afnemer {klantnaam}")
    return list_of(connection, klantnaam)


def _store(
    connection: sa.Connection,
    klantnaam: str,
    certificates: Sequence[Certificate],
    act: Act,
    moment: datetime,
    actor: str,
) -> tuple[Certificate, ...]:
    text = json.dumps(
        [
            {
                "fingerprint": one.fingerprint,
                "subject": one.subject,
                "not_after": to_utc(one.not_after).isoformat(),
                "added_at": to_utc(one.added_at).isoformat(),
            }
            for one in certificates
        ]
    )
    table = tables.afnemer
    stored = text if certificates else None
    connection.execute(table.update().where(table.c.klantnaam == klantnaam).values(certificates=stored))
    afnemer = afnemers.get(connection, klantnaam)
    writer.record_afnemer(connection, moment=moment, act=act, afnemer_id=afnemer.id, actor=actor)
    return parse(stored)
