"""A message of the kit: a valid one by construction, and each way to break it by one step.

It is written as text, since what is sent must be wrong in one place and in no other: a serialiser would mend it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from uwlr_adapter.contract import names
from uwlr_adapter.contract.escape import escape_attribute, escape_text
from uwlr_adapter.contract.names import Operation

Children: TypeAlias = tuple[tuple[str, str], ...]
"""The children of an element in their order: local name and text; that of `groepen` is XML, every other is escaped."""
GroepAsked: TypeAlias = tuple[str, str | None]
"""A group in a request: `groep` or `samengestelde_groep`, and its key or None."""


@dataclass(frozen=True, slots=True)
class KitMessage:
    """A request of one operation. Each method returns a changed copy."""

    operation: Operation
    children: Children
    autorisatie: Children = field(repr=False)
    """The parts of the header in their order; nothing leaves the header out."""
    raw_header: str | None = field(default=None, repr=False)
    """XML to stand in the SOAP Header instead of the autorisatie."""
    soap: str = names.SOAP11
    namespace: str = names.LEERLINGGEGEVENS
    edit: Callable[[str], str] | None = field(default=None, repr=False)
    """A last change of the whole text of the message."""

    def value(self, name: str) -> str | None:
        """Return the text of the first child of a name."""
        return next((text for own, text in self.children if own == name), None)

    def of(self, operation: Operation, groepen: Iterable[GroepAsked] = ()) -> "KitMessage":
        """Return the same request of another operation, for some groups if it is one by groups."""
        kept = tuple(child for child in self.children if child[0] != "groepen")
        asked = (("groepen", _groepen(groepen)),) if operation.by_groep else ()
        return replace(self, operation=operation, children=kept + asked)

    def with_child(self, name: str, text: str) -> "KitMessage":
        """Return the request with a value for one child, in its place by the standard."""
        kept = [child for child in self.children if child[0] != name]
        rank = names.VERZOEK_ELEMENTS.index(name)
        place = sum(names.VERZOEK_ELEMENTS.index(own) < rank for own, _ in kept)
        return replace(self, children=(*kept[:place], (name, text), *kept[place:]))

    def without(self, *absent: str) -> "KitMessage":
        """Return the request without some children."""
        return replace(self, children=tuple(child for child in self.children if child[0] not in absent))

    def with_part(self, name: str, text: str) -> "KitMessage":
        """Return the request with another value for one part of the autorisatie."""
        return replace(self, autorisatie=tuple((own, text if own == name else old) for own, old in self.autorisatie))

    def without_part(self, name: str) -> "KitMessage":
        """Return the request without one part of the autorisatie."""
        return replace(self, autorisatie=tuple(part for part in self.autorisatie if part[0] != name))

    def edited(self, edit: Callable[[str], str]) -> "KitMessage":
        """Return the request with a last change of its whole text, after those before it."""
        before = self.edit
        return replace(self, edit=edit if before is None else lambda text: edit(before(text)))

    def header_xml(self) -> str:
        """Return the autorisatie element."""
        parts = "".join(f"<aut:{name}>{escape_text(text)}</aut:{name}>" for name, text in self.autorisatie)
        return f'<aut:autorisatie xmlns:aut="{names.AUTORISATIE}">{parts}</aut:autorisatie>'

    def body_xml(self) -> str:
        """Return the request element."""
        inner = "".join(
            f"<lg:{name}>{text if name == 'groepen' else escape_text(text)}</lg:{name}>" for name, text in self.children
        )
        return f'<lg:{self.operation.request} xmlns:lg="{self.namespace}">{inner}</lg:{self.operation.request}>'

    def text(self) -> str:
        """Return the whole message."""
        header = self.raw_header if self.raw_header is not None else self.header_xml() if self.autorisatie else ""
        text = (
            '<?xml version="1.0" encoding="utf-8"?>\n'
            f'<soap:Envelope xmlns:soap="{self.soap}"><soap:Header>{header}</soap:Header>'
            f"<soap:Body>{self.body_xml()}</soap:Body></soap:Envelope>"
        )
        return text if self.edit is None else self.edit(text)

    def message(self) -> bytes:
        """Return the whole message in UTF-8."""
        return self.text().encode()


def _groepen(groepen: Iterable[GroepAsked]) -> str:
    return "".join(
        f"<lg:{kind}/>" if key is None else f'<lg:{kind} key="{escape_attribute(key)}"/>' for kind, key in groepen
    )
