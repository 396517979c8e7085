"""The pages and files for a platform vendor's engineer: the fault catalogue, and the contract to download.

The pages are in English, with the nouns of UWLR. An address in them is of the configured public URL or a path, never
of a Host header.
"""

from functools import partial
from typing import TYPE_CHECKING

from uwlr_adapter.contract import fault, fault_catalogue, published
from uwlr_adapter.contract.fault_catalogue import FaultExample
from uwlr_adapter.contract.published import ContractVersion
from uwlr_adapter.web.downloads import Download, DownloadApp
from uwlr_adapter.web.pages import STYLE, make_page, make_style
from uwlr_adapter.web.response import XML_TYPE
from uwlr_adapter.web.soap.wsdl import with_address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from _typeshed.wsgi import WSGIApplication

FAULTS, CONTRACT = "/uwlr/fouten", "/uwlr/contract"
CONTRACT_VERSION = "X-UWLR-Contract"
"""Header of a WSDL or an XSD: the number of the version of the contract."""
OPERATION = "contract"
"""The name of these requests in log and metrics."""


def make_paths(services: "Iterable[str]", base_url: str) -> "Mapping[str, WSGIApplication]":
    """Return the pages and the files of the contract by their paths; each is made when it is first asked for.

    `services` are the paths of the services that the page of the contract names.
    """
    made: dict[str, Callable[[], Download]] = {
        FAULTS: partial(_faults, base_url),
        CONTRACT: partial(_contract, [base_url + path for path in services]),
        STYLE: make_style,
    }
    for version in published.versions():
        for name in published.files(version.number):
            made[address_of(name, version)] = partial(_file, name, version, base_url)
    return {path: DownloadApp(make, OPERATION) for path, make in made.items()}


def address_of(name: str, version: ContractVersion) -> str:
    """Return the path of a file of a version of the contract."""
    return f"{CONTRACT}/{version.number}/{name}"


def wsdl_download(name: str, base_url: str) -> Download:
    """Return a WSDL of the present version, by its name in the contract, for its service at `base_url`."""
    return _file(name, published.versions()[0], base_url)


def _file(name: str, version: ContractVersion, base_url: str) -> Download:
    """Return a file of a version; a WSDL gets the address of its service."""
    content = published.files(version.number)[name]
    if name.endswith(".wsdl"):
        content = with_address(content, base_url)
    return Download(content, XML_TYPE, version.moment, ((CONTRACT_VERSION, str(version.number)),))


def _faults(base_url: str) -> Download:
    catalogue = fault_catalogue.load()
    return make_page("fouten.html", catalogue=catalogue, contract=CONTRACT, answer_to=partial(_answer, base_url))


def _answer(base_url: str, example: FaultExample) -> str:
    """Return the fault that the service answers an example with."""
    return fault.render(example.fault, base_url + FAULTS).decode()


def _contract(addresses: "Sequence[str]") -> Download:
    versions = [
        (version, [address_of(name, version) for name in published.files(version.number)])
        for version in published.versions()
    ]
    return make_page("contract.html", addresses=addresses, faults=FAULTS, versions=versions, present=versions[0][0])
