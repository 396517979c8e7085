"""A database with schools, one afnemer and a koppeling for each, made as the product does it; and what to ask.

All records are invented.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from load import Question
from records import SCHOOLJAAR
from servers import PATH, SERVER_KEY, Backend

from uwlr_adapter.administratie.importing import importer
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.contract.leerresultaten.names import LEERRESULTATEN
from uwlr_adapter.contract.names import AUTORISATIE, LEERLINGGEGEVENS, SOAP11
from uwlr_adapter.db.database import Database
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus

KLANTNAAM = "Snappet"
KLANTCODE = "een-klantcode-voor-metingen"
ENTRY = "snappet"


def code_of(brin6: str) -> str:
    """Return the verificatiecode of a vestiging."""
    return f"{brin6}code-voor-metingen"


def open_database(backend: Backend) -> Database:
    """Open a database, with every table and the server key of the benchmarks."""
    database = Database(backend.url)
    database.upgrade()
    with database.writing() as connection:
        server_keys().register(connection, datetime.now(UTC))
    return database


def server_keys() -> ServerKeys:
    """Return the server key of the benchmarks."""
    return ServerKeys.parse([SERVER_KEY])


def add_afnemer(database: Database) -> None:
    """Make the afnemer."""
    with database.writing() as connection:
        afnemers.add(connection, server_keys(), KLANTNAAM, datetime.now(UTC), KLANTCODE, actor="cli:proef")


def import_file(database: Database, file: Path) -> None:
    """Import one EDEXML file."""
    importer.import_deliveries(database, [edexml.read(file.read_bytes())], importer.ImportOptions(datetime.now(UTC)))


def activate(database: Database, brin6s: Iterable[str]) -> None:
    """Activate a koppeling for each vestiging: each act as the product does it, all in one transaction."""
    catalogue, keys, moment = Catalogue.load(), server_keys(), datetime.now(UTC)
    with database.writing() as connection:
        for brin6 in brin6s:
            request = ActivationRequest(brin6, ENTRY, "bench", "Een meting", True, verificatiecode=code_of(brin6))  # noqa: FBT003
            actions.activate(connection, catalogue, keys, request, moment, actor="cli:proef")


def let_results_in(database: Database) -> None:
    """Let results in through every koppeling."""
    with database.writing() as connection:
        connection.execute(koppeling.update().values(resultaten=ToestemmingStatus.ON.value))


def tidy(database: Database) -> None:
    """Vacuum PostgreSQL now, so that its autovacuum does not run during the measurement; SQLite needs nothing."""
    if not database.backend.is_embedded:
        connection = database.engine.raw_connection()
        cursor = connection.cursor()
        for statement in ("SET statement_timeout = 0", "VACUUM ANALYZE", "RESET statement_timeout"):
            cursor.execute(statement)
        connection.close()


def fetch_message(
    brin6: str,
    *,
    since: str | None = None,
    code: str | None = None,
    klantnaam: str = KLANTNAAM,
    klantcode: str = KLANTCODE,
) -> str:
    """Return a HaalLeerlinggegevens as a client writes it; `since` is its laatstontvangengegevens."""
    rest = "" if since is None else f"<laatstontvangengegevens>{since}</laatstontvangengegevens>"
    return _envelope(brin6, "leerlinggegevens_verzoek", rest, code or code_of(brin6), klantnaam, klantcode)


def groep_message(brin6: str, groep: str) -> str:
    """Return a HaalLeerlingen of one group."""
    rest = f'<groepen><groep key="{groep}"/></groepen>'
    return _envelope(brin6, "leerlingen_verzoek", rest, code_of(brin6), KLANTNAAM, KLANTCODE)


def question(body: str, *, gzip: bool = False, status: int = 200) -> Question:
    """Return the question of one message."""
    return Question(PATH, (body,), gzip=gzip, status=status)


def results_message(brin6: str, content: str) -> str:
    """Return a BrengLeerresultaten of now; `content` is what stands behind the school."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    school = (
        f"<school><schooljaar>{SCHOOLJAAR}</schooljaar><brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}"
        f"</dependancecode><aanmaakdatum>{now}</aanmaakdatum><xsdversie>2.2</xsdversie></school>"
    )
    body = f'<leerresultaten_verzoek xmlns="{LEERRESULTATEN}">{school}{content}</leerresultaten_verzoek>'
    return _enveloped(body, code_of(brin6), KLANTNAAM, KLANTCODE)


def _envelope(brin6: str, request: str, rest: str, code: str, klantnaam: str, klantcode: str) -> str:
    body = (
        f'<{request} xmlns="{LEERLINGGEGEVENS}"><schooljaar>{SCHOOLJAAR}</schooljaar><brincode>{brin6[:4]}</brincode>'
        f"<dependancecode>{brin6[4:]}</dependancecode><xsdversie>2.2</xsdversie>{rest}</{request}>"
    )
    return _enveloped(body, code, klantnaam, klantcode)


def _enveloped(body: str, code: str, klantnaam: str, klantcode: str) -> str:
    header = (
        f'<autorisatie xmlns="{AUTORISATIE}"><autorisatiesleutel>{code}</autorisatiesleutel>'
        f"<klantcode>{klantcode}</klantcode><klantnaam>{klantnaam}</klantnaam></autorisatie>"
    )
    return f'<s:Envelope xmlns:s="{SOAP11}"><s:Header>{header}</s:Header><s:Body>{body}</s:Body></s:Envelope>'
