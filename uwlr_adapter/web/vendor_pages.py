"""The pages and files for a platform vendor's engineer: the fault catalogue, and the contract to download.

The pages are in English, with the nouns of UWLR. An address in them is of the configured public URL or a path, never
of a Host header.
"""

from functools import partial
from typing import TYPE_CHECKING

from uwlr_adapter.contract import fault, fault_catalogue, published
from uwlr_adapter.contract.fault_catalogue import FaultExample
from uwlr_adapter.web.downloads import Download, DownloadApp
from uwlr_adapter.web.pages import STYLE, make_page, make_style
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.soap.wsdl import wsdl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from _typeshed.wsgi import WSGIApplication

FAULTS, CONTRACT = "/uwlr/fouten", "/uwlr/contract"
CONTRACT_VERSION = "X-UWLR-Contract"
"""Header of a WSDL or an XSD: the number of the version of the contract."""
OPERATION = "contract"
"""The name of these requests in log and metrics."""


def make_paths(service_path: str, wsdl_file: str, base_url: str) -> "Mapping[str, WSGIApplication]":
    """Return the pages and the files of the contract by their paths; each is made when it is first asked for."""
    made: dict[str, Callable[[], Download]] = {
        FAULTS: partial(_faults, base_url),
        CONTRACT: partial(_contract, base_url + service_path),
        STYLE: make_style,
        address_of(published.WSDL): partial(wsdl_download, wsdl_file, service_path, base_url),
        **{address_of(name): partial(_schema, name) for name in published.schema_files()},
    }
    return {path: DownloadApp(make, OPERATION) for path, make in made.items()}


def address_of(name: str) -> str:
    """Return the path of a file of the present version of the contract."""
    return f"{CONTRACT}/{published.versions()[0].number}/{name}"


def wsdl_download(file: str, path: str, base_url: str) -> Download:
    """Return the WSDL of a service on `path` at `base_url`."""
    return _of_contract(wsdl(file, path, base_url))


def _schema(name: str) -> Download:
    return _of_contract(published.schema_files()[name])


def _of_contract(content: bytes) -> Download:
    present = published.versions()[0]
    return Download(content, XML_TYPE, present.moment, ((CONTRACT_VERSION, str(present.number)),))


def _faults(base_url: str) -> Download:
    catalogue = fault_catalogue.load()
    return make_page("fouten.html", catalogue=catalogue, contract=CONTRACT, answer_to=partial(_answer, base_url))


def _answer(base_url: str, example: FaultExample) -> str:
    """Return the fault that the service answers an example with."""
    return fault.render(example.fault, base_url + FAULTS).decode()


def _contract(address: str) -> Download:
    versions, files = published.versions(), [address_of(name) for name in (published.WSDL, *published.schema_files())]
    return make_page(
        "contract.html", address=address, faults=FAULTS, files=files, versions=versions, present=versions[0]
    )
