"""What was typed into a form that came too late, for its owner to find again after logging in.

A form is refused after the end of a session, and when its token is of an earlier session. What was typed in it then
waits in the session cookie of the same user, for MAX_AGE. Only the fields below are kept: no code, no password, no name
of a leerling, and no akkoord, which has to be given anew.
"""

from collections.abc import Sequence
from datetime import timedelta

from flask import flash, request, session
from werkzeug.datastructures import MultiDict
from wtforms import Form

from uwlr_adapter.portal.context import now

MAX_AGE = timedelta(minutes=30)
"""How long what was typed is kept: as long as a session without a page."""
MAX_VALUE = 200
"""Characters of a value that is kept: the session is a cookie, and no field below takes more."""
FOUND = "Wat u had ingevuld, staat er weer. Een code of een akkoord wordt niet bewaard: vul dat opnieuw in."
_FIELDS = {
    "school.activate": ("naam", "startdatum"),
    "school.agree": ("naam",),
    "school.give_toestemming": ("naam",),
    "school.change_meldingen": ("adres", "regio"),
    "school.invite": ("naam", "login"),
    "account.change_account": ("adres",),
    "operator.add_user": ("naam", "login", "afnemer"),
    "operator.add_afnemer": ("klantnaam",),
    "operator.rotate_klantcode": ("overlap",),
    "operator.announce_maintenance": ("van", "tot", "tekst"),
    "afnemer.rotate_klantcode": ("overlap",),
}
"""The fields that are kept, by endpoint."""
# A key of the cookie: [user id, path, fields by name, seconds since 1970].
_KEPT = "bewaard"


def keep(gebruiker_id: int) -> bool:
    """Keep what this request sent, for a user; return whether there was anything to keep."""
    names = _FIELDS.get(request.endpoint or "", ())
    sent = {name: request.form[name] for name in names if 0 < len(request.form.get(name, "")) <= MAX_VALUE}
    if not sent:
        return False
    session[_KEPT] = [gebruiker_id, request.path, sent, int(now().timestamp())]
    return True


def take_along(gebruiker_id: int) -> None:
    """Begin a new session, that of a user, with what this user typed in the last one."""
    kept = session.get(_KEPT)
    session.clear()
    if kept is not None and kept[0] == gebruiker_id:
        session[_KEPT] = kept


def restore(*forms: Form) -> None:
    """Fill in what was kept for this page, once, and say so."""
    kept = session.get(_KEPT)
    if kept is None or kept[1] != request.path:
        return
    del session[_KEPT]
    _, _, sent, since = kept
    if not 0 <= now().timestamp() - since < MAX_AGE.total_seconds():
        return
    if _fill(forms, sent):
        flash(FOUND, "goed")


def _fill(forms: Sequence[Form], sent: dict[str, str]) -> bool:
    """Fill in the fields that one of the forms has; return whether there was one."""
    found = [(form[name], value) for form in forms for name, value in sent.items() if name in form]
    for field, value in found:
        field.process(MultiDict({field.name: value}))
    return bool(found)
