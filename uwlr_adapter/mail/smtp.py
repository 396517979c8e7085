"""Sending over SMTP: one connection for several mails, encrypted and verified, and never longer than a lease lasts.

The text of a mail server goes nowhere but to the operator who asks for a test; elsewhere there is a word of ours.
"""

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from enum import Enum, auto
from functools import partial
from pathlib import Path

from uwlr_adapter.errors import UnusableError, UwlrAdapterError
from uwlr_adapter.mail.address import AddressError, parse
from uwlr_adapter.mail.message import PORTAL_NAME, MailSender
from uwlr_adapter.mail.outbox import MailFailure
from uwlr_adapter.settings import Settings, SmtpTls

STEP_SECONDS = 15
"""Seconds that one answer of the mail server may take."""
WHOLE_SECONDS = 45
"""Seconds that making a connection, or one mail, may take: half the lease of a job."""
MAX_REPLY = 200
"""Characters of an answer that an operator is shown (inclusive)."""
_OK, _FORWARDED, _GO_ON = 250, 251, 354
_PERMANENT = 500
_MAILBOX_CODES = frozenset({550, 551, 553, 556})
"""Refusals of a recipient that can be about the address."""
_POLICY_STATUS = b"5.7."
"""The class of enhanced status codes about what is allowed (RFC 3463): the address may be right."""


class MailSettingsError(UnusableError):
    """The settings of mail cannot be used; the text says why."""


class MailServerError(UwlrAdapterError):
    """There is no mail server to send with: it is away, cannot be trusted, or lets us not in.

    The text is one sentence without a word of the mail server; `reply` is what that said, for an operator.
    """

    def __init__(self, text: str, reply: str = "") -> None:
        super().__init__(text)
        self.reply = reply


class MailOutcome(Enum):
    """The outcome of one try."""

    SENT = auto()
    LATER = auto()
    FAILED = auto()
    UNSURE = auto()
    """The whole message was sent, and no answer came: it may have been taken."""


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of one try, with our word for a failure, and what the mail server said last."""

    delivery: MailOutcome
    failure: MailFailure | None = None
    reply: str = ""
    is_about_address: bool = False
    """Whether the mail server said that the address is not there."""
    is_lost: bool = False
    """Whether the connection is gone."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """A mail server and the sender, as set by the operator."""

    host: str
    port: int
    tls: SmtpTls
    ca_file: Path | None
    user: str | None
    password: str | None = field(repr=False)
    sender: MailSender

    @classmethod
    def of(cls, settings: Settings) -> "MailServer | None":
        """Return the mail server of the settings; None without one. Raises MailSettingsError."""
        if settings.smtp_host is None or settings.mail_from is None:
            return None
        try:
            address = parse(settings.mail_from)
        except AddressError:
            raise MailSettingsError("UWLR_MAIL_FROM is no address that mail can be from") from None
        return cls(
            settings.smtp_host,
            settings.smtp_port,
            settings.smtp_tls,
            settings.smtp_ca_file,
            settings.smtp_user,
            _password(settings.smtp_password_file),
            MailSender(address, settings.organisation or PORTAL_NAME, f"{settings.base_url}/koppelingen"),
        )

    @contextmanager
    def connected(self) -> Iterator["MailConnection"]:
        """Yield a connection that is encrypted, verified and logged in. Raises MailServerError."""
        connection = MailConnection(self._connect())
        try:
            yield connection
        finally:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        own_name = self.sender.domain
        smtp: Callable[..., smtplib.SMTP] = smtplib.SMTP
        tls = None if self.tls is SmtpTls.NONE else self._context()
        if self.tls is SmtpTls.TLS:
            smtp = partial(smtplib.SMTP_SSL, context=tls)
        made = smtp(local_hostname=own_name, timeout=STEP_SECONDS)
        made._host = self.host  # type: ignore[attr-defined]  # noqa: SLF001 - the name to verify, set by a connecting constructor only
        failed: MailServerError | None = None
        try:
            with _deadline(made):
                made.connect(self.host, self.port)
                if self.tls is SmtpTls.STARTTLS:
                    made.starttls(context=tls)
                made.ehlo_or_helo_if_needed()
                if self.user is not None and self.password is not None:
                    made.login(self.user, self.password)
        except (smtplib.SMTPException, OSError, ValueError) as error:
            made.close()
            failed = MailServerError(_why_not(error), _reply_of(error))
        if failed is not None:
            raise failed  # here, where it has no cause: a time-out in it would be told as that of the database
        return made

    def _context(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=None if self.ca_file is None else str(self.ca_file))
        except (OSError, ssl.SSLError):
            raise MailServerError("the file of UWLR_SMTP_CA_FILE cannot be read as certificates") from None


@dataclass(slots=True)
class MailConnection:
    """A connection to a mail server, for one mail after the other."""

    _smtp: smtplib.SMTP

    def send(self, message: EmailMessage, sender: str, to: str) -> Tried:
        """Send a message to one address, and return what became of it."""
        with _deadline(self._smtp):
            try:
                return self._send(message, sender, to)
            except (smtplib.SMTPException, OSError, ValueError) as error:
                return Tried(MailOutcome.LATER, MailFailure.BROKEN_OFF, _reply_of(error), is_lost=True)

    def _send(self, message: EmailMessage, sender: str, to: str) -> Tried:
        smtp = self._smtp
        code, reply = smtp.mail(sender)
        if code != _OK:
            return self._refused(code, reply)
        code, reply = smtp.rcpt(to)
        if code not in {_OK, _FORWARDED}:
            about_address = code in _MAILBOX_CODES and not reply.startswith(_POLICY_STATUS)
            return self._refused(code, reply, about_address=about_address)
        code, reply = smtp.docmd("DATA")
        if code != _GO_ON:
            return self._refused(code, reply)
        smtp.send(_dot_stuffed(message.as_bytes()))
        try:
            code, reply = smtp.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return Tried(MailOutcome.UNSURE, MailFailure.UNSURE, _reply_of(error), is_lost=True)
        if code != _OK:
            return self._refused(code, reply)
        return Tried(MailOutcome.SENT, reply=_shown(code, reply))

    def _refused(self, code: int, reply: bytes, *, about_address: bool = False) -> Tried:
        """Return what a refusal means, and make the connection ready for another mail."""
        said = _shown(code, reply)
        is_lost = code in {421, -1}
        if not is_lost:
            try:
                self._smtp.rset()
            except (smtplib.SMTPException, OSError):
                is_lost = True
        if code < _PERMANENT:
            return Tried(MailOutcome.LATER, MailFailure.LATER, said, is_lost=is_lost)
        failure = MailFailure.NO_SUCH_ADDRESS if about_address else MailFailure.REFUSED
        return Tried(MailOutcome.FAILED, failure, said, is_about_address=about_address, is_lost=is_lost)

    def close(self) -> None:
        """Say goodbye, and close the connection."""
        with contextlib.suppress(smtplib.SMTPException, OSError, ValueError), _deadline(self._smtp):
            self._smtp.quit()
        self._smtp.close()


@contextmanager
def _deadline(smtp: smtplib.SMTP) -> Iterator[None]:
    """End what goes on with a mail server after WHOLE_SECONDS, however slowly it goes on answering."""

    def end() -> None:
        with contextlib.suppress(OSError):
            if smtp.sock is not None:
                smtp.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WHOLE_SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _dot_stuffed(content: bytes) -> bytes:
    """Return a message as DATA sends it, with its end."""
    lines = content.splitlines()
    return b"".join(b"." + line + b"\r\n" if line.startswith(b".") else line + b"\r\n" for line in lines) + b".\r\n"


_CAUSES: tuple[tuple[type[Exception], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "the mail server does not let us in: check UWLR_SMTP_USER and the file of UWLR_SMTP_PASSWORD_FILE",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "the mail server offers no STARTTLS, or no login over it: check UWLR_SMTP_PORT and UWLR_SMTP_TLS",
    ),
    (smtplib.SMTPResponseException, "the mail server refuses the connection"),
    (
        ssl.SSLCertVerificationError,
        "the certificate of the mail server cannot be verified: check UWLR_SMTP_HOST and UWLR_SMTP_CA_FILE",
    ),
    (ssl.SSLError, "the mail server speaks no TLS that we take: check UWLR_SMTP_PORT and UWLR_SMTP_TLS"),
    (socket.gaierror, "the name of the mail server is not known: check UWLR_SMTP_HOST"),
    (TimeoutError, "the mail server does not answer in time"),
)
"""Why there is no connection, in our words; the first that fits."""


def _why_not(error: Exception) -> str:
    """Return why there is no connection; smtplib tells a time-out as a connection that was closed."""
    both = (error, error.__context__)
    found = (text for kind, text in _CAUSES if any(isinstance(one, kind) for one in both))
    return next(found, "the mail server cannot be reached")


def _reply_of(error: Exception) -> str:
    if not isinstance(error, smtplib.SMTPResponseException):
        return ""
    said = error.smtp_error
    return _shown(error.smtp_code, said if isinstance(said, bytes) else str(said).encode())


def _shown(code: int, reply: bytes) -> str:
    return f"{code} {reply.decode('ascii', 'replace')}"[:MAX_REPLY]


def _password(path: Path | None) -> str | None:
    """Return the password in a file, without the end of its line. Raises MailSettingsError."""
    if path is None:
        return None
    try:
        password = path.read_text(encoding="utf-8").strip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not plain text"
        raise MailSettingsError(f"the file of UWLR_SMTP_PASSWORD_FILE cannot be read: {reason}") from None
    if not password or not password.isascii():
        raise MailSettingsError("the password in the file of UWLR_SMTP_PASSWORD_FILE must be ASCII, and not empty")
    return password
