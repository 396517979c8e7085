"""The protocol of a source of records, for files and for a LAS maker's own database alike.

A source is an entry point of the group `uwlr_adapter.bronnen`: a callable that takes the options of the operator
(`name=value`) and returns a Bron. docs/guides/source.md has a worked example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources import records
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.plugins import make_installed

ENTRY_POINT_GROUP = "uwlr_adapter.bronnen"
"""The group of entry points in which sources are registered."""
MAX_NAME = 20
"""The maximum length of the name of a source in characters (inclusive): the width of its column."""


@runtime_checkable
class Bron(Protocol):
    """A source of records, in parts that are each imported whole or not at all; a part is a file or one school."""

    @property
    def name(self) -> str:
        """The fixed name of the source, 1 to 20 characters, which each of its batches keeps."""

    def parts(self) -> Sequence[str]:
        """Return the names of the parts, in the order of their import. It is cheap: nothing is read yet."""

    def read(self, part: str) -> Sequence[Delivery]:
        """Return a Delivery for each vestiging and schooljaar of one part, all of one school (brincode).

        Raises ImportRefusedError, with every reason, when the part cannot be the whole truth about its years.
        """


Maker = Callable[[Mapping[str, str]], Bron]
"""A function from the options of the operator to a Bron; it raises BronError for options that it cannot use."""


class BronError(RefusedError):
    """There is no source of this name, or it cannot be used with these options; `str()` says why."""


@dataclass(frozen=True, slots=True)
class InstalledBron:
    """A Bron of a LAS maker, whose records are held to the rules for texts and dates of every source."""

    source: Bron

    @property
    def name(self) -> str:
        """The name of the source."""
        return self.source.name

    def parts(self) -> Sequence[str]:
        """Return the names of the parts."""
        return self.source.parts()

    def read(self, part: str) -> Sequence[Delivery]:
        """Read one part. Raises ImportRefusedError."""
        return [records.clean(delivery) for delivery in self.source.read(part)]


def make(name: str, options: Mapping[str, str]) -> Bron:
    """Return the installed source of this name, made with these options. Raises BronError."""
    bron = make_installed(ENTRY_POINT_GROUP, name, options, "source", BronError)
    if not isinstance(bron, Bron) or not 0 < len(bron.name) <= MAX_NAME:
        raise BronError(f"the entry point does not return a Bron with a name of 1 to {MAX_NAME} characters")
    return InstalledBron(bron)
