"""Options that carry a secret: from the environment, a file, or a prompt; on the command line as the last resort."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def read_secret(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Give the secret itself; `@FILE` stands for the text of that file, without white space around it."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"the file cannot be read ({type(error).__name__})") from None


def secret_option(name: str, text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give an option for a secret: also from `UWLR_<NAME>` or `@FILE`, and asked for when it is nowhere."""
    variable = f"UWLR_{name.lstrip('-').upper()}"
    return click.option(
        name,
        envvar=variable,
        prompt=True,
        hide_input=True,
        callback=read_secret,
        help=f"{text} (or {variable}, or @FILE)",
    )
