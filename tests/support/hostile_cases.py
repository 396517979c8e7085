"""The hostile corpus: its manifest, the bytes of each case, and what came back, in one line.

A file of the manifest (`tests/hostile/corpus/`) holds one kind of case, a line of JSON each. `gives` is the verdict.
`{*}` in a text stands for `part`, `times` times; `{schooljaar}`, `{leerling}` and `{score}` for those of today.
"""

import gzip
import json
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hostile_requests import HostileRequest, all_requests
from lxml import etree

from support.hostile_documents import COSTLY, IN_MESSAGES
from support.messages import SOAP11, school_element
from support.served_school import ONE_OF_EACH
from support.server import WAIT
from uwlr_adapter.administratie.model import ImportRefusedError, Problem, Severity
from uwlr_adapter.administratie.sources.csv_set import csv_set
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.clock import now
from uwlr_adapter.contract.names import AUTORISATIE, FAULT_DETAIL, LEERLINGGEGEVENS
from uwlr_adapter.demo import school, setup, toets

FOLDER = Path(__file__).parents[1] / "hostile" / "corpus"
SET = FOLDER.parents[1] / "data" / "csv" / "goed"
FETCH, BRING = "/uwlr/leerlinggegevens", "/uwlr/leerresultaten"
XML = "Content-Type: text/xml; charset=utf-8"


@dataclass(frozen=True)
class HostileCase:
    """A line of the manifest; `fields` say how its bytes are made, in the way of its kind."""

    kind: str
    name: str
    gives: str
    fields: Mapping[str, Any]

    def text(self, name: str, default: str = "") -> str:
        """Return a field with what it repeats."""
        found = str(self.fields.get(name, default))
        return found.replace("{*}", str(self.fields.get("part", "")) * int(self.fields.get("times", 0)))


@cache
def kinds() -> tuple[str, ...]:
    """Return the names of the files of the manifest."""
    return tuple(sorted(file.stem for file in FOLDER.glob("*.jsonl")))


@cache
def cases(kind: str) -> tuple[HostileCase, ...]:
    """Return the cases of one kind."""
    lines = (FOLDER / f"{kind}.jsonl").read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    return tuple(HostileCase(kind, one["name"], one["gives"], one) for one in found)


@dataclass(frozen=True)
class GoodMessages:
    """What a friend sends, of which the cases are changes."""

    schooljaar: str

    @property
    def fetch(self) -> str:
        """A fetch of the example school."""
        request = f"{_texts(schooljaar=self.schooljaar)}{school_element(setup.BRIN6)}{_texts(xsdversie='2.2')}"
        return self._enveloped(
            f'<leerlinggegevens_verzoek xmlns="{LEERLINGGEGEVENS}">{request}</leerlinggegevens_verzoek>'
        )

    @property
    def leerling(self) -> str:
        """The key of a leerling of that school, of the groep that made the toets."""
        return _leerling(self.schooljaar)

    @property
    def results(self) -> str:
        """The results of that leerling."""
        return self._enveloped(_results(self.leerling))

    def filled(self, text: str) -> str:
        """Return a text with what it stands for."""
        first = re.search("<score>([0-9]+)<", _results(self.leerling))
        assert first is not None
        for name, value in (("schooljaar", self.schooljaar), ("leerling", self.leerling), ("score", first[1])):
            text = text.replace(f"{{{name}}}", value)
        return text

    @staticmethod
    def _enveloped(request: str) -> str:
        own = _texts(autorisatiesleutel=setup.VERIFICATIECODE, klantcode=setup.KLANTCODE, klantnaam=setup.KLANTNAAM)
        header = f'<s:Header><autorisatie xmlns="{AUTORISATIE}">{own}</autorisatie></s:Header>'
        return f'<s:Envelope xmlns:s="{SOAP11}">{header}<s:Body>{request}</s:Body></s:Envelope>'


def _texts(**texts: str) -> str:
    return "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())


@cache
def _leerling(schooljaar: str) -> str:
    return school.leerling_keys(setup.BRIN6, schooljaar, toets.JAARGROEP)[0]


@cache
def _results(leerling: str) -> str:
    """Return the request of a message with results, on one line."""
    made = etree.fromstring(toets.verzoek_of(setup.BRIN6, [leerling], now()), etree.XMLParser(remove_blank_text=True))
    return etree.tostring(made, encoding="unicode")


def octets_of(case: HostileCase, good: GoodMessages) -> bytes:
    """Return all that a case sends over its connection."""
    return _MAKERS[case.kind](case, good)


def _request(path: str, body: bytes, *headers: str, method: str = "POST") -> bytes:
    """Return one request with the headers that HTTP wants, unless they are there."""
    named = {line.partition(":")[0].lower() for line in headers}
    more = [] if "host" in named else ["Host: localhost"]
    more += [] if "connection" in named else ["Connection: close"]
    more += [] if named & {"content-length", "transfer-encoding"} else [f"Content-Length: {len(body)}"]
    return "\r\n".join([f"{method} {path} HTTP/1.1", *more, *headers, "", ""]).encode("latin-1") + body


def _of_benchmark(case: HostileCase, good: GoodMessages) -> bytes:
    request = benchmark(good)[case.name]
    headers = [f"{name}: {value}" for name, value in request.headers]
    path = request.path + (f"?{request.query}" if request.query else "")
    if any(name == "transfer-encoding" for name, _ in request.headers):
        return _request(path, b"%x\r\n%s\r\n0\r\n\r\n" % (len(request.body), request.body), *headers)
    return _request(path, request.body, *headers, method=request.method)


@cache
def benchmark(good: GoodMessages) -> dict[str, HostileRequest]:
    """Return the kinds of request that the benchmark measures, by name."""
    return {one.name: one for one in all_requests(good.fetch)}


def _document(case: HostileCase, _: GoodMessages) -> bytes:
    encoding = case.text("encoding", "utf-8")
    return _request(FETCH, documents()[case.text("document")].encode(encoding), "Content-Type: text/xml")


def documents() -> dict[str, str]:
    """Return the documents that the parser never sees, by name."""
    return COSTLY | IN_MESSAGES


def _xml(case: HostileCase, _: GoodMessages) -> bytes:
    body = case.text("body").encode(case.text("encoding", "utf-8"), "surrogatepass")
    return _request(case.text("path", FETCH), body, case.text("type", XML))


def _changed(message: str, case: HostileCase, good: GoodMessages) -> bytes:
    """Return a message with one text in the place of another, which must be there."""
    old, new = (good.filled(case.text(name)) for name in ("old", "new"))
    assert old in message, f"{case.name}: the text that is changed is not there"
    return message.replace(old, new).encode("utf-8", "surrogatepass")


def _fetch(case: HostileCase, good: GoodMessages) -> bytes:
    return _request(FETCH, _changed(good.fetch, case, good), case.text("type", XML))


def _bring(case: HostileCase, good: GoodMessages) -> bytes:
    return _request(BRING, _changed(good.results, case, good), case.text("type", XML))


def _raw(case: HostileCase, good: GoodMessages) -> bytes:
    length = len(good.fetch)
    text = case.text("raw").replace("{length}", str(length)).replace("{hex}", f"{length:x}")
    return text.replace("{good}", good.fetch).encode("latin-1")


def _head(case: HostileCase, good: GoodMessages) -> bytes:
    headers = case.fields.get("headers", ())
    body = case.text("body", good.fetch).encode("latin-1")
    return _request(case.text("path", FETCH), body, *headers, method=case.text("method", "POST"))


_MAKERS: dict[str, Callable[[HostileCase, GoodMessages], bytes]] = {
    "benchmark": _of_benchmark,
    "document": _document,
    "xml": _xml,
    "message": _fetch,
    "results": _bring,
    "http": _raw,
    "head": _head,
    "portal": _head,
}


def ask(port: int, source: str, octets: bytes) -> bytes:
    """Send bytes from an address of this machine, and return all that comes back until the server closes."""
    with socket.create_connection(("127.0.0.1", port), WAIT, source_address=(source, 0)) as connection:
        content = b""
        with suppress(ConnectionError):  # it was refused before it was read
            connection.sendall(octets)
        with suppress(ConnectionError):
            while chunk := connection.recv(65536):
                content += chunk
    return content


def verdict(content: bytes) -> str:
    """Return what came back: for each response its status, a fault with its place and word, or the kind of answer."""
    found = []
    while content:
        head, _, rest = content.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if rest.startswith(b"HTTP/1.") else int(headers.get("content-length", 0))  # the answer to a HEAD
        body, content = rest[:length], rest[length:]
        found.append(_one(first.split()[1], headers, body))
    return " + ".join(found) or "closed"


def _one(status: str, headers: Mapping[str, str], body: bytes) -> str:
    if "location" in headers:
        return f"{status} {headers['location']}"
    if not headers.get("content-type", "").startswith("text/xml") or b"Envelope" not in body[:120]:
        return status
    if headers.get("content-encoding") == "gzip":
        body = gzip.decompress(body)
    root = etree.fromstring(body)
    code = root.findtext(f".//{{{SOAP11}}}Fault/faultcode")
    if code is None:
        answer = root[-1][0]
        return etree.QName(answer[0] if len(answer) else answer).localname
    detail = root.find(f".//detail/{{{FAULT_DETAIL}}}fout")
    place = [] if detail is None else [detail.get("pad", ""), detail.get("regel", "")]
    return " ".join([code.partition(":")[2], *place])


def imported(case: HostileCase) -> str:
    """Read a file to import as a case makes it; return the first problem, or `taken` with the first warning."""
    files = {"edexml": ONE_OF_EACH.format(schooljaar="2026-2027").encode()}
    files |= {file.stem: file.read_bytes() for file in SET.glob("*.csv")}
    name = case.text("file", "edexml")
    if "body" in case.fields:
        files[name] = case.text("body").encode(case.text("encoding", "utf-8"))
    else:
        old = case.text("old").encode()
        assert old in files[name], f"{case.name}: the text that is changed is not there"
        files[name] = files[name].replace(old, case.text("new").encode("utf-8", "surrogatepass"), 1)
    source = files.pop("edexml")
    try:
        deliveries = [edexml.read(source)] if name == "edexml" else csv_set.read(files)
    except ImportRefusedError as error:
        return _problem(next(one for one in error.problems if one.severity is Severity.REFUSED))
    return " ".join(["taken", *(_problem(one) for delivery in deliveries for one in delivery.warnings[:1])])


def _problem(problem: Problem) -> str:
    return " ".join(filter(None, [problem.file, str(problem.line), problem.element, problem.reason]))
