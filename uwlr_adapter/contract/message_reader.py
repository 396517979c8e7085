"""How the messages of one service are read before the gate: each service has a reader of its own."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import Limits


class ReadMessage(Protocol):
    """Reads the bytes of a message as a call, as `contract.request.read` does. Raises Fault."""

    def __call__(
        self, data: bytes, charset: str | None, *, operations: Mapping[str, Operation], limits: Limits
    ) -> Call:
        """Return the call; `operations` are those of the service, by the tag of the request."""


class MessageReader(NamedTuple):
    """The functions that read the messages of one service; none of them looks at more than the gate needs."""

    read: ReadMessage
    reread_strictly: Callable[[Call], Call]
    """Reads a call again without repairs. Raises Fault."""
    school_finding: Callable[[Call], Finding]
    """Returns what is wrong with the school of a call that names none of the right form (row 6)."""
