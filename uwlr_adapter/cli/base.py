"""What every command shares: the settings, the open database, the clock, and errors as one sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import click
from rich.console import Console

from uwlr_adapter.koppelingen.catalogus import Catalogus, CatalogusFout
from uwlr_adapter.opslag import Opslag, OpslagFout
from uwlr_adapter.settings import Settings
from uwlr_adapter.tijd import Klok, now


@dataclass(frozen=True, slots=True)
class Context:
    """The object that click hands to each command (`@click.pass_obj`)."""

    settings: Settings
    klok: Klok = now
    console: Console = field(default_factory=lambda: Console(highlight=False))
    """Standard output: what was asked for."""
    messages: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    """Standard error: progress, warnings and reasons."""

    def catalogus(self) -> Catalogus:
        """Give the catalogue of koppelingen that the settings name."""
        try:
            return Catalogus.load(self.settings.catalogus)
        except CatalogusFout as error:
            raise click.ClickException(f"the catalogue cannot be used: {error}") from error

    @contextmanager
    def opslag(self) -> Iterator[Opslag]:
        """Open the database; SQLite is made and migrated by itself, another database must be current."""
        opslag = Opslag(self.settings.database_url)
        try:
            if opslag.is_sqlite:
                opslag.upgrade()
            else:
                opslag.require_current()
            yield opslag
        except OpslagFout as error:
            raise click.ClickException(str(error)) from error
        finally:
            opslag.close()
