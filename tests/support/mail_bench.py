"""A school whose people are told things by mail, with a real mail server, and the jobs that tell them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from support.canaries import find
from support.mail_server import MailServerOfTest, TakenMail, mail_server
from support.school_builder import CODE, KLANTCODE, SchoolBuilder, open_database
from uwlr_adapter.clock import to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.gebruikers import accounts
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.actions import KoppelingAct
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.mail import outbox
from uwlr_adapter.mail.outbox import MailRecord
from uwlr_adapter.mail.smtp import MailServerError
from uwlr_adapter.mail.tables import mail_address
from uwlr_adapter.settings import Settings, SmtpTls

BRIN6, OTHER_BRIN6 = "21QW00", "30AB00"
SCHOOL = "administratie@school.example"
SENDER = "meldingen@uwlr.example"
PORTAL = "https://uwlr.example/koppelingen"
MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
SECRETS = (CODE, KLANTCODE, "0a0a0a", "/wachtwoord/")


@dataclass
class MailBench:
    """The school, its mail server, and the present moment."""

    database: Database
    builder: SchoolBuilder
    server: MailServerOfTest
    settings: Settings
    moment: datetime = MOMENT

    def add_user(
        self,
        login: str,
        rol: GebruikerRol = GebruikerRol.SCHOOLBEHEERDER,
        *brin6s: str,
        address: str | None = "",
        confirmed: bool = True,
    ) -> int:
        """Add a user with a confirmed address, `<login>@school.example` unless told otherwise; return its id."""
        naam = f"{login.capitalize()} de Vries"
        self.builder.add_gebruiker(NewGebruiker(login, naam, rol, brin6s or (BRIN6,), needs_totp=False))
        with self.database.reading() as connection:
            id_ = accounts.get(connection, login).id
        if address is not None:
            self.give_address(address or f"{login}@school.example", gebruiker_id=id_, confirmed=confirmed)
        return id_

    def give_address(
        self,
        address: str = SCHOOL,
        *,
        gebruiker_id: int | None = None,
        brin6: str | None = None,
        confirmed: bool = True,
    ) -> None:
        """Store an address, of the vestiging unless told otherwise."""
        owner = {"gebruiker_id": gebruiker_id} if gebruiker_id is not None else {"brin6": brin6 or BRIN6}
        moment = to_utc(self.moment)
        values = {"address": address, "entered_at": moment, "confirmed_at": moment if confirmed else None, **owner}
        with self.database.writing() as connection:
            connection.execute(mail_address.insert().values(values))

    def run(self, job: str = "mail", *, fails: bool = False) -> list[TakenMail]:
        """Run a job now, and return the mails that the server took meanwhile, in the order of their addresses."""
        before = len(self.server.taken)
        try:
            run_now(JOBS[job], self.database, self.settings, Lease(job, "test"), moment=self.moment)
            assert not fails
        except MailServerError:
            assert fails
        return sorted(self.server.taken[before:], key=lambda one: one.to)

    def day(self) -> list[TakenMail]:
        """Run the job of the day, and send what it tells."""
        self.run("digest")
        return self.run()

    def act(self, act: KoppelingAct, koppeling: Koppeling, actor: str) -> Koppeling:
        """Act on a koppeling as a user."""
        with self.database.writing() as connection:
            return act(connection, koppeling.id, koppeling.version, self.moment, actor=actor)

    def pause(self, koppeling: Koppeling, actor: str = "cli:proef") -> Koppeling:
        """Pause a koppeling."""
        return self.act(actions.clear_code, koppeling, actor)

    def mails(self) -> list[MailRecord]:
        """Return what stands in the outbox, newest first."""
        with self.database.reading() as connection:
            return outbox.list_mails(connection)

    def later(self, **by: float) -> None:
        """Move the present on."""
        self.moment += timedelta(**by)
        self.builder.moment = self.moment


def require_decent(taken: TakenMail) -> None:
    """Require of a mail that it has what each must have, and nothing that none may hold."""
    message = taken.message
    plain, rich = taken.part("plain"), taken.part("html")
    for text in (str(message["Subject"]), plain, rich, taken.octets.decode("ascii")):
        assert not any(secret in text for secret in SECRETS)
        assert find(text.encode()) == set()
    assert re.findall(r"https?://[^\s\"<]+", plain + rich) == [PORTAL] * 3
    assert (taken.sender, message["To"], message["Auto-Submitted"]) == (SENDER, taken.to, "auto-generated")
    assert "Stichting Proef" in plain
    for text in (plain, rich):  # nothing was left to fill in, and nothing has the name of a part of our code
        assert not re.search(r"[{}]|None\b|afnemer|brin6|journaal", re.sub(r"style=\"[^\"]*\"", "", text))


@contextmanager
def make_bench(folder: Path) -> Iterator[MailBench]:
    """Make a school with a koppeling of Snappet at 21QW00 that nobody has to be told of; check each mail at the end."""
    database = open_database(folder, BRIN6, OTHER_BRIN6)
    builder = SchoolBuilder(database, moment=MOMENT)
    for klantnaam in ("Snappet", "Basispoort"):
        builder.add_afnemer(klantnaam, KLANTCODE)
    with mail_server() as server:
        settings = Settings(
            data=folder,
            smtp_host="localhost",
            smtp_port=server.port,
            smtp_tls=SmtpTls.NONE,
            mail_from=SENDER,
            organisation="Stichting Proef",
            public_url="https://uwlr.example/",
        )
        bench = MailBench(database, builder, server, settings)
        builder.activate("snappet")
        assert bench.run() == []
        yield bench
    for taken in server.taken:
        require_decent(taken)
    database.close()
