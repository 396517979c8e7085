"""The provider of one service: where a browser goes, what it came back with, and where it logs out.

Whatever goes wrong is a ProviderError. Nothing of a token is kept: a login leaves a `ProviderLogin`.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from authlib.common.urls import add_params_to_uri
from joserfc.jwk import KeySet

from uwlr_adapter.clock import Clock
from uwlr_adapter.oidc.calls import ProviderCalls
from uwlr_adapter.oidc.claims import has_second_factor, named_in, shown_name
from uwlr_adapter.oidc.code_flow import CodeClient
from uwlr_adapter.oidc.discovery import ProviderMetadata, fetch_metadata
from uwlr_adapter.oidc.errors import ProviderError, ProviderFault
from uwlr_adapter.oidc.login import FlowSecrets, ProviderLogin
from uwlr_adapter.oidc.provider_settings import ProviderSettings
from uwlr_adapter.oidc.signing_keys import SigningKeys
from uwlr_adapter.oidc.tokens import Judge, UnknownKeyError, read_id_token, read_logout_token

KEEP = timedelta(hours=1)
"""How long the addresses of the provider are used without asking again."""
MAX_CODE = 3 * 1024
"""Characters of an authorization code (inclusive): some have 2,000."""
Result = TypeVar("Result")


class Provider:
    """The provider that the operator set. Safe to share between threads."""

    def __init__(self, settings: ProviderSettings, clock: Clock) -> None:
        self.settings = settings
        self._clock = clock
        self._calls = ProviderCalls(settings.issuer)
        self._client = CodeClient(settings, self._calls)
        self._keys = SigningKeys(self._calls, clock)
        self._lock = threading.Lock()
        self._metadata: tuple[ProviderMetadata, datetime] | None = None

    def metadata(self) -> ProviderMetadata:
        """Return what the provider says of itself, at most KEEP ago. Raises ProviderError."""
        with self._lock:
            kept = self._metadata
        if kept is not None and timedelta(0) <= self._clock() - kept[1] <= KEEP:
            return kept[0]
        found = fetch_metadata(self._calls, self.settings.issuer)
        with self._lock:
            self._metadata = found, self._clock()
        return found

    def keys(self) -> KeySet:
        """Return the public keys of the provider. Raises ProviderError."""
        return self._keys.get(self.metadata().jwks_uri)

    def authorization_url(self, redirect_uri: str, flow: FlowSecrets) -> str:
        """Return the address at which somebody logs in. Raises ProviderError."""
        return self._client.authorization_url(self.metadata(), redirect_uri, flow)

    def redeem(self, code: str, issuer: str | None, redirect_uri: str, flow: FlowSecrets) -> ProviderLogin:
        """Return who came back with a code; `issuer` is the one that the answer names. Raises ProviderError."""
        metadata = self.metadata()
        if issuer != self.settings.issuer and (issuer is not None or metadata.names_issuer):
            raise ProviderError(ProviderFault.ISSUER)
        if not 0 < len(code) <= MAX_CODE:
            raise ProviderError(ProviderFault.REFUSED)
        found = self._client.redeem(metadata, redirect_uri, code, flow.verifier)
        token, access_token = found.get("id_token"), found.get("access_token")
        claims = self._judged(lambda keys, judge: read_id_token(token, keys, judge, flow.nonce, access_token))
        name = self.settings.vestigingen_claim
        return ProviderLogin(
            subject=claims["sub"],
            shown_name=shown_name(claims),
            named=None if name is None else named_in(self._claim(name, claims, access_token)),
            has_second_factor=has_second_factor(claims, self.settings.acr, self.settings.amr),
        )

    def read_logout(self, token: str) -> str:
        """Return the `sub` whose sessions the provider ends. Raises ProviderError."""
        return self._judged(lambda keys, judge: read_logout_token(token, keys, judge))

    def end_session_url(self, return_to: str) -> str | None:
        """Return the address at which somebody logs out there; None when it has none. Raises ProviderError.

        There is no `id_token_hint`: the token would have to be kept, and would stand in an address that proxies and
        histories keep. So the provider asks its user to confirm (RP-Initiated Logout 1.0, section 2).
        """
        endpoint = self.metadata().end_session_endpoint
        if endpoint is None:
            return None
        params = [("client_id", self.settings.client_id), ("post_logout_redirect_uri", return_to)]
        return str(add_params_to_uri(endpoint, params))

    def knows_us(self, redirect_uri: str) -> bool:
        """Return whether the provider takes our client and its secret. Raises ProviderError."""
        return self._client.is_known(self.metadata(), redirect_uri)

    def _judged(self, read: Callable[[KeySet, Judge], Result]) -> Result:
        """Return what is read of a token with the keys of the provider; newer ones, when it is of an unknown key."""
        metadata = self.metadata()
        judge = Judge(self.settings.issuer, self.settings.client_id, metadata.algorithms, self._clock())
        try:
            return read(self._keys.get(metadata.jwks_uri), judge)
        except UnknownKeyError:
            newer = self._keys.get_newer(metadata.jwks_uri)
            if newer is None:
                raise
            return read(newer, judge)

    def _claim(self, name: str, claims: dict[str, Any], access_token: object) -> object:
        """Return a claim of the ID token, else of the userinfo of the same person, else None. Raises ProviderError."""
        endpoint = self.metadata().userinfo_endpoint
        if name in claims or endpoint is None or not isinstance(access_token, str):
            return claims.get(name)
        if not access_token.isascii() or not access_token.isprintable() or " " in access_token:
            raise ProviderError(ProviderFault.ANSWER)
        found = self._calls.get_json(endpoint, {"Authorization": f"Bearer {access_token}"})
        if found.get("sub") != claims["sub"]:
            raise ProviderError(ProviderFault.CLAIMS)
        return found.get(name)
