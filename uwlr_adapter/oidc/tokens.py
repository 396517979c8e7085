"""Tokens of a provider, validated: the ID token of a login, and the logout token that ends sessions.

authlib and joserfc check the signature and the claims. What is decided here: which algorithms and keys count, how far
the clocks may differ, and that a token of one kind is not taken for one of the other.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from authlib.oauth2.claims import JWTClaims
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from uwlr_adapter.oidc.errors import ProviderError, ProviderFault

CLOCK_SKEW = timedelta(seconds=120)
"""How far the clock of the provider may differ from ours (inclusive)."""
MAX_LOGOUT_AGE = timedelta(minutes=5)
"""The age of a logout token (inclusive), beside CLOCK_SKEW: one that somebody copied ends no session a day later."""
MAX_SUBJECT = 255
"""Characters of a `sub` (inclusive; OpenID Connect Core 1.0, section 2)."""
LOGOUT_TYPE = "logout+jwt"
"""The type that tells a logout token from every other one; a provider must name it."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_TIMES = frozenset({"iat", "nbf"})


class Judge(NamedTuple):
    """The values that a token is judged by."""

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    moment: datetime


class UnknownKeyError(ProviderError):
    """The token names a key that is not among these: the provider may have newer ones."""

    def __init__(self) -> None:
        super().__init__(ProviderFault.NO_KEY)


def read_id_token(token: object, keys: KeySet, judge: Judge, nonce: str, access_token: object) -> dict[str, Any]:
    """Return the claims of the ID token of a login. Raises ProviderError, or UnknownKeyError."""
    header, claims = _read(token, keys, judge)
    if header.get("typ", "JWT") not in {"JWT", "jwt"} or "events" in claims:
        raise ProviderError(ProviderFault.TOKEN)
    params = {"nonce": nonce, "client_id": judge.client_id, "access_token": access_token}
    _validate(CodeIDToken(claims, header, _expected(judge), params), judge)
    _require_subject(claims)
    return claims


def read_logout_token(token: object, keys: KeySet, judge: Judge) -> str:
    """Return the `sub` whose sessions end (OpenID Connect Back-Channel Logout 1.0, 2.6).

    Raises ProviderError, or UnknownKeyError.
    """
    header, claims = _read(token, keys, judge)
    events = claims.get("events")
    is_logout = isinstance(events, dict) and isinstance(events.get(LOGOUT_EVENT), dict) and "nonce" not in claims
    if header.get("typ") != LOGOUT_TYPE or not is_logout:
        raise ProviderError(ProviderFault.TOKEN)
    required = {name: {"essential": True} for name in ("iat", "jti", "sub")}
    _validate(JWTClaims(claims, header, {**_expected(judge), **required}), judge)
    if judge.moment.timestamp() - claims["iat"] > (MAX_LOGOUT_AGE + CLOCK_SKEW).total_seconds():
        raise ProviderError(ProviderFault.EXPIRED)
    return _require_subject(claims)


def _read(token: object, keys: KeySet, judge: Judge) -> tuple[Mapping[str, Any], dict[str, Any]]:
    """Return the header and the claims of a token whose signature is right."""
    if not isinstance(token, str) or not token.isascii():
        raise ProviderError(ProviderFault.TOKEN)
    try:
        found = jwt.decode(token, keys, algorithms=judge.algorithms)
    except InvalidKeyIdError:
        raise UnknownKeyError from None
    except (JoseError, ValueError, TypeError, KeyError, RecursionError):
        raise ProviderError(ProviderFault.TOKEN) from None
    return found.header, found.claims


def _expected(judge: Judge) -> dict[str, Any]:
    """Return the claims that every token has, for authlib."""
    return {
        "iss": {"essential": True, "value": judge.issuer},
        "aud": {"essential": True, "value": judge.client_id},
    }


def _validate(claims: JWTClaims, judge: Judge) -> None:
    try:
        claims.validate(int(judge.moment.timestamp()), int(CLOCK_SKEW.total_seconds()))
    except ExpiredTokenError:
        raise ProviderError(ProviderFault.EXPIRED) from None
    except InvalidClaimError as error:
        faults = {"nonce": ProviderFault.NONCE, **dict.fromkeys(_TIMES, ProviderFault.EXPIRED)}
        raise ProviderError(faults.get(error.claim, ProviderFault.TOKEN)) from None
    except (JoseError, ValueError, TypeError, AttributeError):
        raise ProviderError(ProviderFault.TOKEN) from None


def _require_subject(claims: dict[str, Any]) -> str:
    """Return the `sub`: 1 to MAX_SUBJECT printable ASCII characters. Raises ProviderError."""
    found = claims.get("sub")
    if (
        not isinstance(found, str)
        or not 0 < len(found) <= MAX_SUBJECT
        or not found.isascii()
        or not found.isprintable()
    ):
        raise ProviderError(ProviderFault.TOKEN)
    return found
