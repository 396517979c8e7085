"""Our own static WSDL, with the address that vendors call.

The address comes from the settings, never from a Host header, which a caller can set to anything.
"""

from uwlr_adapter.contract.escape import escape_attribute
from uwlr_adapter.contract.files import contract_file

PATH = "/uwlr/leerlinggegevens"
PLACEHOLDER = "http://localhost/uwlr/leerlinggegevens"
"""The address in the WSDL file, replaced when the WSDL is served."""


def wsdl(base_url: str) -> bytes:
    """Return the WSDL of the service at `base_url` (scheme, host and port; no slash at the end)."""
    text = contract_file("wsdl/leerlinggegevens.wsdl").read_text(encoding="utf-8")
    return text.replace(f'"{PLACEHOLDER}"', f'"{escape_attribute(base_url + PATH)}"').encode()
