"""Options that carry a secret: from the environment, a file or a prompt; on the command line as a last resort."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

CODE_VARIABLE = "UWLR_VERIFICATIECODE"
"""The environment variable of a verificatiecode that is entered."""


def read_secret(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str | None:
    """Return the secret; `@FILE` stands for the text of that file, without surrounding white space."""
    if value is None or not value.startswith("@"):
        return value
    try:
        return Path(value[1:]).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.BadParameter(f"the file cannot be read ({type(error).__name__})") from None


def secret_option(
    name: str, text: str, default: str | None = None, *, prompts: bool = True
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return an option for a secret, which can also come from `UWLR_<NAME>` or `@FILE`.

    Without any of these it is `default`, a published value; when there is none, it is prompted for, unless the command
    itself asks when it needs it (`prompts`).
    """
    variable = f"UWLR_{name.lstrip('-').upper()}"
    return click.option(
        name,
        envvar=variable,
        default=default,
        prompt=prompts and default is None,
        hide_input=prompts and default is None,
        callback=read_secret,
        help=f"{text} (or {variable}, or @FILE)",
    )
