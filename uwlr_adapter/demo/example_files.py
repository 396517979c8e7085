"""The examples for vendors as a WSGI application: answers, faults, a school of one's own, and a page that lists them.

They stand in `demo/examples`, and travel in the wheel. `make examples` makes the answers and the faults from the
service itself.
"""

import functools
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from uwlr_adapter.web.downloads import Download, DownloadApp
from uwlr_adapter.web.pages import make_page
from uwlr_adapter.web.request_record import annotate
from uwlr_adapter.web.response import XML_TYPE, plain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FOLDER = Path(__file__).with_name("examples")
ANSWERS, FAULT_EXAMPLES, OWN_SCHOOL, SENT = "antwoorden", "fouten", "eigen-school", "resultaten"
"""The folders in it."""
OPERATION = "voorbeelden"
"""The name of these requests in log and metrics."""
_TYPES = {".xml": XML_TYPE, ".csv": "text/csv; charset=utf-8", ".md": "text/markdown; charset=utf-8"}
"""The Content-Type by the end of a file's name; what ends in anything else is no example."""


class ExampleGroup(NamedTuple):
    """The examples of one folder, by their path below the folder of all examples."""

    title: str
    names: list[str]


class ExampleFiles:
    """The examples below a path such as `/sandbox/voorbeelden`; the page that lists them is at that path itself."""

    def __init__(self, prefix: str) -> None:
        """Read which examples there are; each is read when it is first asked for."""
        self._prefix = prefix
        self.paths: dict[str, WSGIApplication] = {
            f"{prefix}/{name}": DownloadApp(functools.partial(_file, name), OPERATION) for name in names()
        }
        """Each of them by its whole path, for who mounts them by path."""
        self.paths[f"{prefix}/"] = self.paths[prefix] = DownloadApp(self._page, OPERATION)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one HTTP request; 404 for what is no example."""
        app = self.paths.get(environ.get("PATH_INFO", ""))
        if app is not None:
            return app(environ, start_response)
        annotate(operation=OPERATION)
        return plain(HTTPStatus.NOT_FOUND, "Dit voorbeeld is er niet.").send(start_response)

    def _page(self) -> Download:
        return make_page("voorbeelden.html", prefix=self._prefix, groups=list(_groups()))


@functools.cache
def names() -> tuple[str, ...]:
    """Return the path of each example below the folder, in alphabetical order."""
    found = (path for path in FOLDER.rglob("*") if path.suffix in _TYPES)
    return tuple(sorted(path.relative_to(FOLDER).as_posix() for path in found))


def _file(name: str) -> Download:
    path = FOLDER / name
    return Download(path.read_bytes(), _TYPES[path.suffix], headers=(("X-Content-Type-Options", "nosniff"),))


def _groups() -> Iterator[ExampleGroup]:
    """Yield the examples in the groups of the page."""
    titles = {
        f"{OWN_SCHOOL}/": "Your own school: EDEXML, and the same as a CSV set",
        f"{ANSWERS}/": "Answers, by version, profile, operation and outcome",
        f"{FAULT_EXAMPLES}/": "Faults, by word and by faultcode",
        f"{SENT}/": "Results of a groep, sent back, and the confirmation",
    }
    for folder, title in titles.items():
        yield ExampleGroup(title, [name for name in names() if name.startswith(folder)])
