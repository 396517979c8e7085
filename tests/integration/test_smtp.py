"""Sending to a real mail server: encrypted, verified, within bounds, and what becomes of each try."""

import socket
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.mail_server import PASSWORD, USER, MailServerOfTest, Mood, mail_server, wait_briefly_for_the_last_answer

from uwlr_adapter.db.causes import cause_of
from uwlr_adapter.mail import smtp
from uwlr_adapter.mail.message import MailSender, build
from uwlr_adapter.mail.outbox import MailFailure
from uwlr_adapter.mail.smtp import MailOutcome, MailServer, MailServerError, MailSettingsError, Tried
from uwlr_adapter.mail.words import test_letter as letter_of_test
from uwlr_adapter.settings import Settings, SmtpTls

TO = "jan@school.example"
SENDER = MailSender("meldingen@uwlr.example", "Stichting Proef", "https://uwlr.example/koppelingen")
MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


def settings_of(server: MailServerOfTest, tls: SmtpTls = SmtpTls.NONE, **more: object) -> Settings:
    """Return the settings that name a server of a test."""
    values = {"smtp_host": "localhost", "smtp_port": server.port, "smtp_tls": tls, "mail_from": SENDER.address, **more}
    return Settings(**values)  # type: ignore[arg-type]


def send(settings: Settings, to: str = TO) -> Tried:
    """Send one mail over a connection of its own."""
    server = MailServer.of(settings)
    assert server is not None
    with server.connected() as connection:
        return connection.send(build(letter_of_test(), SENDER, to, "0" * 32, MOMENT), SENDER.address, to)


@pytest.mark.parametrize("tls_from_begin", [False, True])
def test_encrypted_and_logged_in(tmp_path: Path, *, tls_from_begin: bool) -> None:
    """With STARTTLS as with TLS from the begin the mail arrives over TLS, by a password that is in a file."""
    password = tmp_path / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    tls = SmtpTls.TLS if tls_from_begin else SmtpTls.STARTTLS
    with mail_server(tmp_path, tls_from_begin=tls_from_begin, login=not tls_from_begin) as server:
        login = {} if tls_from_begin else {"smtp_user": USER, "smtp_password_file": password}
        settings = settings_of(server, tls, smtp_ca_file=server.certificate, **login)
        assert send(settings).delivery is MailOutcome.SENT
    (taken,) = server.taken
    assert (taken.tls or tls_from_begin, taken.sender, taken.to) == (True, SENDER.address, TO)
    assert PASSWORD not in repr(MailServer.of(settings))


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    """Nothing is sent to a server of which the certificate cannot be verified, nor to one with another name."""
    with mail_server(tmp_path) as server:
        with pytest.raises(MailServerError, match="certificate of the mail server cannot be verified"):
            send(settings_of(server, SmtpTls.STARTTLS))
        other = settings_of(
            server, SmtpTls.STARTTLS, smtp_ca_file=server.certificate, smtp_host="ip6-localhost.invalid"
        )
        with pytest.raises(MailServerError, match="name of the mail server is not known"):
            send(other)
    assert server.taken == []


def test_no_starttls_no_mail() -> None:
    """A server that offers no STARTTLS, or one in between that took it out, gets nothing in plain text."""
    with mail_server() as server, pytest.raises(MailServerError, match="offers no STARTTLS"):
        send(settings_of(server, SmtpTls.STARTTLS))
    assert server.taken == []


def test_a_wrong_password(tmp_path: Path) -> None:
    """The text names the settings to look at, and not what the server said."""
    password = tmp_path / "password"
    password.write_text("fout", encoding="utf-8")
    with mail_server(tmp_path, login=True) as server:
        login = {"smtp_ca_file": server.certificate, "smtp_user": USER, "smtp_password_file": password}
        with pytest.raises(MailServerError, match="does not let us in: check UWLR_SMTP_USER") as caught:
            send(settings_of(server, SmtpTls.STARTTLS, **login))
    assert caught.value.reply.startswith("535")


@pytest.mark.parametrize("content", [None, "", b"\xff", "één"])
def test_a_password_file_that_cannot_be_read(tmp_path: Path, content: str | bytes | None) -> None:
    """An absent, empty or broken file is told by what is the matter with it."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    values = {"smtp_host": "localhost", "mail_from": SENDER.address, "smtp_user": USER, "smtp_password_file": path}
    with pytest.raises(MailSettingsError, match="UWLR_SMTP_PASSWORD_FILE"):
        MailServer.of(Settings(**values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("answer", "failure", "about_address"),
    [
        ("550 5.1.1 Unknown", MailFailure.NO_SUCH_ADDRESS, True),
        ("550 no such user", MailFailure.NO_SUCH_ADDRESS, True),
        ("550 5.7.1 Relaying denied", MailFailure.REFUSED, False),
        ("554 5.7.1 Relay access denied", MailFailure.REFUSED, False),
        ("450 4.2.1 Greylisted", MailFailure.LATER, False),
    ],
)
def test_a_recipient_that_is_refused(answer: str, failure: MailFailure, *, about_address: bool) -> None:
    """A refusal about the address marks it; one about us does not; 4xx is tried again."""
    with mail_server() as server:
        server.refusals[TO] = answer
        tried = send(settings_of(server))
    assert (tried.failure, tried.is_about_address, tried.is_lost) == (failure, about_address, False)
    assert tried.delivery is (MailOutcome.LATER if failure is MailFailure.LATER else MailOutcome.FAILED)
    assert server.taken == []


@pytest.mark.parametrize(
    ("mood", "delivery", "failure"),
    [
        (Mood.ASKS_LATER, MailOutcome.LATER, MailFailure.LATER),
        (Mood.REFUSES, MailOutcome.FAILED, MailFailure.REFUSED),
        (Mood.DROPS, MailOutcome.UNSURE, MailFailure.UNSURE),
        (Mood.DROPS_AT_FIRST, MailOutcome.LATER, MailFailure.BROKEN_OFF),
        (Mood.HANGS, MailOutcome.UNSURE, MailFailure.UNSURE),
    ],
)
def test_what_becomes_of_a_try(
    mood: Mood, delivery: MailOutcome, failure: MailFailure, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a server that has the whole mail and says nothing leaves us unsure; a hang ends."""
    with mail_server() as server:
        server.mood = mood
        if mood is Mood.HANGS:
            wait_briefly_for_the_last_answer(server, monkeypatch)
        tried = send(settings_of(server))
    assert (tried.delivery, tried.failure) == (delivery, failure)
    assert tried.is_lost is (mood in {Mood.DROPS, Mood.DROPS_AT_FIRST, Mood.HANGS})


def test_a_server_that_says_nothing_is_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the log says of it names the mail server, and not a database that gives no answer."""
    monkeypatch.setattr(smtp, "STEP_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        values = {"smtp_host": "127.0.0.1", "smtp_port": listening.getsockname()[1], "smtp_tls": SmtpTls.NONE}
        with pytest.raises(MailServerError, match="does not answer in time") as caught:
            send(Settings(**values, mail_from=SENDER.address))
    assert cause_of(caught.value) is None


def test_a_server_that_drips_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that sends a letter now and then, for ever, does not hold us longer than WHOLE_SECONDS."""
    monkeypatch.setattr(smtp, "WHOLE_SECONDS", 0.3)
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with listening.accept()[0] as connection:
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            settings = Settings(
                smtp_host="localhost",
                smtp_port=listening.getsockname()[1],
                smtp_tls=SmtpTls.NONE,
                mail_from=SENDER.address,
            )
            with pytest.raises(MailServerError):
                send(settings)
        finally:
            stop.set()
            thread.join()


def test_a_server_that_is_away() -> None:
    """Nobody listens: one sentence, within the second."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    settings = Settings(smtp_host="localhost", smtp_port=port, smtp_tls=SmtpTls.NONE, mail_from=SENDER.address)
    with pytest.raises(MailServerError, match="the mail server cannot be reached"):
        send(settings)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"smtp_host": "mail.example"}, "UWLR_SMTP_HOST needs UWLR_MAIL_FROM"),
        ({"smtp_host": "mail.example", "mail_from": "a@b.example", "smtp_user": "x"}, "belong together"),
        ({"smtp_host": "mail.example", "mail_from": "a@b.example", "smtp_tls": "none"}, "on this machine"),
    ],
)
def test_half_of_a_mail_server_is_refused(values: dict[str, str], message: str) -> None:
    """Settings that would lose mail without a word, or send it in plain text elsewhere, stop every command."""
    with pytest.raises(ValueError, match=message):
        Settings(**values)  # type: ignore[arg-type]
