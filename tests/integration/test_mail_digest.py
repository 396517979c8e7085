"""The mail of a day, and that the summer holiday is quiet: read from a real mail server."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.edexml_files import make_dataset
from support.imports import import_dataset
from support.journaal import write_entries
from support.mail_bench import BRIN6, OTHER_BRIN6, SCHOOL, MailBench, make_bench
from support.mail_server import TakenMail

from uwlr_adapter.administratie import calendar_acts
from uwlr_adapter.administratie.importing import not_taken
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.summer import Region
from uwlr_adapter.clock import AMSTERDAM, day_of
from uwlr_adapter.contract.dataset import Leerling
from uwlr_adapter.gebruikers import new_browsers
from uwlr_adapter.journaal.model import Act, RefusalReason, VerzoekEntry
from uwlr_adapter.journaal.writer import record_act
from uwlr_adapter.koppelingen import afnemers
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.mail.tables import mail_told


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[MailBench]:
    """Yield the school on either database, with an address."""
    assert backend
    with make_bench(tmp_path) as made:
        made.give_address()
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[MailBench]:
    """Yield the school on SQLite, with an address."""
    with make_bench(tmp_path) as made:
        made.give_address()
        yield made


def fetch(bench: MailBench, reason: RefusalReason | None = None, brin6: str = BRIN6) -> None:
    """Write a fetch of Snappet, or a refusal, of now."""
    found = bench.builder.living(brin6, "snappet")
    outcome = "leerlinggegevens" if reason is None else "Client.AutorisatieOngeldig"
    entry = VerzoekEntry(bench.moment, "HaalLeerlinggegevens", found.afnemer_id or 0, outcome=outcome, reason=reason)
    entry.koppeling_id, entry.brin6, entry.leerlingen = found.id, brin6, 12 if reason is None else None
    with bench.database.writing() as connection:
        write_entries(connection, entry)


def days(bench: MailBench, number: int, reason: RefusalReason | None = None) -> list[TakenMail]:
    """Live through days with a fetch on each and the job of the day; return the mails."""
    taken = []
    for _ in range(number):
        bench.later(days=1)
        fetch(bench, reason)
        taken += bench.day()
    return taken


def new_terms(bench: MailBench) -> None:
    """Make the koppeling one that was agreed to with terms of before."""
    with bench.database.writing() as connection:
        connection.execute(koppeling.update().values(akkoord_voorwaarden="uwlr-0"))


def test_a_day_without_anything_has_no_mail(bench: MailBench) -> None:
    """A school where all goes well hears nothing; nor does one whose koppeling waits or is paused."""
    assert bench.day() == []
    assert days(bench, 3) == []
    bench.pause(bench.builder.living(BRIN6, "snappet"))
    assert [str(taken.message["Subject"])[:19] for taken in bench.run()] == ["Snappet: gepauzeerd"]
    bench.later(days=1)
    assert bench.day() == []


def test_refused_for_a_day(bench: MailBench) -> None:
    """Not at the first refusal, but when it lasts for a day; once, in the words of the portal; again after a week."""
    days(bench, 2)
    (first, *rest) = days(bench, 3, RefusalReason.WRONG_CODE)
    assert rest == []
    assert first.to == SCHOOL
    assert str(first.message["Subject"]) == f"Koppelingen: 1 melding - {BRIN6} ({BRIN6})"
    assert "Snappet gebruikt een andere verificatiecode dan uw school hier heeft ingevuld." in first.text
    assert "Dit is aan" in first.text
    assert len(days(bench, 7, RefusalReason.WRONG_CODE)) == 1
    assert days(bench, 2) == []
    assert len(days(bench, 3, RefusalReason.WRONG_CODE)) == 1  # it is another one now


def test_stopped(one: MailBench) -> None:
    """A platform that fetches at other schools and no longer here; not one that fetches nowhere."""
    one.builder.activate("snappet", OTHER_BRIN6, "30AB00een-andere-code-1")
    days(one, 5)
    for _ in range(4):
        one.later(days=1)
        assert one.day() == []
    for _ in range(3):
        one.later(days=1)
        fetch(one, brin6=OTHER_BRIN6)
    one.later(minutes=30)
    one.run("calls")
    (taken,) = one.day()
    assert "SNAPPET: NIET MEER OPGEHAALD" in taken.text
    assert "haalt bij andere scholen wel op" in taken.text


def test_a_platform_that_is_kept_out(one: MailBench) -> None:
    """A school hears that the operator keeps its platform out."""
    days(one, 1)
    with one.database.writing() as connection:
        afnemers.disable(connection, "Snappet", one.moment, actor="cli:proef")
    one.later(days=1)
    (taken,) = one.day()
    assert "De beheerder van de koppelingen heeft Snappet geblokkeerd" in taken.text


def test_one_mail_with_everything(bench: MailBench) -> None:
    """New terms, old records and held persons are together in one mail; next day only what is new is said at length."""
    days(bench, 2)
    new_terms(bench)
    days_before = days(bench, 1)
    assert "nieuwe gebruikersvoorwaarden" in days_before[0].text
    for roepnaam in ("Kanarieroepnaamq", "Kanarieandersq"):
        leerling = Leerling("l", roepnaam=roepnaam)
        import_dataset(bench.database, make_dataset([leerling], brin6=BRIN6, schooljaar="2026-2027"))
    (taken,) = days(bench, 1)
    assert "Van 1 leerling is niet zeker wie het is" in taken.text
    assert "Dit hebben wij al eerder gemeld, en is nog zo: - Snappet: nieuwe voorwaarden" in taken.text
    with bench.database.writing() as connection:
        not_taken.record(connection, [(BRIN6, "2026-2027")], ImportRefusedError([]), bench.moment)
    (taken,) = days(bench, 1)
    assert "zijn de gegevens van uw school niet vernieuwd; de leverancier krijgt de gegevens van daarvoor" in taken.text
    assert str(taken.message["Subject"]).startswith("Koppelingen: 1 melding")


def test_twice_a_day_is_once(one: MailBench) -> None:
    """The job run again on the same day sends nothing; what came up since waits for the next day and is not lost."""
    days(one, 1)
    with one.database.writing() as connection:
        not_taken.record(connection, [(BRIN6, "2026-2027")], ImportRefusedError([]), one.moment)
    one.later(days=1)
    assert len(one.day()) == 1
    new_terms(one)
    one.later(hours=3)
    assert one.day() == []
    one.later(days=1)
    (taken,) = one.day()
    assert "NIEUWE VOORWAARDEN" in taken.text


def test_nobody_to_tell_is_nothing_told(one: MailBench) -> None:
    """Whoever gets an address later hears then what is open."""
    days(one, 1)
    new_terms(one)
    with one.database.writing() as connection:
        connection.execute(sa.delete(sa.table("mail_address")))
    assert days(one, 2) == []
    one.give_address()
    assert len(days(one, 1)) == 1


def test_what_is_over_is_forgotten(one: MailBench) -> None:
    """A matter that is over leaves nothing behind."""
    days(one, 1)
    new_terms(one)
    assert len(days(one, 1)) == 1
    entry = one.builder.catalogue.get("snappet")
    assert entry is not None
    with one.database.writing() as connection:
        connection.execute(koppeling.update().values(akkoord_voorwaarden=entry.voorwaarden.versie))
    assert days(one, 1) == []
    with one.database.reading() as connection:
        assert connection.execute(sa.select(mail_told)).all() == []


def summer(bench: MailBench, region: Region | None, lived: Iterable[date]) -> dict[date, list[TakenMail]]:
    """Live through days, with an act on each and both jobs; return the mails of each day that has any."""
    if region is not None:
        with bench.database.writing() as connection:
            calendar_acts.set_region(connection, BRIN6, region, bench.moment, actor="cli:proef")
    found: dict[date, list[TakenMail]] = {}
    for day in lived:
        bench.moment = datetime(day.year, day.month, day.day, 6, tzinfo=AMSTERDAM).astimezone(UTC)
        fetch(bench)
        taken = bench.day()
        bench.moment += timedelta(hours=4)
        with bench.database.writing() as connection:
            record_act(connection, moment=bench.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="cli:proef")
        taken += bench.run()
        if taken:
            found[day_of(bench.moment)] = taken
    return found


@pytest.mark.parametrize(
    ("region", "quiet", "told"),
    [
        (Region.NOORD, (date(2027, 7, 10), date(2027, 8, 22)), date(2027, 8, 18)),
        (Region.ZUID, (date(2027, 7, 24), date(2027, 9, 5)), date(2027, 9, 1)),
        (None, (date(2027, 7, 24), date(2027, 8, 22)), date(2027, 8, 18)),
    ],
)
def test_the_summer_is_quiet(one: MailBench, region: Region | None, quiet: tuple[date, date], told: date) -> None:
    """Not one mail in the holiday but one, with what is open and what was done; nothing is lost, before or after."""
    new_terms(one)
    first, last = quiet
    around = {day + timedelta(days=number) for day in (first, told, last) for number in range(-2, 3)}
    lived = sorted({*around, first + (told - first) / 2})
    found = summer(one, region, lived)
    in_holiday = [day for day in found if first <= day <= last]
    assert in_holiday == [told]
    (taken,) = found[told]
    assert "De school begint bijna." in taken.text
    assert "NIEUWE VOORWAARDEN" in taken.text
    before = [day for day in lived if first <= day < told]  # an act on each
    assert taken.text.count("de koppeling met Snappet gepauzeerd") == len(before)
    after = found[last + timedelta(days=1)]
    acts = [one_mail for one_mail in after if "gepauzeerd" in str(one_mail.message["Subject"])]
    assert len(acts) == (last - told).days + 2
    assert set(found) == {
        *(first - timedelta(days=2), first - timedelta(days=1), told),
        *(last + timedelta(days=1), last + timedelta(days=2)),
    }


def test_a_login_in_the_holiday_is_told_at_once(one: MailBench) -> None:
    """Somebody else may have logged in, and that does not wait until school begins."""
    jan = one.add_user("jan")
    one.run()
    one.moment = datetime(2027, 7, 30, 8, tzinfo=UTC)  # a holiday in each region
    with one.database.writing() as connection:
        new_browsers.note(connection, jan, one.moment)
        record_act(connection, moment=one.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="cli:proef")
    (taken,) = one.run()
    assert (taken.to, str(taken.message["Subject"])) == ("jan@school.example", "Ingelogd in een nieuwe browser")


def test_what_could_not_be_sent_before_the_holiday(bench: MailBench) -> None:
    """A mail that waits for its mail server when the holiday begins is told in the one before school, and that is all.

    The one before school goes late when the mail server was away on its day.
    """
    bench.add_user("jan")
    bench.run()
    there, away = bench.settings, bench.settings.model_copy(update={"smtp_port": 1})
    bench.moment = datetime(2027, 7, 23, 6, tzinfo=UTC)  # the last day before it
    new_terms(bench)
    with bench.database.writing() as connection:
        record_act(connection, moment=bench.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="cli:proef")
    bench.settings = away
    bench.run("digest")
    bench.run(fails=True)
    assert len(bench.mails()) == 4  # the act and the day, to each of two
    bench.settings = there
    bench.later(days=1)
    assert bench.run() == []
    assert bench.mails() == []
    bench.settings, bench.moment = away, datetime(2027, 8, 18, 6, tzinfo=UTC)
    bench.run("digest")
    bench.run(fails=True)
    bench.settings = there
    bench.later(days=1)
    taken = bench.run()
    assert [mail.to for mail in taken] == [SCHOOL, "jan@school.example"]
    for mail in taken:
        assert "De school begint bijna." in mail.text
        assert "NIEUWE VOORWAARDEN" in mail.text
        assert mail.text.count("de koppeling met Snappet gepauzeerd") == 1
    bench.later(days=10)
    assert [str(mail.message["Subject"]) for mail in bench.run()] == []
