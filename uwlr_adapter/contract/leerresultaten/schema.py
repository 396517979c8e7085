"""The verdict of the XSD on a message, at a cost that is linear in its size, however much is wrong in it.

libxml2 writes the path of each error by counting the elements before it. A tree that the reader has read has no errors
to speak of, and is judged where it stands; any other one as a stream, which has no paths, up to MAX_ERRORS.
"""

import functools
import re
from contextlib import suppress
from typing import Any, NamedTuple, cast

from lxml import etree

from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import RULES

VERZOEK_SCHEMA = "schemas/leerresultaten/verzoek.xsd"
BEVESTIGING_SCHEMA = "schemas/leerresultaten/bevestiging.xsd"
DEFINITIES_SCHEMA = "schemas/leerresultaten/toetsdefinities.xsd"
MAX_ERRORS = 1000
"""Errors after which a stream is read no further, but for the piece that they stand in."""
_PIECE = 32 * 1024
_NAMED = re.compile(r"Element '(?:\{[^}]*\})?([^']*)'")
_NORM_NAMES = frozenset({"norm", "term", "omschrijving", "beginnormwaarde", "eindnormwaarde"})
"""The elements that bind a score to its meaning; how a norm is shown is no part of that."""


class XsdError(NamedTuple):
    """One error of the XSD: the local name of the element that it is about, and the word for it.

    `misplaced` is whether the element is not expected where it stands, or misses a child.
    """

    element: str
    rule: Rule
    misplaced: bool = False

    @property
    def of_score(self) -> bool:
        """Whether the error lies in a score."""
        return self.element == "score" and not self.misplaced

    @property
    def of_norm(self) -> bool:
        """Whether the error lies in what a norm needs to have a meaning."""
        return self.element in _NORM_NAMES


@functools.cache
def compiled(name: str) -> etree.XMLSchema:
    """Return a compiled schema; it may be used by several threads at once."""
    return etree.XMLSchema(file=str(contract_file(name)))


class _Nothing:
    """A target of a parser that keeps nothing of what is parsed."""

    def close(self) -> None:
        """Return nothing, at the end."""


def is_valid(root: etree._Element) -> bool:
    """Return whether a request is valid; only for a tree in which few errors are to be expected."""
    return compiled(VERZOEK_SCHEMA).validate(root)


def errors(root: etree._Element) -> list[XsdError]:
    """Return the errors of a request, in the order of the message; nothing for a valid one."""
    content = etree.tostring(root, encoding="utf-8")
    parser = etree.XMLParser(
        target=cast("Any", _Nothing()), schema=compiled(VERZOEK_SCHEMA), resolve_entities=False, no_network=True
    )
    for start in range(0, len(content), _PIECE):
        parser.feed(content[start : start + _PIECE])
        if len(parser.feed_error_log) > MAX_ERRORS:
            return [_xsd_error(entry) for entry in parser.feed_error_log]
    with suppress(etree.XMLSyntaxError):  # this is how it tells that there were errors
        parser.close()
    return [_xsd_error(entry) for entry in parser.feed_error_log]


def _xsd_error(entry: etree._LogEntry) -> XsdError:
    named = _NAMED.match(entry.message)
    kind = entry.type_name.removeprefix("SCHEMAV_")
    misplaced = kind == "ELEMENT_CONTENT"
    rule = Rule.CONTENT if misplaced else RULES.get(kind, Rule.VALUE)
    return XsdError("*" if named is None else named[1], rule, misplaced)
