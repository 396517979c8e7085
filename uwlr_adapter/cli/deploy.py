"""`uwlr-adapter deploy`: the files with which an operator installs the service."""

import os
import sys
from pathlib import Path

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.server import deploy_files
from uwlr_adapter.server.deploy_files import DeployFile, Deployment, DeploymentError

PLACES = {
    deploy_files.UNIT: "/etc/systemd/system/uwlr-adapter.service",
    deploy_files.ENVIRONMENT: "/etc/uwlr-adapter/env",
    deploy_files.COMMAND: "/usr/local/sbin/uwlr",
}
"""Where a file goes; those of nginx say it themselves, in uwlr.conf."""


@click.group()
def deploy() -> None:
    """Write the files with which the service is installed.

    Example:  uwlr-adapter deploy files uwlr-files --public-url https://uwlr.example.nl
    """


def _own_program() -> Path:
    return Path(sys.prefix) / "bin" / "uwlr-adapter"


@deploy.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--public-url", required=True, help="URL that vendors call, such as https://uwlr.example.nl.")
@click.option("--user", default=deploy_files.USER, show_default=True, help="System user of the service.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=deploy_files.DATA,
    show_default=True,
    help="Folder of the server keys, and of the database unless --database names one.",
)
@click.option("--database", help="URL of a PostgreSQL database; its password is better in a file (PGPASSFILE).")
@click.option(
    "--listen",
    default=deploy_files.LISTEN,
    show_default=True,
    help="Address and port of the service, where nginx finds it.",
)
@click.option(
    "--proxy", "proxies", multiple=True, help="Address of an nginx on another machine; repeat it for each one."
)
@click.option(
    "--program",
    type=click.Path(path_type=Path),
    default=_own_program,
    help="The command that the unit runs; default: this one.",
)
@click.option("--force", is_flag=True, help="Overwrite files that are there.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_obj
def files(context: Context, /, folder: Path, *, force: bool, dry_run: bool, **values: object) -> None:
    """Write the unit of systemd, its settings, nginx, alerts, a dashboard and a container file to FOLDER.

    They agree with each other and hold the values of the options. Nothing is installed: the table says where each
    file goes, and docs/guides/operator.md how.

    Example:  uwlr-adapter deploy files uwlr-files --public-url https://uwlr.example.nl
    """
    try:
        made = deploy_files.files(Deployment(**values))  # type: ignore[arg-type] # click gives each its own type
    except DeploymentError as error:
        raise click.UsageError(str(error)) from None
    there = [one.path for one in made if os.path.lexists(folder / one.path)]
    if there and not force and not dry_run:
        raise click.ClickException(
            f"{folder} has {', '.join(there[:3])}{' and more' if len(there) > 3 else ''} already, and nothing was "  # noqa: PLR2004
            "written: name another folder, or say --force"
        )
    for one in made:
        if not dry_run:
            _write(folder / one.path, one)
        place = PLACES.get(one.path)
        context.console.print(escape(f"{folder / one.path}{f' -> {place}' if place else ''}"), soft_wrap=True)
    if dry_run:
        context.messages.print("Nothing was written.")


def _write(path: Path, file: DeployFile) -> None:
    """Write one file, with its mode from the first byte on. Raises ClickException."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(file.content)
            os.fchmod(opened.fileno(), file.mode)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from None
