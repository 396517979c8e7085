"""The metadata of a provider, as it publishes them (OpenID Connect Discovery 1.0, section 4)."""

from dataclasses import dataclass
from typing import Any

from authlib.oidc.discovery import get_well_known_url

from uwlr_adapter.oidc.calls import ProviderCalls, require_address
from uwlr_adapter.oidc.errors import ProviderError, ProviderFault

BASIC, POST = "client_secret_basic", "client_secret_post"
ALGORITHMS = ("RS256", "PS256", "ES256", "RS384", "PS384", "ES384", "RS512", "PS512", "ES512")
"""The algorithms by which a token may be signed: those with a public key, so that a client secret signs nothing."""


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The addresses of a provider, and what it can do."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    end_session_endpoint: str | None
    auth_method: str
    """How the client shows its secret."""
    names_issuer: bool
    """Whether each of its answers names the issuer (RFC 9207)."""
    algorithms: tuple[str, ...]
    """Those of ALGORITHMS by which it signs; all, where it does not say."""
    has_pkce: bool
    """Whether it says that it checks the code verifier; one that does not say so may still do it."""
    has_back_channel: bool


def fetch_metadata(calls: ProviderCalls, issuer: str) -> ProviderMetadata:
    """Return what a provider says of itself. Raises ProviderError."""
    return read_metadata(calls.get_json(get_well_known_url(issuer, external=True)), issuer)


def read_metadata(document: dict[str, Any], issuer: str) -> ProviderMetadata:
    """Return the metadata of an issuer, that must name itself exactly. Raises ProviderError."""
    if document.get("issuer") != issuer:
        raise ProviderError(ProviderFault.ISSUER)
    methods = _words(document, "token_endpoint_auth_methods_supported") or (BASIC,)
    algorithms = _words(document, "id_token_signing_alg_values_supported")
    usable = tuple(one for one in ALGORITHMS if one in algorithms) if algorithms else ALGORITHMS
    if not usable or not {BASIC, POST} & set(methods):
        raise ProviderError(ProviderFault.ANSWER)
    return ProviderMetadata(
        authorization_endpoint=_address(document, "authorization_endpoint"),
        token_endpoint=_address(document, "token_endpoint"),
        jwks_uri=_address(document, "jwks_uri"),
        userinfo_endpoint=_optional_address(document, "userinfo_endpoint"),
        end_session_endpoint=_optional_address(document, "end_session_endpoint"),
        auth_method=BASIC if BASIC in methods else POST,
        names_issuer=document.get("authorization_response_iss_parameter_supported") is True,
        algorithms=usable,
        has_pkce="S256" in _words(document, "code_challenge_methods_supported"),
        has_back_channel=document.get("backchannel_logout_supported") is True,
    )


def _address(document: dict[str, Any], name: str) -> str:
    found = _optional_address(document, name)
    if found is None:
        raise ProviderError(ProviderFault.ANSWER)
    return found


def _optional_address(document: dict[str, Any], name: str) -> str | None:
    found = document.get(name)
    if found is None:
        return None
    if not isinstance(found, str):
        raise ProviderError(ProviderFault.ANSWER)
    require_address(found)
    return found


def _words(document: dict[str, Any], name: str) -> tuple[str, ...]:
    """Return a list of texts; empty when it is absent. Raises ProviderError for another form."""
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise ProviderError(ProviderFault.ANSWER)
    return tuple(found)
