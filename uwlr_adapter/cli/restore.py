"""`uwlr-adapter restore`: bring a backup back into a new database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import click

from uwlr_adapter.administratie.importing.forget_again import ForgottenDigest, ForgottenListError, from_list, read_all
from uwlr_adapter.backup import carrying, restoring
from uwlr_adapter.backup.backup_file import BackupHead
from uwlr_adapter.backup.comparing import ComparedRows, differences
from uwlr_adapter.backup.going_back import Settled
from uwlr_adapter.cli.acts import confirm_options
from uwlr_adapter.cli.backup import reporting_failures
from uwlr_adapter.cli.base import Context, local_time, own_actor
from uwlr_adapter.cli.table_progress import table_progress
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db.database import Database, shown_url
from uwlr_adapter.keys.server_keys import ServerKeyError, ServerKeys

present_option = click.option(
    "--present", metavar="URL", help="The database as it is now: says what comes back, and who was forgotten since."
)
forgotten_option = click.option(
    "--forgotten",
    "lists",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A list of `db forgotten`: who is in it is erased again. More than once if need be.",
)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@present_option
@forgotten_option
@confirm_options
@click.pass_obj
def restore(
    context: Context, file: Path, present: str | None, lists: Sequence[Path], *, dry_run: bool, yes: bool
) -> None:
    """Restore FILE, a backup, into the new or empty database of the settings.

    The whole file is read before anything is written. With --present it says what comes back that changed since, such
    as koppelingen that ended. Who was forgotten since is erased again; sessions and one-time links end; each platform
    gets data before it hears geenwijzigingen. It is there as a whole, or not at all.

    Example:  UWLR_DATA=/var/lib/uwlr-new uwlr-adapter restore 2026-11-30.uwlr --dry-run
    """
    with reporting_failures():
        with table_progress(context.messages) as progress:
            found = restoring.inspect(file, progress)
        _tell_head(context, file, found.head)
        url = context.settings.database_url
        context.console.print(f"It goes into {escape(shown_url(url))}.", soft_wrap=True)
        carrying.require_target(url)
        keys = _keys(context, found.head)
        digests = [*read_lists(lists), *tell_present(context, present, found.standing)]
        if dry_run:
            context.console.print("Dry run, nothing changed.")
            return
        if not yes:
            click.confirm("Restore?", abort=True)
        with table_progress(context.messages) as progress:
            done = restoring.restore(file, url, keys, digests, context.clock(), own_actor(), progress)
    context.console.print("Restored, and every table compared with the backup.")
    tell_settled(context, done)


def _tell_head(context: Context, file: Path, head: BackupHead) -> None:
    moment = local_time(head.moment, seconds=True)
    counts = ", ".join(
        f"{head.counts.get(name, 0)} {name}" for name in ("vestiging", "persoon", "koppeling", "journaal")
    )
    context.console.print(f"{escape(str(file))}: a whole backup as of {moment}; rows: {counts}.", soft_wrap=True)


def _keys(context: Context, head: BackupHead) -> ServerKeys | None:
    """Return the server keys of the settings, which must belong to a backup; None when it needs none and there is none.

    Raises ServerKeyError.
    """
    try:
        keys = ServerKeys.read(context.settings)
    except ServerKeyError:
        if any(mark.is_used for mark in head.keys):
            raise
        return None
    restoring.require_keys(head, keys)
    return keys


def read_lists(lists: Iterable[Path]) -> list[ForgottenDigest]:
    """Read lists of forgotten persons. Raises ForgottenListError."""
    found: list[ForgottenDigest] = []
    for path in lists:
        try:
            found += from_list(path.read_bytes())
        except OSError as error:
            raise ForgottenListError(f"{path} cannot be read: {error.strerror}") from error
    return found


def tell_present(context: Context, url: str | None, earlier: ComparedRows) -> list[ForgottenDigest]:
    """Print what comes back beside the database of a URL, and return who was forgotten there."""
    if url is None:
        context.messages.print(
            "Without --present nothing can be said of what changed since: koppelingen that ended may be open again "
            "with their old codes, and who was forgotten since is only known from --forgotten.",
            soft_wrap=True,
        )
        return []
    database = Database(url, create=False)
    try:
        database.require_usable()
        with database.reading() as connection:
            database.backend.remove_time_limits(connection)
            lines = differences(earlier, ComparedRows.of(connection))
            digests = read_all(connection)
    finally:
        database.close()
    context.console.print("What changed since, beside the present database:" if lines else "Nothing changed since.")
    for line in lines:
        context.console.print(f"- {escape(line)}", soft_wrap=True)
    return digests


def tell_settled(context: Context, done: Settled) -> None:
    """Print what was done after the records went back, and what is left to do."""
    context.console.print(
        f"Forgotten again: {done.forgotten}. Sessions ended; one-time links ended: {done.links}"
        f"{' (`gebruiker reset` makes a new one)' if done.links else ''}. Each platform gets data once more. "
        f"The journaal of {count_noun(done.vestigingen, 'vestiging', 'vestigingen')} says so.",
        soft_wrap=True,
    )
    context.messages.print(
        "Before you serve: end or pause by hand what should not be open (`koppeling list`), import the records of "
        "today, and run `uwlr-adapter db check`.",
        soft_wrap=True,
    )


def read_moment(text: str | None) -> datetime | None:
    """Return a moment that was typed, in Amsterdam unless it has a zone. Raises BadParameter."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter("must be a moment such as 2026-11-30T02:00", param_hint="--back-to") from None
    return read if read.tzinfo is not None else read.replace(tzinfo=AMSTERDAM)
