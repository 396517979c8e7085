"""The pages of one afnemer for its own users: the first one, with its koppelingen, searched and paged.

Of a koppeling they say no more than a call would (`koppelingen/fetched.py`), of a school no more than its number, and
of a person nothing.
"""

import re
from typing import Any

import sqlalchemy as sa
from flask import abort, render_template, request, url_for

from uwlr_adapter.koppelingen import afnemers, fetched
from uwlr_adapter.koppelingen.afnemers import Afnemer
from uwlr_adapter.koppelingen.fetched import FetchedKey
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.maintenance import announced
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.blueprints import AFNEMER
from uwlr_adapter.portal.context import catalogue, database, journaal_since, now
from uwlr_adapter.portal.forms import OwnKoppelingenForm

ACCESS = {"": None, "ja": True, "nee": False}
"""Whether there is access, by what the address says."""
_CHOICES = [("", "Met en zonder toegang"), ("ja", "Met toegang"), ("nee", "Zonder toegang")]
_KEY = re.compile(r"(\d{2}[A-Z]{2}\d{2})-([a-z0-9-]{1,40})", re.ASCII)


@AFNEMER.get("/")
def show_koppelingen() -> str:
    """Show the koppelingen that the form asks for."""
    form, moment = OwnKoppelingenForm(request.args), now()
    form.toegang.choices = _CHOICES
    if form.toegang.data not in ACCESS:
        form.toegang.data = ""
    is_valid = form.validate()
    chosen: dict[str, Any] = {name: value for name in form.data if (value := request.args.get(name))}
    with database().reading() as connection:
        afnemer = require_own_afnemer(connection)
        open_, closed = fetched.count(connection, catalogue(), afnemer.id, moment)
        after = _key_of(request.args.get("na"))
        text, access = (form.zoek.data or "").strip() if is_valid else "", ACCESS[form.toegang.data or ""]
        page = fetched.page_of(
            connection,
            catalogue(),
            afnemer.id,
            moment,
            told_since=journaal_since(),
            text=text,
            access=access,
            after=after,
        )
        maintenance = announced.list_open(connection, moment)
    names = {entry.id: entry.naam for entry in catalogue()}
    url = url_for(".show_koppelingen", **chosen)
    return render_template(
        "eigen_koppelingen.html",
        afnemer=afnemer,
        form=form,
        rows=[(one, names.get(one.entry_id, one.entry_id)) for one in page.koppelingen] if is_valid else (),
        shows_entry=sum(entry.afnemer == afnemer.klantnaam for entry in catalogue()) > 1,
        brings=any(one.afnemer == afnemer.klantnaam and one.offers(Toestemming.RESULTATEN) for one in catalogue()),
        open=open_,
        closed=closed,
        chosen=chosen,
        begin=url if after is not None else None,
        after=None if page.after is None else url_for(".show_koppelingen", **chosen, na=_text_of(page.after)),
        maintenance=maintenance,
        present=moment,
    )


def require_own_afnemer(connection: sa.Connection) -> Afnemer:
    """Return the afnemer of the logged-in user. Raises NotFound."""
    return afnemers.by_id(connection, login_session.require_gebruiker().afnemer_id or 0) or abort(404)


def _key_of(text: str | None) -> FetchedKey | None:
    """Return the key of a page in an address; None for text that is none."""
    found = _KEY.fullmatch(text or "")
    return None if found is None else FetchedKey(found[1], found[2])


def _text_of(key: FetchedKey) -> str:
    return f"{key.brin6}-{key.entry_id}"
