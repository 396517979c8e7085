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

from uwlr_adapter.errors import UwlrAdapterError


def _import_all() -> None:
    """Import what commands import when they run, and what those libraries import late."""
    import alembic.command
    import alembic.config
    import psycopg
    import sqlalchemy.dialects.postgresql.psycopg
    import sqlalchemy.dialects.sqlite.pysqlite  # noqa: F401
    from support import wsgi  # noqa: F401

    from uwlr_adapter import cli
    from uwlr_adapter.cli import command_group
    from uwlr_adapter.server import application  # noqa: F401

    folder = Path(cli.__file__).parent
    for module in sorted(path.stem for path in folder.glob("*.py")):
        if not module.startswith(("__", "check", "demo", "report", "serve")):
            command_group.load(module)


def _command(arguments: list[str]) -> int:
    from uwlr_adapter.cli import main

    try:
        main(arguments, prog_name="uwlr-adapter")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def _fetch(folder: Path, data: str) -> int:
    from support import wsgi

    from uwlr_adapter.server.application import make_app
    from uwlr_adapter.settings import Settings

    app = make_app(Settings(data=Path(data)))
    reply = wsgi.call(app, (folder / "request").read_bytes())
    (folder / "answer").write_bytes(reply.body)
    return int(reply.status != 200)


def _make_old(data: str, revision: str, rows: list[str]) -> int:
    from alembic import command
    from alembic.config import Config

    import uwlr_adapter
    from uwlr_adapter.db.database import Database
    from uwlr_adapter.settings import Settings

    config = Config()
    config.set_main_option("script_location", str(Path(uwlr_adapter.__file__).parent / "db" / "migrations"))
    database = Database(Settings(data=Path(data)).database_url)
    with database.writing() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        for row in rows:
            connection.exec_driver_sql(row)
    database.close()
    return 0


def _child(folder: Path, asked: dict[str, Any]) -> int:
    os.environ.update(asked["environment"])
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(file, number)
        os.close(file)
    try:
        if "command" in asked:
            status = _command(asked["command"])
        elif "fetch" in asked:
            status = _fetch(folder, asked["fetch"])
        else:
            status = _make_old(asked["old"], asked["revision"], asked["rows"])
    except UwlrAdapterError as error:  # the application cannot start
        sys.stderr.write(str(error))
        status = 1
    except Exception:  # noqa: BLE001 - shown to whoever runs the test
        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).uwlr_power_cut()  # only where writes were kept: a power cut right after the command was done
    return status


def main() -> None:
    """Fork until the input ends."""
    folder = Path(sys.argv[1])
    _import_all()
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
