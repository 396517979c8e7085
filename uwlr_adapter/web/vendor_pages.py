"""The pages and files for a platform vendor's engineer: the fault catalogue, and the contract to download.

The pages are in English, with the nouns of UWLR. An address in them is of the configured public URL or a path, never
of a Host header.
"""

from functools import partial
from typing import TYPE_CHECKING

from uwlr_adapter.contract import fault, fault_catalogue, published
from uwlr_adapter.contract.fault_catalogue import FaultExample
from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.published import ContractVersion
from uwlr_adapter.web.downloads import Download, DownloadApp
from uwlr_adapter.web.pages import STYLE, make_page, make_style
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.soap.wsdl import with_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from _typeshed.wsgi import WSGIApplication

FAULTS, CONTRACT = "/uwlr/fouten", "/uwlr/contract"
CONTRACT_VERSION = "X-UWLR-Contract"
"""Header of a WSDL or an XSD: the number of the version of the contract."""
OPERATION = "contract"
"""The name of these requests in log and metrics."""


def make_paths(service_paths: "Sequence[str]", base_url: str) -> "Mapping[str, WSGIApplication]":
    """Return the pages and the files of the contract by their paths; each is made when it is first asked for.

    `service_paths` are those of the services that are served, the one of leerlinggegevens first.
    """
    made: dict[str, Callable[[], Download]] = {
        FAULTS: partial(_faults, base_url),
        CONTRACT: partial(_contract, base_url + service_paths[0]),
        STYLE: make_style,
    }
    for version in published.versions():
        for name in published.files(version.number):
            made[address_of(name, version)] = partial(_file, name, version, service_paths, base_url)
    return {path: DownloadApp(make, OPERATION) for path, make in made.items()}


def address_of(name: str, version: ContractVersion) -> str:
    """Return the path of a file of a version of the contract."""
    return f"{CONTRACT}/{version.number}/{name}"


def wsdl_download(name: str, path: str, base_url: str) -> Download:
    """Return a WSDL of the present version for the service on `path` at `base_url`."""
    return _file(name, published.versions()[0], [path], base_url)


def _file(name: str, version: ContractVersion, paths: "Sequence[str]", base_url: str) -> Download:
    """Return a file of a version; a WSDL gets the address of its service, which is one of `paths`."""
    content = published.files(version.number).get(name) or contract_file(name).read_bytes()
    if name.endswith(".wsdl"):
        for path in paths:
            content = with_address(content, path, base_url)
    return Download(content, XML_TYPE, version.moment, ((CONTRACT_VERSION, str(version.number)),))


def _faults(base_url: str) -> Download:
    catalogue = fault_catalogue.load()
    return make_page("fouten.html", catalogue=catalogue, contract=CONTRACT, answer_to=partial(_answer, base_url))


def _answer(base_url: str, example: FaultExample) -> str:
    """Return the fault that the service answers an example with."""
    return fault.render(example.fault, base_url + FAULTS).decode()


def _contract(address: str) -> Download:
    versions = [
        (version, [address_of(name, version) for name in published.files(version.number)])
        for version in published.versions()
    ]
    return make_page("contract.html", address=address, faults=FAULTS, versions=versions, present=versions[0][0])
