"""Another version of the code beside this one, in a tree of its own, run in processes of its own."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from io import BytesIO
from pathlib import Path

import pytest

import uwlr_adapter
from uwlr_adapter.db.schema_version import SCHEMA

CHECKOUT = Path(uwlr_adapter.__file__).parents[1]
_SCHEMA_FILE = "uwlr_adapter/db/schema_version.py"
_NUMBER = re.compile(r"^SCHEMA = (\d+)$", re.MULTILINE)
_NEXT = '''"""What a next version may add: columns, a table, an index.

Revision ID: {number:04}
Revises: {before:04}
"""

import sqlalchemy as sa
from alembic import op

revision = "{number:04}"
down_revision = "{before:04}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add them, to each table that a request reads or writes."""
    for table in ("afnemer", "vestiging", "school", "koppeling", "given", "answer_state", "journaal", "server_key"):
        op.add_column(table, sa.Column("next_column", sa.String(40), server_default="next", nullable=False))
    op.create_table("next_table", sa.Column("id", sa.Integer, primary_key=True))
    op.create_index("ix_next", "journaal", ["next_column"])
    op.execute("UPDATE schema_version SET number = {number}")
'''


def next_version(folder: Path) -> Path:
    """Return the tree of a next version: this code, with one more migration, which only adds."""
    for name in ("uwlr_adapter", "schemas", "wsdl"):
        shutil.copytree(CHECKOUT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    _set_number(folder, SCHEMA + 1)
    migration = folder / "uwlr_adapter/db/migrations/versions" / f"{SCHEMA + 1:04}_what_is_next.py"
    migration.write_text(_NEXT.format(number=SCHEMA + 1, before=SCHEMA), "utf-8")
    return folder


def version_before(folder: Path) -> Path:
    """Return the tree of the newest commit whose schema number is lower than that of this code; skips without one."""
    commits = _git("log", "--format=%H", "--", _SCHEMA_FILE).decode().split()
    for commit in commits:
        for one in (commit, f"{commit}^"):
            found = _NUMBER.search(_git("show", f"{one}:{_SCHEMA_FILE}").decode())
            if found is not None and int(found[1]) < SCHEMA:
                content = _git("archive", one, "uwlr_adapter", "schemas", "wsdl")
                with tarfile.open(fileobj=BytesIO(content)) as archive:
                    archive.extractall(folder, filter="data")
                return folder
    pytest.skip("the history of this checkout does not reach back to a lower schema number")


def _git(*arguments: str) -> bytes:
    if shutil.which("git") is None:
        return b""
    done = subprocess.run(["git", "-C", CHECKOUT, *arguments], check=False, capture_output=True)
    return b"" if done.returncode else done.stdout


def _set_number(folder: Path, number: int) -> None:
    file = folder / _SCHEMA_FILE
    file.write_text(_NUMBER.sub(f"SCHEMA = {number}", file.read_text("utf-8")), "utf-8")


def environment(tree: Path | None, **more: str) -> dict[str, str]:
    """Return the environment of a process with the code of a tree, of this one if None; with these settings only."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("UWLR_")}
    return clean | ({} if tree is None else {"PYTHONPATH": str(tree)}) | more


def run(tree: Path | None, data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the code of a tree, in a data folder, with these settings only."""
    command = [sys.executable, "-m", "uwlr_adapter", "--data", str(data), *arguments]
    return subprocess.run(
        command, env=environment(tree, **more), cwd=data, check=False, capture_output=True, text=True, timeout=300
    )
