"""Spyne's part in a request: it finds the service method for a message that the contract took apart.

`UwlrProtocol` replaces both halves of Spyne's SOAP 1.1: what comes in is read by `contract.verzoek.lees`, and what goes
out are the bytes of the contract, an answer or a fault. `Vervoer` stands where Spyne has its own WSGI server, which
does for each request what the door does already. Spyne's own parser, validator and serialiser never run.
"""

from collections.abc import Callable
from typing import Any

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.verzoek import lees
from uwlr_adapter.soap import spyne_compat  # noqa: F401 - before the first import of Spyne
from uwlr_adapter.soap.http import Afzender, Antwoord

from spyne import Application, Fault  # isort: skip
from spyne.context import MethodContext  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server import ServerBase  # isort: skip


Refused = Callable[[fault.UwlrFout, str], fault.UwlrFout]
"""Writes down the refusal of a caller at a network address, and gives the fault that the caller gets."""


class SpyneFout(Fault):  # type: ignore[misc] # Spyne has no types
    """Carries a refusal of ours through Spyne, which lets only its own kind of exception pass."""

    def __init__(self, fout: fault.UwlrFout) -> None:
        super().__init__(faultcode=fout.code, faultstring="")
        self.fout = fout


class UwlrProtocol(Soap11):  # type: ignore[misc] # Spyne has no types
    """SOAP 1.1 as the contract has it; `refused` is told of each message that cannot be read, and of its source."""

    def __init__(self, refused: Refused) -> None:
        super().__init__()
        self._refused = refused

    def create_in_document(self, ctx: Any, charset: str | None = None) -> None:  # noqa: ANN401 - Spyne's signature
        """Read the message; raises SpyneFout."""
        try:
            ctx.in_document = lees(ctx.in_string[0], charset)
        except fault.UwlrFout as fout:
            raise SpyneFout(self._refused(fout, ctx.udc.bron)) from None

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002, ANN401 - idem
        """Name the method: dispatch is by the element in the body, a SOAPAction does not matter."""
        ctx.method_request_string = ctx.in_document.operatie.verzoek_tag

    def generate_method_contexts(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - idem
        """Find the method: each operation has one, so the context need not be copied."""
        (ctx.descriptor,) = self.get_call_handles(ctx)
        return [ctx]

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002, ANN401 - idem
        """Hand the call as it is to the service method."""
        ctx.in_object = ctx.in_document


class _Context(MethodContext):  # type: ignore[misc] # idem
    """A context that does not guard its attributes: some sixty are set for each request."""

    __setattr__ = object.__setattr__


class Vervoer(ServerBase):  # type: ignore[misc] # idem
    """Takes a message through the service methods of an application. Safe to share between threads."""

    transport = "http://schemas.xmlsoap.org/soap/http"

    def answer(self, message: bytes, afzender: Afzender) -> Antwoord:
        """Give what the service method of a message answers. Raises UwlrFout."""
        ctx = _Context(self, MethodContext.SERVER)
        ctx.in_string, ctx.udc = [message], afzender
        self.generate_contexts(ctx, afzender.charset)
        if ctx.in_error is None:
            self.get_in_object(ctx)
            self.get_out_object(ctx)
        if isinstance(ctx.out_error, SpyneFout):
            raise ctx.out_error.fout
        if ctx.out_error is not None:  # one of Spyne's own; it has no text that may leave
            raise fault.InterneFout
        (found,) = ctx.out_object
        if isinstance(found, fault.UwlrFout):
            raise found
        return found  # type: ignore[no-any-return] # idem


def vervoer(service: type, refused: Refused, name: str, tns: str) -> Vervoer:
    """Give what takes messages to one service class."""
    return Vervoer(Application([service], tns=tns, name=name, in_protocol=UwlrProtocol(refused), out_protocol=Soap11()))
