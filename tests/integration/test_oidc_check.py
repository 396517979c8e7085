"""`gebruiker oidc-check`: it says whether the provider can be reached and agrees, and shows no secret."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.clock import Clock
from support.lying_provider import CLIENT_ID, SECRET, LyingProvider, lying
from support.portal_browser import MOMENT

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.gebruiker import gebruiker
from uwlr_adapter.settings import Settings

PUBLIC = "https://uwlr.example.nl"


@pytest.fixture
def provider() -> Iterator[LyingProvider]:
    """Yield a provider."""
    with lying(Clock(MOMENT)) as provider:
        yield provider


def check(provider: LyingProvider, folder: Path, secret: str = SECRET) -> Result:
    """Run the command."""
    file = folder / "secret"
    file.write_text(secret, encoding="utf-8")
    chosen = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret_file": file}
    settings = Settings(data=folder, public_url=f"{PUBLIC}/", **chosen)  # type: ignore[arg-type]
    context = Context(settings, lambda: MOMENT, Console(width=200), Console(stderr=True, width=200))
    result = CliRunner().invoke(gebruiker, ["oidc-check"], obj=context)
    assert secret not in result.output
    return result


def test_all_is_right(provider: LyingProvider, tmp_path: Path) -> None:
    """The addresses to register are those of the public URL; nobody logs in."""
    result = check(provider, tmp_path)
    assert result.exit_code == 0, result.output
    assert f"redirect URI: {PUBLIC}/koppelingen/inloggen/extern/terug" in result.stdout
    assert f"post-logout redirect URI: {PUBLIC}/koppelingen/inloggen/extern/uitgelogd" in result.stdout
    assert f"back-channel logout: {PUBLIC}/koppelingen/inloggen/extern/afmelden" in result.stdout
    assert result.stdout.count("Right:") == 3
    assert "does not say that it checks PKCE" in result.stdout
    assert "id_token" not in str(provider.sent)


def test_a_wrong_secret(provider: LyingProvider, tmp_path: Path) -> None:
    """It says that the client or its secret is wrong."""
    result = check(provider, tmp_path, "verkeerd-geheim")
    assert result.exit_code == 1
    assert "does not know this client or its secret" in result.stderr


def test_another_issuer(provider: LyingProvider, tmp_path: Path) -> None:
    """What the provider calls itself must be the setting, letter by letter."""
    provider.metadata = {"issuer": f"{provider.issuer}/"}
    result = check(provider, tmp_path)
    assert result.exit_code == 1
    assert "the provider says that it is another issuer" in result.stderr


def test_no_provider(tmp_path: Path) -> None:
    """Without the settings it names them."""
    context = Context(Settings(data=tmp_path))
    result = CliRunner().invoke(gebruiker, ["oidc-check"], obj=context)
    assert result.exit_code == 1
    assert "UWLR_OIDC_ISSUER" in result.stderr
