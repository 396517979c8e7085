"""The process that forks one for each command of `failing.Commands`; it has imported all that they need.

A line of JSON on standard input is what to run; a line on standard output is how it ended, as `subprocess` tells it.
"""

import ctypes
import gc
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import psycopg  # noqa: F401 - imported here, once, instead of in each command
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401 - as above
from alembic import command as alembic
from alembic.config import Config

import uwlr_adapter
from support import wsgi
from uwlr_adapter import cli
from uwlr_adapter.cli import command_group
from uwlr_adapter.db.database import Database
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings

_PACKAGE = Path(uwlr_adapter.__file__).parent
_OTHERS = ("__", "check", "demo", "report", "serve")
"""Modules of the command line that are not run here, by how their names begin."""


def _command(arguments: list[str]) -> int:
    try:
        cli.main(arguments, prog_name="uwlr-adapter")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _fetch(folder: Path, data: str) -> int:
    """Send the message of the file `request` to an application that starts for it."""
    app = make_app(Settings(data=Path(data), parts=frozenset({Part.SOAP})))  # the portal is most of its start
    reply = wsgi.call(app, (folder / "request").read_bytes())
    (folder / "answer").write_bytes(reply.body)
    return int(reply.status != 200)


def _make_old(data: str, revision: str, rows: list[str]) -> int:
    """Make a database of an older revision."""
    config = Config()
    config.set_main_option("script_location", str(_PACKAGE / "db" / "migrations"))
    database = Database(Settings(data=Path(data)).database_url)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        alembic.upgrade(config, revision)
        for row in rows:
            connection.exec_driver_sql(row)
    database.close()
    return 0


def _do(folder: Path, asked: dict[str, Any]) -> int:
    if "command" in asked:
        return _command(asked["command"])
    if "fetch" in asked:
        return _fetch(folder, asked["fetch"])
    return _make_old(asked["old"], asked["revision"], asked["rows"])


def _child(folder: Path, asked: dict[str, Any]) -> int:
    os.environ.update(asked["environment"])
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    try:
        status = _do(folder, asked)
    except UwlrAdapterError as error:  # the application cannot start, and says why
        sys.stderr.write(str(error))
        status = 1
    except BaseException:  # noqa: BLE001 - the audit finds it
        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).uwlr_power_cut()  # where writes were kept: a power cut right after the command was done
    return status


def main() -> None:
    """Fork until the input ends."""
    folder = Path(sys.argv[1])
    for module in sorted(path.stem for path in (_PACKAGE / "cli").glob("*.py")):
        if not module.startswith(_OTHERS):
            command_group.load(module)
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        for name in ("out", "err"):
            (folder / name).write_bytes(b"")
        child = os.fork()
        if child == 0:
            os._exit(_child(folder, json.loads(line)))
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


if __name__ == "__main__":
    main()
