"""The answer to a request, as bytes: the data of a school, no changes, or no data.

The shape is fixed, because one client finds its data with a regular expression: prefix `s` on the envelope, the
namespace of the standard as the default one inside, no other prefix, nothing empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any

from lxml import etree

from uwlr_adapter.contract import schemas
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.names import (
    GROEP_ELEMENTS,
    LEERKRACHT_ELEMENTS,
    LEERLING_ELEMENTS,
    LEERLINGGEGEVENS,
    SAMENGESTELDE_GROEP_ELEMENTS,
    SOAP11,
    VESTIGING_ELEMENTS,
    Operation,
    attribute_of,
)
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.xml import FILE, escape_all, escape_attribute, escape_text, parse, parse_own

Record = Groep | Leerkracht | Leerling | Locatie


@dataclass(frozen=True, slots=True)
class AnswerFormat:
    """How an answer is written: for which operation, under which profile, in which version of UWLR.

    In 2.1 there is no eckid. In 2.3 the ECK-iD identifies a leerling, and the key goes where there is none, or beside
    it when `key_naast_eckid` says so. A leerkracht always has a key.
    """

    operation: Operation
    profiel: Profiel
    xsdversie: str
    key_naast_eckid: bool = False


def render_records(answer_format: AnswerFormat, dataset: Dataset) -> str:
    """Give the lists of the payload, all but the school block, as far as the profile lets their fields through."""
    parts: dict[str, Callable[[], list[str]]] = {
        "vestigingen": lambda: _vestigingen(dataset.locaties, answer_format),
        "groepen": lambda: _groepen(dataset.groepen, answer_format),
        "leerlingen": lambda: _records(dataset.leerlingen, "leerling", LEERLING_ELEMENTS, answer_format),
        "leerkrachten": lambda: _records(dataset.leerkrachten, "leerkracht", LEERKRACHT_ELEMENTS, answer_format),
    }
    return "".join([_list(part, parts[part]()) for part in answer_format.operation.parts])


def fragments(answer_format: AnswerFormat, dataset: Dataset) -> list[str]:
    """Give each person of an answer by groups, as it stands in `render_records`."""
    if "leerlingen" in answer_format.operation.parts:
        return _records(dataset.leerlingen, "leerling", LEERLING_ELEMENTS, answer_format)
    return _records(dataset.leerkrachten, "leerkracht", LEERKRACHT_ELEMENTS, answer_format)


def around(answer_format: AnswerFormat, school: School) -> tuple[bytes, bytes]:
    """Give what stands before the records of an answer and what stands behind them; UTF-8."""
    operatie = answer_format.operation
    head, tail = _envelope(operatie, f"<{operatie.payload}>", f"</{operatie.payload}>")
    return head + _school(school, answer_format.xsdversie).encode(), tail


def wrap(answer_format: AnswerFormat, school: School, records: bytes) -> bytes:
    """Give the whole answer around its rendered records; UTF-8."""
    head, tail = around(answer_format, school)
    return b"".join([head, records, tail])


def render(answer_format: AnswerFormat, dataset: Dataset) -> bytes:
    """Give the answer with the data of a school; UTF-8."""
    return wrap(answer_format, dataset.school, render_records(answer_format, dataset).encode())


def content_hash(answer_format: AnswerFormat, school: School, records: bytes) -> str:
    """Give the hash of what an answer says: all of it but the moment and the day on which it is given."""
    lasting = _school(replace(school, peildatum="", aanmaakdatum=""), answer_format.xsdversie)
    found = sha256(f"{answer_format.operation.payload}{lasting}".encode())
    found.update(records)
    return found.hexdigest()


def geenwijzigingen(operatie: Operation) -> bytes:
    """Give the answer that nothing changed since the moment in the request; UTF-8."""
    return b"<geenwijzigingen/>".join(_envelope(operatie))


def geengegevens(operatie: Operation) -> bytes:
    """Give the answer that there are no data for this request; UTF-8."""
    return b"<geengegevens/>".join(_envelope(operatie))


def check(antwoord: bytes, xsdversie: str = "2.2", *, own: bool = False) -> list[Finding]:
    """Judge an answer, envelope included, by our XSD; gives what is wrong, nothing for a valid one.

    In 2.3 a leerling has a key, an eckid, or both; XSD 1.0 cannot say so, and it is looked at here. An answer that was
    made here (`eigen`) is held to no limits.
    """
    body = (parse_own(antwoord) if own else parse(antwoord, FILE)).find(f"{{{SOAP11}}}Body")
    if body is None or len(body) != 1:
        return [Finding("Envelope/Body", "shape")]
    nobody = [Finding("leerling", "identity")] * int(_NOBODY(body))  # type: ignore[arg-type] # it gives a number
    return schemas.ANSWER[xsdversie].findings(body[0]) + nobody


_NOBODY = etree.XPath("count(descendant::l:leerling[not(@key or @eckid)])", namespaces={"l": LEERLINGGEGEVENS})


def _envelope(operatie: Operation, opening: str = "", sluiting: str = "") -> tuple[bytes, bytes]:
    """Give what stands around the payload of an answer."""
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><{operatie.answer} xmlns="{LEERLINGGEGEVENS}">{opening}'
    )
    return head.encode(), f"{sluiting}</{operatie.answer}></s:Body></s:Envelope>".encode()


def _vestigingen(locaties: tuple[Locatie, ...], answer_format: AnswerFormat) -> list[str]:
    return _records(locaties, "vestiging", VESTIGING_ELEMENTS, answer_format) if answer_format.profiel.vestiging else []


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


def _list(naam: str, records: list[str]) -> str:
    """Wrap records in their list element, which is left out when there are none."""
    return f"<{naam}>{''.join(records)}</{naam}>" if records else ""


def _groepen(groepen: tuple[Groep, ...], answer_format: AnswerFormat) -> list[str]:
    written: list[str] = []
    for kind, some in groupby(groepen, attrgetter("soort")):
        elements = GROEP_ELEMENTS if kind == "groep" else SAMENGESTELDE_GROEP_ELEMENTS
        written += _records(tuple(some), kind, elements, answer_format)
    return written


def _records(records: Sequence[Record], tag: str, elements: tuple[str, ...], answer_format: AnswerFormat) -> list[str]:
    """Write records of one kind: their identity as attributes, then the allowed elements that have a value.

    One element of all of them at a time: that takes half the time of one record at a time.
    """
    allowed: frozenset[str] = getattr(answer_format.profiel, tag)
    columns = [_openings(records, tag, answer_format)]
    for naam in elements:
        if naam in allowed:
            values = list(map(attrgetter(attribute_of(naam)), records))
            write = _SPECIAL.get((tag, naam))
            columns.append(_texts(naam, values) if write is None else _parts(naam, values, write))
    end = f"</{tag}>"
    return ["".join(parts) + end for parts in zip(*columns, strict=True)]


def _openings(records: Sequence[Record], tag: str, answer_format: AnswerFormat) -> list[str]:
    """Write the begin tags, with the attributes that say who or what a record is."""
    keys = [f' key="{key}"' for key in escape_all([record.key for record in records], attribute=True)]
    if answer_format.xsdversie == "2.1":
        return [f"<{tag}{key}>" for key in keys]
    eckids = escape_all([getattr(record, "eckid", None) for record in records], attribute=True)
    if tag == "leerling" and answer_format.xsdversie == "2.3" and not answer_format.key_naast_eckid:
        keys = ["" if eckid else key for key, eckid in zip(keys, eckids, strict=True)]
    return [
        f'<{tag}{key} eckid="{eckid}">' if eckid else f"<{tag}{key}>" for key, eckid in zip(keys, eckids, strict=True)
    ]


def _texts(naam: str, values: list[str | None]) -> list[str]:
    """Write a plain element of each record; nothing for one without a value."""
    begin, end = f"<{naam}>", f"</{naam}>"
    return [f"{begin}{value}{end}" if value else "" for value in escape_all(values)]


def _parts(naam: str, values: list[Any], write: Callable[[str, Any], str]) -> list[str]:
    """Write an element with more than a text in it: each value once, since many records share one."""
    written = {value: write(naam, value) if value else "" for value in set(values)}
    return [written[value] for value in values]


def _text(naam: str, value: str) -> str:
    return f"<{naam}>{escape_text(value)}</{naam}>"


def _reference(naam: str, key: str) -> str:
    return f'<{naam} key="{escape_attribute(key)}"/>'


def _samengestelde_groepen(naam: str, keys: tuple[str, ...]) -> str:
    return f"<{naam}>{''.join(_reference('samengestelde_groep', key) for key in keys)}</{naam}>"


def _rollen(_naam: str, rollen: tuple[Rol, ...]) -> str:
    return "".join(_text(rol.soort, rol.waarde) for rol in rollen)


def _groep_verwijzingen(naam: str, references: tuple[GroepVerwijzing, ...]) -> str:
    content = "".join(
        f'<{groep.soort} key="{escape_attribute(groep.key)}">{_rollen("", groep.rollen)}</{groep.soort}>'
        if groep.rollen
        else _reference(groep.soort, groep.key)
        for groep in references
    )
    return f"<{naam}>{content}</{naam}>"


_SPECIAL: dict[tuple[str, str], Callable[..., str]] = {
    ("leerling", "groep"): _reference,
    ("leerling", "vestiging"): _reference,
    ("leerling", "samengestelde_groepen"): _samengestelde_groepen,
    ("leerkracht", "rollen"): _rollen,
    ("leerkracht", "groepen"): _groep_verwijzingen,
}
"""The elements that are more than one text, by record and name."""
