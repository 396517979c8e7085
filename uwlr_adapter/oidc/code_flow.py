"""The authorization code flow with PKCE (RFC 6749, 4.1; RFC 7636), by authlib, over our own calls.

The browser goes to the provider with a state, a nonce and a code challenge, and comes back with a code. We exchange
that for tokens, with the code verifier that only this browser's session has.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus, urlencode

from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from uwlr_adapter.oidc.calls import HTTP_OK, ProviderCalls, read_object
from uwlr_adapter.oidc.discovery import BASIC, ProviderMetadata
from uwlr_adapter.oidc.errors import ProviderError, ProviderFault
from uwlr_adapter.oidc.login import FlowSecrets
from uwlr_adapter.oidc.provider_settings import ProviderSettings

INVALID_CLIENT, INVALID_GRANT = "invalid_client", "invalid_grant"
"""Errors of a token endpoint (RFC 6749, 5.2)."""


class CodeClient:
    """The client that the provider knows us by."""

    def __init__(self, settings: ProviderSettings, calls: ProviderCalls) -> None:
        self._settings, self._calls = settings, calls

    def authorization_url(self, metadata: ProviderMetadata, redirect_uri: str, flow: FlowSecrets) -> str:
        """Return the address that the browser goes to."""
        more = {"acr_values": " ".join(self._settings.acr)} if self._settings.acr else {}
        client = self._client(metadata, redirect_uri)
        url, _ = client.create_authorization_url(
            metadata.authorization_endpoint, state=flow.state, nonce=flow.nonce, code_verifier=flow.verifier, **more
        )
        return str(url)

    def redeem(self, metadata: ProviderMetadata, redirect_uri: str, code: str, verifier: str) -> dict[str, Any]:
        """Return the answer of the token endpoint to a code, once. Raises ProviderError."""
        try:
            found = self._client(metadata, redirect_uri).fetch_token(
                metadata.token_endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
            )
        except AuthlibBaseError as error:
            fault = ProviderFault.CLIENT if error.error == INVALID_CLIENT else ProviderFault.REFUSED
            raise ProviderError(fault) from None
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ProviderError(ProviderFault.ANSWER) from None
        return dict(found)

    def is_known(self, metadata: ProviderMetadata, redirect_uri: str) -> bool:
        """Return whether the provider takes our secret: it refuses a code that never was, and not the client.

        Raises ProviderError when its answer is neither.
        """
        session = _OutboundSession(self._calls)
        verifier = FlowSecrets.make().verifier
        data = {"grant_type": "authorization_code", "code": verifier, "redirect_uri": redirect_uri}
        auth = self._client(metadata, redirect_uri).client_auth(metadata.auth_method)
        answer = session.post(metadata.token_endpoint, {**data, "code_verifier": verifier}, {}, auth)
        error = answer.json().get("error")
        if error not in {INVALID_CLIENT, INVALID_GRANT}:
            raise ProviderError(ProviderFault.ANSWER)
        return bool(error == INVALID_GRANT)

    def _client(self, metadata: ProviderMetadata, redirect_uri: str) -> OAuth2Client:
        """Return a client of authlib for one request; in a header id and secret are encoded (RFC 6749, 2.3.1)."""
        client = OAuth2Client(
            _OutboundSession(self._calls),
            client_id=self._settings.client_id,
            client_secret=self._settings.client_secret,
            token_endpoint_auth_method=metadata.auth_method,
            scope=self._settings.scope,
            redirect_uri=redirect_uri,
            code_challenge_method="S256",
        )
        if metadata.auth_method == BASIC:
            encoded = (quote_plus(self._settings.client_id), quote_plus(self._settings.client_secret))
            client.register_client_auth_method((BASIC, _basic_with(*encoded)))
        return client


def _basic_with(client_id: str, client_secret: str) -> ClientAuth:
    """Return the function of authlib for HTTP Basic, with an id and a secret that are encoded already."""
    encoded = ClientAuth(client_id, client_secret, BASIC)

    def prepare(_auth: ClientAuth, method: str, uri: str, headers: dict[str, str], body: str) -> Any:  # noqa: ANN401 - as authlib
        return encoded.prepare(method, uri, headers, body)

    return prepare


class _Answer:
    """An answer of a token endpoint, as authlib reads it."""

    def __init__(self, status: int, content: bytes) -> None:
        self.status_code, self._content = status, content

    def json(self) -> dict[str, Any]:
        """Return the JSON object. Raises ProviderError for anything else."""
        return read_object(self._content)

    def raise_for_status(self) -> None:
        """Raise ProviderError when the status is that of an error."""
        if self.status_code != HTTP_OK:
            raise ProviderError(ProviderFault.AWAY if self.status_code >= 500 else ProviderFault.ANSWER)  # noqa: PLR2004 - HTTP


class _OutboundSession:
    """The part of an HTTP client that authlib needs, over the bounded calls of ours."""

    def __init__(self, calls: ProviderCalls) -> None:
        self._calls = calls

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth) -> _Answer:
        """Send a form with the secret of the client. Raises ProviderError."""
        sent = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
        uri, own, body = auth.prepare("POST", url, {**headers, **sent}, urlencode(data))
        reply = self._calls.send("POST", uri, body.encode(), own)
        return _Answer(reply.status, reply.content)
