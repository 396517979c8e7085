"""The second factor: a code of an app (TOTP, RFC 6238), good once.

The secret must be read back to check a code, so it stands encrypted: under a key derived from a server key, which is
not in the database. What is stored is `keyname:token`.
"""

from base64 import urlsafe_b64encode
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.keys.server_keys import KeyPurpose, ServerKeys

STEP_SECONDS = 30
"""Seconds of one code (RFC 6238, default)."""
TOLERANCE = 1
"""Codes before and after the present one: a telephone's clock is not exact."""
ISSUER = "UWLR-koppelingen"


class UnreadableSecretError(UwlrAdapterError):
    """The server key of a second factor is not here: the operator resets the user, or puts the key back."""


def make_secret() -> str:
    """Give a new secret, in base32."""
    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """Give what the QR code says to the app."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=login, issuer_name=ISSUER)


def seal(server_keys: ServerKeys, secret: str) -> str:
    """Give what is stored of a secret: encrypted under the newest key."""
    naam, key = next(iter(server_keys.derive(KeyPurpose.SECOND_FACTOR).items()))
    return f"{naam}:{_fernet(key).encrypt(secret.encode()).decode()}"


def unseal(server_keys: ServerKeys, stored: str) -> str:
    """Give a stored secret. Raises UnreadableSecretError."""
    naam, _, token = stored.partition(":")
    key = server_keys.derive(KeyPurpose.SECOND_FACTOR).get(naam)
    if key is None:
        raise UnreadableSecretError
    try:
        return _fernet(key).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def find_step(secret: str, code: str, moment: datetime, last: int | None) -> int | None:
    """Give the time step of which this is the code, when it is now's and later than the last one used; else None."""
    typed = code.replace(" ", "")
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    nu = int(moment.timestamp()) // STEP_SECONDS
    good = [
        step
        for step in range(nu - TOLERANCE, nu + TOLERANCE + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(step), typed)
    ]
    return next((step for step in good if last is None or step > last), None)


def _fernet(key: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(key))
