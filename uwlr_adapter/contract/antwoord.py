"""The answer to a request, as bytes: the data of a school, no changes, or no data.

The shape is fixed, because one client finds its data with a regular expression: prefix `s` on the envelope, the
namespace of the standard as the default one inside, no other prefix, nothing empty.
"""

from collections.abc import Callable, Iterator

from uwlr_adapter.contract import schemas
from uwlr_adapter.contract.dataset import (
    Dataset,
    Groep,
    GroepVerwijzing,
    Leerkracht,
    Leerling,
    Locatie,
    Rol,
    School,
)
from uwlr_adapter.contract.names import (
    GROEP_ELEMENTEN,
    LEERKRACHT_ELEMENTEN,
    LEERLING_ELEMENTEN,
    LEERLINGGEGEVENS,
    SAMENGESTELDE_GROEP_ELEMENTEN,
    SOAP11,
    VESTIGING_ELEMENTEN,
    Operatie,
    attribute_of,
)
from uwlr_adapter.contract.profiel import Profiel
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.contract.xml import BESTAND, escape_attribute, escape_text, parse

Record = Groep | Leerkracht | Leerling | Locatie


def render(operatie: Operatie, dataset: Dataset, profiel: Profiel, xsdversie: str) -> bytes:
    """Give the answer with the data of a school, as far as the profile lets its fields through; UTF-8."""
    inhoud = "".join(_dataset(dataset, profiel, xsdversie))
    return _envelope(operatie, f"<{operatie.inhoud}>{inhoud}</{operatie.inhoud}>")


def geenwijzigingen(operatie: Operatie) -> bytes:
    """Give the answer that nothing changed since the moment in the request; UTF-8."""
    return _envelope(operatie, "<geenwijzigingen/>")


def geengegevens(operatie: Operatie) -> bytes:
    """Give the answer that there are no data for this request; UTF-8."""
    return _envelope(operatie, "<geengegevens/>")


def check(antwoord: bytes) -> list[Bevinding]:
    """Judge an answer, envelope included, by our XSD; gives what is wrong, nothing for a valid one."""
    body = parse(antwoord, BESTAND).find(f"{{{SOAP11}}}Body")
    if body is None or len(body) != 1:
        return [Bevinding("Envelope/Body", "shape")]
    return schemas.ANTWOORD.findings(body[0])


def _envelope(operatie: Operatie, inhoud: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><{operatie.antwoord} xmlns="{LEERLINGGEGEVENS}">'
        f"{inhoud}</{operatie.antwoord}></s:Body></s:Envelope>"
    ).encode()


def _dataset(dataset: Dataset, profiel: Profiel, xsdversie: str) -> Iterator[str]:
    yield _school(dataset.school, xsdversie)
    if profiel.vestiging:
        yield from _list("vestigingen", _records(dataset.locaties, "vestiging", VESTIGING_ELEMENTEN, profiel.vestiging))
    yield from _list("groepen", _groepen(dataset.groepen, profiel))
    yield from _list("leerlingen", _records(dataset.leerlingen, "leerling", LEERLING_ELEMENTEN, profiel.leerling))
    yield from _list(
        "leerkrachten", _records(dataset.leerkrachten, "leerkracht", LEERKRACHT_ELEMENTEN, profiel.leerkracht)
    )


def _school(school: School, xsdversie: str) -> str:
    fields = (
        ("schooljaar", school.schooljaar),
        ("peildatum", school.peildatum),
        ("brincode", school.brincode),
        ("dependancecode", school.dependancecode),
        ("schoolkey", school.schoolkey),
        ("aanmaakdatum", school.aanmaakdatum),
        ("xsdversie", xsdversie),
    )
    return f"<school>{''.join(_text(naam, value) for naam, value in fields if value is not None)}</school>"


def _list(naam: str, records: Iterator[str]) -> Iterator[str]:
    """Wrap records in their list element, which is left out when there are none."""
    first = next(records, None)
    if first is None:
        return
    yield f"<{naam}>{first}"
    yield from records
    yield f"</{naam}>"


def _groepen(groepen: tuple[Groep, ...], profiel: Profiel) -> Iterator[str]:
    for groep in groepen:
        if groep.soort == "groep":
            yield from _records((groep,), groep.soort, GROEP_ELEMENTEN, profiel.groep)
        else:
            yield from _records((groep,), groep.soort, SAMENGESTELDE_GROEP_ELEMENTEN, profiel.samengestelde_groep)


def _records(
    records: tuple[Record, ...], tag: str, elementen: tuple[str, ...], allowed: frozenset[str]
) -> Iterator[str]:
    """Write records of one kind: the key and ECK-iD as attributes, then the allowed elements that have a value."""
    writers = [(attribute_of(naam), naam, _SPECIAL.get((tag, naam), _text)) for naam in elementen if naam in allowed]
    for record in records:
        eckid = getattr(record, "eckid", None)
        identity = f'key="{escape_attribute(record.key)}"'
        if eckid is not None:
            identity += f' eckid="{escape_attribute(eckid)}"'
        body = "".join(
            write(naam, value) for attribute, naam, write in writers if (value := getattr(record, attribute))
        )
        yield f"<{tag} {identity}>{body}</{tag}>"


def _text(naam: str, value: str) -> str:
    return f"<{naam}>{escape_text(value)}</{naam}>"


def _reference(naam: str, key: str) -> str:
    return f'<{naam} key="{escape_attribute(key)}"/>'


def _samengestelde_groepen(naam: str, keys: tuple[str, ...]) -> str:
    return f"<{naam}>{''.join(_reference('samengestelde_groep', key) for key in keys)}</{naam}>"


def _rollen(_naam: str, rollen: tuple[Rol, ...]) -> str:
    return "".join(_text(rol.soort, rol.waarde) for rol in rollen)


def _groep_verwijzingen(naam: str, verwijzingen: tuple[GroepVerwijzing, ...]) -> str:
    inhoud = "".join(
        f'<{groep.soort} key="{escape_attribute(groep.key)}">{_rollen("", groep.rollen)}</{groep.soort}>'
        if groep.rollen
        else _reference(groep.soort, groep.key)
        for groep in verwijzingen
    )
    return f"<{naam}>{inhoud}</{naam}>"


_SPECIAL: dict[tuple[str, str], Callable[..., str]] = {
    ("leerling", "groep"): _reference,
    ("leerling", "vestiging"): _reference,
    ("leerling", "samengestelde_groepen"): _samengestelde_groepen,
    ("leerkracht", "rollen"): _rollen,
    ("leerkracht", "groepen"): _groep_verwijzingen,
}
"""The elements that are more than one text, by record and name."""
