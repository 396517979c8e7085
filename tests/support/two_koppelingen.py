"""A trial school with two koppelingen, each with a profile of its own; and what a fresh render of an answer gives."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from support import messages
from support.imports import select
from support.messages import school_element
from support.profile_school import outcome
from support.school_builder import BRIN6, CODE, KLANTCODE, write_catalogue
from support.trial_school import OK, FetchedAnswer, TrialSchool
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract import answer, getrapt
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Dataset, GroepSoort
from uwlr_adapter.contract.getrapt import GroepReference
from uwlr_adapter.contract.names import HAAL_LEERLINGGEGEVENS, Operation
from uwlr_adapter.contract.profiles import STANDARD, NamedProfiel, Profiel
from uwlr_adapter.contract.request import Verzoek
from uwlr_adapter.db.database import Database
from uwlr_adapter.exchange.leerlinggegevens import Leerlinggegevens
from uwlr_adapter.exchange.preview import preview
from uwlr_adapter.exchange.question import Sender
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import tables
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.web.services import LEERLINGGEGEVENS

CODES = {"proef": CODE, "tweede": f"{CODE}-2"}
"""The verificatiecode of each koppeling, by its id in the catalogue."""
KNOWN_SETS = {"smalle set": "smalle set", "LVS-set": "LVS-set", "lvsset": "LVS-set"}
"""The profiles by what a request can write in gegevenssetid; anything else is unknown."""


@dataclass(frozen=True)
class Ask:
    """The content of a request; an empty `schooljaar` is the present one, `groepen` is for an operation by groups."""

    operation: Operation = HAAL_LEERLINGGEGEVENS
    schooljaar: str = ""
    xsdversie: str = "2.2"
    gegevenssetid: str | None = None
    groepen: tuple[GroepReference, ...] = ()


@dataclass(frozen=True)
class FreshAnswer:
    """The answer to an ask as it would be rendered now.

    `whole` is the content of the answer that it is a part of, without its days; None when there are no data.
    """

    key: tuple[str, str, str, str]
    """Year, version, effective profile (a digest, and the koppeling from which somebody is withheld) and kind."""
    whole: bytes | None
    _format: AnswerFormat
    _part: Dataset | None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is in the part that was asked."""
        part, parts = self._part, self._format.operation.parts
        if part is None or not self._format.operation.by_groep:
            return part is None
        return not (part.leerlingen if "leerlingen" in parts else part.leerkrachten)

    def content(self, aanmaakdatum: str, peildatum: str) -> bytes:
        """Return the bytes of the answer with these days."""
        assert self._part is not None
        return _render(self._format, self._part, aanmaakdatum, peildatum)


class TwoKoppelingen(TrialSchool):
    """A trial school with the koppelingen `proef` and `tweede`, of one afnemer or of two."""

    def __init__(
        self,
        folder: Path,
        profiel: str = "volledig",
        also: Callable[[Any], object] = lambda _school: None,
        *,
        second_afnemer: bool = False,
    ) -> None:
        """Make a school as its base does; `second_afnemer` is whether each koppeling has an afnemer of its own."""
        self.klantnamen = {"proef": "Proef", "tweede": "Ander" if second_afnemer else "Proef"}
        self.profielen = dict.fromkeys(CODES, profiel)
        self.withheld: dict[str, set[str]] = {entry: set() for entry in CODES}
        """The keys of the leerlingen who are withheld from each koppeling."""
        self.agreed = dict.fromkeys(CODES, STANDARD[profiel].paths)
        """The fields (record/element) that the school agreed to, by koppeling."""
        super().__init__(folder, profiel, also)
        self._spare_the_disk()

    def _offer(self, profiel: str) -> None:  # noqa: ARG002 - as its base has it
        self._write_catalogue()

    def _kind(self) -> tuple[Hashable, ...]:
        return (*super()._kind(), *self.klantnamen.values())

    def _fill(self, also: Callable[[Any], object]) -> None:
        super()._fill(self._add_second)
        also(self)

    def _add_second(self, _school: object) -> None:
        if len({*self.klantnamen.values()}) > 1:
            self._builder.add_afnemer("Ander", KLANTCODE)
        self.activate("tweede", CODES["tweede"])

    def restart(self, **changes: object) -> None:
        """Start the service anew."""
        super().restart(**changes)
        self._spare_the_disk()

    def _spare_the_disk(self) -> None:
        """Do not wait for the disk, since nothing must survive."""
        for database in (self.database, self.app._database):  # noqa: SLF001 - the application has no other way to it
            if database.backend.is_embedded and not sa.event.contains(database.engine, "connect", _without_waiting):
                sa.event.listen(database.engine, "connect", _without_waiting)
                database.close()

    def change_profiel(self, entry: str, profiel: str) -> None:
        """Change the profile of one koppeling in the catalogue, and start the service anew."""
        self.profielen[entry] = profiel
        self._write_catalogue()
        self.restart()

    def agree(self, entry: str) -> None:
        """Agree to what the profile of a koppeling added."""
        self._builder.agree(self._builder.living(BRIN6, entry))
        if STANDARD[self.profielen[entry]].paths - self.agreed[entry]:
            self.agreed[entry] = STANDARD[self.profielen[entry]].paths

    def pause_one(self, entry: str) -> None:
        """Clear the verificatiecode of a koppeling."""
        self._builder.pause(self._builder.living(BRIN6, entry))

    def enter_code(self, entry: str) -> None:
        """Enter the verificatiecode of a koppeling again: a paused one is resumed, an active one stays as it was."""
        self._builder.enter_code(self._builder.living(BRIN6, entry), CODES[entry])

    def activate_anew(self, entry: str) -> None:
        """End a koppeling and activate it as a new one."""
        self._builder.end(self._builder.living(BRIN6, entry))
        self.activate(entry, CODES[entry])
        self.withheld[entry].clear()
        self.agreed[entry] = STANDARD[self.profielen[entry]].paths

    def withhold(self, entry: str, key: str) -> None:
        """Withhold a leerling, by its key, from a koppeling; or share one again that is withheld."""
        withheld = self.withheld[entry]
        self._builder.withhold(self._builder.living(BRIN6, entry), key, undo=key in withheld)
        withheld ^= {key}

    def forget_given(self) -> None:
        """Lose what was given to every koppeling, as a restore does."""
        with self.database.writing() as connection:
            connection.execute(tables.given.delete())

    def count_given(self) -> int:
        """Count the answers that are remembered as given."""
        with self.database.reading() as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(tables.given)).scalar_one()

    def ask(self, entry: str, ask: Ask, last: str | None = None) -> FetchedAnswer:
        """Fetch through a koppeling; what is no fault must be valid by our own XSD."""
        found = self.send(self.request(entry, ask, last))
        if found.status == OK:
            assert answer.check(found.content, ask.xsdversie) == []
        return found

    def request(self, entry: str, ask: Ask, last: str | None = None) -> bytes:
        """Return the message that asks this."""
        keys = ((one.soort, "" if one.key is None else f' key="{one.key}"') for one in ask.groepen)
        groepen = "".join(f"<{soort}{key}/>" for soort, key in keys)
        values = (
            ("xsdversie", ask.xsdversie),
            ("gegevenssetid", ask.gegevenssetid),
            ("laatstontvangengegevens", last),
            ("groepen", groepen if ask.operation.by_groep else None),
        )
        rest = "".join(f"<{name}>{value}</{name}>" for name, value in values if value is not None)
        body = messages.body(ask.schooljaar, school_element(BRIN6), rest, ask.operation.request)
        return messages.envelope(body, messages.header(CODES[entry], KLANTCODE, self.klantnamen[entry]))

    def preview(self, entry: str, ask: Ask) -> FetchedAnswer:
        """Preview an answer for the school, as `school preview` does; only the narrowing by the caller is left out."""
        database = Database(self.settings.database_url, create=False)
        gate = Gate(Catalogue.load(self.settings.catalogus), ServerKeys.from_settings(self.settings, database))
        use_case = Leerlinggegevens(database, gate.catalogue)
        verzoek = Verzoek(ask.operation, self.year_of(ask), ask.xsdversie, None, None, ask.groepen, ())
        content = preview(use_case, gate, lambda: self.moment, self.klantnamen[entry], BRIN6, entry, verzoek)
        database.close()
        return FetchedAnswer(OK, content, outcome(content))

    def year_of(self, ask: Ask) -> str:
        """Return the school year that is asked, now."""
        return ask.schooljaar or schooljaar_of(day_of(self.moment))

    def named_profiel(self, entry: str) -> NamedProfiel:
        """Return the profile of a koppeling as far as the school agreed to it."""
        return STANDARD[self.profielen[entry]].within(self.agreed[entry])

    def profiel_of(self, entry: str, ask: Ask) -> Profiel:
        """Return the effective profile of an ask: that of the koppeling, as far as agreed to, and to what is asked."""
        own = self.named_profiel(entry).in_version(ask.xsdversie)
        named = KNOWN_SETS.get(ask.gegevenssetid or "")
        return own if named is None else own.narrowed(STANDARD[named].in_version(ask.xsdversie))

    def fresh(self, entry: str, ask: Ask) -> FreshAnswer:
        """Render what is asked from the records as they are now, without anything that is stored or remembered."""
        year, profiel = self.year_of(ask), self.profiel_of(entry, ask)
        form = AnswerFormat(ask.operation, profiel, ask.xsdversie)
        dataset = select(self.database, BRIN6, year, day_of(self.moment))
        withheld = self.withheld[entry]
        if dataset is not None and withheld:
            dataset = replace(dataset, leerlingen=tuple(one for one in dataset.leerlingen if one.key not in withheld))
            dataset = dataset if dataset.leerlingen else None
        whole = None if dataset is None else _render(form, dataset, "", "")
        part = dataset if dataset is None or not ask.operation.by_groep else getrapt.choose(dataset, ask.groepen)
        of = f"{profiel.digest} {self._builder.living(BRIN6, entry).id}" if withheld else profiel.digest
        return FreshAnswer((year, ask.xsdversie, of, ask.operation.payload), whole, form, part)

    def slot(self, ask: Ask) -> int:
        """Return the place in which the service remembers that this was given."""
        endpoint = self.app.endpoints[LEERLINGGEGEVENS.path]
        message = self.request("proef", replace(ask, schooljaar=self.year_of(ask)))
        return int(endpoint.service.question(message, "utf-8", Sender("")).asked.parameters["slot"])

    def _write_catalogue(self) -> None:
        path = self.settings.catalogus
        assert path is not None
        write_catalogue(path, self.profielen.items())
        head, name, tail = path.read_text(encoding="utf-8").rpartition('afnemer = "Proef"')
        path.write_text(head + name.replace("Proef", self.klantnamen["tweede"]) + tail, encoding="utf-8")


def groups(*keys: str | None, soort: GroepSoort = "groep") -> tuple[GroepReference, ...]:
    """Return references to groups of one kind; None is those who are in none."""
    return tuple(GroepReference(soort, key) for key in keys)


def _render(answer_format: AnswerFormat, dataset: Dataset, aanmaakdatum: str, peildatum: str) -> bytes:
    school = replace(dataset.school, aanmaakdatum=aanmaakdatum, peildatum=peildatum)
    return answer.render(answer_format, replace(dataset, school=school))


def _without_waiting(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("PRAGMA synchronous = OFF")
