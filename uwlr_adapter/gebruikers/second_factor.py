"""The second factor: a code of an app (TOTP, RFC 6238), good once.

The secret must be read back to check a code, so it stands encrypted: under a key derived from a server key, which is
not in the database. What is stored is `keyname:token`.
"""

from base64 import urlsafe_b64encode
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet, InvalidToken

from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.keys.server_keys import Afleiding, Sleutelbos

STAP = 30
"""Seconds of one code (RFC 6238, default)."""
SPEELRUIMTE = 1
"""Codes before and after the present one: a telephone's clock is not exact."""
UITGEVER = "UWLR-koppelingen"


class GeheimOnleesbaar(UwlrAdapterError):
    """The server key of a second factor is not here: the operator resets the user, or puts the key back."""


def make_secret() -> str:
    """Give a new secret, in base32."""
    return pyotp.random_base32()


def uri(geheim: str, login: str) -> str:
    """Give what the QR code says to the app."""
    return pyotp.TOTP(geheim, interval=STAP).provisioning_uri(name=login, issuer_name=UITGEVER)


def seal(sleutels: Sleutelbos, geheim: str) -> str:
    """Give what is stored of a secret: encrypted under the newest key."""
    naam, sleutel = next(iter(sleutels.derive(Afleiding.TWEEDE_FACTOR).items()))
    return f"{naam}:{_fernet(sleutel).encrypt(geheim.encode()).decode()}"


def unseal(sleutels: Sleutelbos, opgeslagen: str) -> str:
    """Give a stored secret. Raises GeheimOnleesbaar."""
    naam, _, token = opgeslagen.partition(":")
    sleutel = sleutels.derive(Afleiding.TWEEDE_FACTOR).get(naam)
    if sleutel is None:
        raise GeheimOnleesbaar
    try:
        return _fernet(sleutel).decrypt(token.encode()).decode()
    except InvalidToken:
        raise GeheimOnleesbaar from None


def find_step(geheim: str, code: str, moment: datetime, laatste: int | None) -> int | None:
    """Give the time step of which this is the code, when it is now's and later than the last one used; else None."""
    getypt = code.replace(" ", "")
    totp = pyotp.TOTP(geheim, interval=STAP)
    nu = int(moment.timestamp()) // STAP
    goed = [
        stap
        for stap in range(nu - SPEELRUIMTE, nu + SPEELRUIMTE + 1)
        if pyotp.utils.strings_equal(totp.generate_otp(stap), getypt)
    ]
    return next((stap for stap in goed if laatste is None or stap > laatste), None)


def _fernet(sleutel: bytes) -> Fernet:
    return Fernet(urlsafe_b64encode(sleutel))
