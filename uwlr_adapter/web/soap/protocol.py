"""Spyne's part in a request: it finds the service method for a message that the contract took apart.

`UwlrProtocol` replaces both halves of Spyne's SOAP 1.1: what comes in is read by `contract.verzoek.lees`, and what goes
out are the bytes of the contract, an answer or a fault. `SpyneTransport` replaces the WSGI server of Spyne, which
does for each request what the door does already. Spyne's own parser, validator and serialiser never run.
"""

from collections.abc import Sequence
from typing import Any

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.exchange.exchange import Exchange, without_trace
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.web.endpoint import ReadMessage, Sender
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import Application, Fault  # isort: skip
from spyne.context import MethodContext  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server import ServerBase  # isort: skip


class UnreadableMessageError(Fault):  # type: ignore[misc] # Spyne has no types
    """Carries a refusal of ours through Spyne, which lets only its own kind of exception pass."""

    def __init__(self, fault_: fault.Fault) -> None:
        super().__init__(faultcode=fault_.code, faultstring="")
        self.fault = fault_


class UwlrProtocol(Soap11):  # type: ignore[misc] # Spyne has no types
    """SOAP 1.1 as the contract has it."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ANN401 - Spyne's signature
        """Read the message; raises UnreadableMessageError."""
        try:
            ctx.in_document = read(ctx.in_string[0], charset)
        except fault.Fault as fault_:
            raise UnreadableMessageError(fault_) from None

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002, ANN401 - idem
        """Name the method: dispatch is by the element in the body, a SOAPAction does not matter."""
        ctx.method_request_string = ctx.in_document.operation.request_tag

    def generate_method_contexts(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - idem
        """Find the method: each operation has one, so the context need not be copied."""
        (ctx.descriptor,) = self.get_call_handles(ctx)
        return [ctx]

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002, ANN401 - idem
        """Hand the call as it is to the service method."""
        ctx.in_object = ctx.in_document


class _MessageContext(MethodContext):  # type: ignore[misc] # idem
    """What one message needs of a context of Spyne, which has sixty attributes and nine events for each request.

    Nobody listens to the events of this application.
    """

    __setattr__ = object.__setattr__

    def __init__(self, app: Application, message: bytes, sender: Sender) -> None:
        self.app = app
        self.udc = sender
        self.in_string = [message]
        self.in_document: Any = None
        self.in_object = self.in_error = self.out_error = self.outprot_ctx = None
        self.out_object: Any = None
        self.rows_seen: Sequence[Row] | None = None

    def fire_event(self, *_given: Any, **_named: Any) -> None:  # noqa: ANN401 - Spyne's signature
        """Tell nobody."""


class SpyneTransport(ServerBase):  # type: ignore[misc] # idem
    """Takes messages through the service methods of a Exchange. Safe to share between threads."""

    transport = "http://schemas.xmlsoap.org/soap/http"

    def __init__(self, exchange: Exchange, service: type) -> None:
        protocols = {"in_protocol": UwlrProtocol(), "out_protocol": Soap11()}
        super().__init__(Application([service], tns=names.LEERLINGGEGEVENS, name=service.__name__, **protocols))
        self._exchange = exchange

    def read(self, message: bytes, sender: Sender) -> ReadMessage | Outcome:
        """Take a message apart and find its service method; or give what comes of one that cannot be read."""
        ctx = _MessageContext(self.app, message, sender)
        self.generate_contexts(ctx, sender.charset)
        if ctx.in_error is None:
            return ReadMessage(ctx, self._exchange.query(ctx.in_document))
        return self._refused(ctx.in_error, sender)

    def judge(self, message: ReadMessage, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Give what the service method of a message says, not yet written down. Raises WouldBlock."""
        ctx: Any = message.content
        ctx.rows_seen = rows_seen
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        if ctx.out_error is not None:
            return self._refused(ctx.out_error, ctx.udc)
        (found,) = ctx.out_object
        return found  # type: ignore[no-any-return] # idem

    def written(self, outcome: Outcome) -> Outcome:
        """Write down what came of a message; gives it, or a fault of ours in its place. Raises WouldBlock."""
        return self._exchange.written(outcome)

    def _refused(self, error: Fault, sender: Sender) -> Outcome:
        if isinstance(error, UnreadableMessageError):
            return self._exchange.refused(without_trace(error).fault, sender.source)
        return Outcome(None, fault.InterneFout())  # one of Spyne's own; it has no text that may leave
