"""An application with one koppeling, its records, and a clock that only the test moves."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lxml import etree
from pydantic import SecretStr

from support import messages
from support.databases import furnish
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.messages import school_element
from support.school_builder import BRIN6, CODE, KLANTCODE, SERVER_KEYS, SchoolBuilder, open_database, write_catalogue
from support.wsgi import call
from uwlr_adapter.contract import answer
from uwlr_adapter.contract.dataset import Dataset, Groep, Leerling
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, Operation
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Entry, EntryKind
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Part, Settings

if TYPE_CHECKING:
    from uwlr_adapter.web.app import App

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCHOOLJAAR = "2026-2027"
OK = 200
SMALLEST = make_dataset(
    [Leerling("101", roepnaam="Zoë", groep="g1")],
    groepen=[Groep("groep", "g1", "1a", "1")],
    schooljaar=SCHOOLJAAR,
)
"""The smallest school with a group."""


@dataclass(frozen=True)
class FetchedAnswer:
    """The answer to a request; `outcome` is the name of the one element in it, or a fault code."""

    status: int
    content: bytes
    outcome: str

    @property
    def root(self) -> etree._Element:
        """The envelope."""
        return etree.fromstring(self.content)

    @property
    def answer(self) -> etree._Element:
        """The answer element in the Body."""
        return self.root[0][0]

    @property
    def aanmaakdatum(self) -> str:
        """The moment that the answer gives itself."""
        return self.root.findtext(f".//{{{messages.LG}}}aanmaakdatum") or ""

    @property
    def peildatum(self) -> str:
        """The day for which the answer holds."""
        return self.root.findtext(f".//{{{messages.LG}}}peildatum") or ""

    def all(self, tag: str) -> list[etree._Element]:
        """Return every element of a kind in the lists of the answer: `leerling`, `leerkracht`, `groep` ..."""
        containers = {"leerling": "leerlingen", "leerkracht": "leerkrachten", "vestiging": "vestigingen"}
        container = containers.get(tag, "groepen")
        return self.root.findall(f"{{*}}Body/*/*/{{{messages.LG}}}{container}/{{{messages.LG}}}{tag}")

    @property
    def parts(self) -> list[str]:
        """The parts of the payload as text, the school first."""
        return [etree.tostring(part, encoding="unicode") for part in self.answer[0]]

    def keys(self, tag: str) -> list[str | None]:
        """Return the keys of one kind, in their order."""
        return [element.get("key") for element in self.all(tag)]


class TrialSchool:
    """An application on a database of its own, without the portal; `moment` is what its clock says."""

    def __init__(
        self, folder: Path, profiel: str = "smalle set", also: Callable[[Any], object] = lambda _school: None
    ) -> None:
        """Make a school in an empty folder, or a copy of one that was made so; `also` fills its database some more."""
        self.moment = START
        keys = SecretStr(",".join(SERVER_KEYS))
        self.settings = Settings(
            data=folder, keys=keys, catalogus=folder / "catalogus.toml", parts=frozenset({Part.SOAP})
        )
        self.database = open_database(folder)
        self._offer(profiel)
        furnish(self.database, (*self._kind(), profiel, also), lambda: self._fill(also))
        self.app: App = make_app(self.settings, lambda: self.moment)

    def _offer(self, profiel: str) -> None:
        """Write the catalogue that the school begins with."""
        self.set_profiel(profiel, start=False)

    def _kind(self) -> tuple[Hashable, ...]:
        """Return what `_fill` depends on, beside the profile."""
        return (type(self).__name__,)

    def _fill(self, also: Callable[[Any], object]) -> None:
        """Fill the database."""
        self._builder.add_afnemer("Proef", KLANTCODE)
        self.import_data(SMALLEST)
        self.activate()
        also(self)

    @property
    def _builder(self) -> SchoolBuilder:
        return SchoolBuilder(self.database, catalogue=Catalogue.load(self.settings.catalogus), moment=self.moment)

    def close(self) -> None:
        """Close both ends of the database."""
        self.app.close()
        self.database.close()

    def set_profiel(self, profiel: str, *, own: str = "", start: bool = True) -> None:
        """Write the catalogue with another profile and start the service anew; `own` are `[[profiel]]` tables.

        The school agrees to what it adds.
        """
        catalogue = self.settings.catalogus
        assert catalogue is not None
        write_catalogue(catalogue, [("proef", profiel)], own)
        if start:
            self.restart()
            self._builder.agree(self._builder.living(BRIN6, "proef"))

    def restart(self, **changes: object) -> None:
        """Start the service anew, with other settings."""
        self.app.close()
        self.settings = self.settings.model_copy(update=changes)
        self.app = make_app(self.settings, lambda: self.moment)

    def wait(self, seconds: float) -> None:
        """Advance the clock by this many seconds."""
        self.moment += timedelta(seconds=seconds)

    def import_data(self, dataset: Dataset) -> None:
        """Import what the school looks like from now on."""
        school = replace(dataset.school, brincode=BRIN6[:4], dependancecode=BRIN6[4:])
        import_dataset(self.database, replace(dataset, school=school))

    def add_koppeling(self, new_entry: str, code: str) -> None:
        """Put one more koppeling of the afnemer into the catalogue, and activate it."""
        catalogue = self.settings.catalogus
        assert catalogue is not None
        head, entry, rest = catalogue.read_text(encoding="utf-8").partition("[[koppeling]]")
        catalogue.write_text(head + entry + rest + entry + rest.replace('"proef"', f'"{new_entry}"'), encoding="utf-8")
        self.activate(new_entry, code)
        self.restart()

    def activate(self, entry: str = "proef", code: str = CODE) -> None:
        """Activate a koppeling as of today."""
        self._builder.activate(entry, code=code)

    def end(self) -> None:
        """End the koppeling."""
        self._builder.end(self._builder.living(BRIN6, "proef"))

    def pause(self) -> None:
        """Clear the verificatiecode."""
        self._builder.pause(self._builder.living(BRIN6, "proef"))

    def resume(self) -> None:
        """Enter the same verificatiecode again."""
        self._builder.enter_code(self._builder.living(BRIN6, "proef"))

    def fetch(
        self,
        operation: Operation = HAAL_LEERLINGGEGEVENS,
        *,
        xsdversie: str = "2.2",
        last: str | None = None,
        groepen: str | None = None,
        gegevenssetid: str | None = None,
        schooljaar: str = SCHOOLJAAR,
    ) -> FetchedAnswer:
        """Fetch as the vendor does; what is no fault must be valid by our own XSD.

        `groepen` is the inner XML of that element; an operation by groups asks for everybody unless told otherwise.
        """
        if groepen is None and operation.by_groep:
            groepen = '<groep key="g1"/><groep/>'
        rest = f"<xsdversie>{xsdversie}</xsdversie>"
        for naam, value in (
            ("gegevenssetid", gegevenssetid),
            ("laatstontvangengegevens", last),
            ("groepen", groepen),
        ):
            rest += "" if value is None else f"<{naam}>{value}</{naam}>"
        found = self.send(self.message(operation, rest, schooljaar))
        if found.status == OK:
            assert answer.check(found.content, xsdversie) == []
        return found

    def message(self, operation: Operation, rest: str, schooljaar: str = SCHOOLJAAR) -> bytes:
        """Return a request of the vendor; `rest` is what follows the school."""
        body = messages.body(schooljaar, school_element(BRIN6), rest, operation.request)
        return messages.envelope(body, messages.header(CODE, KLANTCODE, "Proef"))

    def send(self, message: bytes) -> FetchedAnswer:
        """Send any bytes."""
        reply = call(self.app, message)
        root = etree.fromstring(reply.body)
        fault = root.findtext(".//faultcode")
        outcome = etree.QName(root[0][0][0]).localname if fault is None else fault.partition(":")[2]
        return FetchedAnswer(reply.status, reply.body, outcome)

    @property
    def last_entry(self) -> Entry:
        """The newest line of the journaal about a request."""
        with self.database.reading() as connection:
            return next(line for line in search.read(connection) if line.kind is EntryKind.VERZOEK)
