"""The Spyne service: one method per operation of the WSDL, each of which passes its call to the Exchange."""

from typing import Any

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.request import Call
from uwlr_adapter.exchange.exchange import Exchange
from uwlr_adapter.exchange.failures import only_faults
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.web.request_record import annotate
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import AnyXml, Service, rpc  # isort: skip


def make_service(exchange: Exchange) -> type:
    """Return the Spyne service class for an Exchange."""

    def answer(ctx: Any, call: Call) -> Outcome:  # noqa: ANN401 - Spyne passes its context
        """Judge one call. A fault is returned, not raised: Spyne would log a traceback of it."""
        annotate(operation=call.operation.name)
        try:
            return only_faults(
                lambda: exchange.judge(call, ctx.udc.address, gzip=ctx.udc.gzip, rows_seen=ctx.rows_seen)
            )
        except fault.Fault as error:
            return Outcome(None, error)

    methods = {operation.name: _method(operation, answer) for operation in names.OPERATIONS.values()}
    return type("LeerlinggegevensService", (Service,), methods)


def _method(operation: names.Operation, answer: Any) -> Any:  # noqa: ANN401 - Spyne has no types
    """Return the method of one operation, which Spyne finds by its request element."""

    def method(ctx: Any, call: Call) -> Outcome:  # noqa: ANN401 - Spyne passes its context
        return answer(ctx, call)  # type: ignore[no-any-return] # as above

    method.__name__ = operation.name
    return rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=operation.request,
        _out_message_name=operation.answer,
    )(method)
