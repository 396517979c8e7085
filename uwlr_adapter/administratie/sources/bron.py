"""Where records come from: the one protocol of every source, files and a LAS maker's own database alike.

A source is found by an entry point of the group `uwlr_adapter.bronnen`, whose value is called with the options of the
operator (`name=value`) and gives a Bron. docs/sources.md has a worked example.
"""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

from uwlr_adapter.administratie.model import Levering
from uwlr_adapter.errors import UwlrAdapterError

GROEP = "uwlr_adapter.bronnen"
"""The group of entry points."""
LANGSTE_NAAM = 20
"""A batch keeps the name of its source in a column of this width."""


@runtime_checkable
class Bron(Protocol):
    """A source of records, in parts that are each imported whole or not at all: a file, or a school (brincode)."""

    @property
    def naam(self) -> str:
        """What a batch remembers of where it came from: a fixed word of at most 20 characters."""

    def delen(self) -> Sequence[str]:
        """Give the names of the parts, in the order in which they are imported. Cheap: nothing is read yet."""

    def lees(self, deel: str) -> Sequence[Levering]:
        """Give all that one part says: a Levering for each vestiging and schooljaar of one school.

        Raises ImportFout, with every reason, when it cannot be taken as the whole truth.
        """


Maker = Callable[[Mapping[str, str]], Bron]
"""Gives the Bron for the options of the operator; raises BronFout for options that it cannot use."""


class BronFout(UwlrAdapterError):
    """There is no such source, or it cannot be used; the text says why."""


def make(naam: str, opties: Mapping[str, str]) -> Bron:
    """Give the source of this name. Raises BronFout."""
    found = {point.name: point for point in entry_points(group=GROEP)}
    if naam not in found:
        known = ", ".join(sorted(found)) or "none is installed"
        raise BronFout(f"there is no source of this name; known: {known}")
    try:
        maker: Maker = found[naam].load()
        bron = maker(opties)
    except (ImportError, AttributeError) as error:
        raise BronFout(f"the source cannot be loaded: {type(error).__name__}") from error
    if not isinstance(bron, Bron) or not 0 < len(bron.naam) <= LANGSTE_NAAM:
        raise BronFout("the entry point gives no Bron with a naam of 1 to 20 characters")
    return bron
