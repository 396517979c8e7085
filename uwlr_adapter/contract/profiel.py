"""Which fields leave under a profile: data, no code.

What a profile does not name is forbidden (UWLR 2.2.1, Profielen). Where the text and the XSD of a profile differ, the
narrower holds for what may go. Numbers of the BSN family and `bsn_ondwnr-4` leave under none of these.
"""

from dataclasses import dataclass

from uwlr_adapter.contract import names


@dataclass(frozen=True, slots=True)
class Profiel:
    """A profile: the elements that may go, per kind of record."""

    naam: str
    groep: frozenset[str]
    samengestelde_groep: frozenset[str]
    leerling: frozenset[str]
    leerkracht: frozenset[str]
    vestiging: frozenset[str]
    """Empty: the locaties do not go at all."""


SMALLE_SET = Profiel(
    naam="smalle set",
    groep=frozenset({"naam", "jaargroep"}),
    samengestelde_groep=frozenset({"naam"}),
    leerling=frozenset(
        {"achternaam", "voorvoegsel", "roepnaam", "geboortedatum", "jaargroep", "groep", "samengestelde_groepen"}
    ),
    leerkracht=frozenset({"achternaam", "voorvoegsel", "roepnaam", "emailadres", "groepen"}),
    vestiging=frozenset(),
)
"""Names, birth date, jaargroep and groups: what method-bound learning material needs (2.2)."""

VOLLEDIG = Profiel(
    naam="volledig",
    groep=frozenset(names.GROEP_ELEMENTEN),
    samengestelde_groep=frozenset(names.SAMENGESTELDE_GROEP_ELEMENTEN),
    leerling=frozenset(names.LEERLING_ELEMENTEN) - {"bsn_ondwnr-4"},
    leerkracht=frozenset(names.LEERKRACHT_ELEMENTEN),
    vestiging=frozenset(names.VESTIGING_ELEMENTEN),
)
"""EDEXML without a profile: all that the standard carries and we hold."""

PROFIELEN = {profiel.naam: profiel for profiel in (SMALLE_SET, VOLLEDIG)}
"""The profiles by name, as the catalogue of koppelingen writes them."""
