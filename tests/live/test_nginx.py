"""The shipped configuration of nginx, before a real `serve`: TLS, slow and large bodies, and who the caller is."""

import re
import resource
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
import zeep
import zeep.transports
from support.certificates import make_certificate
from support.front_door import PARALLEL, PATH, SHIPPED, FrontDoor, find_nginx, head, main_file, running
from support.kit_endpoint import NoMasker
from support.nasty_values import SPELLINGS
from support.result_messages import class_of
from support.result_school import PATH as RESULTS_PATH
from support.served_school import CODE, ServedSchool, furnish
from support.server import port_of_our_own, read_response, serving, split, until

from uwlr_adapter.clock import now
from uwlr_adapter.contract.leerresultaten.request import MESSAGE as RESULTS
from uwlr_adapter.contract.versions import VERSIONS
from uwlr_adapter.db.database import Database
from uwlr_adapter.journaal.tables import refusal
from uwlr_adapter.kit import plans, runner
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.plans import PLANS
from uwlr_adapter.kit.session import Intensity, Session
from uwlr_adapter.outbound import Permissions
from uwlr_adapter.settings import Settings

SLOW = 1200
HIDDEN = "/metrics"
CANARY = "Kanarie7QX"
"""What no log may hold, in any case."""


@pytest.fixture(scope="module")
def nginx() -> str:
    """Return the program."""
    return find_nginx()


@pytest.fixture(scope="module", autouse=True)
def _many_files() -> None:
    """Allow as many connections as the system does; nginx inherits that."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ServedSchool:
    """Make the school in a data folder."""
    return furnish(tmp_path_factory.mktemp("school"))


@pytest.fixture(scope="module")
def endpoint(nginx: str, served: ServedSchool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FrontDoor]:
    """Run nginx before a service that knows its public address."""
    prefix = tmp_path_factory.mktemp("nginx")
    with (
        port_of_our_own() as port,
        serving(served.data, environment={"UWLR_PUBLIC_URL": f"https://localhost:{port}"}) as server,
        running(nginx, prefix, server.port, port=port) as ports,
    ):
        yield FrontDoor(*ports, prefix, server)


def test_the_shipped_site_is_valid_too(nginx: str, tmp_path: Path) -> None:
    """The site as it is shipped, with its own ports, parses once its certificate is there."""
    make_certificate(tmp_path, "localhost")
    for file in SHIPPED.iterdir():
        text = file.read_text(encoding="utf-8").replace("/var/log/nginx/", f"{tmp_path}/")
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    site = (tmp_path / "uwlr-site.conf").read_text(encoding="utf-8")
    site = re.sub(r"/etc/ssl\S+\.pem", f"{tmp_path}/cert.pem", site)
    site = re.sub(r"/etc/ssl\S+\.key", f"{tmp_path}/key.pem", site)
    (tmp_path / "uwlr-site.conf").write_text(site.replace("listen [::]:443 ssl;", ""), encoding="utf-8")
    (tmp_path / "nginx.conf").write_text(main_file(tmp_path), encoding="utf-8")
    command = [nginx, "-p", str(tmp_path), "-e", "stderr", "-c", str(tmp_path / "nginx.conf"), "-t"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls(endpoint: FrontDoor, version: ssl.TLSVersion) -> None:
    """TLS 1.2 and 1.3 are spoken."""
    with endpoint.connect(version) as connection:
        assert connection.version() == version.name.replace("_", ".")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_older_tls_is_refused(endpoint: FrontDoor) -> None:
    """TLS 1.1 is not spoken any more: nginx says so to a client that would."""
    with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"), endpoint.connect(ssl.TLSVersion.TLSv1_1):
        pass


def test_zeep_over_tls(endpoint: FrontDoor, served: ServedSchool) -> None:
    """A real client fetches a whole school over TLS, with the certificate checked."""
    with closing(requests.Session()) as session:
        session.trust_env = False  # only the certificate of the test counts
        session.verify = str(endpoint.prefix / "cert.pem")
        transport = zeep.transports.Transport(session=session)
        base = f"https://localhost:{endpoint.port}"
        client = zeep.Client(f"{base}{PATH}?wsdl", transport=transport)
        binding = next(iter(client.wsdl.bindings))
        service = client.create_service(binding, f"{base}{PATH}")
        answer = service.HaalLeerlinggegevens(
            schooljaar=served.schooljaar,
            brincode="21QW",
            dependancecode="00",
            xsdversie="2.2",
            _soapheaders={
                "msgpHeader": {
                    "autorisatiesleutel": CODE,
                    "klantcode": served.klantcodes["Snappet"],
                    "klantnaam": "Snappet",
                }
            },
        )
    assert len(answer.leerlinggegevens.leerlingen.leerling) == 232


@pytest.mark.parametrize("version", VERSIONS)
def test_the_conformance_kit_finds_nothing_over_tls(
    endpoint: FrontDoor, served: ServedSchool, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Through nginx, too, nothing of the whole plan fails or warns, with the certificate checked."""
    monkeypatch.setenv("SSL_CERT_FILE", str(endpoint.prefix / "cert.pem"))
    plan = PLANS[f"las-{version}-smalleset"]
    target = plans.target_of(
        plan,
        f"https://localhost:{endpoint.port}{PATH}",
        klantnaam="Snappet",
        klantcode=served.klantcodes["Snappet"],
        autorisatiesleutel=CODE,
        brin6="21QW00",
        schooljaar=served.schooljaar,
        permissions=Permissions(private=True),
    )
    session = Session(target, intensity=Intensity.FULL)
    session.masker = NoMasker()
    report = runner.run(session, plans.choose(plan), plan.name, now(), strict=True)
    told = {one.id: one.sentence for one in report.results if one.verdict is Verdict.FAIL}
    assert told == {}
    assert report.exit_status == 0
    verdicts = {one.id: one.verdict for one in report.results}
    assert {verdicts[name] for name in ("HTTP-20", "HTTP-21", "WSDL-17", "ROB-08")} == {Verdict.PASS}


def test_the_largest_body_and_one_byte_more(endpoint: FrontDoor, served: ServedSchool) -> None:
    """64 kB are let through; one byte more is refused by nginx, as its announced length already says."""
    message = served.request()
    full = message + b" " * (64 * 1024 - len(message))
    assert endpoint.post(full)[0] == 200
    status, headers, _ = endpoint.post(full + b" ")
    assert status == 413
    assert headers["server"] == "nginx"
    assert endpoint.ask(head(10**12))[0] == 413


def test_the_largest_message_with_results_and_one_byte_more(endpoint: FrontDoor) -> None:
    """10 MB of results are let through, here of a stranger; one byte more is refused by nginx."""
    content = class_of(30, 40)
    full = content + b"<!--" + b" " * (RESULTS.octets - len(content) - len(b"<!---->")) + b"-->"
    status, _, answer = endpoint.ask(head(len(full), path=RESULTS_PATH) + full)
    assert (status, b"Client.OngeldigeKlantIdentificatie" in answer) == (500, True)
    status, headers, _ = endpoint.ask(head(len(full) + 1, path=RESULTS_PATH))
    assert (status, headers["server"]) == (413, "nginx")


def test_bodies_that_do_not_end_do_no_harm(endpoint: FrontDoor, served: ServedSchool) -> None:
    """With more callers who stop half-way through their bodies than Debian's nginx has connections, all are served."""
    message = served.request()
    with ExitStack() as stack:
        for number in range(SLOW):
            slow = stack.enter_context(endpoint.connect_plainly())
            source = f"X-Test-Source: 198.51.{number >> 8}.{number & 255}"
            slow.sendall(head(len(message), source) + message[: len(message) // 2])
        for _ in range(10):
            assert endpoint.post(message)[0] == 200


def test_idle_connections_do_no_harm(endpoint: FrontDoor, served: ServedSchool) -> None:
    """So it is beside callers who connect and say nothing."""
    with ExitStack() as stack:
        for _ in range(SLOW):
            stack.enter_context(endpoint.connect_plainly())
        assert endpoint.post(served.request())[0] == 200


@pytest.mark.parametrize(
    ("sources", "other"),
    [
        (["203.0.113.5"], "203.0.113.6"),
        (["2001:db8:5::1", "2001:db8:5:0:a::", "2001:db8:5:0:a:a:a:a", "2001:db8:5:0:0a0a::a"], "2001:db8:5:1::1"),
    ],
)
def test_the_requests_of_one_source_are_bounded(
    endpoint: FrontDoor, served: ServedSchool, sources: list[str], other: str
) -> None:
    """One source, a /64 of IPv6, holds so many slow bodies; the next is refused with Retry-After, others are served."""
    message = served.request()
    with ExitStack() as stack:
        for number in range(PARALLEL):
            slow = stack.enter_context(endpoint.connect_plainly())
            slow.sendall(head(len(message), f"X-Test-Source: {sources[number % len(sources)]}", "Expect: 100-continue"))
            assert slow.recv(1024).startswith(b"HTTP/1.1 100")  # it is counted now
        for source in sources:
            status, headers, _ = endpoint.post(message, f"X-Test-Source: {source}")
            assert (status, headers["retry-after"], headers["server"]) == (429, "5", "nginx")
        assert endpoint.post(message, f"X-Test-Source: {other}")[0] == 200


def test_a_nation_is_fetched_from_one_address(endpoint: FrontDoor, served: ServedSchool) -> None:
    """A vendor with many parallel callers is slowed down at most: none of its requests is refused."""
    message, source = served.request(), "X-Test-Source: 203.0.113.77"
    with ExitStack() as stack:
        callers = [stack.enter_context(endpoint.connect_plainly()) for _ in range(PARALLEL)]
        for _ in range(3):
            for caller in callers:
                caller.sendall(
                    head(len(message), source).replace(b"Connection: close", b"Connection: keep-alive") + message
                )
            assert {split(read_response(caller))[0] for caller in callers} == {200}


@pytest.mark.parametrize("sent", [b"POST / HT", head(1000) + b"<half"])
def test_who_stops_is_given_up(endpoint: FrontDoor, sent: bytes) -> None:
    """A head or a body that does not go on is ended by nginx; the test made its waiting time short."""
    with endpoint.connect() as connection:
        connection.sendall(sent)
        held = b""
        while chunk := connection.recv(65536):
            held += chunk
    assert held == b"" or held.startswith(b"HTTP/1.1 408")


def test_the_source_is_who_called_nginx(endpoint: FrontDoor, served: ServedSchool) -> None:
    """The X-Forwarded-For of a caller is ignored; nginx sets it to the address of the caller."""
    database = Database(Settings(data=served.data).database_url)
    endpoint.post(b"x", "X-Forwarded-For: 192.0.2.66", "X-Real-IP: 192.0.2.67", "X_Forwarded_For: 192.0.2.68")
    with database.reading() as connection:
        assert set(connection.scalars(sa.select(refusal.c.source))) == {"127.0.0.1"}


def test_the_figures_are_not_shown(endpoint: FrontDoor) -> None:
    """Through nginx nobody sees the metrics; health and readiness are one word."""
    assert endpoint.ask(head(0, method="GET", path="/metrics"))[0] == 404
    assert endpoint.ask(head(0, method="GET", path="/readyz"))[::2] == (200, b"ready\n")


def test_one_request_id(endpoint: FrontDoor) -> None:
    """The id of nginx is in the answer and in the log of the service."""
    with endpoint.connect() as connection:
        connection.sendall(head(1) + b"x")
        content = read_response(connection)
    (given,) = re.findall(rb"(?i)x-request-id: ([0-9a-f]{32})\r\n", content)
    until(lambda: any(given.decode() in line for line in endpoint.server.log))


def test_no_spelling_of_a_path_passes_the_front_door(endpoint: FrontDoor) -> None:
    """However the path of the metrics is written, who comes through nginx gets a plain refusal."""
    for path in SPELLINGS:
        status, _, body = endpoint.ask(head(0, method="GET", path=path))
        assert status in {400, 404}, path
        assert b"uwlr_requests" not in body, path


def test_browsers_are_told_to_use_https(endpoint: FrontDoor) -> None:
    """Each answer has the header of HSTS once, whether nginx made it or the service."""
    for request in (
        head(0, method="GET", path="/koppelingen/inloggen"),
        head(10**12),
        head(0, method="GET", path=HIDDEN),
    ):
        with endpoint.connect() as connection:
            connection.sendall(request)
            answer = read_response(connection).lower()
        assert answer.count(b"strict-transport-security: max-age=31536000\r\n") == 1, request


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_a_request_names_one_host(endpoint: FrontDoor, hosts: bytes) -> None:
    """HTTP/1.1 without Host, or with two, is refused by nginx (RFC 9112, 3.2)."""
    status, headers, _ = endpoint.ask(b"GET /koppelingen/inloggen HTTP/1.1\r\n" + hosts + b"Connection: close\r\n\r\n")
    assert (status, headers["server"]) == (400, "nginx")


def test_no_log_of_nginx_holds_what_a_caller_sent(
    nginx: str, endpoint: FrontDoor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Paths (a one-time link among them), queries, headers and bodies stand in no log, also when a request fails."""
    broken = tmp_path_factory.mktemp("broken")
    with port_of_our_own() as nobody, running(nginx, broken, nobody) as ports:
        for door in (endpoint, FrontDoor(*ports, broken, endpoint.server)):
            for request in _marked_requests():
                door.ask(request)
    for prefix in (endpoint.prefix, broken):
        lines = [line for name in ("access.log", "uwlr.log", "error.log") for line in _lines(prefix / name)]
        hits = [line for line in lines if CANARY.lower() in line.lower()]
        assert not hits
        assert len(lines) > len(_marked_requests()), "nothing was searched"
        assert any(" GET /koppelingen 40" in line or " GET /koppelingen 502" in line for line in lines)


def _marked_requests() -> list[bytes]:
    """Return requests with the canary in each part, of which some are refused by nginx before it knows their place."""
    link = f"/koppelingen/wachtwoord/{CANARY}"
    marked = [f"{name}: {CANARY}" for name in ("Referer", "User-Agent", "Cookie", "X-Request-ID", "Host", "X-Any")]
    form = f"wachtwoord={CANARY}".encode()
    return [
        head(0, method="GET", path=link),
        head(len(form), path=link) + form,
        head(0, method="GET", path=f"/koppelingen//wachtwoord/{CANARY}?a={CANARY}"),
        head(0, method="GET", path=f"/koppelingen/21QW00/journaal?van={CANARY}"),
        head(0, method="GET", path=f"/{CANARY}"),
        head(0, method=CANARY.upper().replace("7", "_"), path=link),
        *(head(0, one, method="GET", path=link) for one in marked),
        head(0, f"Cookie: {'a' * 40_000}", method="GET", path=link),
        head(10**9, path=link),
        f"GET {link} HTTP/1.1\r\nConnection: close\r\n\r\n".encode(),
        f"GET {link} HTTP/9.9\r\n\r\n".encode(),
        head(len(form)) + form,
    ]


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8", errors="replace").splitlines() if file.exists() else []
