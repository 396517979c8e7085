"""The place of the contract's own files: inside an installed wheel, or at the top of a checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def contract_file(name: str) -> Path:
    """Return the path of a file such as `schemas/2.2/autorisatie.xsd` or `wsdl/leerlinggegevens.wsdl`.

    Raises FileNotFoundError when neither place has it: the installation is broken.
    """
    for folder in (_PACKAGE, _PACKAGE.parent):
        if (path := folder / name).is_file():
            return path
    raise FileNotFoundError(f"uwlr-adapter is installed without {name}")
