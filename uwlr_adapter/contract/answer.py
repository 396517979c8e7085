"""The answer to a request, as bytes: the data of a school, no changes, or no data.

The shape is fixed, because one client finds its data with a regular expression: prefix `s` on the envelope, the
namespace of the standard as the default one inside, no other prefix, nothing empty.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

from lxml import etree

from uwlr_adapter.contract import schemas
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.escape import escape_all, escape_attribute, escape_text
from uwlr_adapter.contract.fields import ELEMENTS, attribute_of
from uwlr_adapter.contract.names import LEERLINGGEGEVENS, SOAP11, Operation
from uwlr_adapter.contract.profiles import Profiel
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.versions import USUAL_VERSION, LeerlingIdentity, get_version
from uwlr_adapter.contract.xml import ANSWER, parse, parse_own

Record = Groep | Leerkracht | Leerling | Locatie
RENDERER = 2
"""Number of the renderer; stored answers of another number are rendered anew.

Raise it with every change by which the same records, profile, version and settings give other bytes.
"""


class AnswerFormat(NamedTuple):
    """How an answer is written: for which operation, under which profile, in which version of UWLR.

    Where the eckid identifies a leerling instead of the key, `key_naast_eckid` makes the key leave beside it.
    """

    operation: Operation
    profiel: Profiel
    xsdversie: str
    key_naast_eckid: bool = False


def render_records(answer_format: AnswerFormat, dataset: Dataset) -> str:
    """Return the lists of the payload, without the school block, with the fields that the profile lets through."""
    parts: dict[str, Callable[[], list[str]]] = {
        "vestigingen": lambda: _vestigingen(dataset.locaties, answer_format),
        "groepen": lambda: _groepen(dataset.groepen, answer_format),
        "leerlingen": lambda: _records(dataset.leerlingen, "leerling", answer_format),
        "leerkrachten": lambda: _records(dataset.leerkrachten, "leerkracht", answer_format),
    }
    return "".join([_list(part, parts[part]()) for part in answer_format.operation.parts])


def fragments(answer_format: AnswerFormat, dataset: Dataset) -> list[str]:
    """Return each person of an answer by groups, as `render_records` writes it."""
    if "leerlingen" in answer_format.operation.parts:
        return _records(dataset.leerlingen, "leerling", answer_format)
    return _records(dataset.leerkrachten, "leerkracht", answer_format)


def around(answer_format: AnswerFormat, school: School) -> tuple[bytes, bytes]:
    """Return the bytes before the records of an answer and the bytes after them; UTF-8."""
    operation = answer_format.operation
    head, tail = _envelope(operation, f"<{operation.payload}>", f"</{operation.payload}>")
    return head + _school(school, answer_format.xsdversie).encode(), tail


def wrap(answer_format: AnswerFormat, school: School, records: bytes) -> bytes:
    """Return the whole answer around its rendered records; UTF-8."""
    head, tail = around(answer_format, school)
    return b"".join([head, records, tail])


def render(answer_format: AnswerFormat, dataset: Dataset) -> bytes:
    """Return the answer with the data of a school; UTF-8."""
    return wrap(answer_format, dataset.school, render_records(answer_format, dataset).encode())


def content_hash(answer_format: AnswerFormat, school: School, records: bytes) -> str:
    """Return the SHA-256 of an answer in 64 hexadecimal digits, without its aanmaakdatum and peildatum."""
    lasting = _school(replace(school, peildatum="", aanmaakdatum=""), answer_format.xsdversie)
    content = sha256(f"{answer_format.operation.payload}{lasting}".encode())
    content.update(records)
    return content.hexdigest()


def geenwijzigingen(operation: Operation) -> bytes:
    """Return the answer that nothing changed since the moment in the request; UTF-8."""
    return b"<geenwijzigingen/>".join(_envelope(operation))


def geengegevens(operation: Operation) -> bytes:
    """Return the answer that there are no data for this request; UTF-8."""
    return b"<geengegevens/>".join(_envelope(operation))


def check(answer: bytes, xsdversie: str = USUAL_VERSION, *, own: bool = False) -> list[Finding]:
    """Validate an answer, envelope included, by our XSD; return what is wrong, nothing for a valid one.

    A leerling has a key, an eckid, or both; where either may be absent XSD 1.0 cannot say so, and it is checked here.
    Of an answer with more than 100 errors each rule that it breaks is named once, with the path `*`. An answer of our
    own (`own`) is held to no limits, and all its errors are named. Raises XmlError, or KeyError for a version that is
    not served.
    """
    return check_envelope(parse_own(answer) if own else parse(answer, ANSWER), xsdversie, own=own)


def check_envelope(root: etree._Element, xsdversie: str = USUAL_VERSION, *, own: bool = False) -> list[Finding]:
    """Validate an answer that is parsed already, as `check` does. Raises KeyError."""
    body = root.find(f"{{{SOAP11}}}Body")
    if body is None or len(body) != 1:
        return [Finding("Envelope/Body", Rule.ABSENT)]
    unidentified = int(_COUNT_UNIDENTIFIED(body))  # type: ignore[arg-type] # count() returns a number
    schema = schemas.ANSWER[xsdversie]
    findings = schema.findings(body[0]) if own else schema.summary(body[0])
    return findings + [Finding("leerling", Rule.IDENTITY)] * unidentified


_COUNT_UNIDENTIFIED = etree.XPath(
    "count(descendant::l:leerling[not(@key or @eckid)])", namespaces={"l": LEERLINGGEGEVENS}
)


def _envelope(operation: Operation, opening: str = "", closing: str = "") -> tuple[bytes, bytes]:
    """Return the bytes before and after the records of an answer."""
    head = (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        f'<s:Envelope xmlns:s="{SOAP11}"><s:Body><{operation.answer} xmlns="{LEERLINGGEGEVENS}">{opening}'
    )
    return head.encode(), f"{closing}</{operation.answer}></s:Body></s:Envelope>".encode()


def _vestigingen(locaties: tuple[Locatie, ...], answer_format: AnswerFormat) -> list[str]:
    return _records(locaties, "vestiging", answer_format) if answer_format.profiel.vestiging else []


def _school(school: School, xsdversie: str) -> str:
    values = (
        ("schooljaar", school.schooljaar),
        ("peildatum", school.peildatum),
        ("brincode", school.brincode),
        ("dependancecode", school.dependancecode),
        ("schoolkey", school.schoolkey),
        ("aanmaakdatum", school.aanmaakdatum),
        ("xsdversie", xsdversie),
    )
    return f"<school>{''.join(_text(name, value) for name, value in values if value is not None)}</school>"


def _list(name: str, records: list[str]) -> str:
    """Wrap records in their list element, which is left out when there are none."""
    return f"<{name}>{''.join(records)}</{name}>" if records else ""


def _groepen(groepen: tuple[Groep, ...], answer_format: AnswerFormat) -> list[str]:
    written: list[str] = []
    for kind, some in groupby(groepen, attrgetter("soort")):
        written += _records(tuple(some), kind, answer_format)
    return written


def _records(records: Sequence[Record], tag: str, answer_format: AnswerFormat) -> list[str]:
    """Write records of one kind: their identity as attributes, then the allowed elements that have a value.

    It writes one element of all records at a time: that takes half the time of one record at a time.
    """
    allowed: frozenset[str] = getattr(answer_format.profiel, tag)
    columns = [_openings(records, tag, answer_format)]
    for element in ELEMENTS[tag]:
        if element in allowed:
            values = list(map(attrgetter(attribute_of(element)), records))
            write = _SPECIAL.get((tag, element))
            columns.append(_texts(element, values) if write is None else _parts(element, values, write))
    end = f"</{tag}>"
    return ["".join(parts) + end for parts in zip(*columns, strict=True)]


def _openings(records: Sequence[Record], tag: str, answer_format: AnswerFormat) -> list[str]:
    """Write the begin tags, with the attributes that identify a record."""
    keys = [f' key="{key}"' for key in escape_all([record.key for record in records], attribute=True)]
    version = get_version(answer_format.xsdversie)
    if not version.has_eckid:
        return [f"<{tag}{key}>" for key in keys]
    eckids = escape_all([getattr(record, "eckid", None) for record in records], attribute=True)
    eckid_replaces_key = version.identity is LeerlingIdentity.ECKID_ELSE_KEY and not answer_format.key_naast_eckid
    if tag == "leerling" and eckid_replaces_key:
        keys = ["" if eckid else key for key, eckid in zip(keys, eckids, strict=True)]
    return [
        f'<{tag}{key} eckid="{eckid}">' if eckid else f"<{tag}{key}>" for key, eckid in zip(keys, eckids, strict=True)
    ]


def _texts(name: str, values: list[str | None]) -> list[str]:
    """Write a plain element of each record; nothing for one without a value."""
    begin, end = f"<{name}>", f"</{name}>"
    return [f"{begin}{value}{end}" if value else "" for value in escape_all(values)]


def _parts(name: str, values: list[Any], write: Callable[[str, Any], str]) -> list[str]:
    """Write an element with more than a text in it: each value once, since many records share one."""
    written = {value: write(name, value) if value else "" for value in set(values)}
    return [written[value] for value in values]


def _text(name: str, value: str) -> str:
    return f"<{name}>{escape_text(value)}</{name}>"


def _reference(name: str, key: str) -> str:
    return f'<{name} key="{escape_attribute(key)}"/>'


def _samengestelde_groepen(name: str, keys: tuple[str, ...]) -> str:
    return f"<{name}>{''.join(_reference('samengestelde_groep', key) for key in keys)}</{name}>"


def _rollen(_name: str, rollen: tuple[Rol, ...]) -> str:
    return "".join(_text(rol.soort, rol.waarde) for rol in rollen)


def _groep_verwijzingen(name: str, references: tuple[GroepVerwijzing, ...]) -> str:
    content = "".join(
        f'<{groep.soort} key="{escape_attribute(groep.key)}">{_rollen("", groep.rollen)}</{groep.soort}>'
        if groep.rollen
        else _reference(groep.soort, groep.key)
        for groep in references
    )
    return f"<{name}>{content}</{name}>"


_SPECIAL: dict[tuple[str, str], Callable[..., str]] = {
    ("leerling", "groep"): _reference,
    ("leerling", "vestiging"): _reference,
    ("leerling", "samengestelde_groepen"): _samengestelde_groepen,
    ("leerkracht", "rollen"): _rollen,
    ("leerkracht", "groepen"): _groep_verwijzingen,
}
"""The elements that are more than one text, by record and name."""
