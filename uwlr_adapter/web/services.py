"""The SOAP services that are served: one entry per service."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from uwlr_adapter.clock import Clock
from uwlr_adapter.contract import names
from uwlr_adapter.contract.leerresultaten import names as result_names
from uwlr_adapter.contract.leerresultaten import request as result_request
from uwlr_adapter.contract.message_reader import MessageReader
from uwlr_adapter.contract.names import Operation
from uwlr_adapter.contract.published import WSDL
from uwlr_adapter.contract.xml import MESSAGE, Limits
from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.exchange import LEERLINGGEGEVENS_READER, Exchange, UseCase
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.leerresultaten import BrengLeerresultaten
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.client_certificate import make_certificate_of
from uwlr_adapter.web.endpoint import Endpoint
from uwlr_adapter.web.soap.service import SoapService
from uwlr_adapter.web.source import SourceOf
from uwlr_adapter.web.vendor_pages import FAULTS, wsdl_download


class Service(NamedTuple):
    """One service: where it is, what its WSDL and limits are, which operations it has, and what answers them."""

    path: str
    wsdl: str
    """A file of the contract."""
    limits: Limits
    namespace: str
    operations: Mapping[str, Operation]
    reader: MessageReader
    use_case: Callable[[Database, Gate, Settings], UseCase]


LEERLINGGEGEVENS = Service(
    path="/uwlr/leerlinggegevens",
    wsdl=WSDL,
    limits=MESSAGE,
    namespace=names.LEERLINGGEGEVENS,
    operations=names.OPERATIONS,
    reader=LEERLINGGEGEVENS_READER,
    use_case=lambda database, gate, settings: Leerlinggegevens(database, gate.catalogue, settings.key_naast_eckid),
)
LEERRESULTATEN = Service(
    path="/uwlr/leerresultaten",
    wsdl="wsdl/leerresultaten.wsdl",
    limits=result_request.MESSAGE,
    namespace=result_names.LEERRESULTATEN,
    operations=result_names.OPERATIONS,
    reader=MessageReader(result_request.read_head, result_request.reread_strictly, result_request.school_finding),
    use_case=lambda database, _gate, _settings: BrengLeerresultaten(database),
)
SERVICES = (LEERLINGGEGEVENS, LEERRESULTATEN)


def make_endpoint(
    service: Service, database: Database, gate: Gate, settings: Settings, clock: Clock, source_of: SourceOf
) -> Endpoint:
    """Return the endpoint of a service. Raises WsdlError."""
    use_case, reader = service.use_case(database, gate, settings), service.reader
    exchange = Exchange(database, gate, use_case, settings.strict, reader)
    own_wsdl = wsdl_download(service.wsdl, service.path, settings.base_url)
    operations = service.operations.values()
    soap = SoapService(service.namespace, operations, service.limits, own_wsdl.content, reader.read, exchange.question)
    return Endpoint(
        service.path,
        own_wsdl,
        service.limits,
        soap,
        exchange,
        clock,
        source_of,
        make_certificate_of(settings.trusted_proxies),
        settings.base_url + FAULTS,
    )
