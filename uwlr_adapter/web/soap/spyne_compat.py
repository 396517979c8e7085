"""Make Spyne 2.14.0, its newest release, importable and quiet. Import this module before anything of Spyne.

Spyne bundles a copy of `six` whose lazy modules Python 3.12 no longer loads; the modules of the standard library are
put in their place, on every version alike. (Python 3.13 dropped `cgi` too: the dependency `legacy-cgi` brings it back.)
Spyne's loggers write whole requests, secrets included, and tracebacks with values: they are silenced, and the endpoint
keeps its own log.
"""

import collections.abc
import http.cookies
import importlib
import logging
import sys
import types
import urllib.error
import urllib.parse
import urllib.request
import urllib.response
import urllib.robotparser
import warnings

_MOVES = "spyne.util.six.moves"
_STANDARD_LIBRARY = {
    "collections_abc": collections.abc,
    "http_cookies": http.cookies,
    "urllib": urllib,
    "urllib.error": urllib.error,
    "urllib.parse": urllib.parse,
    "urllib.request": urllib.request,
    "urllib.response": urllib.response,
    "urllib.robotparser": urllib.robotparser,
}


def _prepare() -> None:
    logging.getLogger("spyne").setLevel(logging.CRITICAL + 1)
    moves = types.ModuleType(_MOVES)
    moves.__path__ = []
    sys.modules[_MOVES] = moves
    for name, module in _STANDARD_LIBRARY.items():
        sys.modules[f"{_MOVES}.{name}"] = module
        if "." not in name:
            setattr(moves, name, module)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # `cgi`, with which Spyne parses a header
        warnings.simplefilter("ignore", ImportWarning)  # the import finder of its `six`, removed below
        importlib.import_module("spyne.server.wsgi")
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != "_SixMetaPathImporter"]
    # Spyne runs the garbage collector up to once a second, during a request; Python's own schedule suffices.
    vars(importlib.import_module("spyne.const"))["MIN_GC_INTERVAL"] = float("inf")


_prepare()
