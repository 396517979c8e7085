"""The provider as the operator set it, with the secret that we have there."""

from dataclasses import dataclass, field
from pathlib import Path

from uwlr_adapter.oidc.errors import ProviderSettingsError
from uwlr_adapter.settings import Settings

MAX_SECRET = 1024
"""Characters of the client secret (inclusive): far more than any provider hands out."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """The provider as the settings describe it, before it is asked anything."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    """As pages call it: `Inloggen met …`."""
    scope: str = "openid"
    vestigingen_claim: str | None = None
    """The claim that names the vestigingen or brincodes that a session is narrowed to; None narrows nothing."""
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    """The values of these claims that stand for a second factor."""

    @classmethod
    def of(cls, settings: Settings) -> "ProviderSettings | None":
        """Return the provider of the settings; None without one. Raises ProviderSettingsError."""
        if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_client_secret_file is None:
            return None
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            _secret(settings.oidc_client_secret_file),
            settings.oidc_name,
            settings.oidc_scope,
            settings.oidc_vestigingen_claim,
            tuple(filter(None, settings.oidc_acr)),  # `hoog,` has an empty word, and a provider may say nothing
            tuple(filter(None, settings.oidc_amr)),
        )


def _secret(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not plain text"
        raise ProviderSettingsError(f"the file of UWLR_OIDC_CLIENT_SECRET_FILE cannot be read: {reason}") from None
    if not 0 < len(text) <= MAX_SECRET or not text.isascii() or not text.isprintable():
        raise ProviderSettingsError(
            "the file of UWLR_OIDC_CLIENT_SECRET_FILE must hold the secret of the client: one line of ASCII"
        )
    return text
