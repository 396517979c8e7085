"""The protocol of a receiver of results: the administration of a school, as its maker plugs it in.

A receiver is an entry point of the group `uwlr_adapter.ontvangers`: a callable that takes the options of the operator
(`name=value`) and returns an Ontvanger. docs/guides/receiver.md has a worked example.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol, runtime_checkable

from uwlr_adapter.contract.leerresultaten.records import OsoResultaat, Toets, VocabulaireTerm
from uwlr_adapter.errors import RefusedError, UwlrAdapterError
from uwlr_adapter.plugins import make_installed

ENTRY_POINT_GROUP = "uwlr_adapter.ontvangers"
"""The group of entry points in which receivers are registered."""


@dataclass(frozen=True, slots=True)
class DeliveredResult:
    """What a result says, as the platform sent it; either a score or a result of OSO."""

    leerling: str
    """The key of the leerling, by which the administration named it to us."""
    brincode: str
    """The school whose key that is: after a fusie, or its undo, another one than that of `brin6`."""
    toets: Toets
    """The definition that the result came with."""
    onderdeel: str | None
    """The toetsonderdeelcode; None: the total."""
    afnamedatum: date
    score: int | None
    osoresultaat: OsoResultaat | None
    versie: VocabulaireTerm | None
    infourl: str | None
    """Any text: only http and https may become a link."""
    verwerker: str | None
    """The key of the leerkracht who judged the work."""


@dataclass(frozen=True, slots=True)
class ResultDelivery:
    """The whole state of one result as it is now: it takes the place of every earlier delivery of that result."""

    id: str
    """The same for the same state: who applied it last for this result may pass it over."""
    resultaat: int
    """The number of the result, for ever."""
    klantnaam: str
    """The platform that sent it."""
    brin6: str
    """The vestiging, as the platform named it."""
    key: str
    """That of the platform, which is its own within platform and vestiging."""
    result: DeliveredResult | None
    """None: nothing stands any more, such as after the school took it back. Remove what was delivered before."""


@runtime_checkable
class Ontvanger(Protocol):
    """A receiver of results."""

    def receive(self, deliveries: Sequence[ResultDelivery]) -> None:
        """Take some deliveries, at most one of each result, in their order; durable when this returns.

        Whatever it raises, these deliveries come again, and so they do when this process ends before that is noted.
        """


OntvangerMaker = Callable[[Mapping[str, str]], Ontvanger]
"""Makes an Ontvanger of the options of the operator; raises OntvangerError for options that it cannot use."""


class OntvangerError(RefusedError):
    """There is no receiver of this name, or it cannot be used with these options; `str()` says why."""


class NotReceivedError(UwlrAdapterError):
    """A receiver failed; nothing of what it says is told, since that may quote a record."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(f"the receiver failed: {type(error).__name__}")


def make(name: str, options: Mapping[str, str]) -> Ontvanger:
    """Return the installed receiver of this name, made with these options. Raises OntvangerError."""
    ontvanger = make_installed(ENTRY_POINT_GROUP, name, options, "receiver", OntvangerError)
    if not isinstance(ontvanger, Ontvanger):
        raise OntvangerError("the entry point does not return an Ontvanger")
    return ontvanger


def read_options(text: str) -> dict[str, str]:
    """Return the options in a file: a `name=value` a line; an empty line and one with # are passed over.

    Raises OntvangerError, which quotes nothing of it.
    """
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not (written := line.strip()) or written.startswith("#"):
            continue
        name, separator, value = written.partition("=")
        if not separator or not name.strip():
            raise OntvangerError(f"line {number} of the options is not written as name=value")
        found[name.strip()] = value.strip()
    return found
