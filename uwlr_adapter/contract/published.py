"""The contract as vendors download it: its numbered versions, and the files of each."""

import functools
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, time
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from uwlr_adapter.contract.files import contract_file
from uwlr_adapter.contract.versions import REQUEST_SCHEMA

_FILE = Path(__file__).with_suffix(".toml")
_EARLIER = Path(__file__).with_name("earlier")
"""The files of versions that are not the present one, in a folder by their number."""
WSDL = "wsdl/leerlinggegevens.wsdl"
RESULTS_WSDL = "wsdl/leerresultaten.wsdl"
"""The files of the WSDLs, which get the public URL when they are served."""


class ContractVersion(NamedTuple):
    """One version of the contract: `digest` is the SHA-256 of its files, `moment` midnight of its day, UTC."""

    number: int
    moment: datetime
    digest: str
    changes: tuple[str, ...]
    """The changes for a vendor since the version before; a text in backticks is code."""


@functools.cache
def versions() -> tuple[ContractVersion, ...]:
    """Return every version of the contract, the newest first: that is the present one."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))["version"]
    return tuple(
        ContractVersion(one["number"], datetime.combine(one["day"], time(), UTC), one["digest"], tuple(one["changes"]))
        for one in found
    )


@functools.cache
def files(number: int) -> Mapping[str, bytes]:
    """Return the content of each WSDL and XSD of a version by its name, such as `schemas/2.2/antwoord.xsd`."""
    is_present = number == versions()[0].number
    root = contract_file(REQUEST_SCHEMA).parents[2] if is_present else _EARLIER / str(number)
    paths = [*sorted(root.glob("wsdl/*.wsdl")), *sorted(root.glob("schemas/*/*.xsd"))]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def digest(content: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of files with their names, in hexadecimal digits."""
    found = sha256()
    for name, one in sorted(content.items()):
        found.update(f"{name} {len(one)}\n".encode() + one)
    return found.hexdigest()
