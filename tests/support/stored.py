"""What becomes of a dataset on its way in: the rules for texts and dates once more, written slowly and on their own."""

import unicodedata
from dataclasses import replace
from typing import Any

from support.strategies import WITHOUT_WIDTH
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol

_NAMES = ("naam", "omschrijving", "achternaam", "voorvoegsel", "voornamen", "voorletters_1", "roepnaam")
_DAYS = ("geboortedatum", "start_ondw_jgr3", "instroomdatum", "uitstroomdatum")
_OTHER = ("gebruikersnaam", "emailadres", "fotourl", "postcodeoverig")


def stored(dataset: Dataset) -> Dataset:
    """Return a valid dataset as a reader of files leaves it; its texts begin and end with no white space."""
    return Dataset(
        dataset.school,
        tuple(replace(one, **_fields(one)) for one in dataset.locaties),
        tuple(replace(one, **_fields(one)) for one in dataset.groepen),
        tuple(one._replace(**_fields(one)) for one in dataset.leerlingen),
        tuple(_leerkracht(one) for one in dataset.leerkrachten),
    )


def _leerkracht(one: Leerkracht) -> Leerkracht:
    groepen = tuple(GroepVerwijzing(ref.soort, ref.key, _rollen(ref.rollen)) for ref in one.groepen)
    return replace(one, **_fields(one), rollen=_rollen(one.rollen), groepen=groepen)


def _rollen(rollen: tuple[Rol, ...]) -> tuple[Rol, ...]:
    return tuple(Rol(rol.soort, name(rol.waarde) if rol.soort == "rolomschrijving" else rol.waarde) for rol in rollen)


def _fields(record: Locatie | Groep | Leerling | Leerkracht) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    for names, rule in ((_NAMES, name), (_DAYS, day), (_OTHER, text)):
        for field in names:
            value = getattr(record, field, None)
            if value is not None:
                changed[field] = rule(value)
    return changed


def day(written: str) -> str:
    """Return an xs:date without its zone."""
    return written[: len("2026-12-31")]


def text(written: str) -> str:
    """Return a text with the character that Windows-1252 has for the one C1 control of the strategies."""
    return written.replace("\u0085", "\u2026")


def name(written: str) -> str:
    """Return a name with single spaces, in NFC."""
    spaced = "".join(" " if one.isspace() else one for one in text(written) if one not in WITHOUT_WIDTH)
    while "  " in spaced:
        spaced = spaced.replace("  ", " ")
    return unicodedata.normalize("NFC", spaced)
