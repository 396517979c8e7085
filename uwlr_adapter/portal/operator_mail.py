"""The mails that fail, for operators: why, how often tried, and of which school; no address and no text."""

from datetime import timedelta

from flask import render_template, request, url_for

from uwlr_adapter.db.limits import MAX_ID
from uwlr_adapter.mail import outbox
from uwlr_adapter.portal.blueprints import OPERATOR
from uwlr_adapter.portal.context import database, has_mail, now
from uwlr_adapter.portal.operator_words import MAIL_FAILURES

SINCE = timedelta(days=7)
"""How far back failing mails are shown; a mail is tried for three days."""
PER_PAGE = 50


@OPERATOR.get("/mail")
def list_mail() -> str:
    """List the mails that were given up or wait after a failure, the newest first."""
    text = request.args.get("voor", "")
    before_id = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(MAX_ID)) else None
    with database().reading() as connection:
        found = outbox.list_failing(connection, now() - SINCE, limit=PER_PAGE + 1, before_id=before_id)
    shown = found[:PER_PAGE]
    return render_template(
        "beheer_mail.html",
        rows=[(one, "" if one.failure is None else MAIL_FAILURES[one.failure]) for one in shown],
        has_mail=has_mail(),
        after=url_for(".list_mail", voor=shown[-1].id) if len(found) > PER_PAGE else None,
        is_continued=before_id is not None,
    )
