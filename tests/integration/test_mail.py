"""The mails that schools get, read from a real mail server, on both databases."""

import re
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.mail_bench import BRIN6, OTHER_BRIN6, SCHOOL, MailBench, make_bench
from support.mail_server import Mood, wait_briefly_for_the_last_answer
from support.school_builder import CODE

from uwlr_adapter.db.database import Database
from uwlr_adapter.db.database_clock import database_clock
from uwlr_adapter.gebruikers import accounts, new_browsers
from uwlr_adapter.gebruikers.tables import GebruikerRol, gebruiker_vestiging
from uwlr_adapter.jobs import mailing
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.runner import JobRunner
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.journaal.tables import act_to_tell
from uwlr_adapter.journaal.writer import TOLD_ACTS, record_act, record_gebruiker_act
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.mail import addresses, outbox, sending
from uwlr_adapter.mail.addresses import MAX_CODES, MAX_TRIES, ConfirmationError, Owner
from uwlr_adapter.mail.message import MailSender
from uwlr_adapter.mail.outbox import GIVE_UP_AFTER, MailFailure
from uwlr_adapter.mail.tables import mail, mail_address
from uwlr_adapter.mail.words import _WORDS
from uwlr_adapter.web import job_metrics

JAN, EVA = "jan@school.example", "eva@school.example"


@pytest.fixture
def bench(backend: str, tmp_path: Path) -> Iterator[MailBench]:
    """Yield the school on either database."""
    assert backend
    with make_bench(tmp_path) as made:
        yield made


@pytest.fixture
def one(tmp_path: Path) -> Iterator[MailBench]:
    """Yield the school on SQLite, for what no database decides."""
    with make_bench(tmp_path) as made:
        yield made


def test_everybody_but_who_did_it(bench: MailBench) -> None:
    """The school's address and each schoolbeheerder with a confirmed one are told of a pause, but who paused; once."""
    bench.give_address()
    bench.add_user("jan")
    bench.add_user("eva")
    bench.add_user("zonder", address=None)
    bench.add_user("onbevestigd", confirmed=False)
    bench.add_user("elders", GebruikerRol.SCHOOLBEHEERDER, OTHER_BRIN6)
    bench.add_user("baas", GebruikerRol.BESTUUR)
    bench.run()
    bench.pause(bench.builder.living(BRIN6, "snappet"), "jan")
    taken = bench.run()
    assert [one.to for one in taken] == [SCHOOL, EVA]
    subject = f"Snappet: gepauzeerd - {BRIN6} ({BRIN6})"
    assert {str(one.message["Subject"]) for one in taken} == {subject}
    assert (
        "Jan de Vries (jan) heeft op 25 november 2026 om 10:30 uur de koppeling met Snappet gepauzeerd."
        in taken[0].text
    )
    assert bench.run() == []
    bench.later(hours=1)
    assert bench.run() == []


def test_one_act_at_many_vestigingen(bench: MailBench) -> None:
    """A colleague of the board gets one mail with all of them; another act of the same moment is told apart."""
    other = bench.builder.activate("snappet", OTHER_BRIN6, f"{OTHER_BRIN6}Ygr67BfgKl!gr8")
    for login in ("doener", "collega"):
        bench.add_user(login, GebruikerRol.BESTUUR, BRIN6, OTHER_BRIN6)
    with bench.database.writing() as connection:
        connection.execute(act_to_tell.delete())
    for koppeling in (bench.builder.living(BRIN6, "snappet"), other):
        bench.act(actions.clear_code, koppeling, "doener")
    bench.act(actions.end, bench.builder.living(BRIN6, "snappet"), "doener")
    together, alone = sorted(bench.run(), key=lambda one: "2 vestigingen" not in str(one.message["Subject"]))
    assert (together.to, alone.to) == ("collega@school.example",) * 2
    assert str(together.message["Subject"]) == "Snappet: gepauzeerd - 2 vestigingen"
    assert "Dat is gedaan bij deze vestigingen:" in together.text
    assert all(f"{brin6} ({brin6})" in together.text for brin6 in (BRIN6, OTHER_BRIN6))
    assert "beëindigd" in str(alone.message["Subject"])
    assert bench.run() == []


def test_each_act_that_is_told(one: MailBench) -> None:
    """Every act of the list has its own sentence, with who did it; acts that are not on it reach nobody."""
    one.give_address()
    koppeling = one.builder.living(BRIN6, "snappet")
    for act in Act:
        with one.database.writing() as connection:
            if act.startswith("gebruiker"):
                record_gebruiker_act(
                    connection, moment=one.moment, act=act, login="weg", brin6s=[BRIN6], actor="cli:root"
                )
            else:
                record_act(
                    connection,
                    moment=one.moment,
                    act=act,
                    koppeling_id=koppeling.id,
                    brin6=BRIN6,
                    actor="job:purge" if act is Act.ENDED_BY_MERGE else "iemand",
                )
    taken = one.run()
    assert len(taken) == len(TOLD_ACTS) == len({str(mail_.message["Subject"]) for mail_ in taken})
    assert set(_WORDS) == TOLD_ACTS
    texts = " ".join(mail_.text for mail_ in taken)
    assert "iemand heeft op 25 november 2026 om 10:30 uur de koppeling met Snappet beëindigd." in texts
    assert "De beheerder van de koppelingen heeft op 25 november 2026 om 10:30 uur weg toegang gegeven" in texts
    assert "Het systeem heeft op 25 november 2026 om 10:30 uur deze vestiging bij een andere school gevoegd." in texts


def test_who_is_told_when_there_is_nobody(one: MailBench) -> None:
    """Without an address of the school and of a schoolbeheerder it is the bestuur, then the operators, then nobody."""

    def told() -> list[str]:
        with one.database.writing() as connection:
            record_act(connection, moment=one.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="cli:proef")
        return [taken.to for taken in one.run()]

    assert told() == []
    one.add_user("beheer", GebruikerRol.OPERATOR)
    one.run()
    assert told() == ["beheer@school.example"]
    one.add_user("baas", GebruikerRol.BESTUUR)
    one.run()
    assert told() == ["baas@school.example"]
    one.add_user("jan")
    one.run()
    assert told() == [JAN]
    with one.database.writing() as connection:
        accounts.disable(connection, "jan", one.moment)
    assert told() == ["baas@school.example"]
    one.give_address(JAN)  # the address of the school is also that of a user: one mail
    with one.database.writing() as connection:
        accounts.enable(connection, "jan")
    assert told() == [JAN]


def test_a_new_colleague(one: MailBench) -> None:
    """The others are told who got access; the new one is not told of its own access."""
    one.add_user("jan")
    eva = one.add_user("eva")
    assert eva
    with one.database.writing() as connection:
        record_gebruiker_act(
            connection,
            moment=one.moment,
            act=Act.GEBRUIKER_ADDED,
            login="eva",
            brin6s=[BRIN6, OTHER_BRIN6],
            actor="cli:proef",
        )
    (taken,) = one.run()
    assert taken.to == JAN
    assert "De beheerder van de koppelingen heeft op 25 november 2026 om 10:30 uur Eva de Vries (eva)" in taken.text


def test_ids_that_commit_out_of_order(bench: MailBench) -> None:
    """An act whose entry has a lower id and commits later is told as well, and each is told once."""
    if not bench.database.backend.has_one_writer:
        bench.give_address()
        first, second = threading.Event(), threading.Event()

        def slow() -> None:
            with bench.database.writing() as connection:
                record_act(
                    connection, moment=bench.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="langzaam"
                )
                first.set()
                assert second.wait(60)

        thread = threading.Thread(target=slow)
        thread.start()
        assert first.wait(60)
        with bench.database.writing() as connection:
            record_act(connection, moment=bench.moment, act=Act.RESUMED, koppeling_id=1, brin6=BRIN6, actor="snel")
        assert ["snel heeft" in taken.text for taken in bench.run()] == [True]
        second.set()
        thread.join()
        assert ["langzaam heeft" in taken.text for taken in bench.run()] == [True]
        assert bench.run() == []
    with bench.database.reading() as connection:
        assert connection.scalars(sa.select(act_to_tell.c.entry_id)).all() == []


def test_two_machines(bench: MailBench) -> None:
    """However two processes look at the same moment, each mail is sent once."""
    bench.give_address()
    bench.add_user("jan")
    for _ in range(10):
        with bench.database.writing() as connection:
            record_act(connection, moment=bench.moment, act=Act.PAUSED, koppeling_id=1, brin6=BRIN6, actor="cli:a")
    url = bench.database.url.render_as_string(hide_password=False)
    machines = [Database(url) for _ in range(2)]
    start = threading.Barrier(2)

    def an_hour_later(connection: sa.Connection) -> datetime:
        return database_clock(connection) + timedelta(hours=1)

    runners = [JobRunner(one, bench.settings, {"mail": JOBS["mail"]}, an_hour_later) for one in machines]

    def look(runner: JobRunner) -> None:
        start.wait(60)
        for _ in range(3):
            runner.look()

    threads = [threading.Thread(target=look, args=(runner,)) for runner in runners]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for database in machines:
        database.close()
    assert sorted(taken.to for taken in bench.server.taken) == [SCHOOL] * 10 + [JAN] * 10
    assert len({taken.message["Message-ID"] for taken in bench.server.taken}) == 20


def test_a_mail_server_that_is_away(bench: MailBench) -> None:
    """A mail that waits is tried after growing waits, shown and counted, and arrives when the server is back."""
    bench.give_address()
    bench.pause(bench.builder.living(BRIN6, "snappet"))
    there = bench.settings
    bench.settings = there.model_copy(update={"smtp_port": 1})
    waits = []
    for _ in range(8):
        bench.run(fails=True)
        (waiting,) = bench.mails()
        assert waiting.next_try_at is not None
        assert (waiting.failure, waiting.sent_at) == (MailFailure.UNREACHABLE, None)
        waits.append((waiting.next_try_at - bench.moment).total_seconds() / 60)
        bench.moment = waiting.next_try_at - timedelta(seconds=1)
        bench.run()  # nothing is due, so nobody looks for the server
        bench.moment = waiting.next_try_at
    assert waits == [1, 2, 5, 10, 30, 60, 60, 60]
    text = job_metrics.render(bench.database, bench.moment).decode()
    assert "uwlr_mails_waiting 1.0" in text
    assert "uwlr_mails_oldest_seconds 13680.0" in text
    assert 'uwlr_job_failures_total{job="mail"} 8.0' in text
    bench.settings = there
    assert [taken.to for taken in bench.run()] == [SCHOOL]
    assert "uwlr_mails_waiting 0.0" in job_metrics.render(bench.database, bench.moment).decode()


def test_given_up_after_three_days(one: MailBench) -> None:
    """A server that stays away is left alone in the end; the text is erased, and what was not sent is counted."""
    one.give_address()
    one.pause(one.builder.living(BRIN6, "snappet"))
    one.settings = one.settings.model_copy(update={"smtp_port": 1})
    one.run(fails=True)
    one.moment += GIVE_UP_AFTER
    one.run()
    (given_up,) = one.mails()
    assert (given_up.failure, given_up.is_given_up) == (MailFailure.TOO_LATE, True)
    assert 'uwlr_mails_given_up{reason="too_late"} 1.0' in job_metrics.render(one.database, one.moment).decode()
    with one.database.reading() as connection:
        assert connection.scalar(sa.select(mail.c.text)) is None


def test_a_try_later_and_a_refusal(one: MailBench) -> None:
    """4xx is tried again until it is taken; a refused mail is given up; no word of the server is stored or logged."""
    one.give_address()
    koppeling = one.builder.living(BRIN6, "snappet")
    one.server.mood = Mood.ASKS_LATER
    koppeling = one.pause(koppeling)
    assert one.run() == []
    assert [(row.failure, row.is_given_up) for row in one.mails()] == [(MailFailure.LATER, False)]
    one.later(minutes=1)
    one.server.mood = Mood.TAKES
    assert [taken.to for taken in one.run()] == [SCHOOL]
    one.server.mood = Mood.REFUSES
    one.act(actions.end, koppeling, "cli:proef")
    assert one.run() == []
    assert [(row.failure, row.is_given_up) for row in one.mails()] == [(MailFailure.REFUSED, True), (None, False)]
    with one.database.reading() as connection:
        rows = connection.execute(sa.select(mail)).all()
    assert "geheim" not in repr(rows)


@pytest.mark.parametrize("mood", [Mood.DROPS, Mood.HANGS])
def test_no_answer_to_a_whole_mail(one: MailBench, mood: Mood, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail that may have been taken is sent once more, under the same Message-ID, and never a third time."""
    one.give_address()
    one.pause(one.builder.living(BRIN6, "snappet"))
    one.server.mood = mood
    if mood is Mood.HANGS:
        wait_briefly_for_the_last_answer(one.server, monkeypatch)
    for _ in range(5):
        one.run()
        one.later(hours=2)
    assert len(one.server.taken) == 2
    assert len({taken.message["Message-ID"] for taken in one.server.taken}) == 1
    assert [(row.failure, row.is_given_up) for row in one.mails()] == [(MailFailure.UNSURE, True)]


def test_a_process_that_dies_after_the_server_took_it(bench: MailBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the answer and our commit: sent once more at most, whatever dies again; then it is given up."""
    bench.give_address()
    bench.pause(bench.builder.living(BRIN6, "snappet"))

    class DeadError(BaseException):
        pass

    def die(*_: object, **__: object) -> int:
        raise DeadError

    with monkeypatch.context() as dying:
        dying.setattr(sending, "end", die)
        for _ in range(4):
            try:
                bench.run()
            except DeadError:
                bench.later(hours=2)
    assert len(bench.server.taken) == 2
    bench.run()
    assert [(row.failure, row.is_given_up) for row in bench.mails()] == [(MailFailure.UNSURE, True)]
    assert len(bench.server.taken) == 2


def test_an_address_that_is_not_there(one: MailBench) -> None:
    """It is marked for whoever has it, and gets nothing more; the others are told; typing it again mends it."""
    one.give_address()
    one.add_user("jan")
    koppeling = one.builder.living(BRIN6, "snappet")
    one.server.refusals[SCHOOL] = "550 5.1.1 No such user Kanariegeheimq"
    koppeling = one.pause(koppeling)
    assert [taken.to for taken in one.run()] == [JAN]
    assert {row.address: row.failure for row in one.mails()} == {SCHOOL: MailFailure.NO_SUCH_ADDRESS, JAN: None}
    with one.database.writing() as connection:
        found = addresses.find(connection, Owner(brin6=BRIN6))
        assert found is not None
        assert not found.is_usable
        addresses.enter(connection, Owner(brin6=BRIN6), SCHOOL, one.moment)
    one.server.refusals.clear()
    one.act(actions.end, koppeling, "cli:proef")
    assert sorted(str(taken.message["Subject"])[:4] for taken in one.run()) == ["Code", "Snap"]


def test_without_a_mail_server_nothing_waits(one: MailBench) -> None:
    """An act from before there was one is never mailed afterwards: it would be old news."""
    one.give_address()
    jan = one.add_user("jan")
    there, one.settings = one.settings, one.settings.model_copy(update={"smtp_host": None})
    one.pause(one.builder.living(BRIN6, "snappet"))
    with one.database.writing() as connection:
        new_browsers.note(connection, jan, one.moment)
    one.run()
    one.run("digest")
    one.settings = there
    assert one.run() == []
    assert one.mails() == []


def test_idle_means_idle(one: MailBench) -> None:
    """A look without anything to do writes nothing; with work there is some, whatever it is."""
    one.give_address()
    jan = one.add_user("jan")

    def has_work() -> bool:
        with one.database.reading() as connection:
            return mailing.has_work(connection, one.moment)

    assert not has_work()
    with one.database.writing() as connection:
        new_browsers.note(connection, jan, one.moment)
    assert has_work()
    one.run()
    assert not has_work()
    one.pause(one.builder.living(BRIN6, "snappet"))
    assert has_work()
    one.settings = one.settings.model_copy(update={"smtp_port": 1})
    one.run(fails=True)
    assert not has_work()
    one.later(minutes=1)
    assert has_work()


def test_a_login_from_a_new_browser(bench: MailBench) -> None:
    """Its user is told, all of a moment in one mail; who has no address is not, and nobody else is."""
    bench.give_address()
    jan, eva = bench.add_user("jan"), bench.add_user("eva", address=None)
    with bench.database.writing() as connection:
        for gebruiker_id in (jan, eva, jan):
            new_browsers.note(connection, gebruiker_id, bench.moment)
    (taken,) = bench.run()
    assert (taken.to, str(taken.message["Subject"])) == (JAN, "Ingelogd in een nieuwe browser")
    assert taken.text.count("25 november 2026 om 10:30 uur") == 2
    assert bench.run() == []


def code_in(text: str) -> str:
    """Return the code in a mail."""
    found = re.search(r"De code is: ([A-Z2-9]{4}-[A-Z2-9]{4})", text)
    assert found is not None
    return found[1]


def test_an_address_is_confirmed_by_a_code(bench: MailBench) -> None:
    """Only the code goes to an address that is not confirmed; typed in any case, it confirms it."""
    owner = Owner(brin6=BRIN6)
    with bench.database.writing() as connection:
        addresses.enter(connection, owner, " Administratie@SCHOOL.example", bench.moment)
    bench.pause(bench.builder.living(BRIN6, "snappet"))
    (taken,) = bench.run()
    assert taken.to == "Administratie@school.example"
    code = code_in(taken.text)
    with bench.database.writing() as connection:
        assert not addresses.confirm(connection, owner, code[:-1] + ("A" if code[-1] != "A" else "B"), bench.moment)
        assert addresses.confirm(connection, owner, code.lower().replace("-", " "), bench.moment)
        with pytest.raises(ConfirmationError):
            addresses.confirm(connection, owner, code, bench.moment)
    with bench.database.reading() as connection:
        stored = repr(connection.execute(sa.select(mail_address)).all())
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_a_code_is_good_for_a_while(one: MailBench) -> None:
    """It is void after 24 hours, after five wrong ones, when a newer one was sent, and for another address."""
    owner = Owner(brin6=BRIN6)

    def new_code(address: str | None = None) -> str:
        with one.database.writing() as connection:
            if address is None:
                addresses.send_code(connection, owner, one.moment)
            else:
                addresses.enter(connection, owner, address, one.moment)
        return code_in(one.run()[-1].text)

    def confirm(code: str) -> bool:
        with one.database.writing() as connection:
            return addresses.confirm(connection, owner, code, one.moment)

    first = new_code("a@school.example")
    second = new_code()
    assert not confirm(first)
    for _ in range(MAX_TRIES - 1):
        assert not confirm("AAAA-AAAA")
    with pytest.raises(ConfirmationError):
        confirm(second)
    third = new_code("b@school.example")
    one.later(hours=24)
    with pytest.raises(ConfirmationError):
        confirm(third)
    fourth = new_code("c@school.example")
    assert confirm(fourth)


def test_codes_are_not_sent_without_end(one: MailBench) -> None:
    """Nobody can have heaps of mail sent to an address of somebody else."""
    owner = Owner(brin6=BRIN6)
    for number in range(MAX_CODES):
        with one.database.writing() as connection:
            addresses.enter(connection, owner, f"{number}@slachtoffer.example", one.moment)
    with pytest.raises(ConfirmationError, match="24 uur"), one.database.writing() as connection:
        addresses.enter(connection, owner, "nog@slachtoffer.example", one.moment)
    assert [taken.to for taken in one.run()] == ["4@slachtoffer.example"]  # the others were replaced before that
    one.later(hours=24)
    with one.database.writing() as connection:
        addresses.enter(connection, owner, "morgen@school.example", one.moment)


def test_an_address_that_was_in_use_is_told_that_it_is_not(one: MailBench) -> None:
    """Whoever takes over an account cannot change the address in silence."""
    one.give_address()
    with one.database.writing() as connection:
        addresses.enter(connection, Owner(brin6=BRIN6), "nieuw@school.example", one.moment)
    assert [(taken.to, str(taken.message["Subject"])) for taken in one.run()] == [
        (SCHOOL, "Dit e-mailadres krijgt geen meldingen meer"),
        ("nieuw@school.example", "Code om dit e-mailadres te bevestigen"),
    ]


def test_a_former_colleague_gets_nothing(bench: MailBench) -> None:
    """What waited for the mail server goes to nobody who may not know it any more, nor to an address out of use."""
    bench.give_address()
    for login in ("jan", "eva", "tim", "ria"):
        bench.add_user(login)
    bench.add_user("bob", confirmed=False)
    bench.server.mood = Mood.ASKS_LATER
    bench.pause(bench.builder.living(BRIN6, "snappet"))
    with bench.database.writing() as connection:
        addresses.send_code(connection, Owner(gebruiker_id=accounts.get(connection, "bob").id), bench.moment)
    bench.run()
    with bench.database.writing() as connection:
        ids = {one.login: one.id for one in accounts.list_all(connection)}
        accounts.disable(connection, "jan", bench.moment)
        accounts.disable(connection, "bob", bench.moment)
        addresses.enter(connection, Owner(gebruiker_id=ids["eva"]), "eva@elders.example", bench.moment)
        connection.execute(gebruiker_vestiging.delete().where(gebruiker_vestiging.c.gebruiker_id == ids["tim"]))
        addresses.remove(connection, Owner(brin6=BRIN6), bench.moment)
    bench.server.mood = Mood.TAKES
    bench.later(hours=1)
    assert [(taken.to, str(taken.message["Subject"])[:4]) for taken in bench.run()] == [
        (SCHOOL, "Dit "),
        ("eva@elders.example", "Code"),
        (EVA, "Dit "),
        ("ria@school.example", "Snap"),
    ]
    given_up = {row.address for row in bench.mails() if row.failure is MailFailure.OBSOLETE}
    assert given_up == {JAN, EVA, "tim@school.example", "bob@school.example", SCHOOL}


def test_a_restore_sends_nothing_twice(one: MailBench) -> None:
    """A mail that waited when the backup was made was sent since: it is given up, and untold acts are forgotten."""
    one.give_address()
    one.pause(one.builder.living(BRIN6, "snappet"))
    with one.database.writing() as connection:
        outbox.give_up_all(connection)
    assert one.run() != []  # what is put in the outbox later goes
    assert not any(row.next_try_at for row in one.mails())


def test_a_mail_is_claimed_once(bench: MailBench) -> None:
    """Of two that look at one moment the second finds nothing due."""
    bench.give_address()
    bench.pause(bench.builder.living(BRIN6, "snappet"))
    bench.settings = bench.settings.model_copy(update={"smtp_port": 1})
    bench.run(fails=True)
    bench.later(minutes=1)
    sender = MailSender("a@b.example", "x", "https://uwlr.example/koppelingen")
    with bench.database.writing() as connection:
        assert sending.begin(connection, sender, bench.moment) is not None
        assert sending.begin(connection, sender, bench.moment) is None
    assert CODE not in repr(bench.mails())
