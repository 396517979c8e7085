"""A letter as a message of RFC 5322: text and HTML that say the same, without images and without anything remote."""

from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime

from markupsafe import escape

from uwlr_adapter.mail.letter import MAX_SUBJECT, Letter, one_line

PORTAL_NAME = "Koppelingenoverzicht"
_POLICY = policy.SMTP.clone(max_line_length=78, cte_type="7bit")
_BODY = (
    "font-family:sans-serif;font-size:16px;line-height:1.5;color:#1b1b1b;background:#ffffff;max-width:40em;margin:0;"
    "padding:16px"
)
_FOOT = "font-size:14px;color:#4a4a4a;border-top:1px solid #767676;padding-top:12px;margin-top:24px"


@dataclass(frozen=True, slots=True)
class MailSender:
    """The sender: the address that mails are from, and the name in their last lines."""

    address: str
    name: str
    portal_url: str
    """The front page of the portal: the only address in a mail, and it opens nothing by itself."""

    @property
    def domain(self) -> str:
        """The domain of the address."""
        return self.address.rpartition("@")[2]

    def footer(self) -> tuple[str, str]:
        """Return the sentences of the footer; the address of the portal follows the last one."""
        return (
            f"Dit bericht is automatisch verstuurd door {self.name}. U kunt er niet op antwoorden.",
            "Waar de meldingen heen gaan, wijzigt u in het Koppelingenoverzicht, bij Meldingen of bij uw account:",
        )


def build(letter: Letter, sender: MailSender, to: str, message_id: str, moment: datetime) -> EmailMessage:
    """Return the message of a letter to one address. A header holds no line of somebody else."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = _from(sender)
    message["To"] = to
    message["Subject"] = _header_text(letter.subject, MAX_SUBJECT)
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = f"<{message_id}@{sender.domain}>"
    message["List-Id"] = f"Meldingen over koppelingen <meldingen.{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_text(letter, sender), cte="quoted-printable")
    message.add_alternative(_html(letter, sender), subtype="html", cte="quoted-printable")
    message["Content-Language"] = "nl"  # at last: setting the content takes such a header away
    return message


def _header_text(text: str, length: int) -> str:
    """Return a text of somebody else for a header: one line, and nothing that reads as an encoded word (RFC 2047).

    `email` decodes such words in what it is given, and would so put a line end that is hidden in a name into a header.
    """
    return one_line(text.replace("=?", "= ?"), length)


def _from(sender: MailSender) -> str:
    """Return the address with the name of the sender as a quoted string, or as an encoded word."""
    name = _header_text(sender.name.replace("\\", "").replace('"', ""), 60)
    return f'"{name}" <{sender.address}>'


def _text(letter: Letter, sender: MailSender) -> str:
    parts = []
    for block in letter.blocks:
        lines = [block.heading.upper()] if block.heading else []
        lines += [block.text] if block.text else []
        lines += [f"- {item}" for item in block.items]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, "-- ", *sender.footer(), sender.portal_url]) + "\n"


def _html(letter: Letter, sender: MailSender) -> str:
    parts = []
    for block in letter.blocks:
        if block.heading:
            parts.append(f'<h2 style="font-size:18px;margin:24px 0 4px">{escape(block.heading)}</h2>')
        if block.text:
            parts.append(f'<p style="margin:0 0 12px">{escape(block.text)}</p>')
        if block.items:
            items = "".join(f"<li>{escape(item)}</li>" for item in block.items)
            parts.append(f'<ul style="margin:0 0 12px;padding-left:24px">{items}</ul>')
    first, last = sender.footer()
    url = escape(sender.portal_url)
    foot = f'<p>{escape(first)}</p><p>{escape(last)} <a href="{url}">{url}</a></p>'
    return (
        '<!DOCTYPE html>\n<html lang="nl"><head><meta charset="utf-8">'
        f"<title>{escape(one_line(letter.subject))}</title></head>\n"
        f'<body style="{_BODY}">\n' + "\n".join(parts) + f'\n<div style="{_FOOT}">{foot}</div>\n</body></html>\n'
    )
