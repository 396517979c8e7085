"""The npm package oidc-provider, in a process of its own: a certified provider of OpenID Connect."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from support.chromium import NODE, node_file
from support.server import WAIT

SCRIPT = Path(__file__).with_suffix(".mjs")
CLIENT_ID, SECRET = "koppelingen", "geheim-van-de-proef+&%20"


@dataclass(frozen=True)
class RealProvider:
    """A running provider."""

    issuer: str

    def be(self, mode: str) -> None:
        """Make it `lie`, be `away`, or be `honest` again."""
        with urlopen(f"{self.issuer}/mode/{mode}", timeout=WAIT) as answer:  # noqa: S310 - loopback
            assert answer.read().decode() == mode


@contextmanager
def running(base_url: str) -> Iterator[RealProvider]:
    """Run a provider that knows the portal at an address, until the block ends. Skips where it is not installed."""
    node_file("oidc-provider/lib/index.js")
    told = {"modules": str(NODE / "node_modules"), "baseUrl": base_url, "clientId": CLIENT_ID, "secret": SECRET}
    process = subprocess.Popen(
        ["node", str(SCRIPT), json.dumps(told)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        issuer = process.stdout.readline().strip()
        assert issuer, process.communicate(timeout=WAIT)
        yield RealProvider(issuer)
    finally:
        process.terminate()
        process.communicate(timeout=WAIT)
