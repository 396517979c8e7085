"""Pages without a login: HTML made of a template, without any script and with a style sheet of our own.

Their Content-Security-Policy allows that style sheet and nothing else.
"""

import functools
import re
from importlib.resources import files
from typing import TYPE_CHECKING

from uwlr_adapter.web.downloads import Download

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

STYLE = "/uwlr/stijl.css"
"""The path of the style sheet of these pages."""
_NOSNIFF = ("X-Content-Type-Options", "nosniff")
_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    _NOSNIFF,
    ("Referrer-Policy", "no-referrer"),
)
_CODE = re.compile(r"`([^`]+)`")


def make_page(template: str, **values: object) -> Download:
    """Return a page: a template of `web/templates` with these values, each of which is escaped."""
    text = _environment().get_template(template).render(style=STYLE, **values)
    return Download(text.encode(), "text/html; charset=utf-8", headers=_HEADERS)


def make_style() -> Download:
    """Return the style sheet."""
    return Download(_read("static/stijl.css").encode(), "text/css; charset=utf-8", headers=(_NOSNIFF,))


@functools.cache
def _environment() -> "Environment":
    """Return the template engine, which not every process needs."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # noqa: PLC0415

    made = Environment(
        loader=FunctionLoader(lambda name: _read(f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["marked"] = _marked
    return made


def _marked(text: str) -> "Markup":
    """Escape a text, and make code of what stands in backticks."""
    from markupsafe import Markup, escape  # noqa: PLC0415 - comes with the template engine

    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it was escaped


def _read(name: str) -> str:
    return files("uwlr_adapter.web").joinpath(name).read_text(encoding="utf-8")
