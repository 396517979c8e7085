"""Spyne's part in a request: it finds the service method for a message that the contract took apart.

`UwlrProtocol` replaces both halves of Spyne's SOAP 1.1: what comes in is read by `contract.verzoek.lees`, and what goes
out are the bytes of the contract, an answer or a fault. Spyne's own parser, validator and serialiser never run.
"""

from collections.abc import Callable
from typing import Any

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.verzoek import lees
from uwlr_adapter.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import Application, Fault  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip
from spyne.server.wsgi import WsgiApplication  # isort: skip


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
            ctx.in_document = lees(b"".join(ctx.in_string), charset)
        except fault.UwlrFout as fout:
            raise SpyneFout(self._refused(fout, ctx.transport.req_env["REMOTE_ADDR"])) from None

    def decompose_incoming_envelope(self, ctx: Any, message: Any = None) -> None:  # noqa: ARG002, ANN401 - idem
        """Name the method: dispatch is by the element in the body, a SOAPAction does not matter."""
        ctx.method_request_string = ctx.in_document.operatie.verzoek_tag

    def deserialize(self, ctx: Any, message: Any) -> None:  # noqa: ARG002, ANN401 - idem
        """Hand the call as it is to the service method."""
        ctx.in_object = ctx.in_document


def _write_fault(ctx: Any) -> None:  # noqa: ANN401 - a context of Spyne
    fout = ctx.out_error.fout if isinstance(ctx.out_error, SpyneFout) else fault.InterneFout()
    ctx.out_string = [fault.render(fout)]


def wsgi_application(service: type, refused: Refused, name: str, tns: str) -> Any:  # noqa: ANN401 - Spyne has no types
    """Give the WSGI application of one service class."""
    application = Application([service], tns=tns, name=name, in_protocol=UwlrProtocol(refused), out_protocol=Soap11())
    application.event_manager.add_listener("method_exception_object", _write_fault)
    return WsgiApplication(application)
