"""Settings: defaults, environment, and keys that do not stay behind."""

import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import ValidationError

from uwlr_adapter.cli import main
from uwlr_adapter.settings import NO_SETTINGS, OF_TESTS, Settings, forget_key_variables


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the settings of this machine away."""
    for name in [name for name in os.environ if name.startswith("UWLR_")]:
        monkeypatch.delenv(name)


def test_the_defaults_are_the_embedded_service_on_loopback() -> None:
    """Without any setting the service is SQLite in a folder here, on 127.0.0.1."""
    settings = Settings()
    assert settings.database_url == f"sqlite:///{Path.cwd() / 'uwlr-data' / 'uwlr.sqlite3'}"
    assert settings.base_url == "http://127.0.0.1:8080"


def test_the_environment_names_each_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every field is UWLR_ and its name."""
    given = {
        "DATA": "/x",
        "DATABASE": "sqlite:////y",
        "PORT": "9000",
        "PUBLIC_URL": "https://u.example/",
        "KEYS": "k=00",
    }
    for naam, value in given.items():
        monkeypatch.setenv(f"UWLR_{naam}", value)
    settings = Settings()
    assert (settings.data, settings.database_url, settings.port) == (Path("/x"), "sqlite:////y", 9000)
    assert settings.base_url == "https://u.example"


@pytest.mark.parametrize(
    ("given", "trusted"),
    [
        (None, ["127.0.0.1/32", "::1/128"]),
        ("10.0.0.0/8, 192.0.2.1,2001:db8::/32", ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]),
    ],
)
def test_proxies_are_addresses_and_networks(
    monkeypatch: pytest.MonkeyPatch, given: str | None, trusted: list[str]
) -> None:
    """Only this machine is trusted unless the setting says otherwise."""
    if given is not None:
        monkeypatch.setenv("UWLR_TRUSTED_PROXIES", given)
    assert [str(network) for network in Settings().trusted_proxies] == trusted


@pytest.mark.parametrize("name", Settings.model_fields)
def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Of every setting: it is the default, and neither an error nor the working directory."""
    default = Settings()
    monkeypatch.setenv(f"UWLR_{name.upper()}", "")
    assert Settings() == default


@pytest.mark.parametrize("given", [",", "proxy.example", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1;::1"])
def test_a_proxy_that_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    """A name, or a network with bits of a host, stops the service: what it would trust is not what was meant."""
    monkeypatch.setenv("UWLR_TRUSTED_PROXIES", given)
    with pytest.raises(ValidationError):
        Settings()


def test_a_password_of_the_database_shows_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The URL of the database is in no representation."""
    monkeypatch.setenv("UWLR_DATABASE", "postgresql://u:zeer-geheim@db/uwlr")
    assert "zeer-geheim" not in repr(Settings()) + Settings().model_dump_json()
    assert "zeer-geheim" in Settings().database_url


def test_an_address_of_ipv6_stands_in_brackets() -> None:
    """The WSDL of a service on ::1 names an address that a client can call."""
    assert Settings(host="::1").base_url == "http://[::1]:8080"


def test_keys_show_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server key is in no representation, and leaves the environment after reading."""
    monkeypatch.setenv("UWLR_KEYS", "k1=0123456789abcdef")
    settings = Settings()
    assert "0123456789abcdef" not in repr(settings)
    assert "0123456789abcdef" not in settings.model_dump_json()
    forget_key_variables()
    assert "UWLR_KEYS" not in os.environ


def test_settings_do_not_change() -> None:
    """They are frozen, and a wrong one is refused."""
    with pytest.raises(ValidationError):
        Settings().port = 1
    with pytest.raises(ValidationError):
        Settings(port=70_000)


def test_the_parts_of_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them unless said otherwise; a part that does not exist is refused."""
    assert Settings().parts == {"soap", "portal", "metrics"}
    monkeypatch.setenv("UWLR_PARTS", "soap, metrics")
    assert Settings().parts == {"soap", "metrics"}
    for wrong in ("soap,koffie", "soap,,portal", ","):
        monkeypatch.setenv("UWLR_PARTS", wrong)
        with pytest.raises(ValidationError):
            Settings()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("UWLR_WORKER", "UWLR_WORKER is no setting: UWLR_WORKERS is meant?"),
        ("UWLR_TRUSTED_PROXY", "UWLR_TRUSTED_PROXY is no setting: UWLR_TRUSTED_PROXIES is meant?"),
        ("uwlr_dtabase", "uwlr_dtabase is no setting: UWLR_DATABASE is meant?"),
        ("UWLR_\udcff", "UWLR_\\udcff is no setting (docs/reference/settings.md has them all)"),
        ("UWLR_XYZZY", "UWLR_XYZZY is no setting (docs/reference/settings.md has them all)"),
    ],
)
def test_a_name_that_is_no_setting_is_an_error_of_every_command(
    monkeypatch: pytest.MonkeyPatch, given: str, sentence: str
) -> None:
    """The default would be in force for what was meant: the nearest name is told, and no value is."""
    monkeypatch.setenv(given, "een-geheim")
    monkeypatch.setenv("UWLR_DATABASE", "postgresql://u:zeer-geheim@db/uwlr")
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert sentence in str(caught.value)
    assert "geheim" not in str(caught.value)
    result = CliRunner().invoke(main, ["school", "list"])
    assert (result.exit_code, result.output) == (1, f"Error: invalid setting: {sentence}\n")


def test_the_names_of_settings_are_read_in_either_case(monkeypatch: pytest.MonkeyPatch) -> None:
    """As pydantic reads them."""
    monkeypatch.setenv("uwlr_port", "9000")
    assert Settings().port == 9000


def test_secrets_of_a_command_are_no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """They may stand in the environment of any command, and those of the tests too."""
    for name in NO_SETTINGS | OF_TESTS:
        monkeypatch.setenv(name, "x")
    assert Settings() == Settings()


def test_no_test_reads_another_name() -> None:
    """The names that a service ignores are exactly those that the tests of this project read."""
    root = Path(__file__).parents[2]
    files = [*root.glob("tests/**/*.py"), *root.glob("benchmarks/*.py"), *root.glob(".ci/*")]
    texts = [file.read_text(encoding="utf-8") for file in files if file.is_file() and file != Path(__file__)]
    named = {name for text in texts for name in re.findall(r"environ(?:\.get\(|\[)\"(UWLR_\w+)\"", text)}
    known = {f"UWLR_{name.upper()}" for name in Settings.model_fields} | NO_SETTINGS
    assert named - known == OF_TESTS
