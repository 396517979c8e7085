"""`mail list`, `mail test`, `mail bounced`, `school address`, `school set --region` and `gebruiker add --email`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.csv_sets import CommandBench
from support.mail_server import MailServerOfTest, Mood, mail_server

ADDRESS = "administratie@school.example"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServerOfTest]:
    """Yield a mail server that the settings of the commands name."""
    with mail_server() as running:
        monkeypatch.setenv("UWLR_SMTP_HOST", "localhost")
        monkeypatch.setenv("UWLR_SMTP_PORT", str(running.port))
        monkeypatch.setenv("UWLR_SMTP_TLS", "none")
        monkeypatch.setenv("UWLR_MAIL_FROM", "meldingen@uwlr.example")
        yield running


@pytest.fixture
def bench(tmp_path: Path) -> CommandBench:
    """Return commands on a new database with one vestiging."""
    made = CommandBench(tmp_path / "data")
    made.init()
    assert made.run("school", "add", "21QW00", "--naam", "De Regenboog").exit_code == 0
    return made


def test_mail_test_says_what_the_server_said(bench: CommandBench, server: MailServerOfTest) -> None:
    """It sends one mail and prints the answer, a refusal as well; nothing is stored."""
    done = bench.run("mail", "test", "beheer@example.nl")
    assert (done.exit_code, "The mail server took it: 250 2.0.0 Taken as 4711" in done.output) == (0, True)
    assert str(server.taken[0].message["Subject"]) == "Proefbericht"
    server.refusals["weg@example.nl"] = "550 5.1.1 \x1b[31mNobody"
    done = bench.run("mail", "test", "weg@example.nl")
    assert (done.exit_code, "refuses the mail. It said: 550 5.1.1" in done.output) == (1, True)
    assert "\x1b" not in done.output
    server.mood = Mood.ASKS_LATER
    assert "asks to try again later" in bench.run("mail", "test", "beheer@example.nl").output
    assert bench.run("mail", "test", "geen adres").exit_code == 2
    assert json.loads(bench.run("mail", "list", "--json").stdout) == []


def test_mail_test_without_a_server(bench: CommandBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the settings; one that is away is told in a sentence."""
    done = bench.run("mail", "test", "beheer@example.nl")
    assert (done.exit_code, "set UWLR_SMTP_HOST and UWLR_MAIL_FROM" in done.output) == (1, True)
    monkeypatch.setenv("UWLR_MAIL_FROM", "meldingen@uwlr.example")
    for name, value in (("HOST", "localhost"), ("PORT", "1"), ("TLS", "none")):
        monkeypatch.setenv(f"UWLR_SMTP_{name}", value)
    done = bench.run("mail", "test", "beheer@example.nl")
    assert (done.exit_code, "Error: the mail server cannot be reached." in done.output) == (1, True)
    monkeypatch.setenv("UWLR_MAIL_FROM", "geen adres")
    assert "UWLR_MAIL_FROM is no address" in bench.run("mail", "test", "beheer@example.nl").output


def test_an_address_by_command(bench: CommandBench, server: MailServerOfTest) -> None:
    """It waits for the code that the portal asks; `mail list` shows what was sent, and a bounce marks it."""
    assert "21QW00 has no address." in bench.run("school", "address", "21QW00").output
    done = bench.run("school", "address", "21QW00", ADDRESS)
    assert (done.exit_code, f"21QW00: {ADDRESS} (not confirmed)" in done.output) == (0, True)
    assert bench.run("jobs", "run", "mail").exit_code == 0
    assert [taken.to for taken in server.taken] == [ADDRESS]
    (row,) = json.loads(bench.run("mail", "list", "--json").stdout)
    assert row["sent_at"] is not None
    assert {name: row[name] for name in ("cause", "vestiging", "address", "failure", "next_try_at", "tries")} == {
        "cause": "code",
        "vestiging": "21QW00",
        "address": ADDRESS,
        "failure": None,
        "next_try_at": None,
        "tries": 1,
    }
    assert "sent" in bench.run("mail", "list", "--vestiging", "21QW00").output
    assert "No mails." in bench.run("mail", "list", "--failed").output
    assert bench.run("mail", "bounced", ADDRESS).exit_code == 0
    assert bench.run("mail", "bounced", ADDRESS).exit_code == 1
    assert "(refused by its mail server)" in bench.run("school", "address", "21QW00").output
    assert bench.run("school", "address", "21QW00", "--remove").exit_code == 0
    assert bench.run("school", "address", "21QW00", "--remove").exit_code == 1
    assert bench.run("school", "address", "99XX00").exit_code == 1
    assert bench.run("school", "address", "21QW00", "geen adres").exit_code == 2


def test_a_user_with_an_address(bench: CommandBench, server: MailServerOfTest) -> None:
    """A wrong address adds no user; a right one gets a code; the link is only printed."""
    add = ("gebruiker", "add", "jan", "--naam", "Jan", "--vestiging", "21QW00", "--email")
    assert bench.run(*add, "geen adres").exit_code == 2
    assert json.loads(bench.run("gebruiker", "list", "--json").stdout) == []
    done = bench.run(*add, "jan@school.example")
    assert done.exit_code == 0
    link = done.output.split()[0]
    bench.run("jobs", "run", "mail")
    (taken,) = server.to("jan@school.example")
    assert "De code is:" in taken.text
    assert link.rpartition("/")[2] not in taken.octets.decode()


def test_without_a_mail_server_no_address(bench: CommandBench) -> None:
    """An address that nothing could confirm is not taken."""
    add = ("gebruiker", "add", "jan", "--naam", "Jan", "--vestiging", "21QW00", "--email", "jan@school.example")
    for command in (add, ("school", "address", "21QW00", ADDRESS)):
        done = bench.run(*command)
        assert (done.exit_code, "UWLR_SMTP_HOST" in done.output) == (1, True)
    assert json.loads(bench.run("gebruiker", "list", "--json").stdout) == []


def test_the_region(bench: CommandBench) -> None:
    """`school set --region` sets it, and takes it back."""
    for region in ("zuid", "none"):
        done = bench.run("school", "set", "21QW00", "--region", region, "--yes")
        assert (done.exit_code, "Set for 21QW00." in done.output) == (0, True)
    assert bench.run("school", "set", "21QW00", "--region", "oost", "--yes").exit_code == 2
