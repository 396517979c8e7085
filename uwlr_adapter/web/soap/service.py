"""A SOAP service in Spyne: one method per operation, which takes a message and returns what to ask about it.

Spyne declares the operations and their messages, and calls the method of a message; nothing else leads from a message
to a `Question`. Its own parser, validator and serialiser never run: requests are parsed by the reader of the service,
and answers and faults leave as the bytes that the contract made.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from lxml import etree

from uwlr_adapter.contract.message_reader import ReadMessage
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.request import Call
from uwlr_adapter.contract.xml import Limits
from uwlr_adapter.errors import UwlrAdapterError
from uwlr_adapter.exchange.exceptions import without_trace
from uwlr_adapter.exchange.question import Question, Sender
from uwlr_adapter.web.soap import spyne_compat  # noqa: F401 - before the first import of Spyne

from spyne import AnyXml, Application, Service, rpc  # isort: skip
from spyne.context import MethodContext  # isort: skip
from spyne.protocol.soap import Soap11  # isort: skip

MakeQuestion: TypeAlias = Callable[[Call, Sender], Question]
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"


class WsdlError(UwlrAdapterError):
    """The WSDL of a service and its methods in Spyne are not the same: a defect of this package."""


class SoapService:
    """One service in Spyne. Safe to share between threads."""

    def __init__(
        self,
        namespace: str,
        operations: Iterable[Operation],
        limits: Limits,
        wsdl: bytes,
        read: ReadMessage,
        ask: MakeQuestion,
    ) -> None:
        """Make a method that calls `ask` for each operation, and compare them with the WSDL. Raises WsdlError."""
        operations = list(operations)
        methods = {operation.name: _method(operation, ask) for operation in operations}
        service = type("UwlrService", (Service,), methods)
        self._app = Application([service], tns=namespace, in_protocol=Soap11(), out_protocol=Soap11())
        self._limits, self._read = limits, read
        handles = self._app.interface.service_method_map
        self._operations = {one.request_tag: one for one in operations if one.request_tag in handles}
        self._methods = {one.name: handles[tag][0] for tag, one in self._operations.items()}
        declared = {
            (one.operation_name, one.in_message.get_element_name(), one.out_message.get_element_name())
            for one in self._methods.values()
        }
        if declared != _operations_of(wsdl):
            raise WsdlError("the operations of the WSDL are not those of the service")

    def question(self, message: bytes, charset: str | None, sender: Sender) -> Question:
        """Return what to ask about a message. Raises Fault for one that cannot be read."""
        call = self._read(message, charset, operations=self._operations, limits=self._limits)
        ctx = _MessageContext(self._methods[call.operation.name], call, sender)
        self._app.process_request(ctx)
        (found,) = ctx.out_object
        if isinstance(found, Exception):
            raise without_trace(found)
        return found  # type: ignore[no-any-return] # Spyne has no types


class _MessageContext(MethodContext):  # type: ignore[misc] # as above
    """A Spyne context with only what one message needs; Spyne's own has sixty attributes."""

    __setattr__ = object.__setattr__
    descriptor: Any = None
    """Of the method; in Spyne a property."""
    fire_event = staticmethod(id)
    """Does nothing: this application has no event handlers."""

    def __init__(self, method: Any, call: Call, sender: Sender) -> None:  # noqa: ANN401 - as above
        self.descriptor = method
        self.function = method.function
        self.in_object: Any = call
        self.udc = sender
        self.outprot_ctx = self.out_error = None
        self.out_object: Any = None


def _method(operation: Operation, ask: MakeQuestion) -> Any:  # noqa: ANN401 - as above
    """Return the method of one operation, which Spyne finds by its request element."""

    def method(ctx: Any, call: Call) -> Question | Exception:  # noqa: ANN401 - Spyne passes its context
        try:
            return ask(call, ctx.udc)
        except Exception as error:  # noqa: BLE001 - returned, not raised: Spyne would log a traceback of it
            return error

    method.__name__ = operation.name
    return rpc(
        AnyXml,
        _returns=AnyXml,
        _body_style="bare",
        _in_message_name=operation.request,
        _out_message_name=operation.answer,
    )(method)


def _operations_of(wsdl: bytes) -> set[tuple[str, str, str]]:
    """Return the name, request element and answer element of each operation in a WSDL of ours."""
    root = etree.fromstring(wsdl)
    elements = {
        message.get("name"): part.get("element", "").rpartition(":")[2]
        for message in root.iter(f"{_WSDL}message")
        for part in message.iter(f"{_WSDL}part")
    }

    def element(operation: etree._Element, side: str) -> str:
        (found,) = operation.iterchildren(f"{_WSDL}{side}")
        return elements[found.get("message", "").rpartition(":")[2]]

    return {
        (operation.get("name", ""), element(operation, "input"), element(operation, "output"))
        for port_type in root.iter(f"{_WSDL}portType")
        for operation in port_type.iter(f"{_WSDL}operation")
    }
