"""The programs of docs/guides/vendor-database.md, run as they stand there through a year of a school."""

import json
import re
import sqlite3
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr
from support.clock import Clock
from support.edexml_files import eckid, make_dataset
from support.imports import import_dataset
from support.loopback import on_loopback
from support.messages import SOAP11
from support.school_builder import SERVER_KEYS, SchoolBuilder, open_database
from support.toolkits import WAIT, need_php

from uwlr_adapter.clock import AMSTERDAM
from uwlr_adapter.contract.dataset import Groep, Leerling
from uwlr_adapter.demo.setup import KLANTCODE, KLANTNAAM, VERIFICATIECODE
from uwlr_adapter.server.application import make_app
from uwlr_adapter.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "vendor-database.md"
ADDRESS = "http://127.0.0.1:8080/uwlr/leerlinggegevens"
FAULT = (
    f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><s:Fault><faultcode>s:Server.InterneFout</faultcode>'
    "<faultstring>Er ging iets mis.</faultstring></s:Fault></s:Body></s:Envelope>"
).encode()


class House:
    """The service in this process, with a clock; calls that are `broken` get another answer."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.clock = Clock(datetime(2026, 11, 2, 9, tzinfo=AMSTERDAM))
        self.database = open_database(folder)
        settings = Settings(data=folder, keys=SecretStr(",".join(SERVER_KEYS)), public_url=base_url)
        self.app = make_app(settings, self.clock)
        self.endpoint = f"{base_url}/uwlr/leerlinggegevens"
        self.broken: list[bytes] = []
        """Bodies of the next answers: a fault, or a page of a proxy."""

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer as the service does, unless a call is broken."""
        if self.broken and environ["REQUEST_METHOD"] == "POST":
            environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            body = self.broken.pop(0)
            status, kind = ("500 Fault", "text/xml") if body == FAULT else ("503 Weg", "text/html")
            start_response(status, [("Content-Type", kind)])
            return [body]
        return self.app(environ, start_response)

    def close(self) -> None:
        """Close both ends of the database."""
        self.app.close()
        self.database.close()

    @property
    def builder(self) -> SchoolBuilder:
        """A builder whose steps are taken now."""
        return SchoolBuilder(self.database, moment=self.clock())

    def teach(self, *leerlingen: Leerling, schooljaar: str = "2026-2027") -> None:
        """Import a schooljaar with these leerlingen, a day later."""
        self.clock.advance(days=1)
        dataset = make_dataset(leerlingen, groepen=[Groep("groep", "g", "Groep", "4")], schooljaar=schooljaar)
        import_dataset(self.database, dataset, moment=self.clock())


class Vendor(ABC):
    """A program of the page in a folder of its own."""

    language: str
    edits: tuple[tuple[str, str], ...]
    """What stands in the program, and what is written there: no waits."""

    def __init__(self, folder: Path, house: House) -> None:
        code = re.search(rf"```{self.language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
        assert code is not None
        self._code = code[1].replace(ADDRESS, house.endpoint)
        self.folder, self._house = folder, house

    def run(self) -> tuple[str, str]:
        """Run the program today, without its waits; returns the last line that it prints, and its errors."""
        code = self._code
        for old, new in self.edits:
            assert old in code
            code = code.replace(old, new)
        (self.folder / "program").write_text(code, encoding="utf-8")
        command = [*self.command(), "program", self._house.clock().date().isoformat()]
        result = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, encoding="utf-8", check=False, timeout=WAIT
        )
        assert (result.returncode != 0) == bool(result.stderr), result.stderr
        return (result.stdout.splitlines() or [""])[-1], result.stderr

    @abstractmethod
    def command(self) -> list[str]:
        """Return what starts a program; skip where that cannot be had."""

    @abstractmethod
    def people(self) -> dict[str, tuple[int, str]]:
        """Return our id and the ECK-iD of each leerling that is stored, by name."""


class PythonVendor(Vendor):
    """The program in Python."""

    language = "python"
    edits = (("(30, 60, 120, 240)", "(0,) * 4"),)

    def command(self) -> list[str]:
        """Return the command."""
        return [sys.executable]

    def people(self) -> dict[str, tuple[int, str]]:
        """Read the database."""
        with closing(sqlite3.connect(self.folder / "school.db")) as db:
            return {naam: (id_, eck) for id_, eck, naam in db.execute("SELECT id, eckid, naam FROM leerling")}


class PhpVendor(Vendor):
    """The program in PHP."""

    language = "php"
    edits = (("[30, 60, 120, 240]", "[0, 0, 0, 0]"),)

    def command(self) -> list[str]:
        """Return the command."""
        need_php()
        return ["php"]

    def people(self) -> dict[str, tuple[int, str]]:
        """Read the file."""
        stored = json.loads((self.folder / "school.json").read_text(encoding="utf-8"))["leerling"]
        return {one["naam"]: (int(id_), one["eckid"]) for id_, one in stored.items()}


def child(key: str, number: int, roepnaam: str, achternaam: str) -> Leerling:
    """Return a leerling of groep 4."""
    born = f"2019-03-{number:02}"
    return Leerling(key, eckid(number), achternaam, roepnaam=roepnaam, geboortedatum=born, groep="g", jaargroep="4")


ANNA, BRAM = child("a", 1, "Anna", "Bos"), child("b", 2, "Bram", "Dam")
CAS, DANA, ELS = child("c", 3, "Cas", "Ek"), child("d", 4, "Dana", "Fok"), child("e", 5, "Els", "Groen")


@pytest.mark.parametrize("kind", [PythonVendor, PhpVendor])
def test_a_year_of_a_school(tmp_path: Path, kind: type[Vendor]) -> None:
    """At each moment the database has whom the school has, each once and with one id, and loses nobody by a refusal."""
    data, folder = tmp_path / "data", tmp_path / "vendor"
    data.mkdir()
    folder.mkdir()
    houses: list[House] = []

    def make_house(url: str) -> House:
        houses.append(House(data, url))
        return houses[0]

    with on_loopback(make_house), closing(houses[0]) as house:
        vendor = kind(folder, house)
        house.teach(ANNA, BRAM, CAS, DANA)
        house.builder.add_afnemer(KLANTNAAM, KLANTCODE)
        koppeling = house.builder.activate("snappet", "21QW00", VERIFICATIECODE)
        assert vendor.run() == ("4 leerlingen, 0 weg", "")
        first = vendor.people()

        # A leaver, another name, another key at the source, while the service fails twice.
        anna, bram = ANNA._replace(achternaam="Bos-Vos"), BRAM._replace(key="b2")
        house.teach(anna, bram, DANA)
        house.broken = [FAULT, b"<html>Weg</html>", b""]
        assert vendor.run() == ("3 leerlingen, 1 weg", "")
        assert vendor.people() == {
            "Anna Bos-Vos": first["Anna Bos"],
            "Bram Dam": first["Bram Dam"],
            "Dana Fok": first["Dana Fok"],
        }

        # Two ECK-iDs were swapped.
        house.teach(anna._replace(eckid=DANA.eckid), bram, DANA._replace(eckid=ANNA.eckid))
        assert vendor.run() == ("3 leerlingen, 0 weg", "")
        swapped = vendor.people()
        assert swapped["Anna Bos-Vos"] == (first["Anna Bos"][0], DANA.eckid)
        assert swapped["Dana Fok"] == (first["Dana Fok"][0], ANNA.eckid)
        assert vendor.run() == ("3 leerlingen, 0 weg", "")

        # A pause, and a night on which nothing answers.
        paused = house.builder.pause(koppeling)
        assert "Client.AutorisatieOngeldig: Met deze" in vendor.run()[1]
        house.builder.enter_code(paused, VERIFICATIECODE)
        house.broken = [FAULT] * 5
        assert "Server.InterneFout" in vendor.run()[1]
        assert (house.broken, vendor.people()) == ([], swapped)

        # July: next year is there beside this one. August: it is the present one.
        house.clock.moment = datetime(2027, 7, 1, 9, tzinfo=AMSTERDAM)
        house.teach(anna._replace(eckid=DANA.eckid), bram, ELS, schooljaar="2027-2028")
        assert vendor.run() == ("4 leerlingen, 0 weg", "")
        house.clock.moment = datetime(2027, 8, 2, 9, tzinfo=AMSTERDAM)
        assert vendor.run() == ("3 leerlingen, 1 weg", "")
        assert vendor.people() == {
            "Anna Bos-Vos": swapped["Anna Bos-Vos"],
            "Bram Dam": first["Bram Dam"],
            "Els Groen": vendor.people()["Els Groen"],
        }
