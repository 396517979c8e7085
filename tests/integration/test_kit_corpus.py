"""The kit judges the captured requests of real clients as the service does, and names the check that each one fails."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.kit_caller import CREDENTIALS, SCHOOLJAAR, Time, endpoint, failed, report
from support.request_corpus import FOLDER, RequestCase, finding, read_manifest, send, verdict

from uwlr_adapter.kit.listening.deviations import BY_REPAIR, RULES
from uwlr_adapter.kit.listening.endpoint import PATH, CallerEndpoint

VALUES = {
    "KLANTCODE": CREDENTIALS.klantcode,
    "SLEUTEL": CREDENTIALS.autorisatiesleutel,
    "SCHOOLJAAR": SCHOOLJAAR,
    "START": SCHOOLJAAR[:4],
}
OF_STATE = {f"rij-{name}.http" for name in ("5-uitgeschakeld", "7-beeindigd", "7-gepauzeerd", "7-nog-niet-gestart")}
"""These are refused by the state of a koppeling, which the kit does not have."""
BY_FAULT = {
    "Client.OngeldigeKlantIdentificatie": {"CSOAP-31"},
    "Client.AutorisatieOngeldig": {"CSOAP-32", *(f"CSOAP-{number}" for number in range(21, 27))},
    "Client.XsdVersieOngeldig": {"CREQ-03"},
    "VersionMismatch": {"CSOAP-06"},
    "MustUnderstand": {"CSOAP-07"},
    "405": {"CHTTP-01"},
    "415": {"CHTTP-03"},
    "413": {"CHTTP-11"},
    "400": {"CHTTP-12"},
}
TOO_LONG = {"guzzle-sleutel-88.http": {"CSOAP-27"}}
"""Wrong in two ways: a key that is not the given one, and that is longer than any."""
MANNERS = {"CHTTP-04", "CHTTP-05", "CHTTP-08", "CHTTP-09", "CHTTP-10"}
"""What is told of a request that is read all the same."""


def _judged(app: CallerEndpoint, request: bytes, values: Mapping[str, str]) -> tuple[str, str, set[str]]:
    """Send a request; return its verdict, the detail of its fault, and the checks that fail on it."""
    reply = send(app, request, values)
    return verdict(reply), finding(reply), failed(report(app))


@pytest.mark.parametrize(
    "case", [one for one in read_manifest() if one.file not in OF_STATE], ids=lambda case: case.file
)
def test_a_captured_request_is_judged_rightly(case: RequestCase) -> None:
    """The answer is that of the service, and the checks that fail are those of its repairs or of its fault."""
    request = (FOLDER / case.file).read_bytes()
    found, detail, checks = _judged(endpoint(Time()), request, VALUES)
    assert found == case.tolerant
    assert detail == case.finding
    checks -= MANNERS
    if case.row == 10:
        assert checks == {_id(repair) for repair in case.repairs}
    else:
        assert len(checks) == 1 + (case.file in TOO_LONG)
        assert checks - TOO_LONG.get(case.file, set()) <= BY_FAULT.get(found, checks)


def _id(repair: str) -> str:
    rule = RULES[BY_REPAIR[repair]]
    return f"{rule.chapter}-{rule.number:02}"


def test_the_requests_of_ext_soap_are_right() -> None:
    """Captured on loopback with invented keys: all that is wrong is what the kit did not give."""
    folder = os.environ.get("UWLR_STANDARD")
    if not folder:
        pytest.skip("UWLR_STANDARD does not name the published files")
    files = sorted((Path(folder) / "wire").glob("*.http"))
    assert len(files) == 3
    for file in files:
        request = file.read_bytes().replace(b"POST /svc ", f"POST {PATH} ".encode())
        assert _judged(endpoint(Time()), request, {})[2] == {"CSOAP-31", "CSOAP-32"}
        for old, new in (
            ("SLEUTEL", CREDENTIALS.autorisatiesleutel),
            ("OV", CREDENTIALS.klantcode),
            ("Overig", "Snappet"),
        ):
            request = request.replace(f">{old}<".encode(), f">{new}<".encode())
        request = request.replace(b">99DE<", b">21QW<")
        found, _, checks = _judged(endpoint(Time()), request, {})
        assert not checks
        assert found in {"leerlinggegevens", "leerlinggegevens-structuur", "geengegevens"}
