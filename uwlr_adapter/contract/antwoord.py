"""The answer to a request, as bytes: the data of a school, no changes, or no data.

The shape is fixed, because one client finds its data with a regular expression: prefix `s` on the envelope, the
namespace of the standard as the default one inside, no other prefix, nothing empty.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from operator import attrgetter

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
from uwlr_adapter.contract.xml import BESTAND, TEXT_SPECIAL, escape_attribute, escape_text, parse, parse_own

Record = Groep | Leerkracht | Leerling | Locatie


@dataclass(frozen=True, slots=True)
class Vorm:
    """How an answer is written: for which operation, under which profile, in which version of UWLR.

    In 2.1 there is no eckid. In 2.3 the ECK-iD identifies a leerling, and the key goes where there is none, or beside
    it when `key_naast_eckid` says so. A leerkracht always has a key.
    """

    operatie: Operatie
    profiel: Profiel
    xsdversie: str
    key_naast_eckid: bool = False


def render_records(vorm: Vorm, dataset: Dataset) -> str:
    """Give the lists of the payload, all but the school block, as far as the profile lets their fields through."""
    parts: dict[str, Callable[[], Iterator[str]]] = {
        "vestigingen": lambda: _vestigingen(dataset.locaties, vorm),
        "groepen": lambda: _groepen(dataset.groepen, vorm),
        "leerlingen": lambda: _records(dataset.leerlingen, "leerling", LEERLING_ELEMENTEN, vorm),
        "leerkrachten": lambda: _records(dataset.leerkrachten, "leerkracht", LEERKRACHT_ELEMENTEN, vorm),
    }
    return "".join(piece for deel in vorm.operatie.delen for piece in _list(deel, parts[deel]()))


def fragments(vorm: Vorm, dataset: Dataset) -> list[str]:
    """Give each person of an answer by groups, as it stands in `render_records`."""
    if "leerlingen" in vorm.operatie.delen:
        return list(_records(dataset.leerlingen, "leerling", LEERLING_ELEMENTEN, vorm))
    return list(_records(dataset.leerkrachten, "leerkracht", LEERKRACHT_ELEMENTEN, vorm))


def around(vorm: Vorm, school: School) -> tuple[bytes, bytes]:
    """Give what stands before the records of an answer and what stands behind them; UTF-8."""
    operatie = vorm.operatie
    kop, staart = _envelope(operatie, f"<{operatie.inhoud}>", f"</{operatie.inhoud}>")
    return kop + _school(school, vorm.xsdversie).encode(), staart


def wrap(vorm: Vorm, school: School, records: bytes) -> bytes:
    """Give the whole answer around its rendered records; UTF-8."""
    kop, staart = around(vorm, school)
    return b"".join([kop, records, staart])


def render(vorm: Vorm, dataset: Dataset) -> bytes:
    """Give the answer with the data of a school; UTF-8."""
    return wrap(vorm, dataset.school, render_records(vorm, dataset).encode())


def content_hash(vorm: Vorm, school: School, records: bytes) -> str:
    """Give the hash of what an answer says: all of it but the moment and the day on which it is given."""
    lasting = _school(replace(school, peildatum="", aanmaakdatum=""), vorm.xsdversie)
    found = sha256(f"{vorm.operatie.inhoud}{lasting}".encode())
    found.update(records)
    return found.hexdigest()


def geenwijzigingen(operatie: Operatie) -> bytes:
    """Give the answer that nothing changed since the moment in the request; UTF-8."""
    return b"<geenwijzigingen/>".join(_envelope(operatie))


def geengegevens(operatie: Operatie) -> bytes:
    """Give the answer that there are no data for this request; UTF-8."""
    return b"<geengegevens/>".join(_envelope(operatie))


def check(antwoord: bytes, xsdversie: str = "2.2", *, eigen: bool = False) -> list[Bevinding]:
    """Judge an answer, envelope included, by our XSD; gives what is wrong, nothing for a valid one.

    In 2.3 a leerling has a key, an eckid, or both; XSD 1.0 cannot say so, and it is looked at here. An answer that was
    made here (`eigen`) is held to no limits.
    """
    body = (parse_own(antwoord) if eigen else parse(antwoord, BESTAND)).find(f"{{{SOAP11}}}Body")
    if body is None or len(body) != 1:
        return [Bevinding("Envelope/Body", "shape")]
    nobody = [
        Bevinding("leerling", "identity")
        for element in body.iter(f"{{{LEERLINGGEGEVENS}}}leerling")
        if element.get("key") is None and element.get("eckid") is None
    ]
    return schemas.ANTWOORD[xsdversie].findings(body[0]) + nobody


def _envelope(operatie: Operatie, opening: str = "", sluiting: str = "") -> tuple[bytes, bytes]:
    """Give what stands around the payload of an answer."""
    kop = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><{operatie.antwoord} xmlns="{LEERLINGGEGEVENS}">{opening}'
    )
    return kop.encode(), f"{sluiting}</{operatie.antwoord}></s:Body></s:Envelope>".encode()


def _vestigingen(locaties: tuple[Locatie, ...], vorm: Vorm) -> Iterator[str]:
    if vorm.profiel.vestiging:
        yield from _records(locaties, "vestiging", VESTIGING_ELEMENTEN, vorm)


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


def _groepen(groepen: tuple[Groep, ...], vorm: Vorm) -> Iterator[str]:
    for groep in groepen:
        elementen = GROEP_ELEMENTEN if groep.soort == "groep" else SAMENGESTELDE_GROEP_ELEMENTEN
        yield from _records((groep,), groep.soort, elementen, vorm)


def _records(records: tuple[Record, ...], tag: str, elementen: tuple[str, ...], vorm: Vorm) -> Iterator[str]:
    """Write records of one kind: their identity as attributes, then the allowed elements that have a value."""
    allowed: frozenset[str] = getattr(vorm.profiel, tag)
    written = [naam for naam in elementen if naam in allowed]
    writers = [(f"<{naam}>", f"</{naam}>", naam, _SPECIAL.get((tag, naam))) for naam in written]
    values = attrgetter(*map(attribute_of, written), "key")  # more than one, so that it always gives a tuple
    special = TEXT_SPECIAL.search  # asked here and not in `escape_text`: most of forty thousand values have none
    for record in records:
        parts = [f"<{tag}{_identity(record, vorm)}>"]
        for value, (begin, end, naam, write) in zip(values(record), writers, strict=False):
            if value:
                if write:
                    parts.append(write(naam, value))
                else:
                    parts.append(f"{begin}{escape_text(value) if special(value) else value}{end}")
        parts.append(f"</{tag}>")
        yield "".join(parts)


def _identity(record: Record, vorm: Vorm) -> str:
    """Give the attributes that say who or what a record is."""
    eckid = None if vorm.xsdversie == "2.1" else getattr(record, "eckid", None)
    key = f' key="{escape_attribute(record.key)}"'
    if eckid is None:
        return key
    if isinstance(record, Leerling) and vorm.xsdversie == "2.3" and not vorm.key_naast_eckid:
        key = ""
    return f'{key} eckid="{escape_attribute(eckid)}"'


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
