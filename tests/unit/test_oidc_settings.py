"""The settings of a provider, and its secret: whole or refused, and shown nowhere."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from uwlr_adapter.oidc.claims import MAX_SHOWN, has_second_factor, shown_name
from uwlr_adapter.oidc.errors import ProviderSettingsError
from uwlr_adapter.oidc.provider_settings import ProviderSettings
from uwlr_adapter.settings import Settings

ISSUER = "https://login.example.nl/tenant"


def settings(folder: Path, **chosen: object) -> Settings:
    """Return settings with a whole provider, changed."""
    file = folder / "secret"
    if not file.exists():
        file.write_text(" zeer-geheim\n", encoding="utf-8")
    whole: dict[str, object] = {"oidc_issuer": ISSUER, "oidc_client_id": "k", "oidc_client_secret_file": file}
    return Settings(data=folder, **{**whole, **chosen})  # type: ignore[arg-type]


def test_a_whole_provider(tmp_path: Path) -> None:
    """It is read with its secret, which its text does not show; lists are separated by commas."""
    found = ProviderSettings.of(settings(tmp_path, oidc_acr="hoog, hoger,", oidc_amr="mfa"))
    assert found is not None
    assert (found.client_secret, found.acr, found.amr) == ("zeer-geheim", ("hoog", "hoger"), ("mfa",))
    assert (found.name, found.scope, found.vestigingen_claim) == ("uw organisatie", "openid", None)
    assert "geheim" not in repr(found)
    assert ProviderSettings.of(Settings(data=tmp_path)) is None


@pytest.mark.parametrize(
    "chosen",
    [
        {"oidc_issuer": None},
        {"oidc_client_id": None},
        {"oidc_client_secret_file": None},
        {"oidc_issuer": None, "oidc_client_id": None, "oidc_client_secret_file": None, "oidc_vestigingen_claim": "b"},
        {"oidc_issuer": None, "oidc_client_id": None, "oidc_client_secret_file": None, "oidc_amr": "mfa"},
        {"oidc_issuer": "http://login.example.nl"},
        {"oidc_issuer": "login.example.nl"},
        {"oidc_issuer": f"{ISSUER}?a=b"},
        {"oidc_issuer": f"{ISSUER}#a"},
        {"oidc_issuer": "https://a:b@login.example.nl"},
        {"oidc_issuer": "https://login.example.nl/\n"},
        {"oidc_issuer": f"https://{'a' * 255}"},
        {"oidc_name": ""},
        {"oidc_name": "<b>Entree</b>"},
        {"oidc_name": "x" * 41},
        {"oidc_scope": "profile"},
        {"oidc_scope": "openid  profile"},
        {"oidc_scope": 'openid "'},
    ],
    ids=str,
)
def test_half_a_provider(tmp_path: Path, chosen: dict[str, object]) -> None:
    """Half of one, or one that no browser should go to, is an error of every command."""
    with pytest.raises(ValidationError) as caught:
        settings(tmp_path, **chosen)
    assert "a:b" not in str(caught.value)


@pytest.mark.parametrize(
    "issuer", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:9", "https://h:8443/a/b"]
)
def test_issuers(tmp_path: Path, issuer: str) -> None:
    """One over TLS, or one on this machine."""
    assert settings(tmp_path, oidc_issuer=issuer).oidc_issuer == issuer


@pytest.mark.parametrize("content", [b"", b" \n", b"twee\nregels", "gehéim".encode(), b"\xff\xfe", b"x" * 1025])
def test_a_secret_that_is_none(tmp_path: Path, content: bytes) -> None:
    """It is refused without its text, as a file that is not there is."""
    (tmp_path / "secret").write_bytes(content)
    with pytest.raises(ProviderSettingsError) as caught:
        ProviderSettings.of(settings(tmp_path))
    assert "regels" not in str(caught.value)
    with pytest.raises(ProviderSettingsError, match="No such file"):
        ProviderSettings.of(settings(tmp_path, oidc_client_secret_file=tmp_path / "absent"))


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({}, ""),
        ({"name": "A", "email": "a@b", "preferred_username": "a"}, "a"),
        ({"name": "A", "email": " "}, "A"),
        ({"preferred_username": "a\u202eb", "email": "a@b"}, "a@b"),
        ({"preferred_username": "a\x00b"}, ""),
        ({"preferred_username": 7, "email": ["x"], "name": "x" * 200}, "x" * MAX_SHOWN),
    ],
)
def test_the_name_that_a_page_shows(claims: dict[str, object], shown: str) -> None:
    """It is short and printable, or absent: nothing that turns letters around."""
    assert shown_name(claims) == shown


def test_no_value_stands_for_a_second_factor_unless_told() -> None:
    """Without the settings no claim counts, whatever it says."""
    assert not has_second_factor({"acr": "hoog", "amr": ["mfa"]}, (), ())
    assert not has_second_factor({"acr": None, "amr": [None, 7, {}]}, ("",), ("mfa",))
