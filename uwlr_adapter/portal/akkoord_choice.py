"""The ticks of an activation: one for each toestemming that a koppeling offers, of which at least one is needed."""

from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.portal.forms import ActivationForm, ManyActivationForm, add_error

_MISSING = "Vink 'Voor akkoord' aan om verder te gaan."


def prepare(form: ActivationForm | ManyActivationForm, entry: CatalogueEntry) -> None:
    """Give a form the ticks of an entry; where there is one, it is the one that every koppeling has."""
    if not entry.offers(Toestemming.RESULTATEN):
        del form.akkoord_resultaten
        return
    if not entry.offers(Toestemming.LEERLINGGEGEVENS):
        del form.akkoord
        return
    form.akkoord_resultaten.label.text = "Akkoord"  # the label says with what
    form.akkoord.validators = ()


def check(form: ActivationForm | ManyActivationForm) -> bool:
    """Return whether something is ticked; add the error to the first tick when it is not."""
    if ticked(form, "akkoord") or ticked(form, "akkoord_resultaten"):
        return True
    first = form["akkoord" if "akkoord" in form else "akkoord_resultaten"]
    if not first.errors:
        add_error(first, _MISSING)
    return False


def ticked(form: ActivationForm | ManyActivationForm, name: str) -> bool:
    """Return whether a form has this tick, and it was set."""
    return name in form and bool(form[name].data)
