"""The file of an answer that was saved, read within the bounds of an answer."""

from pathlib import Path

from uwlr_adapter.client.result import PullError
from uwlr_adapter.contract.xml import ANSWER


def read_answer(path: Path) -> bytes:
    """Return the bytes of a file, at most one more than an answer may have. Raises PullError, without the path."""
    try:
        with path.open("rb") as file:
            return file.read(ANSWER.octets + 1)
    except OSError as error:
        raise PullError(f"it cannot be read ({error.strerror})") from None
