"""A file as the answer of a page."""

from collections.abc import Iterable

from flask import Response


def download(content: str | bytes | Iterable[str], mimetype: str, file_name: str) -> Response:
    """Return a file for a browser to store; its name is of plain letters, digits, hyphens and dots."""
    response = Response(content, mimetype=mimetype)
    response.headers["Content-Disposition"] = f'attachment; filename="{file_name}"'
    return response
