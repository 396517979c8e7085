"""Niet delen: the leerlingen that one koppeling does not get, with a search by name, and the question before a change.

A name is searched by POST: the address of a page stands in logs and in the history of a browser. The change acts on the
version of the koppeling that was shown, as those in `confirm.py` do.
"""

import sqlalchemy as sa
from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from uwlr_adapter.administratie import leerlingen, withholding
from uwlr_adapter.administratie.leerlingen import KnownLeerling
from uwlr_adapter.clock import day_of
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import actions, what_if
from uwlr_adapter.koppelingen.errors import ChangedMeanwhileError, KoppelingError
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.portal import login_session
from uwlr_adapter.portal.acts import missed, was_done
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import database, now
from uwlr_adapter.portal.forms import LeerlingForm, VersionForm, seen_version
from uwlr_adapter.portal.school import name_of, refuse, require_koppeling, to_koppeling

WITHHOLD, SHARE = "niet", "weer"
"""What a form asks for, so that one that is sent twice does not ask for the opposite the second time."""


@SCHOOL.get("/koppeling/<id:koppeling_id>/niet-delen")
def show_withheld(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Show who is withheld from a koppeling, and the form to search for a leerling."""
    return _show(brin6, koppeling_id, LeerlingForm())


@SCHOOL.post("/koppeling/<id:koppeling_id>/niet-delen")
def search_leerling(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Show the leerlingen with a name."""
    form = LeerlingForm(request.form)
    if not form.validate():
        return _show(brin6, koppeling_id, form), 422
    return _show(brin6, koppeling_id, form, form.naam.data)


@SCHOOL.get("/koppeling/<id:koppeling_id>/niet-delen/<id:persoon_id>")
def confirm_withhold(brin6: str, koppeling_id: int, persoon_id: int) -> ResponseReturnValue:
    """Ask whether to withhold a leerling from a koppeling, or to share a withheld one again."""
    return _ask(brin6, koppeling_id, persoon_id)


@SCHOOL.post("/koppeling/<id:koppeling_id>/niet-delen/<id:persoon_id>")
def change_withheld(brin6: str, koppeling_id: int, persoon_id: int) -> ResponseReturnValue:
    """Withhold a leerling from a koppeling, or share a withheld one again."""
    with database().reading() as connection:
        koppeling, _, withheld = _require(connection, brin6, koppeling_id, persoon_id)
    seen = seen_version(VersionForm(request.form))
    again = request.form.get("wat", SHARE if persoon_id in withheld else WITHHOLD) == SHARE
    act = actions.share_again if again else actions.withhold
    try:
        with database().writing() as connection:
            act(connection, koppeling_id, seen, persoon_id, now(), actor=login_session.actor())
    except ChangedMeanwhileError as error:
        kind = Act.SHARED_AGAIN if again else Act.WITHHELD
        with database().reading() as connection:
            koppeling = require_koppeling(connection, brin6, koppeling_id)
            withheld = withholding.withheld_from(connection, koppeling_id)
        if (persoon_id in withheld) == again or not was_done(koppeling, seen, kind):
            if koppeling.is_living:
                return _ask(brin6, koppeling_id, persoon_id, str(error), seen), 409
            return refuse(brin6, koppeling_id, error)
    except KoppelingError as error:
        return refuse(brin6, koppeling_id, error)
    what = "wordt weer gedeeld" if again else "wordt niet meer gedeeld"
    flash(f"De leerling {what} met {name_of(koppeling)}.", "goed")
    return redirect(url_for("school.show_withheld", brin6=brin6, koppeling_id=koppeling_id), 303)


def _show(brin6: str, koppeling_id: int, form: LeerlingForm, naam: str | None = None) -> str | Response:
    with database().reading() as connection:
        koppeling = _require_exchange(connection, brin6, koppeling_id)
        if not koppeling.is_living:
            return to_koppeling(brin6, koppeling_id)
        ids = withholding.withheld_from(connection, koppeling.id)
        withheld = leerlingen.leerlingen(connection, brin6, day_of(now()), ids)
        search = None if naam is None else leerlingen.search(connection, brin6, day_of(now()), naam)
    return render_template(
        "withheld.html",
        koppeling=koppeling,
        name=name_of(koppeling),
        withheld=withheld,
        ids=ids,
        form=form,
        search=search,
    )


def _ask(brin6: str, koppeling_id: int, persoon_id: int, error: str | None = None, seen: int = 0) -> str | Response:
    """Show the question; with an error also what was done since the version `seen`."""
    with database().reading() as connection:
        koppeling, leerling, withheld = _require(connection, brin6, koppeling_id, persoon_id)
        if not koppeling.is_living:
            return to_koppeling(brin6, koppeling_id)
        years = what_if.if_withheld(connection, koppeling, day_of(now()), persoon_id)
        acts = missed(connection, koppeling, name_of(koppeling), seen) if error else ()
        others = leerlingen.leerlingen(connection, brin6, day_of(now()), withheld - {persoon_id})
    return render_template(
        "withhold.html",
        koppeling=koppeling,
        name=name_of(koppeling),
        leerling=leerling,
        again=persoon_id in withheld,
        years=years,
        others=others,
        error=error,
        missed=acts,
    )


def _require_exchange(connection: sa.Connection, brin6: str, koppeling_id: int) -> Koppeling:
    """Return a koppeling of this vestiging that carries data. Raises NotFound."""
    koppeling = require_koppeling(connection, brin6, koppeling_id)
    return koppeling if koppeling.afnemer_id is not None else abort(404)


def _require(
    connection: sa.Connection, brin6: str, koppeling_id: int, persoon_id: int
) -> tuple[Koppeling, KnownLeerling, frozenset[int]]:
    """Return a koppeling, a leerling of this vestiging or withheld from it, and who is withheld. Raises NotFound."""
    koppeling = _require_exchange(connection, brin6, koppeling_id)
    withheld = withholding.withheld_from(connection, koppeling.id)
    found = leerlingen.leerlingen(connection, brin6, day_of(now()), [persoon_id])
    if not found or (found[0].schooljaar is None and persoon_id not in withheld):
        abort(404)
    return koppeling, found[0], withheld
