"""Spyne's methods are the only way from a message to a question, and the WSDL names exactly these."""

from collections.abc import Mapping
from typing import Any

import pytest
from lxml import etree
from support import messages

from uwlr_adapter.contract import names
from uwlr_adapter.contract.fault import OngeldigBericht
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR, Operation
from uwlr_adapter.contract.request import Call, read
from uwlr_adapter.contract.xml import MESSAGE
from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.web.soap.service import SoapService, WsdlError

WSDL = contract_file("wsdl/leerlinggegevens.wsdl").read_bytes()
FEWER = {tag: operation for tag, operation in names.OPERATIONS.items() if operation is not HAAL_STRUCTUUR}
SENDER = Sender("192.0.2.1")


def without_structuur(wsdl: bytes) -> bytes:
    """Return a WSDL without one of its operations."""
    root = etree.fromstring(wsdl)
    for group in root.iter("{*}portType", "{*}binding"):
        for operation in list(group.iterchildren("{*}operation")):
            if operation.get("name") == HAAL_STRUCTUUR.name:
                group.remove(operation)
    return etree.tostring(root)


def service(operations: Mapping[str, Operation], wsdl: bytes, asked: list[Any]) -> SoapService:
    """Make a service that notes each call for which a question is asked."""

    def ask(call: Call, sender: Sender) -> Any:
        asked.append((call.operation, sender))
        return "the question"

    return SoapService(names.LEERLINGGEGEVENS, operations.values(), MESSAGE, wsdl, read, ask)


def message(operation: Operation) -> bytes:
    """Return a message of an operation."""
    body = messages.body(
        "2026-2027", messages.school_element("21QW00"), "<xsdversie>2.2</xsdversie>", operation.request
    )
    return messages.envelope(body, messages.header())


def test_the_method_of_an_operation_asks_its_question() -> None:
    """Each message reaches the method of its own operation, with what came beside it."""
    asked: list[Any] = []
    made = service(names.OPERATIONS, WSDL, asked)
    for operation in (HAAL_LEERLINGGEGEVENS, HAAL_STRUCTUUR):
        assert made.question(message(operation), "utf-8", SENDER) == "the question"  # type: ignore[comparison-overlap] # of this test
    assert asked == [(HAAL_LEERLINGGEGEVENS, SENDER), (HAAL_STRUCTUUR, SENDER)]


def test_an_operation_without_a_method_is_unknown() -> None:
    """An operation that was taken out of the service is refused like any unknown one, and nothing is asked."""
    asked: list[Any] = []
    made = service(FEWER, without_structuur(WSDL), asked)
    assert made.question(message(HAAL_LEERLINGGEGEVENS), "utf-8", SENDER)
    with pytest.raises(OngeldigBericht):
        made.question(message(HAAL_STRUCTUUR), "utf-8", SENDER)
    assert asked == [(HAAL_LEERLINGGEGEVENS, SENDER)]


@pytest.mark.parametrize(("operations", "wsdl"), [(FEWER, WSDL), (names.OPERATIONS, without_structuur(WSDL))])
def test_a_service_that_differs_from_its_wsdl_does_not_start(operations: Mapping[str, Operation], wsdl: bytes) -> None:
    """The operations of the WSDL and the methods are compared at the start."""
    with pytest.raises(WsdlError):
        service(operations, wsdl, [])


def test_an_exception_of_a_method_is_raised_as_it_is() -> None:
    """Spyne neither logs nor renders what goes wrong behind it."""

    def fail(_call: Call, _sender: Sender) -> Any:
        raise ZeroDivisionError

    made = SoapService(names.LEERLINGGEGEVENS, names.OPERATIONS.values(), MESSAGE, WSDL, read, fail)
    with pytest.raises(ZeroDivisionError):
        made.question(message(HAAL_LEERLINGGEGEVENS), None, SENDER)
