"""The path of a request, as every driver and every part of the service reads it."""

_REPLACED = "\ufffd"
"""What granian puts in the place of bytes that are not UTF-8."""


def is_plain(path_info: str) -> bool:
    """Return whether a path, percent-decoded once and as PEP 3333 writes it (`PATH_INFO`), has one reading only.

    It is UTF-8, begins with a slash, and has no control character, backslash, empty or dot segment. Nor does it have a
    percent sign: after decoding that is a broken escape, or one that something behind us could decode again.
    """
    try:
        path = path_info.encode("latin-1").decode()
    except UnicodeError:
        return False
    first, *segments = path.split("/")
    return (
        first == ""
        and path.isprintable()
        and not any(mark in path for mark in ("%", "\\", _REPLACED))
        and not any(segment in {"", ".", ".."} for segment in segments[:-1])
        and bool(segments)
        and segments[-1] not in {".", ".."}
    )


def path_info_of(path: str) -> str:
    """Return the `PATH_INFO` (PEP 3333) of a decoded path."""
    return path if path.isascii() else path.encode().decode("latin-1")
