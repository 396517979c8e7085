"""The configuration of nginx that is shipped, as text: where it leads. `tests/live/test_nginx.py` runs it."""

import re
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "deploy" / "nginx"


def test_it_passes_on_to_one_address() -> None:
    """No directive passes a request on, or loads anything, but from the service on this machine."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SHIPPED.glob("*.conf")))
    text = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    assert set(re.findall(r"\b\w+_pass\s+([^;]+);", text)) == {"http://uwlr_adapter"}
    assert re.findall(r"^\s*upstream\s+(\w+)", text, flags=re.MULTILINE) == ["uwlr_adapter"]
    assert set(re.findall(r"^\s*server\s+([^\s;{]+)", text, flags=re.MULTILINE)) == {"127.0.0.1:8080"}
    assert not re.search(r"\b(resolver|mirror|auth_request|perl\w*|js_\w+|ssi)\s", text)
