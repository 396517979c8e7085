"""Niet delen: one leerling is withheld from one koppeling, in every answer and for as long as the koppeling lives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from rich.console import Console
from support.edexml_files import eckid, make_dataset
from support.imports import MOMENT
from support.school_builder import ACTOR, BRIN6
from support.trial_school import FetchedAnswer
from support.two_koppelingen import CODES, Ask, TwoKoppelingen, groups

from uwlr_adapter.administratie import calendar_acts, tables
from uwlr_adapter.administratie.importing import batches
from uwlr_adapter.answers.store import AnswerRenderer, Made
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.koppeling import koppeling as koppeling_commands
from uwlr_adapter.cli.leerling import leerling as leerling_commands
from uwlr_adapter.cli.school import school as school_commands
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.contract.names import (
    HAAL_LEERKRACHTEN,
    HAAL_LEERLINGEN,
    HAAL_STRUCTUUR,
    OPERATIONS,
)
from uwlr_adapter.db.schema_version import SCHEMA, schema_version
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act, EntryKind
from uwlr_adapter.journaal.tables import journaal
from uwlr_adapter.koppelingen import actions, errors

YEAR, NEXT = "2026-2027", "2027-2028"
FULL = ("101", "102", "103")
GROUPS = groups("g1", "g2", None)
ASKS = [
    *(Ask(xsdversie=version) for version in ("2.1", "2.2", "2.3")),
    *(Ask(gegevenssetid=name) for name in ("smalle set", "LVS-set")),
    Ask(HAAL_LEERLINGEN, groepen=GROUPS),
    Ask(HAAL_LEERLINGEN, xsdversie="2.3", groepen=GROUPS),
    Ask(schooljaar=NEXT),
]
"""The asks of which the answer has leerlingen."""


def records(schooljaar: str = YEAR, *, key: str = "101", **changed: str) -> Dataset:
    """Return a school year with three leerlingen, of whom the first is alone in a groep; `key` is the key of that."""
    return make_dataset(
        [
            Leerling(key, eckid(1), achternaam=changed.get("achternaam", "Zwaan"), roepnaam="Zoë", groep="g1"),
            Leerling("102", eckid(2), achternaam="Bos", roepnaam="Bo", groep="g2", samengestelde_groepen=("s1",)),
            Leerling("103", eckid(3), achternaam="Maas", roepnaam="Mo"),
        ],
        groepen=[
            Groep("groep", "g1", "1a", "1"),
            Groep("groep", "g2", "2a", "2"),
            Groep("samengestelde_groep", "s1", "Plus"),
        ],
        leerkrachten=[Leerkracht("m", achternaam="Nel", groepen=(GroepVerwijzing("groep", "g1"),))],
        schooljaar=schooljaar,
    )


def _import_two_years(made: TwoKoppelingen) -> None:
    for year in (YEAR, NEXT):
        made.import_data(records(year))
    with made.database.writing() as connection:
        calendar_acts.release(connection, BRIN6, NEXT, made.moment, actor=ACTOR)


@pytest.fixture(params=["volledig", "smalle set"])
def school(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwoKoppelingen]:
    """Yield a school with two koppelingen, with this year and the next."""
    made = TwoKoppelingen(tmp_path, request.param, _import_two_years)
    yield made
    made.close()


def named(found: FetchedAnswer) -> set[str]:
    """Return which of the three leerlingen an answer knows of, in any way."""
    text = found.content.decode()
    return {
        key
        for key, words in {
            "101": ("Zoë", "Zwaan", eckid(1), 'key="101"'),
            "102": (">Bo<", "Bos", eckid(2), 'key="102"'),
            "103": (">Mo<", "Maas", eckid(3), 'key="103"'),
        }.items()
        if any(word in text for word in words)
    }


def commands(school: TwoKoppelingen) -> Context:
    """Return what the commands work with."""
    wide = Console(width=200, highlight=False)
    return Context(school.settings, lambda: school.moment, wide, Console(stderr=True, width=200, highlight=False))


def run(school: TwoKoppelingen, *arguments: str, stdin: str | None = None) -> Result:
    """Run `uwlr-adapter koppeling`."""
    return CliRunner().invoke(koppeling_commands, arguments, obj=commands(school), input=stdin)


@pytest.mark.parametrize("ask", ASKS, ids=lambda ask: f"{ask.operation.name} {ask.xsdversie} {ask.gegevenssetid}")
def test_a_withheld_leerling_is_in_no_answer(school: TwoKoppelingen, ask: Ask) -> None:
    """In each operation, version and profile; the rest is as it was, and what is sent equals what is rendered anew."""
    before = {entry: school.ask(entry, ask) for entry in CODES}
    assert [named(found) for found in before.values()] == [set(FULL)] * 2
    school.wait(60)
    school.withhold("proef", "101")
    after = school.ask("proef", ask)
    assert named(after) == {"102", "103"}
    assert after.content == school.fresh("proef", ask).content(after.aanmaakdatum, after.peildatum)
    assert school.last_entry.leerlingen == 2
    assert school.ask("tweede", ask).content == before["tweede"].content
    school.wait(60)
    school.withhold("proef", "101")
    assert named(school.ask("proef", ask)) == set(FULL)


def test_no_reference_is_left_dangling(school: TwoKoppelingen) -> None:
    """Groups and leerkrachten stay; of a group that has nobody else the leerlingen are no data."""
    school.withhold("proef", "101")
    found = school.ask("proef", Ask())
    assert found.keys("groep") == ["g1", "g2"]
    assert found.keys("leerkracht") == ["m"]
    assert school.ask("proef", Ask(HAAL_STRUCTUUR)).outcome == HAAL_STRUCTUUR.payload
    assert school.ask("proef", Ask(HAAL_LEERKRACHTEN, groepen=groups("g1"))).outcome == HAAL_LEERKRACHTEN.payload
    assert school.ask("proef", Ask(HAAL_LEERLINGEN, groepen=groups("g1"))).outcome == "geengegevens"
    assert school.ask("tweede", Ask(HAAL_LEERLINGEN, groepen=groups("g1"))).outcome == HAAL_LEERLINGEN.payload


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda found: found.name)
def test_when_everybody_is_withheld_there_are_no_data(school: TwoKoppelingen, operation: object) -> None:
    """As for a school without leerlingen, whatever is asked; and data again when one is shared again."""
    ask = next(Ask(one, groepen=GROUPS if one.by_groep else ()) for one in OPERATIONS.values() if one is operation)
    first = school.ask("proef", ask)
    for key in FULL:
        school.withhold("proef", key)
    assert school.ask("proef", ask, first.aanmaakdatum).outcome == "geengegevens"
    assert school.ask("tweede", ask).outcome == ask.operation.payload
    school.withhold("proef", "102")
    assert school.ask("proef", ask, first.aanmaakdatum).outcome == ask.operation.payload


def test_withholding_is_a_change_for_that_koppeling(school: TwoKoppelingen) -> None:
    """Gewijzigd moves, also within the second, and no changes is not heard before the data without the leerling."""
    asks = [Ask(), Ask(xsdversie="2.3"), Ask(HAAL_LEERLINGEN, groepen=GROUPS)]
    first = {(entry, ask): school.ask(entry, ask) for entry in CODES for ask in asks}
    for seconds in (0, 0, 3600):
        school.wait(seconds)
        school.withhold("proef", "101")
        for ask in asks:
            seen = first["proef", ask]
            late = school.moment.isoformat()
            for last in (seen.aanmaakdatum, late):
                assert school.ask("proef", ask, last).outcome == ask.operation.payload
                school.forget_given()
            new = school.ask("proef", ask, seen.aanmaakdatum)
            assert new.aanmaakdatum > seen.aanmaakdatum
            assert school.ask("proef", ask, new.aanmaakdatum).outcome == "geenwijzigingen"
            first["proef", ask] = new
            other = first["tweede", ask]
            assert school.ask("tweede", ask).content == other.content
            assert school.ask("tweede", ask, other.aanmaakdatum).outcome == "geenwijzigingen"


def test_taken_back_before_a_fetch_is_no_change(school: TwoKoppelingen) -> None:
    """The platform has what it would get."""
    found = school.ask("proef", Ask())
    school.withhold("proef", "101")
    school.withhold("proef", "101")
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geenwijzigingen"


def test_who_is_withheld_may_change_each_time(school: TwoKoppelingen) -> None:
    """One after the other, and in each order, an answer has exactly those who are not withheld."""
    last = None
    for key in ("101", "103", "101", "102", "103", "102"):
        school.withhold("proef", key)
        found = school.ask("proef", Ask(), last)
        assert named(found) == set(FULL) - school.withheld["proef"]
        assert last is None or found.aanmaakdatum > last
        last = found.aanmaakdatum
        assert named(school.ask("tweede", Ask())) == set(FULL)


def test_it_holds_over_imports_keys_years_and_pauses(school: TwoKoppelingen) -> None:
    """It is about the person: a new key in the source, other names, another year and a pause change nothing."""
    school.withhold("proef", "101")
    school.import_data(records(key="nieuw-101", achternaam="Zwanenberg"))
    school.import_data(records(NEXT, key="nieuw-101"))
    school.pause_one("proef")
    school.enter_code("proef")
    school.restart()
    for year in (YEAR, NEXT):
        assert named(school.ask("proef", Ask(schooljaar=year))) == {"102", "103"}
        assert named(school.ask("tweede", Ask(schooljaar=year))) == set(FULL)


def test_it_holds_when_the_leerling_returns(school: TwoKoppelingen) -> None:
    """Somebody who was in no source for a while, or whose import was taken back, is still withheld."""
    school.withhold("proef", "101")
    without = replace(records(), leerlingen=records().leerlingen[1:])
    school.import_data(without)
    school.import_data(records())
    assert named(school.ask("proef", Ask())) == {"102", "103"}
    with school.database.writing() as connection:
        numbers = [one.id for one in batches.find_all(connection)]
        for number in numbers:
            batches.undo(connection, number, MOMENT)
    assert school.ask("proef", Ask(schooljaar=YEAR)).outcome == "geengegevens"
    school.import_data(records())
    assert named(school.ask("proef", Ask())) == {"102", "103"}
    assert named(school.ask("tweede", Ask())) == set(FULL)


def test_the_end_of_the_koppeling_removes_it(school: TwoKoppelingen) -> None:
    """A koppeling that is activated anew shares everybody; nothing is left of who was withheld."""
    school.withhold("proef", "101")
    school.ask("proef", Ask())
    school.activate_anew("proef")
    assert named(school.ask("proef", Ask())) == set(FULL)
    with school.database.reading() as connection:
        assert connection.execute(sa.select(tables.withheld)).all() == []


def test_forget_removes_it(school: TwoKoppelingen) -> None:
    """A forgotten leerling is in no list of withheld ones, which is no change for the koppeling that never had them."""
    school.withhold("proef", "101")
    found = school.ask("proef", Ask())
    done = CliRunner().invoke(leerling_commands, ["forget", BRIN6, "101", "--yes"], obj=commands(school))
    assert done.exit_code == 0, done.output
    with school.database.reading() as connection:
        assert connection.execute(sa.select(tables.withheld)).all() == []
    assert school.ask("proef", Ask(), found.aanmaakdatum).outcome == "geenwijzigingen"
    assert named(school.ask("tweede", Ask())) == {"102", "103"}
    assert "nobody" in run(school, "withheld", BRIN6, "proef").output


def test_the_preview_is_what_is_sent(school: TwoKoppelingen) -> None:
    """Byte for byte, by the command that shows an answer to the operator."""
    school.withhold("proef", "102")
    shown = CliRunner().invoke(school_commands, ["preview", BRIN6, "--koppeling", "proef"], obj=commands(school))
    assert shown.exit_code == 0, shown.output
    assert shown.stdout_bytes.rstrip(b"\n") == school.ask("proef", Ask()).content
    assert named(school.ask("proef", Ask())) == {"101", "103"}


def test_the_command_shows_what_changes_first(school: TwoKoppelingen) -> None:
    """A dry run and a no change nothing; then it is done, listed, counted, and taken back."""
    dry = run(school, "withhold", BRIN6, "proef", "101", "--dry-run")
    assert dry.exit_code == 0, dry.output
    for text in (
        "The answer for 21QW00, schooljaar 2026-2027:",
        "Zoë Zwaan",
        "goes",
        "proef gets 2 leerlingen of 21QW00, schooljaar 2026-2027; now 3.",
        "proef gets 2 leerlingen of 21QW00, schooljaar 2027-2028; now 3.",
        "Withheld from proef then:",
        "Dry run, nothing changed.",
    ):
        assert text in dry.output, dry.output
    assert run(school, "withhold", BRIN6, "proef", "101", stdin="n\n").exit_code == 1
    assert named(school.ask("proef", Ask())) == set(FULL)
    assert run(school, "withhold", BRIN6, "proef", "101", "--yes").exit_code == 0
    assert named(school.ask("proef", Ask())) == {"102", "103"}
    listed = run(school, "withheld", BRIN6, "proef").output
    assert [key for key in FULL if key in listed] == ["101"]
    assert "nobody" in run(school, "withheld", BRIN6, "tweede").output
    (row,) = [line for line in run(school, "show", BRIN6, "proef").output.splitlines() if "withheld" in line]
    assert "1" in row
    back = run(school, "withhold", BRIN6, "proef", "101", "--undo", "--yes")
    assert "comes" in back.output
    assert named(school.ask("proef", Ask())) == set(FULL)


def test_the_command_takes_a_key_of_the_source(school: TwoKoppelingen) -> None:
    """The key that leaves and every key by which a source named the person."""
    school.import_data(records(key="nieuw-101"))
    assert run(school, "withhold", BRIN6, "proef", "nieuw-101", "--yes").exit_code == 0
    assert named(school.ask("proef", Ask())) == {"102", "103"}
    assert run(school, "withhold", BRIN6, "proef", "101", "--undo", "--yes").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("21QW00", "proef", "102"), errors.AlreadyWithheldError),
        (("21QW00", "proef", "101", "--undo"), errors.NotWithheldError),
        (("21QW00", "proef", "999"), errors.UnknownLeerlingError),
        (("21QW00", "proef", "m"), errors.UnknownLeerlingError),
        (("21QW00", "onbekend", "101"), errors.UnknownEntryError),
        (("99ZZ99", "proef", "101"), errors.UnknownVestigingError),
    ],
)
def test_refusals(school: TwoKoppelingen, arguments: tuple[str, ...], error: type[errors.KoppelingError]) -> None:
    """Each has its sentence, without a name or a key, and changes nothing."""
    school.withhold("proef", "102")
    refused = run(school, "withhold", *arguments, "--yes")
    assert refused.exit_code == 1
    assert error.english in refused.output
    assert not any(key in refused.output for key in ("101", "102", "999", "Zoë"))
    assert named(school.ask("proef", Ask())) == {"101", "103"}


def test_the_journaal_has_the_act_and_nobody_in_it(school: TwoKoppelingen) -> None:
    """Who acted, when and on which koppeling; no name, key or ECK-iD of the leerling, and no reason anywhere."""
    assert run(school, "withhold", BRIN6, "proef", "101", "--yes").exit_code == 0
    assert run(school, "withhold", BRIN6, "proef", "101", "--undo", "--yes").exit_code == 0
    with school.database.reading() as connection:
        acts = [one.act for one in search.read(connection) if one.kind is EntryKind.KOPPELING][:2]
        rows = str(connection.execute(sa.select(journaal)).all())
    assert acts == [Act.SHARED_AGAIN, Act.WITHHELD]
    assert not any(word in rows for word in ("101", "Zoë", "Zwaan", eckid(1)))
    assert [column.name for column in tables.withheld.c] == ["koppeling_id", "persoon_id"]


def test_two_people_at_once(school: TwoKoppelingen) -> None:
    """An act on a koppeling as it was before another act is refused, so that nobody undoes what they did not see."""
    builder = school._builder  # noqa: SLF001 - the steps of two people
    seen = builder.living(BRIN6, "proef")
    builder.withhold(seen, "101")
    with pytest.raises(errors.ChangedMeanwhileError):
        builder.withhold(seen, "102")
    with pytest.raises(errors.ChangedMeanwhileError):
        builder.pause(seen)
    assert named(school.ask("proef", Ask())) == {"102", "103"}


@pytest.mark.parametrize(("before", "key"), [((), "101"), (FULL, "102"), (("101",), "101"), (("101",), "102")])
def test_an_act_while_a_request_is_at_work(
    school: TwoKoppelingen, monkeypatch: pytest.MonkeyPatch, before: tuple[str, ...], key: str
) -> None:
    """A request that has rendered its answer when the act is acknowledged is answered as of after the act."""
    for one in before:
        school.withhold("proef", one)
    render, acts = AnswerRenderer.render, [key]

    def render_and_act(*arguments: Any) -> Made | None:
        made = render(*arguments)
        if acts:
            school.withhold("proef", acts.pop())
        return made

    monkeypatch.setattr(AnswerRenderer, "render", render_and_act)
    assert named(school.ask("proef", Ask())) == set(FULL) - ({*before} ^ {key})


def test_older_code_no_longer_answers_once_somebody_is_withheld(school: TwoKoppelingen) -> None:
    """It would answer the leerling; until then it works beside this code, as during an upgrade."""
    assert actions.KNOWS_WITHHELD <= SCHEMA

    def readable_from() -> int:
        with school.database.reading() as connection:
            return int(connection.scalar(sa.select(schema_version.c.readable_from)) or 0)

    before = readable_from()
    assert before < actions.KNOWS_WITHHELD
    school.withhold("proef", "101")
    assert readable_from() == actions.KNOWS_WITHHELD
    school.withhold("proef", "101")
    assert readable_from() == actions.KNOWS_WITHHELD
