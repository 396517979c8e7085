"""A letter as a message: text and HTML that say the same, whole headers, and nothing remote."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy

import pytest
from lxml import html

from uwlr_adapter.mail.letter import Block, Letter, one_line
from uwlr_adapter.mail.message import MailSender, build

SENDER = MailSender("meldingen@uwlr.example", "Stichting Proef", "https://uwlr.example/koppelingen")
MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
LETTER = Letter(
    "Snappet: gepauzeerd - De Regenboog (21QW00)",
    (Block("A. de Vries heeft gepauzeerd."), Block("Dit is open:", ("één <b>", "twee & drie"), "Kop")),
)


def sent(letter: Letter = LETTER, sender: MailSender = SENDER, to: str = "jan@school.example") -> bytes:
    """Return the message as it is sent."""
    return build(letter, sender, to, "a" * 32, MOMENT).as_bytes()


def test_text_and_html_say_the_same() -> None:
    """Every sentence of the one is in the other, with the footer and the one address that it has."""
    message = message_from_bytes(sent(), policy=policy.default)
    plain, rich = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert rich is not None
    text = " ".join(plain.get_content().replace("KOP", "Kop").replace("- één", "één").replace("- twee", "twee").split())
    (body,) = html.document_fromstring(rich.get_content()).iter("body")
    in_html = " ".join(" ".join(map(str, body.itertext())).split())
    assert text.replace(" -- ", " ") == in_html
    assert "één <b>" in in_html
    assert plain["Content-Transfer-Encoding"] == "quoted-printable"


def test_headers() -> None:
    """Each mail says that nobody wrote it, which list it is of, and has an id of our domain."""
    message = message_from_bytes(sent(), policy=policy.default)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{'a' * 32}@uwlr.example>"
    assert message["List-Id"] == "Meldingen over koppelingen <meldingen.uwlr.example>"
    assert message["Date"] == "Mon, 02 Nov 2026 09:30:00 +0000"
    assert str(message["From"]) == "Stichting Proef <meldingen@uwlr.example>"
    assert message["Content-Language"] == "nl"


def test_nothing_remote_and_no_image() -> None:
    """The HTML loads nothing: no image, style sheet or script, and one link, to the front page of the portal."""
    rich = message_from_bytes(sent(), policy=policy.default).get_body(("html",))
    assert rich is not None
    content = rich.get_content()
    assert re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')>]*)""", content) == [SENDER.portal_url]
    assert not re.search(r"<(img|script|link|iframe|object|form)", content)


@pytest.mark.parametrize(
    "naam",
    [
        "De Regenboog\r\nBcc: dief@kwaad.example",
        "De Regenboog\n\nVerborgen tekst",
        "Ünïcödé \x00\x1b[31m school",
        "x" * 500,
        "школа " * 60,
        '"aanhaling" <valse@afzender.example>',
        "\u202eomgekeerd",
        "=?utf-8?q?x=0d=0aBcc:_dief=40kwaad.example?=",
        'x ="\\\\?utf-8?q?x=0d=0a=0d=0aVerborgen?= x',
        "é =?utf-8?b?eA0KQmNjOiBkaWVmQGt3YWFkLmV4YW1wbGU=?= é",
        "=?x?q?=0a?=",
    ],
)
def test_no_header_of_somebody_else(naam: str) -> None:
    """Whatever a name holds, there are no other headers, recipients or parts than ours, and no long line."""
    message_bytes = sent(Letter(f"Snappet: gepauzeerd - {naam}", LETTER.blocks), MailSender(SENDER.address, naam, "u:"))
    message = message_from_bytes(message_bytes, policy=policy.default)
    plain = message_from_bytes(sent(), policy=policy.default)
    assert sorted(name.lower() for name in message) == sorted(name.lower() for name in plain)
    assert [one.addr_spec for one in message["From"].addresses] == [SENDER.address]
    assert message["To"] == "jan@school.example"
    assert message.defects == []
    assert max(map(len, message_bytes.split(b"\r\n"))) <= 998
    assert "\n" not in str(message["Subject"])


def test_lines_end_as_mail_wants_it() -> None:
    """There is no bare CR or LF: some servers refuse it, others read an end of a mail in it."""
    content = sent(Letter("x", (Block(".\r\n.\nnog\rmeer\u2028eind"),)))
    assert content.replace(b"\r\n", b"").count(b"\n") == 0
    assert content.replace(b"\r\n", b"").count(b"\r") == 0


def test_one_line_is_cut_and_printable() -> None:
    """A text of somebody else is one line, of a bounded length."""
    assert one_line("a\tb \r\n c\x7f") == "a b c"
    assert one_line("x" * 200, 10) == "x" * 9 + "…"
