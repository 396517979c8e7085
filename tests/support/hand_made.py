"""Rows of the access query made by hand, and a driver of the state machine without a server, a database or a clock."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, cast

from sqlalchemy.exc import OperationalError

from support.edexml_files import make_dataset
from support.endpoint_rows import SMALL, EndpointRow, Trouble
from support.school_builder import KLANTCODE, MOMENT, SERVER_KEYS
from support.served_school import CODE, CODE_OF_ONE, REFUSED_CALLS, ServedSchool
from uwlr_adapter.answers.content import AnswerContent, school_of
from uwlr_adapter.answers.freshness import NO_DATA_HASH, AnswerKey
from uwlr_adapter.answers.store import InvalidAnswerError, Made
from uwlr_adapter.clock import day_of, to_utc
from uwlr_adapter.contract import answer, gzip_stream, names, rendered
from uwlr_adapter.contract.answer import AnswerFormat
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling
from uwlr_adapter.contract.profiles import STANDARD
from uwlr_adapter.db.statements import Query, Row
from uwlr_adapter.exchange.outcome import Outcome
from uwlr_adapter.exchange.work import Blocking, Drop, RecordProfiel, RecordShown, Render
from uwlr_adapter.keys.server_keys import SecretPurpose, ServerKeys
from uwlr_adapter.koppelingen.access import Gate
from uwlr_adapter.koppelingen.catalogue import Catalogue
from uwlr_adapter.koppelingen.given import Given
from uwlr_adapter.koppelingen.tables import Status, shown_code
from uwlr_adapter.settings import Settings
from uwlr_adapter.web.endpoint import Ask, Do, Endpoint, Fetch, ReadBody, SoapRequest, Step, Write
from uwlr_adapter.web.head import HEADERS, Head
from uwlr_adapter.web.request_record import RequestRecord
from uwlr_adapter.web.response import Response
from uwlr_adapter.web.services import LEERLINGGEGEVENS, make_endpoint
from uwlr_adapter.web.source import make_source_of

if TYPE_CHECKING:
    from uwlr_adapter.db.database import Database

SCHOOLJAAR = "2026-2027"
PROFIEL = STANDARD["smalle set"]
"""Of every koppeling in the catalogue that is shipped."""
BEFORE = MOMENT - timedelta(days=30)
"""Since when every koppeling is open and was fetched, and since when every answer is what it is."""
CALLERS = ServedSchool(
    data=Path(),
    schooljaar=SCHOOLJAAR,
    klantcodes={name: f"{KLANTCODE}-{name}" for name in ("Snappet", "Basispoort", "UWLR-4D", "Gestopt")},
    refused_calls=REFUSED_CALLS,
)
"""The callers of `served_school.furnish`, by hand."""
BRIN6S = ("21QW00", "21QW01", SMALL)
KEYS = ServerKeys.parse(SERVER_KEYS)
GATE = Gate(Catalogue.load(), KEYS)


class _NoDatabase:
    """Whatever is asked of it is a failure of the test."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the database was used: {name}")


NO_DATABASE = cast("Database", _NoDatabase())


@dataclass
class HandKoppeling:
    """A koppeling of an afnemer with a vestiging, open unless told otherwise."""

    id: int
    klantnaam: str
    brin6: str
    code: str | None
    status: Status = Status.ACTIEF
    startdatum: date = field(default_factory=lambda: day_of(BEFORE))
    profiel: str | None = PROFIEL.digest
    version: int = 1
    opened_at: datetime = BEFORE
    profiel_since: datetime | None = BEFORE
    is_shown: bool = True
    """Whether its afnemer had access with this code before."""

    @property
    def columns(self) -> dict[str, Any]:
        """Its columns in the table."""
        since = self.profiel_since
        digest = None if self.code is None else KEYS.digest(SecretPurpose.VERIFICATIECODE, self.code)
        return {
            "id": self.id,
            "entry_id": self.klantnaam.lower(),
            "status": self.status.value,
            "startdatum": self.startdatum,
            "code_digest": digest,
            "shown_code": shown_code(digest) if digest is not None and self.is_shown else None,
            "opened_at": to_utc(self.opened_at),
            "profiel": self.profiel,
            "profiel_since": None if since is None else to_utc(since),
            "version": self.version,
        }


def _koppelingen() -> list[HandKoppeling]:
    return [
        HandKoppeling(1, "Snappet", "21QW00", CODE),
        HandKoppeling(2, "Snappet", SMALL, CODE_OF_ONE),
        HandKoppeling(3, "Basispoort", "21QW00", None, Status.GEPAUZEERD),
        HandKoppeling(4, "UWLR-4D", "21QW00", None, Status.BEEINDIGD),
        HandKoppeling(5, "Basispoort", "21QW01", "21QW01nog-niet-gestart", startdatum=day_of(MOMENT) + timedelta(7)),
    ]


@dataclass
class HandMade:
    """The contents of a database as far as a request reads them; a test changes them by hand."""

    trouble: Trouble = Trouble.NONE
    moment: datetime = MOMENT
    koppelingen: list[HandKoppeling] = field(default_factory=_koppelingen)
    strict: set[str] = field(default_factory=set)
    """The afnemers whose messages are not repaired."""
    certificates: dict[str, str] = field(default_factory=dict)
    """The client certificates of an afnemer, as they are stored."""
    school_version: int = 5
    state: dict[str, Any] = field(default_factory=dict)
    """Columns of a state row that are not as usual; `content_hash` None is no state."""
    given: dict[tuple[int, int], Given] = field(default_factory=dict)
    """The answers that each koppeling was given, by their place."""
    by_schoolkey: dict[str, str] = field(default_factory=dict)
    """The vestigingen that have a schoolkey."""
    has_bytes: bool = True
    """Whether the bytes of the answers are stored."""

    def look(self, query: Query) -> list[Row]:
        """Return the rows of an access query. Raises what a driver raises, when the database fails."""
        if self.trouble is Trouble.DATABASE:
            raise OperationalError("SELECT", {}, Exception("no such table"))
        asked = query.parameters
        number = {name: place for place, name in enumerate(CALLERS.klantcodes, start=1)}
        klantnaam, named = asked["klantnaam"], asked["school"]
        brin6 = self.by_schoolkey.get(named, named)
        common: dict[str, Any] = {}
        if klantnaam in number:
            digest = KEYS.digest(SecretPurpose.KLANTCODE, CALLERS.klantcodes[klantnaam])
            disabled_at = to_utc(BEFORE) if klantnaam == "Gestopt" else None
            common |= {
                "afnemer.id": number[klantnaam],
                "afnemer.klantnaam": klantnaam,
                "afnemer.klantcode_digest": digest,
                "afnemer.disabled_at": disabled_at,
                "afnemer.strict": klantnaam in self.strict,
                "afnemer.certificates": self.certificates.get(klantnaam),
            }
        if brin6 in BRIN6S:
            common |= {"vestiging.brin6": brin6, "named": named, "school.version": self.school_version}
        mine = [one for one in self.koppelingen if (one.klantnaam, one.brin6) == (klantnaam, brin6)]
        common["last_ended"] = next((one.id for one in mine if one.status is Status.BEEINDIGD), None)
        mine = [one for one in mine if one.status is not Status.BEEINDIGD]
        state = {f"answer_state.{name}": value for name, value in self._state(asked).items()}
        rows = [
            {
                **common,
                **state,
                **{f"koppeling.{name}": value for name, value in one.columns.items()},
                **self._given(one, asked),
            }
            for one in mine
        ]
        return [_row(query, values) for values in rows or [common]]

    def load(self, query: Query) -> list[Row]:
        """Return the rows of a query for stored bytes."""
        if not self.has_bytes:
            return []
        key = AnswerKey(*(query.parameters[name] for name in AnswerKey._fields))
        content = content_of(key)
        index = content.rendered.index
        return [(None, content.part, None if index is None else gzip_stream.compress(index.to_json()))]

    def do(self, work: Blocking) -> Made | None:
        """Do work that waits, in this memory only."""
        match work:
            case Render() if self.trouble is Trouble.RECORDS:
                raise InvalidAnswerError("leerlinggegevens/leerlingen/leerling/geslacht: enumeration")
            case Render() if work.answer_key.schooljaar != SCHOOLJAAR:
                return Made(work.answer_key, NO_DATA_HASH, None, self.school_version, day_of(work.moment))
            case Render():
                if self.trouble is not Trouble.UNSETTLED:
                    self.state = {}
                    self.has_bytes = True
                return Made(work.answer_key, CONTENT_HASH, content_of(work.answer_key))
            case Drop():
                self.state = {"school_version": None}
            case RecordProfiel():
                one = self._koppeling(work.koppeling_id)
                one.profiel, one.profiel_since = work.profiel, work.moment
            case RecordShown():
                self._koppeling(work.koppeling_id).is_shown = True
        return None

    def _koppeling(self, koppeling_id: int) -> HandKoppeling:
        return next(one for one in self.koppelingen if one.id == koppeling_id)

    def write(self, outcome: Outcome) -> bool:
        """Take what is given, while the koppeling is as it was."""
        entry, found = outcome.entry, outcome.given
        koppeling_id, version = getattr(entry, "koppeling_id", None), getattr(entry, "koppeling_version", None)
        is_open = version is None or any(
            (one.id, one.version) == (koppeling_id, version) for one in self.koppelingen if one.status is Status.ACTIEF
        )
        if is_open and found is not None and koppeling_id is not None:
            self.given[koppeling_id, found.slot] = found
        return is_open

    def _state(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the state row of an answer of this year, under the profile of the catalogue."""
        is_absent = self.trouble in {Trouble.RECORDS, Trouble.UNSETTLED} or asked["schooljaar"] != SCHOOLJAAR
        if is_absent or asked["xsdversie"] not in PROFIEL.by_version:
            return {}
        usual = {
            "profiel": PROFIEL.by_version[asked["xsdversie"]].digest,
            "content_hash": CONTENT_HASH,
            "gewijzigd": to_utc(BEFORE),
            "school_version": self.school_version,
            "valid_from": day_of(min(BEFORE, self.moment)),
            "valid_until": None,
            "renderer": str(answer.RENDERER),
            "leerlingen": 1,
            "incomplete": 0,
        }
        changed = {**usual, **self.state}
        return {} if changed["content_hash"] is None else changed

    def _given(self, koppeling: HandKoppeling, asked: Mapping[str, Any]) -> dict[str, Any]:
        found = self.given.get((koppeling.id, asked["slot"]))
        return {} if found is None else {"given.answer": found.answer, "given.gewijzigd": to_utc(found.gewijzigd)}


CONTENT_HASH = "inhoud"
_DATASET = make_dataset(
    [Leerling("l", roepnaam="Één", groep="g", geboortedatum="2018-01-02")],
    groepen=[Groep("groep", "g", "Enig", "3")],
    leerkrachten=[Leerkracht("k", roepnaam="Uno")],
)


def content_of(key: AnswerKey) -> AnswerContent:
    """Return the content of an answer, rendered by hand."""
    operation = next(one for one in names.OPERATIONS.values() if one.payload == key.payload)
    profiel = next(
        found for one in STANDARD.values() for found in (one.by_version[key.xsdversie],) if found.digest == key.profiel
    )
    made = rendered.make(AnswerFormat(operation, profiel, key.xsdversie), _DATASET)
    return AnswerContent(school_of(key, None), made, gzip_stream.compress(made.records))


def _row(query: Query, values: Mapping[str, Any]) -> Row:
    """Return a row of a query from its values by `table.column`; a column that has none is null."""
    columns = query.statement.query.selected_columns
    tables = [getattr(column, "table", None) for column in columns]
    keys = [
        column.name if table is None else f"{table.name}.{column.name}"
        for column, table in zip(columns, tables, strict=True)
    ]
    assert values.keys() <= set(keys)
    return tuple(values.get(key) for key in keys)


MANY = 100
"""Steps that no request takes."""


class Played(NamedTuple):
    """The response to a request, and the steps, outcomes and queries before it."""

    response: Response
    steps: list[str]
    written: list[Outcome]
    asked: list[Query]
    record: RequestRecord


def make(world: HandMade, *, strict: bool = False) -> Endpoint:
    """Return an endpoint that has no database; its clock says what the world says."""
    settings = Settings(data=Path("/nergens"), strict=strict)
    gate, source_of = Gate(GATE.catalogue, KEYS), make_source_of(settings.trusted_proxies)
    return make_endpoint(LEERLINGGEGEVENS, NO_DATABASE, gate, settings, lambda: world.moment, source_of)


def head_of(row: EndpointRow, content: bytes) -> Head:
    """Return the head of a request."""
    headers = {name.lower(): value for name, value in row.headers.items()}
    if "transfer-encoding" not in headers:
        headers.setdefault("content-length", str(len(content)) if content else "0")
    fields = {HEADERS[name]: value for name, value in headers.items()}
    return Head(row.method, row.query, "192.0.2.1:4711", **fields)


def play(
    endpoint: Endpoint,
    head: Head,
    content: bytes,
    world: HandMade,
    *,
    between: Callable[[str], None] = lambda _step: None,
) -> Played:
    """Do what each step says, by hand; `between` is called with each step before it is done, and may raise."""
    record = RequestRecord()
    request = SoapRequest(endpoint, head, record)
    steps: list[str] = []
    written: list[Outcome] = []
    asked: list[Query] = []
    step: Step = request.start()
    while not isinstance(step, Response):
        steps.append(type(step).__name__)
        assert len(steps) < MANY
        try:
            between(steps[-1])
            match step:
                case ReadBody():
                    step = request.body(content[: step.octets])
                case Ask():
                    asked.append(step.query)
                    step = request.rows(world.look(step.query))
                case Fetch():
                    step = request.loaded(world.load(step.query))
                case Do():
                    step = request.done(world.do(step.work))
                case Write():
                    written.append(step.outcome)
                    step = request.written(is_written=world.write(step.outcome))
        except (AssertionError, KeyError):  # of the test itself
            raise
        except Exception as error:  # noqa: BLE001 - as a driver does
            step = request.failed(error)
    return Played(step, steps, written, asked, record)
