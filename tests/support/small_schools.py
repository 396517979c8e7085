"""Small schools with a koppeling each, for servers in processes of their own, and a service beside them in this one."""

from pathlib import Path

from pydantic import SecretStr

from support import messages
from support.callers import Heard, hear
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.messages import school_element
from support.school_builder import KLANTCODE, SERVER_KEYS, SchoolBuilder, open_database
from support.wsgi import call
from uwlr_adapter.clock import day_of, now, schooljaar_of
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, Operation
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

KLANTNAAM = "Snappet"
ENTRY = "snappet"
GROUPS = '<groepen><groep key="g"/></groepen>'
"""The one group of each school."""


def code_of(brin6: str) -> str:
    """Return the verificatiecode with which the koppeling of a school is activated."""
    return f"{brin6}-een-eigen-code"


class SmallSchools:
    """The schools, on the database that `Settings` names; their clock is that of the servers."""

    def __init__(self, data: Path) -> None:
        keys = ",".join(SERVER_KEYS)
        settings = Settings(data=data, keys=SecretStr(keys))
        self.data = data
        self.database = open_database(data)
        self.environment = {
            "UWLR_KEYS": keys,
            "UWLR_DATABASE": self.database.url.render_as_string(hide_password=False),
        }
        """The settings of a server of these schools."""
        self.schooljaar = schooljaar_of(day_of(now()))
        self.builder.add_afnemer(KLANTNAAM, KLANTCODE)
        self._app = make_app(settings)

    def close(self) -> None:
        """Close both ends of the database."""
        self._app.close()
        self.database.close()

    @property
    def builder(self) -> SchoolBuilder:
        """A builder whose steps are taken now."""
        return SchoolBuilder(self.database, moment=now())

    def add(self, brin6: str) -> Koppeling:
        """Import a school, and activate its koppeling."""
        self.import_naam(brin6, "Zoë")
        return self.activate(brin6)

    def activate(self, brin6: str) -> Koppeling:
        """Activate a koppeling of a school that has none."""
        return self.builder.activate(ENTRY, brin6, code_of(brin6))

    def living(self, brin6: str) -> Koppeling:
        """Return the koppeling of a school that has not ended."""
        return self.builder.living(brin6, ENTRY)

    def import_naam(self, brin6: str, naam: str) -> None:
        """Import a school anew, with this name for its one leerling."""
        dataset = make_dataset(
            [Leerling("l", roepnaam=naam, groep="g")],
            groepen=[Groep("groep", "g", "1a", "1")],
            brin6=brin6,
            schooljaar=self.schooljaar,
        )
        import_dataset(self.database, dataset, moment=now())

    def message(
        self,
        brin6: str,
        *,
        key: str | None = None,
        klantcode: str = KLANTCODE,
        operation: Operation = HAAL_LEERLINGGEGEVENS,
        last: str | None = None,
    ) -> bytes:
        """Return a request, right unless told otherwise; `last` is its laatstontvangengegevens."""
        rest = "<xsdversie>2.2</xsdversie>"
        rest += "" if last is None else f"<laatstontvangengegevens>{last}</laatstontvangengegevens>"
        rest += GROUPS if operation.by_groep else ""
        body = messages.body(self.schooljaar, school_element(brin6), rest, operation.request)
        return messages.envelope(body, messages.header(key or code_of(brin6), klantcode, KLANTNAAM))

    def fetch(self, message: bytes) -> Heard:
        """Fetch from the service in this process: its answer is stored then, and no server has it at hand."""
        reply = call(self._app, message)
        return hear(reply.status, {name.lower(): value for name, value in reply.headers.items()}, reply.body)
