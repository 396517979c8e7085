"""A chunked body of a caller: what is in its chunks, and never more than came."""

import io

import pytest

from uwlr_adapter.kit.listening.chunked import MAX_LINE, MAX_TRAILERS, BodyBrokenError, ChunkedBody

_MUCH = 1024 * 1024


def body(content: bytes, size: int = _MUCH) -> tuple[bytes, bool]:
    """Return what is read of a body in pieces of at most so many bytes, and whether it is whole."""
    chunked, pieces = ChunkedBody(io.BytesIO(content)), []
    try:
        while piece := chunked.read(size):
            assert len(piece) <= size
            pieces.append(piece)
    except BodyBrokenError:
        return b"".join(pieces), False
    assert chunked.read(size) == b""
    return b"".join(pieces), True


@pytest.mark.parametrize("size", [1, 3, _MUCH])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"5\r\nhello\r\n3\r\nyou\r\n00\r\n\r\n", b"helloyou"),
        (b"A;name=value\r\n0123456789\r\n0;last\r\n\r\n", b"0123456789"),
        (b"a \r\n0123456789\r\n0\r\nServer: x\r\nDate: y\r\n\r\n", b"0123456789"),
        (b"2\r\n\r\n\r\n0\r\n\r\n", b"\r\n"),
    ],
)
def test_what_is_in_the_chunks_is_read(content: bytes, found: bytes, size: int) -> None:
    """In whatever pieces it is asked for."""
    assert body(content, size) == (found, True)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"", b""),
        (b"5", b""),
        (b"5\r\n", b""),
        (b"5\r\nhel", b"hel"),
        (b"5\r\nhello", b"hello"),
        (b"5\r\nhello\r\n", b"hello"),
        (b"5\r\nhello\r\n0\r\n", b"hello"),
        (b"200000\r\nhel", b"hel"),  # longer than what is asked for at once
        (b"5\r\nhello\r\nffffffffffffffff\r\nyou", b"helloyou"),
    ],
)
def test_what_breaks_off_is_no_whole_body(content: bytes, found: bytes) -> None:
    """What came is there, and nothing beside it."""
    assert body(content) == (found, False)


@pytest.mark.parametrize(
    "content",
    [
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b"\r\nhello\r\n0\r\n\r\n",
        b"5\nhello\r\n0\r\n\r\n",
        b"5;" + b"x" * MAX_LINE + b"\r\nhello\r\n0\r\n\r\n",
        b"f" * 17 + b"\r\nhello\r\n0\r\n\r\n",
    ],
)
def test_a_chunk_begins_with_its_size(content: bytes) -> None:
    """Another beginning is refused, and nothing behind it is read."""
    assert body(content) == (b"", False)


@pytest.mark.parametrize("content", [b"4\r\nhello\r\n0\r\n\r\n", b"5\r\nhello\n0\r\n\r\n"])
def test_a_chunk_ends_where_it_says(content: bytes) -> None:
    """More data than its size, or another line break, is no chunk."""
    assert not body(content)[1]


def test_what_is_behind_the_last_chunk_is_bounded() -> None:
    """So many lines of so many bytes; one more is refused."""
    line = b"a: " + b"x" * (MAX_LINE - 5) + b"\r\n"
    assert body(b"0\r\n" + line * MAX_TRAILERS + b"\r\n") == (b"", True)
    assert body(b"0\r\n" + line * (MAX_TRAILERS + 1) + b"\r\n") == (b"", False)
    assert body(b"0\r\nx" + line + b"\r\n") == (b"", False)
