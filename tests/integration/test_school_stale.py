"""`school list --stale`: which vestigingen have old records, and which have not."""

import json
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner
from rich.console import Console
from support.served_school import furnish

from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.school import school
from uwlr_adapter.clock import now, schooljaar_of
from uwlr_adapter.settings import Settings


def test_stale_is_old_or_not_taken(tmp_path: Path) -> None:
    """A vestiging is listed once its last import is older than so many days, or when a later one was not taken."""
    furnish(tmp_path)
    moment = now()

    def listed(*arguments: str, days: int = 0) -> list[str]:
        context = Context(
            Settings(data=tmp_path), lambda: moment + timedelta(days=days), Console(), Console(stderr=True)
        )
        result = CliRunner().invoke(school, ["list", "--stale", "--json", *arguments], obj=context)
        assert result.exit_code == 0, result.stderr
        return [one["brin6"] for one in json.loads(result.stdout)]

    assert listed() == []
    assert listed(days=6) == []
    assert sorted(listed(days=8)) == ["21QW00", "21QW01", "30AB00"]
    assert listed("--days", "9", days=8) == []
    with Context(Settings(data=tmp_path)).database() as database, database.writing() as connection:
        year = schooljaar_of(moment.date())
        not_taken.record(connection, [("30AB00", year)], ImportRefusedError([]), moment)
    assert listed() == ["30AB00"]
    result = CliRunner().invoke(school, ["list", "--stale", "--days", "0"], obj=Context(Settings(data=tmp_path)))
    assert result.exit_code == 2
