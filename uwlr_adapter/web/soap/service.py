"""The Spyne service: one method per operation of the WSDL, each handing its call to the Exchange."""

from typing import Any

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.request import Call
from uwlr_adapter.exchange.exchange import Exchange, guarded
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.web import request_record
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import AnyXml, Service, rpc  # isort: skip


def make_service(exchange: Exchange) -> type:
    """Give the Spyne service class of one Exchange."""

    def answer(ctx: Any, call: Call) -> Outcome:  # noqa: ANN401 - Spyne passes its context
        """Judge one call; a refusal is given, not raised: Spyne would write a trace of it."""
        request_record.note(operation=call.operation.name)
        try:
            return guarded(lambda: exchange.judge(call, ctx.udc.source, gzip=ctx.udc.gzip, rows_seen=ctx.rows_seen))
        except fault.Fault as error:
            return Outcome(None, error)

    methods = {operatie.name: _method(operatie, answer) for operatie in names.OPERATIONS.values()}
    return type("LeerlinggegevensService", (Service,), methods)


def _method(operatie: names.Operation, answer: Any) -> Any:  # noqa: ANN401 - Spyne has no types
    """Give the method of one operation, found by its request element."""

    def method(ctx: Any, call: Call) -> Outcome:  # noqa: ANN401 - Spyne passes its context
        return answer(ctx, call)  # type: ignore[no-any-return] # idem

    method.__name__ = operatie.name
    return rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=operatie.request,
        _out_message_name=operatie.answer,
    )(method)
