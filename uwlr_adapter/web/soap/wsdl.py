"""Our own static WSDLs, with the address that vendors call.

The address comes from the settings, never from a Host header, which a caller can set to anything.
"""

from uwlr_adapter.contract.escape import escape_attribute
from uwlr_adapter.contract.files import contract_file

_PLACEHOLDER = "http://localhost"
"""Scheme and host of the addresses in the WSDL files, replaced when a WSDL is served."""


def wsdl(file: str, base_url: str) -> bytes:
    """Return a WSDL of the contract for its service at `base_url` (scheme, host, port; no slash behind)."""
    return with_address(contract_file(file).read_bytes(), base_url)


def with_address(content: bytes, base_url: str) -> bytes:
    """Return a WSDL of any version of the contract with the address of its service, as `wsdl` does."""
    return content.decode().replace(f'"{_PLACEHOLDER}/', f'"{escape_attribute(base_url)}/').encode()
