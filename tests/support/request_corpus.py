"""The corpus of requests: files as clients send them, and a manifest with the verdicts."""

import csv
import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from lxml import etree

from support.wsgi import Reply, call
from uwlr_adapter.contract.names import FAULT_DETAIL

FOLDER = Path(__file__).parents[1] / "data" / "verzoeken"
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"


@dataclass(frozen=True)
class RequestCase:
    """One line of the manifest.

    `row` is the row of the table of checks that answers. A verdict is the element of an answer, a fault code, or an
    HTTP status; `repairs` has the repairs that the journaal must name, `finding` the path and the word in the detail of
    the fault of the tolerant reading; empty for no detail.
    """

    file: str
    row: int
    tolerant: str
    strict: str
    repairs: tuple[str, ...]
    finding: str
    caller: str


def read_manifest() -> list[RequestCase]:
    """Return every line of the manifest."""
    with (FOLDER / "manifest.tsv").open(encoding="utf-8", newline="") as file:
        _, *lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    return [
        RequestCase(file, int(row), tolerant, strict, tuple(repairs.strip("-").split()), finding.strip("-"), caller)
        for file, row, tolerant, strict, repairs, finding, caller in lines
    ]


def send(app: Any, request: bytes, values: Mapping[str, str]) -> Reply:
    """Send a request as it stands in a file through the application, with its `{PLACEHOLDERS}` filled in."""
    for naam, value in values.items():
        request = request.replace(f"{{{naam}}}".encode(), value.encode())
    head, _, body = request.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("ascii").split("\n")
    method, path, protocol = first.split(" ")
    headers = {naam.lower(): value.strip() for naam, _, value in (line.partition(":") for line in lines)}
    environ = {f"HTTP_{naam.upper().replace('-', '_')}": value for naam, value in headers.items()}
    environ["CONTENT_LENGTH"] = environ.pop("HTTP_CONTENT_LENGTH", str(len(body)))
    environ.pop("HTTP_CONTENT_TYPE", None)
    return call(
        app,
        body,
        method=method,
        path=path,
        content_type=headers.get("content-type"),
        SERVER_PROTOCOL=protocol,
        **environ,
    )


def verdict(reply: Reply) -> str:
    """Return what came back in one word: the element of an answer, a fault code, or an HTTP status."""
    if not reply.headers["Content-Type"].startswith("text/xml"):
        return str(reply.status)
    packed = reply.headers.get("Content-Encoding") == "gzip"
    body = etree.fromstring(gzip.decompress(reply.body) if packed else reply.body)[-1]
    if reply.status == 200:
        return etree.QName(body[0][0]).localname
    return (body.findtext(f"{{{SOAP11}}}Fault/faultcode") or "").removeprefix("soap:")


def finding(reply: Reply) -> str:
    """Return the path and the word in the detail of a fault; empty for a reply without one."""
    if reply.status != HTTPStatus.INTERNAL_SERVER_ERROR:
        return ""
    found = etree.fromstring(reply.body).find(f".//detail/{{{FAULT_DETAIL}}}fout")
    return "" if found is None else f"{found.get('pad')} {found.get('regel')}"
