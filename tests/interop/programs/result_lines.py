"""The messages of the programs in Python that bring results: their lines (README.md) as nested dictionaries."""

import os
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

HEADER = {naam.lower(): os.environ[name] for naam, name in (("autorisatiesleutel", "SLEUTEL"),)} | {
    naam: os.environ[naam.upper()] for naam in ("klantcode", "klantnaam")
}
_SCHOOL = ("schooljaar", "brincode", "dependancecode", "aanmaakdatum", "xsdversie")
_NORM = ("term", "beginnormwaarde", "eindnormwaarde")
_REFERENTIE = ("codereferentiescore", "codevergelijkingsgroep", "waarde")


def messages() -> Iterator[dict[str, Any]]:
    """Yield each message when its last line was read; an attribute stands among the elements, a text is `_value_1`."""
    message: dict[str, Any] = {}
    for line in sys.stdin:
        kind, *fields = line.rstrip("\n").split("\t")
        if kind == "breng":
            yield message
        elif kind == "school":
            message = {"school": dict(zip(_SCHOOL, fields, strict=True))}
            message["school"]["aanmaakdatum"] = datetime.fromisoformat(fields[3])
            message |= {"toetsafnames": {"toetsafname": []}, "toetsen": {"toets": []}}
        else:
            _add(message, kind, fields)


def answer(*fields: object) -> None:
    """Print the outcome of a message."""
    print("\t".join("" if field is None else str(field) for field in fields), flush=True)  # noqa: T201 - a program


def _add(message: dict[str, Any], kind: str, fields: list[str]) -> None:
    afnames, toetsen = message["toetsafnames"]["toetsafname"], message["toetsen"]["toets"]
    if kind == "afname":
        afnames.append({"leerlingid": fields[0], "resultaten": {"resultaat": []}})
    elif kind == "resultaat":
        afnames[-1]["resultaten"]["resultaat"].append(_resultaat(*fields))
    elif kind == "oso":
        goed, schaal, laag, hoog = fields
        interval = {"bivlaag": _number(laag), "bivhoog": _number(hoog)}
        score = {
            "aantalgoed": _number(goed),
            "vaardigheidsscore": _number(schaal),
            "betrouwbaarheidsinterval": interval,
        }
        afnames[-1]["resultaten"]["resultaat"][-1]["osoresultaat"] = {"toetsscore": score, "referentiescore": []}
    elif kind == "referentie":
        found = afnames[-1]["resultaten"]["resultaat"][-1]["osoresultaat"]["referentiescore"]
        found.append(dict(zip(_REFERENTIE, fields, strict=True)))
    elif kind == "toets":
        code, vocabulaire, naam, ingang, niveau = fields
        code_of = {"_value_1": code, "vocabulaire": vocabulaire}
        step = {"_value_1": ingang, "niveau": _number(niveau)}
        toetsen.append({"toetscode": code_of, "toetsnaam": naam, "toetshierarchie": {"ingang": [step]}})
    elif kind == "norm":
        term, begin, eind = fields
        norm = dict(zip(_NORM, (term, _number(begin), _number(eind)), strict=True))
        toetsen[-1].setdefault("toetsnormering", {"norm": []})["norm"].append(norm)
    elif kind == "onderdeel":
        nummer, code, naam = fields
        onderdeel = {"toetsonderdeelvolgnummer": _number(nummer), "toetsonderdeelcode": {"_value_1": code}}
        found = toetsen[-1].setdefault("toetsonderdelen", {"toetsonderdeel": []})
        found["toetsonderdeel"].append(onderdeel | {"toetsonderdeelnaam": naam})
    else:
        raise ValueError(kind)


def _resultaat(key: str, dag: str, toetscode: str, onderdeel: str, score: str) -> dict[str, Any]:
    """Return a result; what is empty is left out."""
    found: dict[str, Any] = {"key": key, "afnamedatum": date.fromisoformat(dag), "toetscode": toetscode}
    more = {"toetsonderdeelcode": onderdeel, "score": _number(score)}
    return found | {naam: value for naam, value in more.items() if value != ""}


def _number(text: str) -> int | float | str:
    """Return a number as Python has it, as a program would hold it; what is none stays a text."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text
