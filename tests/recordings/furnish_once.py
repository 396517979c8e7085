"""Furnish the house of the recordings, once, with the code whose behaviour is recorded; see README.md beside it."""

import gzip
import json
import shutil
import sqlite3
import sys
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import portaalhuis
import sqlalchemy as sa
from berichten import body, envelope, header
from databank import Databank
from edexml_bestand import eckid, make_dataset, to_edexml
from huis import CODE_OF_ONE, ONE_OF_EACH
from portal_hulp import Browser
from wsgi import call

from uwlr_adapter.administratie import batches, edexml, store, vergeten, vestigingen
from uwlr_adapter.administratie.csv_set import CsvBron
from uwlr_adapter.app import make_app
from uwlr_adapter.contract.dataset import Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol
from uwlr_adapter.demo import opzet
from uwlr_adapter.gebruikers import gebruiker as gebruikers
from uwlr_adapter.gebruikers.gebruiker import Nieuw
from uwlr_adapter.gebruikers.tables import Rol as GebruikerRol
from uwlr_adapter.koppelingen import afnemer, handelingen
from uwlr_adapter.koppelingen import store as koppelingen
from uwlr_adapter.koppelingen.catalogus import Catalogus
from uwlr_adapter.koppelingen.handelingen import Aanvraag
from uwlr_adapter.koppelingen.koppeling import Koppeling
from uwlr_adapter.koppelingen.sleutels import Sleutelbos
from uwlr_adapter.koppelingen.tables import koppeling
from uwlr_adapter.opslag import Opslag, metadata
from uwlr_adapter.settings import Settings
from uwlr_adapter.tijd import day_of

DATA = Path(__file__).parent / "data"
CSV = Path(__file__).parents[1] / "data" / "csv" / "goed"
MOMENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
BEGIN = MOMENT - timedelta(days=30)
JAAR = "2026-2027"
KEYS = f"# invented server keys of the recordings\nnieuw={'0b' * 32}\noud={'0a' * 32}\n"
KLANTCODES = {
    "Snappet": opzet.KLANTCODE,
    "Basispoort": "klantcode-van-basispoort-1",
    "UWLR-4D": "klantcode-van-uwlr-4d-1",
    "Gestopt": "klantcode-van-gestopt-1",
    "Toetsbouwer": "klantcode-van-toetsbouwer-1",
    "Alleslezer": "klantcode-van-alleslezer-1",
}
MORE = """
# The entries below are of the recordings only: every profile needs a koppeling.

[[koppeling]]
id = "toetsbouwer"
naam = "Toetsbouwer"
type = "UWLR Leerlinggegevens"
omschrijving = "Toetsbouwer UWLR koppeling"
prijs = "Geen aanvullende kosten"
voorwaarden = "uwlr"
afnemer = "Toetsbouwer"
profiel = "LVS-set"

[[koppeling]]
id = "alleslezer"
naam = "Alleslezer"
type = "UWLR Leerlinggegevens"
omschrijving = "Alleslezer UWLR koppeling"
prijs = "Geen aanvullende kosten"
voorwaarden = "uwlr"
afnemer = "Alleslezer"
profiel = "volledig"
"""
RIJK = "60GH00"
"""The vestiging whose records have every element there is."""


def rich_years(state: int) -> list[bytes]:
    """Return the EDEXML files of the rich school in one of its states, each later one with other records."""
    nota = {"omschrijving": "Bij de tuin <en> & 'de' \"vijver\"", "mutatiedatum": "2026-09-01T10:00:00"}
    groepen = [
        Groep("groep", "g3", "3 ] ]> Ünïcode", "3", **nota),
        Groep("groep", "g4", "4B" if state else "4A", "4"),
        Groep("groep", "gv", "Voortgezet", "C"),
        Groep("samengestelde_groep", "p", "Plus", None, **nota),
        Groep("samengestelde_groep", "leeg", "Niemand"),
    ]
    locaties = [Locatie("VH", "Hoofdgebouw", "Aan het plein", "2026-09-01T10:00:00+02:00"), Locatie("VB", "Bijgebouw")]
    alles: dict[str, Any] = {
        "achternaam": "Zonneveld-Łąkowski",
        "voorvoegsel": "van den",
        "voornamen": "Zoë Maria & Co",
        "voorletters_1": "Z.M.",
        "roepnaam": "Zoë",
        "geboortedatum": "2018-03-14",
        "geslacht": "2",
        "start_ondw_jgr3": "2024-08-01",
        "jaargroep": "3",
        "groep": "g3",
        "samengestelde_groepen": ("p", "leeg"),
        "vestiging": "VH",
        "gebruikersnaam": "zoe.z",
        "emailadres": "zoe@school.example",
        "fotourl": "https://foto.example/1?a=b&c=d",
        "etniciteit": "1",
        "land": "NL",
        "land_vader": "TR",
        "land_moeder": "MA",
        "gewicht_nieuw": "0.30",
        "gewicht": "0.00",
        "postcodenl": "1234AB",
        "instroomdatum": "2022-08-01",
        "mutatiedatum": "2026-10-01T07:00:00.5+02:00",
    }
    leerlingen = [
        Leerling("1", eckid(1), **alles),
        Leerling("2", eckid(2), achternaam="Bos", roepnaam="Bo", geboortedatum="2018-01-02", geslacht="1", groep="g4"),
        Leerling("3", roepnaam="Mo", instroomdatum="2026-12-01", groep="g4", postnummerbe="1000", geslacht="0"),
        Leerling("4", roepnaam="Jo", uitstroomdatum="2026-12-01", groep="g3", postcodeoverig="SW1A 1AA", geslacht="9"),
        Leerling("5", achternaam="Alleen-achternaam", jaargroep="4", groep="g4"),
        Leerling("7", eckid(7), roepnaam="Zonder groep"),
        Leerling("wordt-vergeten", eckid(8), achternaam="Vergeten", roepnaam="Wies", groep="g3"),
    ]
    if state:
        leerlingen += [Leerling("6", eckid(6), roepnaam="Kees", achternaam="Later", groep="g3", land="NL")]
    if state > 1:
        leerlingen = [one for one in leerlingen if one.key != "wordt-vergeten"][:6]
    leerkrachten = [
        Leerkracht(
            "m1",
            eckid(101),
            "Goudplevier",
            "de",
            "Kim Anna",
            "K.A.",
            "Kim",
            "kim",
            "kim@school.example",
            (Rol("rol", "LRK"), Rol("rol", "IB"), Rol("rolomschrijving", "leescoach")),
            (GroepVerwijzing("groep", "g3", (Rol("rol", "LRK"),)), GroepVerwijzing("samengestelde_groep", "p")),
            "2026-09-01T10:00:00",
        ),
        Leerkracht("m2", achternaam="Zonder", rollen=(Rol("rol", "DIR"),)),
    ]
    this = make_dataset(
        leerlingen, leerkrachten=leerkrachten, groepen=groepen, locaties=locaties, brin6=RIJK, schoolkey="rijke-school"
    )
    past = make_dataset(leerlingen[:2], groepen=groepen, locaties=locaties, brin6=RIJK, schooljaar="2025-2026")
    return [to_edexml(this), to_edexml(past)]


def furnish(data: Path) -> dict[str, Any]:
    """Furnish the house; return what its callers and users know."""
    data.mkdir()
    (data / "keys").write_text(KEYS)
    (data / "keys").chmod(0o600)
    shipped = Path(handelingen.__file__).with_name("catalogus.toml").read_text(encoding="utf-8")
    (data / "catalogus.toml").write_text(shipped + MORE, encoding="utf-8")
    settings = Settings(data=data, catalogus=data / "catalogus.toml")
    opslag = Opslag(settings.database_url)
    opslag.upgrade()
    sleutels = Sleutelbos.from_settings(settings, opslag)
    catalogus = Catalogus.load(settings.catalogus)
    opzet.prepare(opslag, sleutels, BEGIN)
    klantcodes = dict(KLANTCODES)
    with opslag.writing() as connection:
        vestigingen.add_vestiging(connection, "50EF00", "De Lege Bank")
        vestigingen.add_vestiging(connection, RIJK, "De Rijke School")
        one = edexml.read(ONE_OF_EACH.format(schooljaar=JAAR).encode())
        store.apply(connection, [one], store.Opties(BEGIN + timedelta(days=3)))
        vestigingen.add_vestiging(connection, "40CD00", "De Stille School <&>", "stille-sleutel")
        for klantnaam in list(klantcodes)[1:]:
            afnemer.add(connection, sleutels, klantnaam, BEGIN, klantcodes[klantnaam])
        afnemer.disable(connection, "Gestopt", MOMENT - timedelta(days=3))
        afnemer.set_strict(connection, "Toetsbouwer", streng=True)
        _, klantcodes["Alleslezer nieuw"] = afnemer.rotate(
            connection, sleutels, "Alleslezer", MOMENT - timedelta(days=1), timedelta(days=14)
        )
        other = {"leeg": ("50EF00",), "bestuur": ("21QW00", "21QW01", "40CD00", "50EF00")}
        portaalhuis.GEBRUIKERS = tuple(
            replace(one, vestigingen=other.get(one.login, one.vestigingen)) for one in portaalhuis.GEBRUIKERS
        )
        link = portaalhuis._add_gebruikers(connection, sleutels, MOMENT)  # noqa: SLF001
        more = Nieuw("rijk", "R. Rijk", GebruikerRol.SCHOOLBEHEERDER, (RIJK, "30AB00"), totp_nodig=False)
        for nieuw in (more, Nieuw("gestopt", "G. Gestopt", GebruikerRol.BESTUUR, ("21QW00", "40CD00"))):
            _, token = gebruikers.add(connection, nieuw, MOMENT)
            gebruikers.set_password(connection, token, portaalhuis.PasswordHasher(1, 8, 1).hash(portaalhuis.WACHTWOORD), MOMENT)
        gebruikers.disable(connection, "gestopt", MOMENT)
    for state in (0, 1, 2):
        leveringen = [edexml.read(file) for file in rich_years(state)]
        moment = BEGIN + timedelta(days=5 * state + 1)
        store.import_leveringen(opslag, leveringen, store.Opties(moment, bron="edexml", naam="De Rijke School"))
    with opslag.writing() as connection:
        latest = batches.find_all(connection)[0]
        batches.undo(connection, latest.id, MOMENT - timedelta(days=2))
        vergeten.forget(connection, RIJK[:4], "wordt-vergeten", MOMENT - timedelta(days=1))
        vergeten.forget(connection, "21QW", "L23500", MOMENT - timedelta(days=1))
    csv = data / "csv"
    shutil.copytree(CSV, csv)
    for file in csv.glob("*.csv"):
        file.write_bytes(file.read_bytes().replace(b"21QW", b"70JK"))
    bron = CsvBron([csv])
    store.import_leveringen(opslag, bron.lees(str(csv)), store.Opties(BEGIN + timedelta(days=2), bron="csv"))
    shutil.rmtree(csv)

    def activate(aanbod: str, code: str | None, brin6: str, days: int = 0) -> Koppeling:
        start = day_of(BEGIN) + timedelta(days=days)
        aanvraag = Aanvraag(brin6, aanbod, "a.devries", "A. de Vries", True, start, code)  # noqa: FBT003
        with opslag.writing() as connection:
            return handelingen.activate(connection, catalogus, sleutels, aanvraag, BEGIN)

    codes = {
        "21QW00 snappet": opzet.VERIFICATIECODE,
        "21QW00 basispoort": "21QW00gepauzeerd-koppeling",
        "21QW00 uwlr-4d": "21QW00beeindigde-koppeling",
        "50EF00 snappet": "50EF00zonder-leerlingen",
        "50EF00 uwlr-4d": "50EF00begint-nog-niet",
        "21QW01 basispoort": "21QW01nog-niet-gestart",
        "30AB00 snappet": CODE_OF_ONE,
        **{f"{brin6} {aanbod}": f"{brin6}code-{aanbod}-00" for brin6 in (RIJK, "70JK00", "21QW01")
           for aanbod in ("snappet", "toetsbouwer", "alleslezer") if f"{brin6} {aanbod}" != "21QW01 snappet"},
    }
    made: dict[str, Koppeling] = {}
    for naam, code in codes.items():
        brin6, aanbod = naam.split()
        if naam == "21QW00 snappet":
            with opslag.reading() as connection:
                found = koppelingen.living(connection, brin6, aanbod)
            assert found is not None
            made[naam] = found
        else:
            made[naam] = activate(aanbod, code, brin6, 60 if naam in {"50EF00 uwlr-4d", "21QW01 basispoort"} else 0)
    made["21QW00 ouderportaal-basis"] = activate("ouderportaal-basis", None, "21QW00")
    with opslag.writing() as connection:
        older = koppeling.update().where(koppeling.c.id == made["21QW00 ouderportaal-basis"].id)
        connection.execute(older.values(akkoord_voorwaarden="ouderportaal-0"))
        again = made["30AB00 snappet"].id
        connection.execute(koppeling.update().where(koppeling.c.id == again).values(akkoord_voorwaarden="uwlr-0"))
        handelingen.agree_again(
            *(connection, catalogus, again, made["30AB00 snappet"].versie),
            **{"login": "b.bakker", "naam": "B. Bakker", "akkoord": True, "moment": MOMENT - timedelta(days=6)},
        )
        names = {"actief": "snappet", "gepauzeerd": "basispoort", "beeindigd": "uwlr-4d"}
        portaalhuis._live_through(connection, {a: made[f"21QW00 {b}"] for a, b in names.items()}, MOMENT)  # noqa: SLF001
    opslag.close()
    _use(settings, klantcodes, codes)
    return {
        "moment": MOMENT.isoformat(),
        "schooljaar": JAAR,
        "klantcodes": klantcodes,
        "verificatiecodes": codes,
        "koppelingen": {naam: one.id for naam, one in made.items()},
        "wachtwoord": portaalhuis.WACHTWOORD,
        "demo": [opzet.PORTAL_LOGIN, opzet.PORTAL_WACHTWOORD],
        "totp": portaalhuis.TOTP,
        "link": link,
    }


def _use(settings: Settings, klantcodes: dict[str, str], codes: dict[str, str]) -> None:
    """Fetch on the days before the moment, so that there are stored answers, each with its stand, and refusals."""
    klantnaam = {"snappet": "Snappet", "toetsbouwer": "Toetsbouwer", "alleslezer": "Alleslezer"}
    for days, names in ((4, [RIJK, "70JK00"]), (2, [RIJK, "21QW01"])):
        moment = MOMENT - timedelta(days=days, hours=3)
        app = make_app(settings, lambda moment=moment: moment)  # type: ignore[misc]
        for naam, code in codes.items():
            brin6, aanbod = naam.split()
            if brin6 not in names:
                continue
            for versie in ("2.2", "2.3") if days == 2 else ("2.1", "2.2"):
                school = f"<brincode>{brin6[:4]}</brincode><dependancecode>{brin6[4:]}</dependancecode>"
                for operatie in ("leerlinggegevens_verzoek", "leerlingen_verzoek"):
                    groep = '<groepen><groep key="g3"/></groepen>' if operatie.startswith("leerlingen") else ""
                    inner = body(JAAR, school, f"<xsdversie>{versie}</xsdversie>{groep}", operatie)
                    given = klantnaam.get(aanbod, "Basispoort")
                    call(app, envelope(inner, header(code, klantcodes[given], given)))
        for wrong in ("Onbekend", "Gestopt"):
            call(app, envelope(kop=header("21QW00een-foute-code-1", "mis", wrong)))
        call(app, envelope(body(school="<schoolkey>weet-niet</schoolkey>"), header(klantcode=klantcodes["Snappet"])))
        slordig = envelope(body("", rest=""), header(codes["21QW00 snappet"] + " ", klantcodes["Snappet"]))
        call(app, slordig)
        browser = Browser(app)
        browser.login("a.devries", "een fout wachtwoord")
        app.close()


def as_postgresql(data: Path, url: str) -> bytes:
    """Return statements that make the tables as the migrations make them in PostgreSQL, with every row of SQLite's."""
    old, new = Opslag(Settings(data=data).database_url), Opslag(url)
    statements: list[str] = []

    def keep(_connection: object, _cursor: object, statement: str, parameters: Any, *_more: object) -> None:
        if statement.split()[0] in {"CREATE", "ALTER", "DROP"} or " alembic_version " in statement:
            assert not parameters, statement
            if not statement.startswith("SELECT"):
                statements.append(statement)

    sa.event.listen(new.engine, "before_cursor_execute", keep)
    new.upgrade()
    sa.event.remove(new.engine, "before_cursor_execute", keep)
    with old.reading() as source, new.writing() as target:
        for table in metadata.sorted_tables:
            rows = [dict(row) for row in source.execute(sa.select(table)).mappings()]
            target.execute(table.delete())
            if rows:
                target.execute(table.insert(), rows)
    with new.reading() as target:
        for table in metadata.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.columns)
            texts = ", ".join(f'"{column.name}"::text' for column in table.columns)
            for row in target.exec_driver_sql(f'SELECT {texts} FROM "{table.name}" ORDER BY 1'):
                values = ", ".join("NULL" if value is None else f"""'{value.replace("'", "''")}'""" for value in row)
                statements.append(f'INSERT INTO "{table.name}" ({names}) VALUES ({values})')
            for column in table.primary_key:
                name = f"pg_get_serial_sequence('{table.name}', '{column.name}')"
                if target.exec_driver_sql(f"SELECT {name}").scalar():
                    statements.append(f"SELECT setval({name}, (SELECT max({column.name}) FROM {table.name}))")
    old.close()
    new.close()
    return "".join(f"{statement.strip()};\n" for statement in statements).encode()


def main() -> None:
    """Write the fixture."""
    DATA.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        facts = furnish(data)
        vacuumed = Path(folder) / "small.sqlite3"
        with sqlite3.connect(data / "uwlr.sqlite3") as connection:
            connection.execute("VACUUM INTO ?", [str(vacuumed)])
        with Databank.open() as databank, databank.database(empty=True) as url:
            sql = as_postgresql(data, url)
        for naam, content in (("house.sqlite3.gz", vacuumed.read_bytes()), ("house.postgresql.sql.gz", sql)):
            (DATA / naam).write_bytes(gzip.compress(content, 9, mtime=0))
            sys.stdout.write(f"{naam}: {len(content)}, {(DATA / naam).stat().st_size} compressed\n")
        for naam in ("keys", "catalogus.toml"):
            shutil.copyfile(data / naam, DATA / naam)
    (DATA / "house.json").write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


main()
