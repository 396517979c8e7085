"""A vendor at a sandbox that is served: it calls the service by zeep, and the API by HTTP."""

import base64
import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest
from zeep import Client
from zeep.exceptions import Fault

from support.server import WAIT
from uwlr_adapter.sandbox.situations import VendorSituation


@dataclass(frozen=True)
class Vendor:
    """A vendor at the sandbox: its codes, and the letters of its schools."""

    base: str
    client: Client
    schooljaar: str
    klantnaam: str = "Snappet"
    klantcode: str = "demo-klantcode-snappet"
    letters: str = "ZA"

    def fetch(self, situation: VendorSituation, **values: str) -> Any:
        """Fetch the school of a situation."""
        return self.fetch_school(situation.brin6(self.letters), situation.code(self.letters), **values)

    def fetch_school(self, brin6: str, code: str, **values: str) -> Any:
        """Call HaalLeerlinggegevens as a toolkit does; returns the answer, or raises its Fault."""
        asked = {"schooljaar": self.schooljaar, "xsdversie": "2.2"} | values
        codes = {"klantcode": self.klantcode, "klantnaam": self.klantnaam}
        header = {"autorisatiesleutel": code, **codes}
        return self.client.service.HaalLeerlinggegevens(
            brincode=brin6[:4], dependancecode=brin6[4:], _soapheaders={"msgpHeader": header}, **asked
        )

    def keys(self, situation: VendorSituation, **values: str) -> set[str]:
        """Return the keys of the leerlingen in an answer."""
        return {one.key for one in self.leerlingen(situation, **values)}

    def leerlingen(self, situation: VendorSituation, **values: str) -> list[Any]:
        """Return the leerlingen in an answer."""
        found: list[Any] = self.fetch(situation, **values).leerlinggegevens.leerlingen.leerling
        return found

    def refused(self, situation: VendorSituation, **values: str) -> str:
        """Return the code of the fault that a call gets."""
        with pytest.raises(Fault) as caught:
            self.fetch(situation, **values)
        return str(caught.value.code).removeprefix("soap:")

    def api(self, path: str, **values: str) -> dict[str, Any]:
        """Read from the API, or with values or a path of an act, write; returns its JSON, an error's too."""
        is_read = not values and (path.count("/") < 2 or path.startswith("calls/") or path.endswith("/results"))
        return self.read(path) if is_read else self._ask(path, json.dumps(values).encode())

    def read(self, path: str) -> dict[str, Any]:
        """Read from the API; returns its JSON, an error's too."""
        return self._ask(path, None)

    def _ask(self, path: str, data: bytes | None) -> dict[str, Any]:
        token = base64.b64encode(f"{self.klantnaam}:{self.klantcode}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
        status, content, _ = ask(f"{self.base}/sandbox/api/{path}", data, headers)
        found: dict[str, Any] = json.loads(content)
        return found if status == 200 else found | {"status": status}

    def act(self, situation: VendorSituation, act: str, **values: str) -> dict[str, Any]:
        """Do an act on the school of a situation."""
        return self.api(f"schools/{situation.brin6(self.letters)}/{act}", **values)

    def last_call(self) -> dict[str, Any]:
        """Return the last call of the account."""
        found: dict[str, Any] = self.api("calls")["calls"][0]
        return found


def ask(url: str, data: bytes | None, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
    """Return the status, the body and the headers of a response, by their names in lower case."""
    request = urllib.request.Request(url, data, headers)  # noqa: S310 - our own address
    try:
        reply = urllib.request.urlopen(request, timeout=WAIT)  # noqa: S310 - as above
    except urllib.error.HTTPError as error:
        reply = error
    with reply:
        return reply.status, reply.read(), {name.lower(): value for name, value in reply.headers.items()}
