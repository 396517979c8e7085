"""`uwlr-adapter afnemer`: every command, and that a klantcode is shown once."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from rich.console import Console
from support.school_builder import MOMENT, open_database
from support.world import identify

from uwlr_adapter.cli.afnemer import afnemer
from uwlr_adapter.cli.base import Context
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.settings import Settings


def clock() -> datetime:
    """Return the moment of the tests."""
    return MOMENT


@pytest.fixture
def context(tmp_path: Path) -> Context:
    """Return an empty data folder."""
    made = Context(Settings(data=tmp_path), clock, Console(width=200), Console(stderr=True, width=200))
    open_database(tmp_path).close()
    return made


def run(context: Context, *arguments: str) -> Result:
    """Run `uwlr-adapter afnemer` with these arguments."""
    return CliRunner().invoke(afnemer, arguments, obj=context)


def is_known(context: Context, klantcode: str, after: timedelta = timedelta(0)) -> bool:
    """Whether Snappet is let in with this klantcode, some time from now."""
    with context.database() as database:
        server_keys = ServerKeys.from_settings(context.settings, database)
        return identify(database, server_keys, "Snappet", klantcode, MOMENT + after) is not None


def test_add(context: Context) -> None:
    """The klantcode stands alone on standard output, works, and is not listed afterwards."""
    result = run(context, "add", "Snappet")
    klantcode = result.stdout.strip()
    assert is_known(context, klantcode)
    listed = run(context, "list").stdout
    assert "Snappet" in listed
    assert klantcode not in listed


def test_rotate(context: Context) -> None:
    """With an overlap both klantcodes are good for so many days; without, only the new one."""
    old = run(context, "add", "Snappet").stdout.strip()
    new = run(context, "rotate", "Snappet", "--overlap", "14").stdout.strip()
    assert is_known(context, old, timedelta(days=13))
    assert not is_known(context, old, timedelta(days=14))
    assert "16-11-2026" in run(context, "list").stdout
    last = run(context, "rotate", "Snappet").stdout.strip()
    assert [is_known(context, code) for code in (old, new, last)] == [False, False, True]


def test_disable_and_enable(context: Context) -> None:
    """A disabled afnemer is refused until it is enabled."""
    klantcode = run(context, "add", "Snappet").stdout.strip()
    assert run(context, "disable", "Snappet").exit_code == 0
    assert not is_known(context, klantcode)
    assert "disabled" in run(context, "list").stdout
    assert run(context, "rotate", "Snappet").exit_code == 1
    assert run(context, "enable", "Snappet").exit_code == 0
    assert is_known(context, klantcode)


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (("add", "Snappet"), 1),
        (("add", " x"), 1),
        (("rotate", "Niemand"), 1),
        (("disable", "Niemand"), 1),
        (("enable", "Niemand"), 1),
        (("rotate", "Snappet", "--overlap", "-1"), 2),
        (("rotate", "Snappet", "--overlap", "367"), 2),
    ],
)
def test_refused(context: Context, arguments: tuple[str, ...], exit_code: int) -> None:
    """A refusal is a sentence on standard error; nothing stands on standard output, and the klantcode stays good."""
    klantcode = run(context, "add", "Snappet").stdout.strip()
    result = run(context, *arguments)
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert result.stderr
    assert is_known(context, klantcode)


def test_markup_is_text(context: Context) -> None:
    """A klantnaam with brackets is shown as it is."""
    run(context, "add", "[red]Uitgever")
    assert "[red]Uitgever" in run(context, "list").stdout


def test_empty_list(context: Context) -> None:
    """Without an afnemer the list says how to add one."""
    assert "afnemer add" in run(context, "list").stderr


@pytest.mark.parametrize("name", sorted(afnemer.commands))
def test_help(context: Context, name: str) -> None:
    """Every command has help with an example."""
    assert "Example:" in run(context, name, "--help").stdout
