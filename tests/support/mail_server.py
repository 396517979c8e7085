"""A real SMTP server on loopback, which keeps what it takes, and misbehaves when told to."""

import asyncio
import smtplib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import Enum, auto
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from support.certificates import make_certificate
from support.server import WAIT

USER, PASSWORD = "meldingen", "een wachtwoord met & en %"


class Mood(Enum):
    """How the server answers the whole mail."""

    TAKES = auto()
    ASKS_LATER = auto()
    REFUSES = auto()
    HANGS = auto()
    """It takes the mail, and says nothing."""
    DROPS = auto()
    """It takes the mail, and breaks off instead of saying so."""
    DROPS_AT_FIRST = auto()
    """It breaks off before the mail is sent."""


@dataclass(frozen=True)
class TakenMail:
    """A mail that the server took: its envelope, and the message as it came and as a reader reads it."""

    sender: str
    to: str
    octets: bytes
    tls: bool

    @property
    def message(self) -> EmailMessage:
        """The message."""
        parsed = message_from_bytes(self.octets, policy=policy.default)
        assert isinstance(parsed, EmailMessage)
        assert parsed.defects == []
        return parsed

    def part(self, kind: str) -> str:
        """Return the text of the plain or the html part, with single spaces."""
        found = self.message.get_body((kind,))
        assert found is not None
        return " ".join(str(found.get_content()).split())

    @property
    def text(self) -> str:
        """The plain text."""
        return self.part("plain")


@dataclass
class MailServerOfTest:
    """The server; a test sets `mood` and `refusals`, and reads `taken`."""

    taken: list[TakenMail] = field(default_factory=list)
    mood: Mood = Mood.TAKES
    refusals: dict[str, str] = field(default_factory=dict)
    """Answers to a recipient, by address."""
    port: int = 0
    certificate: Path | None = None
    connections: int = 0
    released: asyncio.Event | None = None
    took: threading.Event = field(default_factory=threading.Event)
    """Set once a whole mail is here."""

    def to(self, address: str) -> list[TakenMail]:
        """Return the mails to one address."""
        return [one for one in self.taken if one.to == address]

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Count a connection."""
        session.host_name = hostname
        self.connections += 1
        return responses

    async def handle_RCPT(  # noqa: N802 - as above
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or refuse it."""
        if self.mood is Mood.DROPS_AT_FIRST:
            assert server.transport is not None
            server.transport.close()
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Take a mail, or not."""
        if self.mood is Mood.ASKS_LATER:
            return "451 4.3.0 Try later, Kanariegeheimq"
        if self.mood is Mood.REFUSES:
            return "554 5.6.0 No, Kanariegeheimq"
        assert isinstance(envelope.content, bytes)
        assert envelope.mail_from is not None
        (to,) = envelope.rcpt_tos
        self.taken.append(TakenMail(envelope.mail_from, to, envelope.content, session.ssl is not None))
        self.took.set()
        if self.mood is Mood.HANGS:
            assert self.released is not None
            await self.released.wait()
        if self.mood is Mood.DROPS:
            assert server.transport is not None
            server.transport.close()
        return "250 2.0.0 Taken as 4711"


def wait_briefly_for_the_last_answer(server: MailServerOfTest, monkeypatch: pytest.MonkeyPatch) -> None:
    """End the patience of a sender once the server has the whole mail, and not before, however slow the machine is."""
    send = smtplib.SMTP.send

    def send_and_wait(connection: smtplib.SMTP, content: bytes | str) -> None:
        send(connection, content)
        if isinstance(content, bytes) and content.endswith(b"\r\n.\r\n"):
            assert server.took.wait(WAIT)
            server.took.clear()
            assert connection.sock is not None
            connection.sock.settimeout(0.05)

    monkeypatch.setattr(smtplib.SMTP, "send", send_and_wait)


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword) -> AuthResult:
    return AuthResult(success=data.login.decode() == USER and data.password.decode() == PASSWORD, handled=False)


@contextmanager
def mail_server(
    folder: Path | None = None, *, tls_from_begin: bool = False, login: bool = False
) -> Iterator[MailServerOfTest]:
    """Run a mail server; with a folder for its certificate it offers STARTTLS, or TLS from the begin."""
    own = MailServerOfTest()
    tls: ssl.SSLContext | None = None
    if folder is not None:
        own.certificate, key = make_certificate(folder, "localhost")
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(own.certificate, key)
    loop = asyncio.new_event_loop()

    def make() -> SMTP:
        starttls = None if tls_from_begin else tls
        options: dict[str, Any] = {"tls_context": starttls, "require_starttls": starttls is not None, "loop": loop}
        if login:
            options |= {"authenticator": _authenticate, "auth_required": True, "auth_require_tls": starttls is not None}
        return SMTP(own, hostname="localhost", ident="Proef", **options)

    async def serve() -> asyncio.Server:
        own.released = asyncio.Event()
        return await loop.create_server(make, "127.0.0.1", 0, ssl=tls if tls_from_begin else None)

    def run() -> None:  # in a thread of its own: in that of the test the loop of a browser may be at work
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(WAIT)
    own.port = server.sockets[0].getsockname()[1]

    async def stop() -> None:
        assert own.released is not None
        own.released.set()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    try:
        yield own
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(WAIT)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(WAIT)
