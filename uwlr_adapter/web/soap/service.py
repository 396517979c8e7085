"""The Spyne service: one method per operation of the WSDL, each handing its call to the Dienst."""

from typing import Any

from uwlr_adapter.contract import fault, names
from uwlr_adapter.contract.request import Aanroep
from uwlr_adapter.exchange.exchange import Dienst, guarded
from uwlr_adapter.exchange.outcome import Uitslag
from uwlr_adapter.web import request_record
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import AnyXml, Service, rpc  # isort: skip


def make_service(dienst: Dienst) -> type:
    """Give the Spyne service class of one Dienst."""

    def answer(ctx: Any, aanroep: Aanroep) -> Uitslag:  # noqa: ANN401 - Spyne passes its context
        """Judge one call; a refusal is given, not raised: Spyne would write a trace of it."""
        request_record.note(operatie=aanroep.operatie.naam)
        try:
            return guarded(lambda: dienst.judge(aanroep, ctx.udc.bron, gzip=ctx.udc.gzip, gezien=ctx.gezien))
        except fault.UwlrFout as fout:
            return Uitslag(None, fout)

    methods = {operatie.naam: _method(operatie, answer) for operatie in names.OPERATIES.values()}
    return type("LeerlinggegevensService", (Service,), methods)


def _method(operatie: names.Operatie, answer: Any) -> Any:  # noqa: ANN401 - Spyne has no types
    """Give the method of one operation, found by its request element."""

    def method(ctx: Any, aanroep: Aanroep) -> Uitslag:  # noqa: ANN401 - Spyne passes its context
        return answer(ctx, aanroep)  # type: ignore[no-any-return] # idem

    method.__name__ = operatie.naam
    return rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=operatie.verzoek,
        _out_message_name=operatie.antwoord,
    )(method)
