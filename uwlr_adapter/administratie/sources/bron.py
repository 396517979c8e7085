"""Where records come from: the one protocol of every source, files and a LAS maker's own database alike.

A source is found by an entry point of the group `uwlr_adapter.bronnen`, whose value is called with the options of the
operator (`name=value`) and gives a Bron. docs/guides/source.md has a worked example.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.errors import UwlrAdapterError

ENTRY_POINT_GROUP = "uwlr_adapter.bronnen"
"""The group of entry points."""
MAX_NAAM = 20
"""A batch keeps the name of its source in a column of this width."""


@runtime_checkable
class Bron(Protocol):
    """A source of records, in parts that are each imported whole or not at all: a file, or a school (brincode)."""

    @property
    def name(self) -> str:
        """What a batch remembers of where it came from: a fixed word of at most 20 characters."""

    def parts(self) -> Sequence[str]:
        """Give the names of the parts, in the order in which they are imported. Cheap: nothing is read yet."""

    def read(self, part: str) -> Sequence[Delivery]:
        """Give all that one part says: a Levering for each vestiging and schooljaar of one school.

        Raises ImportRefusedError, with every reason, when it cannot be taken as the whole truth.
        """


Maker = Callable[[Mapping[str, str]], Bron]
"""Gives the Bron for the options of the operator; raises BronError for options that it cannot use."""


class BronError(UwlrAdapterError):
    """There is no such source, or it cannot be used; the text says why."""


def make(naam: str, options: Mapping[str, str]) -> Bron:
    """Give the source of this name. Raises BronError."""
    found = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if naam not in found:
        known = ", ".join(sorted(found)) or "none is installed"
        raise BronError(f"there is no source of this name; known: {known}")
    try:
        maker: Maker = found[naam].load()
        bron = maker(options)
    except (ImportError, AttributeError) as error:
        raise BronError(f"the source cannot be loaded: {type(error).__name__}") from error
    if not isinstance(bron, Bron) or not 0 < len(bron.name) <= MAX_NAAM:
        raise BronError("the entry point gives no Bron with a naam of 1 to 20 characters")
    return bron
