"""A chunked body (RFC 9112, 7.1) of a caller, read within bounds.

That of werkzeug gives more than came when a chunk breaks off that is longer than what is asked of it: the rest is
memory of this process.
"""

import re
from typing import Final, Protocol

from uwlr_adapter.errors import UwlrAdapterError

MAX_LINE: Final = 1_000
"""Bytes of the line before a chunk, or of one behind the last chunk (inclusive), with their line break."""
MAX_TRAILERS: Final = 32
"""Lines behind the last chunk (inclusive)."""
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\r\n]*)?\r\n")
_BREAK = b"\r\n"


class BodyBrokenError(UwlrAdapterError):
    """A chunked body ends before its last chunk, or its chunks are not HTTP; nothing of it is in the text."""


class ByteStream(Protocol):
    """What comes in over a connection."""

    def read(self, size: int, /) -> bytes:
        """Return `size` bytes; fewer at the end. Raises OSError."""

    def readline(self, size: int, /) -> bytes:
        """Return the bytes up to and including a line break, at most `size`. Raises OSError."""


class ChunkedBody:
    """The data of a chunked body as a file: what is in its chunks, and an end."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._left = 0
        """Bytes of the present chunk that were not read."""
        self._has_begun = self._is_whole = False

    def read(self, size: int) -> bytes:
        """Return 1 to `size` bytes of one chunk; none behind the last chunk.

        Raises BodyBrokenError when the body breaks off or is not HTTP; what came of a chunk is given before. Raises
        OSError when the connection breaks.
        """
        if not self._is_whole and not self._left:
            self._begin_chunk()
        if self._is_whole:
            return b""
        piece = self._stream.read(min(size, self._left))
        if not piece:
            raise BodyBrokenError("a chunk breaks off")
        self._left -= len(piece)
        return piece

    def _begin_chunk(self) -> None:
        """Read what stands between two chunks, or around the last one. Raises BodyBrokenError and OSError."""
        if self._has_begun and self._stream.read(len(_BREAK)) != _BREAK:
            raise BodyBrokenError("a chunk does not end where it says")
        self._has_begun = True
        found = _SIZE.fullmatch(self._stream.readline(MAX_LINE))
        if found is None:
            raise BodyBrokenError("a chunk does not begin with its size")
        self._left = int(found[1], 16)
        if not self._left:
            self._end()

    def _end(self) -> None:
        for _ in range(MAX_TRAILERS + 1):
            line = self._stream.readline(MAX_LINE)
            if not line.endswith(_BREAK):
                break
            if line == _BREAK:
                self._is_whole = True
                return
        raise BodyBrokenError("what is behind the last chunk does not end")
