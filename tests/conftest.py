"""What holds for every test."""

from collections.abc import Iterator

import pytest

from uwlr_adapter.opslag import Opslag


@pytest.fixture(autouse=True)
def _close_databases(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Close each database that a test opened, so that no test warns about the connections of another."""
    opened: list[Opslag] = []
    open_it = Opslag.__init__

    def remember(self: Opslag, url: str) -> None:
        open_it(self, url)
        opened.append(self)

    monkeypatch.setattr(Opslag, "__init__", remember)
    yield
    for opslag in opened:
        opslag.close()
