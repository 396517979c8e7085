"""The configuration of nginx that is shipped, as text: TLS, and where it leads. `tests/live/test_nginx.py` runs it."""

import re
from pathlib import Path

from uwlr_adapter.web import rsgi

MARGIN = 3
"""Seconds that a fault may take from our timer to nginx, on a busy machine."""
SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx"


def directives() -> str:
    """Return the text of all shipped files, without comments."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.conf")))
    return re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)


def test_only_tls_1_2_and_1_3_are_spoken() -> None:
    """OpenSSL refuses older versions by itself on many systems; the configuration does so on every one."""
    assert re.findall(r"\bssl_protocols\s+([^;]+);", directives()) == ["TLSv1.2 TLSv1.3"]


def test_it_passes_on_to_one_address() -> None:
    """No directive passes a request on, or loads anything, but from the service on this machine."""
    text = directives()
    assert set(re.findall(r"\b\w+_pass\s+([^;]+);", text)) == {"http://uwlr_adapter"}
    assert re.findall(r"^\s*upstream\s+(\w+)", text, flags=re.MULTILINE) == ["uwlr_adapter"]
    assert set(re.findall(r"^\s*server\s+([^\s;{]+)", text, flags=re.MULTILINE)) == {"127.0.0.1:8080"}
    assert not re.search(r"\b(resolver|mirror|auth_request|perl\w*|js_\w+|ssi)\s", text)


def test_our_fault_comes_before_the_page_of_nginx() -> None:
    """Nginx waits longer than a request of ours may take, and shorter than the least patient client seen (30 s)."""
    (seconds,) = re.findall(r"\bproxy_read_timeout\s+(\d+)s;", directives())
    assert rsgi.REQUEST_SECONDS + MARGIN <= int(seconds) < rsgi.BODY_SECONDS
