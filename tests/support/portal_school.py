"""The example school of the portal: a koppeling in each state, traffic, and a gebruiker of each role."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from support.databases import make_tables
from support.journaal import write_entries
from support.result_bench import Sent
from support.school_builder import ACTOR, SchoolBuilder, quick_hash
from support.sent_results import OSO, send_results, toets
from uwlr_adapter.administratie import schools
from uwlr_adapter.administratie.importing import importer, not_taken
from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.administratie.tables import deelname, persoon
from uwlr_adapter.clock import day_of, schooljaar_of, to_utc
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import school, setup
from uwlr_adapter.gebruikers import accounts, invitations, recovery
from uwlr_adapter.gebruikers.accounts import NewGebruiker
from uwlr_adapter.gebruikers.invitations import NewInvitation
from uwlr_adapter.gebruikers.tables import GebruikerRol
from uwlr_adapter.jobs.lease import Lease
from uwlr_adapter.jobs.registry import JOBS
from uwlr_adapter.jobs.work import run_now
from uwlr_adapter.journaal.model import RefusalReason, VerzoekEntry
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, afnemers, store
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import afnemer, koppeling, shown_code, voorwaarden
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.maintenance import announced
from uwlr_adapter.resultaten import taking_back
from uwlr_adapter.settings import Settings

DAILY, SILENT, BEHIND = "40CD00", "40CD01", "40CD02"
"""Three of one school, with the verdicts that the others lack: a platform fetches each night at the first one, and
fetches no more at the second; the last delivery of the third was refused."""
PASSWORD = "een goed wachtwoord voor de test"
TOTP = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
FULL, NEIGHBOUR, EMPTY = "21QW00", "21QW01", "30AB00"
"""The vestiging with a koppeling in each state and questions, one whose records are stale, and one with no records."""
OLDER_TERMS = """
1. De school geeft opdracht om gegevens van leerlingen en hun ouders beschikbaar te stellen
   aan het gekozen ouderportaal.
2. De school heeft met de leverancier van het ouderportaal afspraken gemaakt.
3. De school betaalt vooraf.
4. De school kan de koppeling op elk moment beëindigen; daarna worden geen gegevens meer beschikbaar gesteld.
"""
"""What the school agreed to before the terms that are shipped."""
VESTIGINGEN = {
    EMPTY: "De Lege Bank",
    DAILY: "De Horizon",
    SILENT: "De Horizon, locatie Noord",
    BEHIND: "De Horizon, locatie Zuid",
}
"""The vestigingen beside those of the demo, none of which has records."""
DAYS, PAUSE, SILENT_DAYS = 30, 1, 6
"""How many days ago the koppelingen were made, the night that one of them met its pause, and the days of silence."""
REFUSED = "Client.AutorisatieOngeldig"
GEBRUIKERS = (
    NewGebruiker("a.devries", "A. de Vries", GebruikerRol.SCHOOLBEHEERDER, (FULL,), needs_totp=False),
    NewGebruiker("b.bakker", "B. Bakker", GebruikerRol.SCHOOLBEHEERDER, (FULL,), needs_totp=False),
    NewGebruiker("leeg", "C. Elders", GebruikerRol.SCHOOLBEHEERDER, (EMPTY,), needs_totp=False),
    NewGebruiker("horizon", "I. Horizon", GebruikerRol.SCHOOLBEHEERDER, (DAILY, SILENT, BEHIND), needs_totp=False),
    NewGebruiker("bestuur", "D. van den Bestuur", GebruikerRol.BESTUUR, (FULL, NEIGHBOUR, EMPTY), needs_totp=False),
    NewGebruiker("operator", "E. Beheer", GebruikerRol.OPERATOR, (), needs_totp=False),
    NewGebruiker("streng", "F. Strik", GebruikerRol.SCHOOLBEHEERDER, (FULL,)),
    NewGebruiker("instellen", "G. Nieuw", GebruikerRol.SCHOOLBEHEERDER, (FULL,)),
    NewGebruiker("lezer", "L. de Lezer", GebruikerRol.LEZER, (FULL,), needs_totp=False),
    NewGebruiker("vendor", "V. Vendor", GebruikerRol.AFNEMER, klantnaam="Snappet", needs_totp=False),
)
"""`streng` has a second factor, `instellen` has to set one up."""
RECOVERY = tuple(f"aaaaabbbb{letter}" for letter in "cdefghjk")
"""The recovery codes of `streng`."""


@dataclass(frozen=True)
class PortalSchool:
    """A data folder, and what a test knows of it."""

    data: Path
    schooljaar: str
    koppelingen: dict[str, int]
    """Ids of koppelingen by what they are an example of."""
    link: str
    """The token of a one-time link that nobody used."""
    invitation: str
    """The token of an invitation that nobody accepted."""
    gebruikers: dict[str, int]
    """Ids of users by login."""

    def open(self) -> Database:
        """Open its database."""
        return Database(Settings(data=self.data).database_url)


def furnish(data: Path, moment: datetime) -> PortalSchool:
    """Make the school in an empty data folder, as it is at this moment after a month of use."""
    settings = Settings(data=data)
    database = Database(settings.database_url)
    try:
        make_tables(database)
        server_keys = ServerKeys.from_settings(settings, database)
        begin = moment - timedelta(days=DAYS)
        setup.prepare(database, server_keys, begin)
        then = SchoolBuilder(database, server_keys, moment=begin, login="a.devries", naam="A. de Vries")
        now = replace(then, moment=moment)
        with then.transaction() as connection:
            for brin6, naam in VESTIGINGEN.items():
                schools.add_vestiging(connection, brin6, naam)
            for klantnaam in ("Basispoort", "UWLR-4D", "Gestopt"):
                then.add_afnemer(klantnaam)
            koppelingen = _activate(then)
        with now.transaction() as connection:
            afnemers.disable(connection, "Gestopt", moment, actor=ACTOR)
            now.add_gebruikers(GEBRUIKERS, quick_hash(PASSWORD), {"streng": TOTP})
            link = now.add_gebruiker(NewGebruiker("nieuw", "H. Nieuw", GebruikerRol.SCHOOLBEHEERDER, (FULL,)))
            _live_through(connection, koppelingen, moment)
            _end_up_in_each_verdict(connection, koppelingen, moment)
            _show_to_vendors(connection, koppelingen, moment)
            invitation = _invite(connection, moment)
            users = {one.login: one.id for one in accounts.list_all(connection)}
            recovery.store(connection, users["streng"], TOTP, RECOVERY)
        _send_results(database, moment)
        _ask_who_they_are(database, moment)
        run_now(JOBS["calls"], database, settings, Lease("calls", "furnish"), moment=moment)
    finally:
        database.close()
    ids = {naam: one.id for naam, one in koppelingen.items()}
    return PortalSchool(data, schooljaar_of(day_of(moment)), ids, link, invitation, users)


def _invite(connection: sa.Connection, moment: datetime) -> str:
    """Invite a new colleague, one who has an account, and one who did not come; return the token of the first."""
    token = accounts.new_token()
    for login, naam, made, given in (
        ("i.nieuw@school.example", "I. Nieuw", moment, token),
        ("leeg", "C. Elders", moment, accounts.new_token()),
        ("te.laat", "J. te Laat", moment - timedelta(days=4), accounts.new_token()),
    ):
        new = NewInvitation(FULL, login, naam, GebruikerRol.LEZER)
        invitations.invite(connection, new, given, made, actor="a.devries")
    return token


def _send_results(database: Database, moment: datetime) -> None:
    """Send a class its results, then corrections, with one leerling who is not known; take one message back."""
    year = schooljaar_of(day_of(moment))
    with database.reading() as connection:
        where = (deelname.c.brin6 == FULL, deelname.c.schooljaar == year, persoon.c.soort == "leerling")
        query = sa.select(persoon.c.key).join(deelname, deelname.c.persoon_id == persoon.c.id).where(*where)
        keys = list(connection.scalars(query.order_by(persoon.c.id).limit(20)))
    parts = ("Getallen en bewerkingen", "Meten en meetkunde", "Verhoudingen", "Verbanden", "Geld", "Tijd", "Klokkijken")
    rekenen, taal = toets("M5 rekenen", "Rekenen-Wiskunde M5", parts), toets("M5|taal|5a|17", None, (), None)

    def of(days: int, score: int, name: str) -> list[Sent]:
        day = day_of(moment - timedelta(days=days))
        letters = (None, *(chr(ord("A") + place) for place in range(len(parts))))
        return [
            Sent(key, f"{name}-{key}-{part}", (score + place + at) % 11, None, "M5 rekenen", part, day)
            for place, key in enumerate(keys)
            for at, part in enumerate(letters)
        ]

    begin = moment - timedelta(days=20)
    link, day = "https://snappet.example/toets/1", day_of(begin)
    send_results(database, begin, *of(90, 2, "a"), *of(20, 4, "b"), toetsen=[rekenen])
    oso = [
        Sent(keys[0], f"oso-{days}", None, None, "M5|taal|5a|17", None, day_of(moment - timedelta(days=days)), OSO)
        for days in (2, 50)
    ]
    unknown = Sent("onbekend-nummer-12345", "weg", 1, None, "M5 rekenen")
    double = [Sent(keys[0], name, 6, None, "M5 rekenen", "A", day, None, link) for name in ("dubbel-1", "dubbel-2")]
    send_results(database, begin + timedelta(hours=1), *oso, unknown, *double, toetsen=[rekenen, taal])
    send_results(
        database, begin + timedelta(hours=2), *(replace(one, score=9) for one in of(20, 4, "b")[:3]), toetsen=[rekenen]
    )
    taken = send_results(
        database, begin + timedelta(hours=3), Sent(keys[1], "terug", 1, None, "M5 rekenen"), toetsen=[rekenen]
    )
    with database.writing() as connection:
        taking_back.take_back(connection, begin + timedelta(hours=4), FULL, taken.message_id, "b.bakker")


def _ask_who_they_are(database: Database, moment: datetime) -> None:
    """Import a year again in which keys and an ECK-iD are of other persons; refuse a later source of the neighbour."""
    schooljaar = schooljaar_of(day_of(moment))
    delivery = edexml.read(school.edexml(FULL, schooljaar))
    leerlingen, leerkrachten = list(delivery.leerlingen), list(delivery.leerkrachten)
    other = leerlingen[3].record._replace(eckid=None, roepnaam="Fatima", achternaam="Mol", geboortedatum="2018-02-02")
    mixed = leerlingen[5].record._replace(eckid=leerlingen[9].record.eckid)
    teacher = replace(leerkrachten[0].record, eckid=None, roepnaam="Noor", achternaam="Vos")
    leerlingen[3] = replace(leerlingen[3], record=other)
    leerlingen[5] = replace(leerlingen[5], record=mixed)
    leerlingen[9] = replace(leerlingen[9], record=leerlingen[9].record._replace(eckid=None))
    leerkrachten[0] = replace(leerkrachten[0], record=teacher)
    changed = replace(delivery, leerlingen=tuple(leerlingen), leerkrachten=tuple(leerkrachten))
    importer.import_deliveries(database, [changed], importer.ImportOptions(moment - timedelta(days=2)))
    with database.writing() as connection:
        years = [(NEIGHBOUR, schooljaar)]
        not_taken.record(connection, years, ImportRefusedError([]), moment - timedelta(days=1))


def _activate(builder: SchoolBuilder) -> dict[str, Koppeling]:
    """Activate a koppeling of each kind; that of Snappet is the demo's."""
    much_later = day_of(builder.moment) + timedelta(days=DAYS + 60)
    made = {
        "actief": builder.living(FULL, "snappet"),
        "gepauzeerd": builder.activate("basispoort", FULL, f"{FULL}gepauzeerde-koppeling"),
        "beeindigd": builder.activate("uwlr-4d", FULL, f"{FULL}beeindigde-koppeling"),
        "nieuwe voorwaarden": builder.activate("ouderportaal-basis", FULL, None),
        "zonder leerlingen": builder.activate("snappet", EMPTY, f"{EMPTY}zonder-leerlingen"),
        "later": builder.activate("uwlr-4d", EMPTY, f"{EMPTY}begint-nog-niet", startdatum=much_later),
        "elke nacht": builder.activate("snappet", DAILY, f"{DAILY}elke-nacht-een-keer"),
        "geweigerd": builder.activate("basispoort", DAILY, f"{DAILY}een-andere-code"),
        "geblokkeerd": builder.activate("uwlr-4d", DAILY, f"{DAILY}leverancier-gestopt"),
        "niet meer aangeboden": builder.activate("esis-app", DAILY, None),
        "niet meer opgehaald": builder.activate("snappet", SILENT, f"{SILENT}niet-meer-opgehaald"),
        "geen leerlingen": builder.activate("basispoort", SILENT, f"{SILENT}geen-leerlingen"),
        "storing": builder.activate("uwlr-4d", SILENT, f"{SILENT}storing-overal"),
        "verouderd": builder.activate("snappet", BEHIND, f"{BEHIND}verouderde-gegevens"),
    }
    made["elke nacht"] = builder.give(made["elke nacht"], Toestemming.RESULTATEN)
    first_year = int(schooljaar_of(day_of(builder.moment))[2:4])
    made["gepauzeerd"] = builder.withhold(made["gepauzeerd"], f"L{first_year * 1000 + 1:05}")  # of the youngest ones
    with builder.transaction() as connection:
        older_terms = koppeling.update().where(koppeling.c.id == made["nieuwe voorwaarden"].id)
        connection.execute(older_terms.values(akkoord_voorwaarden="ouderportaal-0", akkoord_tekst="ouder"))
        older_text = {"digest": "ouder", "terms_id": "ouderportaal", "versie": "ouderportaal-0", "tekst": OLDER_TERMS}
        connection.execute(voorwaarden.insert().values(**older_text, since=to_utc(builder.moment)))
    return made


def _live_through(connection: sa.Connection, koppelingen: dict[str, Koppeling], moment: datetime) -> None:
    """Write a month of fetches by night, some of them refused; pause one koppeling and end another on the way."""
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)

    def fetch(naam: str, minutes: int, outcome: str, reason: RefusalReason | None = None) -> None:
        when = midnight - timedelta(days=days) + timedelta(hours=2, minutes=minutes)
        one, leerlingen = koppelingen[naam], 232 if outcome == "leerlinggegevens" else None
        afnemer_id = one.afnemer_id or 0
        line = VerzoekEntry(when, "HaalLeerlinggegevens", afnemer_id, outcome=outcome, reason=reason)
        line.koppeling_id, line.brin6, line.leerlingen = one.id, FULL, leerlingen
        write_entries(connection, line)

    for days in range(DAYS - 1, 0, -1):
        if days in {11, 12}:
            for minutes in (12, 22, 42):
                fetch("actief", minutes, REFUSED, RefusalReason.WRONG_CODE)
        else:
            fetch("actief", 12, "geenwijzigingen" if days % 7 in {1, 2} else "leerlinggegevens")
        if days == PAUSE:
            fetch("gepauzeerd", 40, REFUSED, RefusalReason.PAUSED)
        elif days > PAUSE:
            fetch("gepauzeerd", 40, "leerlinggegevens")
        for naam, day, act in (("gepauzeerd", PAUSE + 1, actions.clear_code), ("beeindigd", 9, actions.end)):
            if days == day:
                when = midnight - timedelta(days=days) + timedelta(hours=10, minutes=5)
                act(connection, koppelingen[naam].id, koppelingen[naam].version, when, actor="cli:proef")


def _show_to_vendors(connection: sa.Connection, koppelingen: dict[str, Koppeling], moment: datetime) -> None:
    """Mark the koppelingen of which the code was shown, one of them before it got another; write calls, and announce.

    The calls are refused with a word, or needed a repair.
    """
    for naam in ("actief", "elke nacht", "verouderd"):
        code = koppelingen[naam].code_digest or ""
        store.record_shown(connection, koppelingen[naam].id, shown_code(code))
    silent = koppeling.update().where(koppeling.c.id == koppelingen["niet meer opgehaald"].id)
    connection.execute(silent.values(shown_code="00000000"))
    schema, version, body = RefusalReason.SCHEMA, RefusalReason.VERSION, "pad=leerlinggegevens_verzoek"
    for outcome, reason, remarks, repairs in (
        ("Client.OngeldigBericht", schema, (f"{body}/schooljaar", "regel=vorm"), ()),
        ("Client.XsdVersieOngeldig", version, (f"{body}/xsdversie", "regel=versie"), ()),
        ("leerlinggegevens", None, (), ("witruimte", "xsdversie")),
    ):
        line = VerzoekEntry(moment - timedelta(hours=1), "HaalLeerlinggegevens", koppelingen["actief"].afnemer_id or 0)
        line.outcome, line.reason, line.remarks, line.repairs = outcome, reason, remarks, repairs
        write_entries(connection, line)
    begin, text = moment + timedelta(days=40), "De dienst krijgt een nieuwe versie. Ophalen kan dan niet."
    announced.announce(connection, begin, begin + timedelta(hours=3), text, moment, actor="cli:proef")


def _end_up_in_each_verdict(connection: sa.Connection, koppelingen: dict[str, Koppeling], moment: datetime) -> None:
    """Write the nights of the three vestigingen that have the verdicts which the others lack."""

    def fetch(naam: str, days: int, leerlingen: int, reason: RefusalReason | None = None) -> None:
        one, outcome = koppelingen[naam], "leerlinggegevens" if leerlingen else "geengegevens"
        line = VerzoekEntry(moment - timedelta(days=days, hours=7), "HaalLeerlinggegevens", one.afnemer_id or 0)
        line.outcome, line.reason = (outcome, None) if reason is None else (REFUSED, reason)
        line.koppeling_id, line.brin6, line.leerlingen = one.id, one.brin6, None if reason else leerlingen
        write_entries(connection, line)

    for days in range(DAYS - 1, -1, -1):
        for naam in ("elke nacht", "verouderd"):
            fetch(naam, days, 180)
        fetch("geweigerd", days, 180, RefusalReason.WRONG_CODE if days <= PAUSE else None)
        fetch("geen leerlingen", days, 0 if days <= PAUSE else 90)
        for naam in ("niet meer opgehaald", "storing", "geblokkeerd"):
            if days > SILENT_DAYS:
                fetch(naam, days, 90)
    not_taken.record(connection, [(BEHIND, schooljaar_of(day_of(moment)))], ImportRefusedError([]), moment)
    kept_out = sa.select(afnemer.c.id).where(afnemer.c.klantnaam == "Gestopt").scalar_subquery()
    blocked, left = koppelingen["geblokkeerd"].id, koppelingen["niet meer aangeboden"].id
    connection.execute(koppeling.update().where(koppeling.c.id == blocked).values(afnemer_id=kept_out))
    connection.execute(koppeling.update().where(koppeling.c.id == left).values(entry_id="leesplein"))
