"""The second factor: a time-based code of an authenticator app (TOTP, RFC 6238), accepted once.

Checking a code needs the secret itself, so it is stored encrypted (Fernet), under a key derived from a server key,
which is not in the database. The stored text is `keyname:token`.
"""

from base64 import urlsafe_b64encode
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from uwlr_adapter.errors import UnusableError
from uwlr_adapter.keys.server_keys import KeyPurpose, ServerKeys

STEP_SECONDS = 30
"""The length of a time step, in seconds (the default of RFC 6238)."""
TOLERANCE = 1
"""The number of time steps accepted before and after the present one, because a telephone's clock is not exact."""
ISSUER = "UWLR-koppelingen"


class UnreadableSecretError(UnusableError):
    """The server key of a stored second factor is missing: the operator resets the user, or restores the key."""


def make_secret() -> str:
    """Return a new random secret, in base32."""
    return pyotp.random_base32()


def uri(secret: str, login: str) -> str:
    """Return the `otpauth://` URI that the QR code holds."""
    return pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=login, issuer_name=ISSUER)


def seal(server_keys: ServerKeys, secret: str) -> str:
    """Return the stored form of a secret, encrypted under the server key in use."""
    name, key = next(iter(server_keys.derive(KeyPurpose.SECOND_FACTOR).items()))
    return f"{name}:{_fernet(key).encrypt(secret.encode()).decode()}"


def unseal(server_keys: ServerKeys, stored: str) -> str:
    """Return the secret of its stored form. Raises UnreadableSecretError."""
    name, _, token = stored.partition(":")
    key = server_keys.derive(KeyPurpose.SECOND_FACTOR).get(name)
    if key is None:
        raise UnreadableSecretError
    try:
        return _fernet(key).decrypt(token.encode()).decode()
    except InvalidToken:
        raise UnreadableSecretError from None


def renewed(server_keys: ServerKeys, stored: str, secret: str) -> str:
    """Return the stored form of a secret, made anew when it is under another server key than the one in use."""
    return stored if stored.startswith(f"{server_keys.in_use.name}:") else seal(server_keys, secret)


def find_step(secret: str, code: str, moment: datetime, last: int | None) -> int | None:
    """Return the time step of a code; None unless it lies within TOLERANCE of `moment` and after the step `last`."""
    typed = code.replace(" ", "")
    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    present = int(moment.timestamp()) // STEP_SECONDS
    matching = [
        step
        for step in range(present - TOLERANCE, present + TOLERANCE + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(step), typed)
    ]
    return next((step for step in matching if last is None or step > last), None)


def _fernet(key: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(key))
