"""The option of `check` by which it may write results, and of whom."""

from pathlib import Path

import click

from uwlr_adapter.cli.saved_answer import read_answer
from uwlr_adapter.client.result import NAMESPACES, PullError, saved

RESULTS_RUN = "results"
"""The kind and the plan in the report of a run that writes."""
_MAX_LEERLINGID = 256
"""Characters of a leerlingid (inclusive), as the schema has it."""


def read_leerlingid(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the leerlingid that was given; `@FILE` stands for the first one with a key in that saved answer.

    Raises BadParameter.
    """
    if value is not None and value.startswith("@"):
        path = Path(value[1:])
        try:
            leerlingen = saved(read_answer(path)).iterfind("lg:leerlingen/lg:leerling", NAMESPACES)
        except PullError as error:
            raise click.BadParameter(f"{path}: {error}") from None
        value = next((str(key) for one in leerlingen if (key := one.get("key") or one.get("eckid"))), "")
        if not value:
            raise click.BadParameter(f"{path}: it has no leerling with a key")
    if value is not None and not (0 < len(value) <= _MAX_LEERLINGID and value.isprintable()):
        raise click.BadParameter(f"a leerlingid has 1 to {_MAX_LEERLINGID} printable characters")
    return value
