"""Afnemers that are bound to a client certificate, behind the shipped nginx, with certificates that openssl made."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from support.front_door import FrontDoor, find_nginx, head, running
from support.served_school import ServedSchool, furnish
from support.server import WAIT, command, read_response, serving, split

CERTIFICATES = "ssl_verify_client optional_no_ca;\n"


def _certificate(folder: Path, name: str, *, days: int = 30) -> tuple[Path, Path]:
    """Make a self-signed client certificate with openssl; return it and its key."""
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    subject = ["-subj", f"/O=Leverancier/CN={name}", "-days", str(days)]
    subprocess.run(
        ["openssl", "req", "-x509", *curve, *subject, "-keyout", str(key), "-out", str(made)],
        check=True,
        capture_output=True,
        timeout=WAIT,
    )
    return made, key


def _run(school: ServedSchool, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command("--data", str(school.data), *arguments), capture_output=True, text=True, check=False, timeout=WAIT
    )


@pytest.fixture(scope="module")
def school(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Return the school, in a folder of this file's own."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="module")
def door(school: ServedSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """Run nginx, which asks for certificates, before a service."""
    nginx, prefix = find_nginx(), tmp_path_factory.mktemp("nginx")
    with (
        serving(school.data, environment={"UWLR_PUBLIC_URL": "https://localhost"}) as server,
        running(nginx, prefix, server.port, site=CERTIFICATES) as ports,
    ):
        yield FrontDoor(*ports, prefix, server)


def _straight(door: FrontDoor, source: str, body: bytes, header: str) -> tuple[int, bytes]:
    """Send a message to the service itself, from an address of this machine."""
    with socket.create_connection(("127.0.0.1", door.server.port), WAIT, (source, 0)) as connection:
        connection.sendall(head(len(body), header) + body)
        status, _, content = split(read_response(connection))
    return status, content


def test_an_afnemer_is_bound_to_its_certificates(door: FrontDoor, school: ServedSchool, tmp_path: Path) -> None:
    """Only a connection that one of its certificates opened is let in; a header that a caller wrote is none."""
    first, second, other = (_certificate(tmp_path, name) for name in ("first", "second", "other"))
    message = school.request()
    assert door.post(message, certificate=other)[0] == 200  # it is bound to none yet
    added = _run(school, "afnemer", "certificate", "add", "Snappet", str(first[0]))
    assert (added.returncode, "refused without" in added.stderr) == (0, True), added.stderr

    assert door.post(message, certificate=first)[0] == 200
    unknown = school.request().replace(school.klantcodes["Snappet"].encode(), b"x" * 32)
    expected = door.post(unknown, certificate=first)
    assert (expected[0], b"Client.OngeldigeKlantIdentificatie" in expected[2]) == (500, True)
    pem = f"X-Client-Certificate: {quote(first[0].read_text())}"
    refused = {
        "none": door.post(message),
        "another": door.post(message, certificate=other),
        "a header instead": door.post(message, pem),
        "a header beside another": door.post(message, pem, certificate=other),
        "a header with underscores": door.post(message, pem.replace("-Client-C", "_Client_C")),
    }
    told = ("content-type", "content-length", "vary")
    for name, (status, headers, body) in refused.items():
        assert (status, body) == (500, expected[2]), name
        assert [headers.get(one) for one in told] == [expected[1].get(one) for one in told], name

    # Straight to the service, a header counts from this machine, where the trusted proxy is, and from nowhere else.
    assert _straight(door, "127.0.0.1", message, pem)[0] == 200
    assert _straight(door, "127.0.0.5", message, pem) == (500, expected[2])

    # A renewal: the next one is good beside the present one, which then goes.
    assert _run(school, "afnemer", "certificate", "add", "Snappet", str(second[0])).returncode == 0
    assert [door.post(message, certificate=one)[0] for one in (first, second, other)] == [200, 200, 500]
    listed = _run(school, "afnemer", "certificate", "list", "Snappet").stdout
    fingerprint = (
        subprocess.run(
            ["openssl", "x509", "-in", str(first[0]), "-noout", "-fingerprint", "-sha256"],
            capture_output=True,
            text=True,
            check=True,
        )
        .stdout.partition("=")[2]
        .strip()
    )
    assert fingerprint.replace(":", "").lower() in listed
    assert _run(school, "afnemer", "certificate", "remove", "Snappet", fingerprint).returncode == 0
    assert [door.post(message, certificate=one)[0] for one in (first, second)] == [500, 200]

    reasons = _run(school, "journaal").stdout
    assert "certificaat ontbreekt" in reasons
    assert "certificaat onbekend of verlopen" in reasons


def test_the_other_afnemers_need_none(door: FrontDoor, school: ServedSchool, tmp_path: Path) -> None:
    """Who is bound to no certificate is judged by its klantcode, with any certificate or none."""
    message = school.request("Basispoort", "21QW00gepauzeerd-koppeling")
    for certificate in (None, _certificate(tmp_path, "any")):
        assert b"Client.AutorisatieOngeldig" in door.post(message, certificate=certificate)[2]
