"""Output to a terminal: text of a file, a person or a server is shown, and never obeyed or able to pass for ours.

A control character (C0, C1) can move the cursor, set a title or answer in the user's name; a bidirectional control or
a character without width shows another text than there is; a newline in a name makes a line of its own.
"""

from typing import Any

from rich import markup
from rich.console import Console
from rich.text import Text

from uwlr_adapter.contract.escape import LINES, printable


def escape(text: str) -> str:
    """Return a text of somebody else for a place in what a console prints: printable, and no markup of rich."""
    return markup.escape(printable(text))


def printable_xml(text: str) -> str:
    """Return the same XML with a character reference for each character that is not printable, line breaks apart."""
    return "".join(one if one.isprintable() or one in LINES else f"&#{ord(one)};" for one in text)


class SafeConsole(Console):
    """A console that escapes what `escape` was forgotten for; lines stay."""

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - passed on to rich
        """Return the text as rich renders it."""
        return super().render_str(printable(text, lines=True), **options)
