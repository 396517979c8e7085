"""Client certificates of an afnemer: the commands, what they refuse, and the gate."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from rich.console import Console
from support.school_builder import MOMENT, open_database
from support.world import look

from uwlr_adapter.cli.afnemer import afnemer
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.json_output import moment_of
from uwlr_adapter.contract.autorisatie import Autorisatie
from uwlr_adapter.db.schema_version import schema_version
from uwlr_adapter.journaal.model import RefusalReason
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.keys import key_file
from uwlr_adapter.keys.server_keys import KEY_BYTES, ServerKeys
from uwlr_adapter.koppelingen.access import CertificateRefused, Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.certificates import KNOWS_CERTIFICATES
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.client_certificate import fingerprint

DAY = timedelta(days=1)
KEY = ec.generate_private_key(ec.SECP256R1())


def _pem(name: str = "Snappet", until: datetime = MOMENT + 90 * DAY) -> bytes:
    """Return a self-signed certificate."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, KEY.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(MOMENT - 400 * DAY).not_valid_after(until).sign(KEY, hashes.SHA256())
    return made.public_bytes(Encoding.PEM)


PRIVATE = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def context(tmp_path: Path, backend: str) -> Context:
    """Return a data folder with one afnemer."""
    made = Context(Settings(data=tmp_path), lambda: MOMENT, Console(width=200), Console(stderr=True, width=200))
    open_database(tmp_path).close()
    if backend == "postgresql":
        key_file.make(tmp_path / "keys", KEY_BYTES)
    return made


@pytest.fixture
def run(context: Context, tmp_path: Path) -> Callable[..., Result]:
    """Return what runs `afnemer certificate`, with bytes as a file."""

    def run_(*arguments: str | bytes) -> Result:
        words = ["certificate"]
        for place, one in enumerate(arguments):
            if isinstance(one, bytes):
                (tmp_path / f"{place}.pem").write_bytes(one)
            words.append(str(tmp_path / f"{place}.pem") if isinstance(one, bytes) else one)
        return CliRunner().invoke(afnemer, words, obj=context)

    return run_


@pytest.fixture
def klantcode(context: Context) -> str:
    """Return the klantcode of Snappet."""
    return CliRunner().invoke(afnemer, ["add", "Snappet"], obj=context).stdout.strip()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "holds no certificate that can be read"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "holds no certificate that can be read"),
        (_pem() + PRIVATE, "holds a private key"),
        (_pem("Een") + _pem("Twee"), "holds 2 certificates"),
        (_pem(until=MOMENT), "was good until"),
        (b"x" * 70_000, "larger than 64 kB"),
    ],
    ids=["empty", "garbage", "key", "several", "ended", "large"],
)
@pytest.mark.usefixtures("klantcode")
def test_a_file_that_is_no_certificate_changes_nothing(
    run: Callable[..., Result], context: Context, content: bytes, sentence: str
) -> None:
    """One sentence says what is wrong with the file, and the afnemer is bound to nothing."""
    result = run("add", "Snappet", content)
    assert (result.exit_code, sentence in result.stderr) == (1, True), result.stderr
    assert run("list", "Snappet", "--json").stdout == "[]\n"
    with context.database() as database, database.reading() as connection:
        assert (connection.scalar(sa.select(schema_version.c.readable_from)) or 0) < KNOWS_CERTIFICATES


@pytest.mark.usefixtures("klantcode")
def test_a_dry_run_changes_nothing(run: Callable[..., Result]) -> None:
    """It shows the certificate, and nobody needs it."""
    shown = run("add", "Snappet", _pem(), "--dry-run")
    assert (shown.exit_code, "CN=Snappet" in shown.stdout) == (0, True)
    assert run("list", "Snappet", "--json").stdout == "[]\n"
    assert run("list", "Niemand").stderr == "Error: there is no afnemer with this klantnaam\n"


@pytest.mark.usefixtures("klantcode")
def test_the_list_of_afnemers_says_who_is_bound(run: Callable[..., Result], context: Context) -> None:
    """It has the number of certificates and the end of the last one; an afnemer without any says nothing."""

    def listed(*arguments: str) -> str:
        return CliRunner().invoke(afnemer, ["list", *arguments], obj=context).stdout

    (free,) = json.loads(listed("--json"))
    assert (free["certificates"], free["certificates_until"], "good until" in listed()) == (0, None, False)
    for pem in (_pem("Een", MOMENT + 60 * DAY), _pem("Twee")):
        assert run("add", "Snappet", pem).exit_code == 0
    (bound,) = json.loads(listed("--json"))
    assert (bound["certificates"], bound["certificates_until"]) == (2, moment_of(MOMENT + 90 * DAY))


@pytest.mark.usefixtures("klantcode")
def test_the_last_one_goes_on_purpose_only(run: Callable[..., Result]) -> None:
    """Without --last an afnemer stays bound; a certificate is known by its fingerprint, in any spelling."""
    pem = _pem(until=MOMENT + 20 * DAY)
    assert run("add", "Snappet", pem).exit_code == 0
    assert "has this certificate already" in run("add", "Snappet", pem).stderr
    assert "ends soon" in run("list", "Snappet").stdout
    known = x509.load_pem_x509_certificate(pem).fingerprint(hashes.SHA256()).hex(":").upper()
    assert "no certificate with this fingerprint" in run("remove", "Snappet", known[:-2]).stderr
    assert "its last certificate" in run("remove", "Snappet", known).stderr
    assert run("remove", "Snappet", known, "--last", "--dry-run").exit_code == 0
    assert run("list", "Snappet", "--json").stdout != "[]\n"
    assert run("remove", "Snappet", known, "--last").exit_code == 0
    assert run("list", "Snappet", "--json").stdout == "[]\n"


def test_the_gate(run: Callable[..., Result], context: Context, klantcode: str) -> None:
    """A certificate is good until it ends; older code may not use the database then; the acts are in the journaal."""
    pem = _pem()
    assert run("add", "Snappet", pem).exit_code == 0
    shown = fingerprint(pem.decode().replace("\n", " "))
    caller = Autorisatie("", klantcode, "Snappet")
    with context.database() as database:
        gate = Gate(Catalogue.load(), ServerKeys.from_settings(context.settings, database))
        rows = look(gate, database, caller, None)
        assert gate.identify(rows, caller, MOMENT + 90 * DAY - DAY / 24, shown).klantnaam == "Snappet"
        for certificate, moment, reason in (
            ("", MOMENT, RefusalReason.NO_CERTIFICATE),
            (shown[:-1], MOMENT, RefusalReason.WRONG_CERTIFICATE),
            (shown, MOMENT + 90 * DAY, RefusalReason.WRONG_CERTIFICATE),
        ):
            with pytest.raises(CertificateRefused) as refused:
                gate.identify(rows, caller, moment, certificate)
            assert refused.value.reason is reason
        with database.reading() as connection:
            assert connection.scalar(sa.select(schema_version.c.readable_from)) == KNOWS_CERTIFICATES
            assert "certificaat toegevoegd" in set(connection.scalars(sa.select(journaal.c.act)))
