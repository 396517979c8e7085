"""The contract as vendors download it: its numbered versions, and the files of the present one."""

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
WSDL = "wsdl/leerlinggegevens.wsdl"
"""The file of the WSDL, which gets the public URL when it is served."""


class ContractVersion(NamedTuple):
    """One version of the contract: `digest` is the SHA-256 of its files, `moment` midnight of its day, UTC."""

    number: int
    moment: datetime
    digest: str
    changes: tuple[str, ...]
    """What changed for a vendor since the version before; a text in backticks is code."""


@functools.cache
def versions() -> tuple[ContractVersion, ...]:
    """Return every version of the contract, the newest first: that one is served."""
    found = tomllib.loads(_FILE.read_text(encoding="utf-8"))["version"]
    return tuple(
        ContractVersion(one["number"], datetime.combine(one["day"], time(), UTC), one["digest"], tuple(one["changes"]))
        for one in found
    )


@functools.cache
def schema_files() -> Mapping[str, bytes]:
    """Return the content of each XSD by its name, such as `schemas/2.2/antwoord.xsd`."""
    root = contract_file(REQUEST_SCHEMA).parents[2]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.glob("schemas/*/*.xsd"))}


def digest() -> str:
    """Return the SHA-256 of the present files with their names, in hexadecimal digits."""
    found = sha256()
    for name, content in {WSDL: contract_file(WSDL).read_bytes(), **schema_files()}.items():
        found.update(f"{name} {len(content)}\n".encode() + content)
    return found.hexdigest()
