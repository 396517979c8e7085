"""Read a lock file."""

import re
from collections.abc import Iterator

from packaging.requirements import Requirement


def releases(text: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each release of a lock file with its hashes, as `sha256:…`; those of every Python and system."""
    for block in re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]:
        head, *hashes = [line.removesuffix("\\").strip() for line in block.splitlines()]
        yield Requirement(head), [one.removeprefix("--hash=") for one in hashes]
