"""Spyne's part in a request: finding the service method for a message that the contract has parsed.

`UwlrProtocol` replaces both halves of Spyne's SOAP 1.1: requests are parsed by `contract.request.read`, and answers and
faults leave as the bytes that the contract made. `SpyneTransport` replaces Spyne's WSGI server, whose work the endpoint
does already. Spyne's own parser, validator and serialiser never run.
"""

from collections.abc import Sequence
from typing import Any

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.request import read
from uwlr_adapter.db.libpq import Row
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.failures import without_trace
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.web.endpoint import ReadMessage, Sender
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import Application, Fault  # isort: skip
from spyne.context import MethodContext  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server import ServerBase  # isort: skip


class UnreadableMessageError(Fault):  # type: ignore[misc] # Spyne has no types
    """Wrapper that carries a fault of the contract through Spyne, which passes on only its own exceptions."""

    def __init__(self, fault_: fault.Fault) -> None:
        super().__init__(faultcode=fault_.code, faultstring="")
        self.fault = fault_


class UwlrProtocol(Soap11):  # type: ignore[misc] # Spyne has no types
    """SOAP 1.1 with the parser of the contract."""

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ANN401 - Spyne's signature
        """Parse the message. Raises UnreadableMessageError."""
        try:
            ctx.in_document = read(ctx.in_string[0], charset)
        except fault.Fault as fault_:
            raise UnreadableMessageError(fault_) from None

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002, ANN401 - as above
        """Set the key of the method: the element in the body. A SOAPAction is ignored."""
        ctx.method_request_string = ctx.in_document.operation.request_tag

    def generate_method_contexts(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - as above
        """Find the method. Each operation has exactly one, so the context is not copied."""
        (ctx.descriptor,) = self.get_call_handles(ctx)
        return [ctx]

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002, ANN401 - as above
        """Pass the parsed call to the service method as it is."""
        ctx.in_object = ctx.in_document


class _MessageContext(MethodContext):  # type: ignore[misc] # as above
    """A Spyne context with only what one message needs; Spyne's own has sixty attributes and fires nine events.

    This application has no event handlers.
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

    def fire_event(self, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - Spyne's signature
        """Do nothing."""


class SpyneTransport(ServerBase):  # type: ignore[misc] # as above
    """The MessageService in Spyne: it runs messages through the service methods. Safe to share between threads."""

    transport = "http://schemas.xmlsoap.org/soap/http"

    def __init__(self, exchange: Exchange, service: type) -> None:
        protocols = {"in_protocol": UwlrProtocol(), "out_protocol": Soap11()}
        super().__init__(Application([service], tns=names.LEERLINGGEGEVENS, name=service.__name__, **protocols))
        self._exchange = exchange

    def read(self, message: bytes, sender: Sender) -> ReadMessage | Outcome:
        """Parse a message and find its service method; return the outcome of one that cannot be read."""
        ctx = _MessageContext(self.app, message, sender)
        self.generate_contexts(ctx, sender.charset)
        if ctx.in_error is None:
            return ReadMessage(ctx, self._exchange.query(ctx.in_document))
        return self._refusal(ctx.in_error, sender)

    def judge(self, message: ReadMessage, rows_seen: Sequence[Row] | None = None) -> Outcome:
        """Return what the service method returns; its journaal entry is not written yet. Raises WouldBlock."""
        ctx: Any = message.content
        ctx.rows_seen = rows_seen
        self.get_in_object(ctx)
        self.get_out_object(ctx)
        if ctx.out_error is not None:
            return self._refusal(ctx.out_error, ctx.udc)
        (outcome,) = ctx.out_object
        return outcome  # type: ignore[no-any-return] # as above

    def write_entry(self, outcome: Outcome) -> Outcome:
        """Write the journaal entry; return the outcome, or that of a failure of our own. Raises WouldBlock."""
        return self._exchange.write_entry(outcome)

    def _refusal(self, error: Fault, sender: Sender) -> Outcome:
        if isinstance(error, UnreadableMessageError):
            return self._exchange.refusal(without_trace(error).fault, sender.address)
        return Outcome(None, fault.InterneFout())  # an exception of Spyne itself, whose text must not leave
