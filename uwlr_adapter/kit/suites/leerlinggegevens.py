"""HaalLeerlinggegevens: the data of a school, valid, whole and consistent."""

import re
from collections import Counter
from datetime import timedelta
from typing import Final

from lxml import etree

from uwlr_adapter.clock import now, parse_moment, schooljaar_start
from uwlr_adapter.contract import answer, schemas
from uwlr_adapter.contract.fields import BSN_FAMILY
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.contract.schemas import Finding
from uwlr_adapter.contract.versions import BY_NAME, LeerlingIdentity
from uwlr_adapter.kit.checks import Level, Suite, cannot, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, local, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import ANSWERS, OF_DATA, stop_without_data

SUITE = Suite("leerlinggegevens", "LG", "HaalLeerlinggegevens")
_PERSONS = ("leerling", "leerkracht")
_ECKID: Final = re.compile(r"https://ketenid\.nl/(?:[0-9]{6}|pilot)/[0-9a-f]{128}")
_NOT_OF_THE_SCHEMA: Final = frozenset({Rule.KEY, Rule.IDENTITY, Rule.EMPTY})
"""Rules that have a check of their own."""
_SOME = 3
_LONG_AGO = 20
"""Years: whoever was at school then is nobody's leerling now."""


@SUITE.check(1, "The school of this run is answered with data", "R-062", "R-090", after=(ANSWERS,))
def data(session: Session) -> str:
    """Look at the usual answer: nearly every other check needs data to look at."""
    reading = session.usual_answer()
    if reading.kind is AnswerKind.NO_DATA:
        stop_without_data()
    require(
        reading.kind is AnswerKind.DATA, f"A first request is answered with {sentence_of(reading)} instead of data."
    )
    counts = {kind: len(reading.records(kind)) for kind in ("leerling", "leerkracht", "groep", "samengestelde_groep")}
    return f"The answer has {', '.join(f'{number} of {kind}' for kind, number in counts.items())}."


@SUITE.check(
    2,
    "The answer is valid by the schema of its version",
    "R-051",
    "R-057",
    "R-058",
    "R-059",
    "R-060",
    "R-061",
    "R-112",
    after=(OF_DATA,),
)
def valid(session: Session) -> None:
    """Validate the usual answer; keys, references and empty values have checks of their own."""
    require_valid(session, session.data())


def require_valid(session: Session, reading: Reading) -> None:
    """Require that an answer is valid by the schema, apart from what has a check of its own."""
    version = session.target.xsdversie
    found = [one for one in _findings(session, reading) if one.rule not in _NOT_OF_THE_SCHEMA and not _is_told(one)]
    places = "; ".join(f"{one.path}: {one.rule}" for one in found[:_SOME])
    require(not found, f"The answer breaks the schema of {version} ({len(found)}x): {places}.")


def _findings(session: Session, reading: Reading) -> list[Finding]:
    root = reading.root
    return [] if root is None else answer.check_envelope(root, session.target.xsdversie)


def _is_told(finding: Finding) -> bool:
    """Whether a finding is about an element with nothing in it, which has a check of its own."""
    element = finding.element
    return element is not None and not len(element) and not (element.text or "").strip() and not element.attrib


@SUITE.check(3, "Nothing in the answer is empty: an absent value is an absent element", "R-056", after=(OF_DATA,))
def nothing_empty(session: Session) -> None:
    """Look for elements without text and children, and for lists without records."""
    found = [
        f"{_parent(one)}/{_name(one)}"
        for one in _elements(session.data())
        if len(one) == 0 and not (one.text or "").strip() and not one.attrib
    ]
    require(not found, f"{len(found)} elements are empty, such as {', '.join(dict.fromkeys(found[:_SOME]))}.")


@SUITE.check(4, "Keys and ECK-iDs are unique per kind of record", "R-053", "R-108", after=(OF_DATA,))
def unique(session: Session) -> None:
    """Count the keys of groups, leerlingen, leerkrachten and vestigingen."""
    for kinds, what in (
        (("groep", "samengestelde_groep"), "group"),
        (("leerling",), "leerling"),
        (("leerkracht",), "leerkracht"),
        (("vestiging",), "vestiging"),
    ):
        records = [one for kind in kinds for one in session.data().records(kind)]
        for attribute in ("key", "eckid"):
            counted = Counter(one.get(attribute) for one in records if one.get(attribute))
            twice = sum(number > 1 for number in counted.values())
            require(not twice, f"{twice} values of {attribute} are those of more than one {what}.")


@SUITE.check(5, "Every reference is to a record in the answer", "R-053", after=(OF_DATA,))
def references(session: Session) -> None:
    """Follow the references of persons to groups, and of leerlingen to a vestiging."""
    reading = session.data()
    known = {
        kind: {one.get("key") for one in reading.records(kind)}
        for kind in ("groep", "samengestelde_groep", "vestiging")
    }
    for person in _PERSONS:
        for record in reading.records(person):
            for reference in record.iter("{*}groep", "{*}samengestelde_groep", "{*}vestiging"):
                kind = local(reference)
                require(
                    reference.get("key") in known[kind], f"A {person} refers to a {kind} that is not in the answer."
                )


@SUITE.check(
    6,
    "Persons have the identity of the version: key, ECK-iD, or both",
    "R-042",
    "R-043",
    "R-044",
    "R-046",
    "R-047",
    after=(OF_DATA,),
)
def identity(session: Session) -> None:
    """Look at the attributes of leerlingen and leerkrachten."""
    version = BY_NAME[session.target.xsdversie]
    for person in _PERSONS:
        records = session.data().records(person)
        without_key = sum(not one.get("key") for one in records)
        if version.identity is LeerlingIdentity.ECKID_ELSE_KEY and person == "leerling":
            neither = sum(not one.get("key") and not one.get("eckid") for one in records)
            require(not neither, f"{neither} of leerling have neither a key nor an ECK-iD.")
        else:
            require(not without_key, f"{without_key} of {person} have no key.")
        with_eckid = sum(one.get("eckid") is not None for one in records)
        require(
            version.has_eckid or not with_eckid, f"{with_eckid} of {person} have an eckid, which {version.name} lacks."
        )


@SUITE.check(7, "The answer is of the school that was asked", "R-063", after=(OF_DATA,))
def school(session: Session) -> None:
    """Compare the school block with the request."""
    reading, target = session.data(), session.target
    require(reading.school("brincode") == target.brincode, "The brincode of the answer is not that of the request.")
    given = reading.school("dependancecode") or "00"
    require(given == target.dependancecode, "The dependancecode of the answer is not that of the request.")


@SUITE.check(8, "The answer is of the schooljaar that was asked", "R-063", "R-064", after=(OF_DATA,))
def schooljaar(session: Session) -> None:
    """Compare the schooljaar with the request."""
    given = session.data().school("schooljaar")
    require(given == session.target.schooljaar, "The schooljaar of the answer is not that of the request.")


@SUITE.check(9, "The answer names its version, the one that was asked", "R-040", "R-063", after=(OF_DATA,))
def version(session: Session) -> None:
    """Compare the xsdversie with the request."""
    given = session.data().school("xsdversie")
    require(given is not None, "The school block has no xsdversie.")
    require(given == session.target.xsdversie, "The xsdversie of the answer is not that of the request.")


@SUITE.check(10, "The answer says when its data were made, and not in the future", "R-063", after=(OF_DATA,))
def aanmaakdatum(session: Session) -> None:
    """Look at the aanmaakdatum; a clock may be ten minutes off."""
    text = session.data().school("aanmaakdatum")
    require(text, "The school block has no aanmaakdatum.")
    moment = parse_moment(text or "")
    if moment is None:
        cannot("because the aanmaakdatum cannot be read, which is the matter of another check")
    require(moment <= now() + timedelta(minutes=10), "The aanmaakdatum lies in the future.")


@SUITE.check(11, "The dependancecode is written out, 00 included", "R-063", level=Level.SHOULD, after=(OF_DATA,))
def dependancecode(session: Session) -> None:
    """Look for it: some vendors find the school by brincode and dependancecode of the answer."""
    require(
        session.data().school("dependancecode"),
        "The school block has no dependancecode, by which vendors find the school.",
    )


@SUITE.check(12, "The peildatum lies within the schooljaar", "R-065", "R-066", level=Level.SHOULD, after=(OF_DATA,))
def peildatum(session: Session) -> None:
    """Look at the peildatum, if any."""
    text, start = session.data().school("peildatum"), schooljaar_start(session.target.schooljaar)
    if not text or start is None:
        omit("The answer has no peildatum.")
    day = text[:10]
    require(f"{start}-08-01" <= day <= f"{start + 1}-07-31", "The peildatum does not lie within the schooljaar.")


@SUITE.check(13, "Each leerling has a jaargroep", "R-072", "R-111", level=Level.SHOULD, after=(OF_DATA,))
def jaargroep(session: Session) -> None:
    """Count the leerlingen without one."""
    records = session.data().records("leerling")
    without = sum(one.find("{*}jaargroep") is None for one in records)
    require(not without, f"{without} of the {len(records)} leerlingen have no jaargroep.")


@SUITE.check(14, "No key is a dummy that starts with #", "R-106", after=(OF_DATA,))
def no_dummy(session: Session) -> None:
    """Count keys that identify nobody."""
    found = sum(str(one.get("key", "")).startswith("#") for one in _elements(session.data()))
    require(not found, f"Keys that start with # identify nobody, and there are such ({found}).")


@SUITE.check(15, "No national number leaves", "R-078", after=(OF_DATA,))
def no_bsn(session: Session) -> None:
    """Look for the elements of the BSN family, the four digits apart."""
    found = [name for name in BSN_FAMILY for _ in session.data().values(name)]
    require(not found, f"{len(found)} national numbers leave ({', '.join(dict.fromkeys(found))}).")


@SUITE.check(16, "ECK-iDs have the published form", "R-057", level=Level.SHOULD, after=(OF_DATA,))
def eckid_form(session: Session) -> None:
    """Look at the form: https://ketenid.nl/, a publication, and 128 hexadecimal digits."""
    given = [str(one.get("eckid")) for kind in _PERSONS for one in session.data().records(kind) if one.get("eckid")]
    if not given:
        omit("No person in the answer has an ECK-iD.")
    wrong = sum(not _ECKID.fullmatch(one) for one in given)
    require(not wrong, f"{wrong} of {len(given)} ECK-iDs do not have the published form.")


@SUITE.check(17, "The same request gives the same records", "R-062", "R-105", after=(OF_DATA,))
def stable(session: Session) -> None:
    """Ask again, and compare the keys of every kind."""
    again, before = session.call(session.usual), session.data()
    require(again.kind is AnswerKind.DATA, f"The same request is now answered with {sentence_of(again)}.")
    for kind in ("leerling", "leerkracht", "groep", "samengestelde_groep"):
        own, other = (
            {(one.get("key"), one.get("eckid")) for one in reading.records(kind)} for reading in (before, again)
        )
        require(own == other, f"The same request, sent again, gives other keys for {kind}.")


@SUITE.check(18, "No leerling is in the answer twice under two keys", "R-105", level=Level.SHOULD, after=(OF_DATA,))
def nobody_twice(session: Session) -> None:
    """Compare names and birth dates: doubles come of keys that changed."""

    def who(record: etree._Element) -> tuple[str, ...]:
        return tuple(
            record.findtext(f"{{*}}{name}") or "" for name in ("achternaam", "voorvoegsel", "roepnaam", "geboortedatum")
        )

    counted = Counter(who(one) for one in session.data().records("leerling"))
    twice = sum(number > 1 for key, number in counted.items() if all(key[place] for place in (0, 2, 3)))
    require(not twice, f"Leerlingen share achternaam, roepnaam and birth date with another one ({twice}x).")


@SUITE.check(19, "The schooljaar of the answer is two following years", "R-064", after=(OF_DATA,))
def following_years(session: Session) -> None:
    """Look at the schooljaar, which clients split on its hyphen."""
    given = session.data().school("schooljaar") or ""
    require(
        schooljaar_start(given) is not None, "The schooljaar of the answer is not two following years as 2026-2027."
    )


@SUITE.check(20, "Another schooljaar does not get the data of this one", "R-063", "R-090", after=(OF_DATA,))
def another_year(session: Session) -> str:
    """Ask for a schooljaar of long ago; what is answered is left to the LAS, but for the data of another year."""
    start = (schooljaar_start(session.target.schooljaar) or 0) - _LONG_AGO
    asked = f"{start}-{start + 1}"
    reading = session.answer_of(schooljaar=asked)
    if reading.kind is AnswerKind.DATA:
        is_own = reading.school("schooljaar") == asked
        require(is_own, f"A request for the schooljaar {asked} is answered with data of another one.")
    return f"A request for the schooljaar {asked} is answered with {sentence_of(reading)}."


def _elements(reading: Reading) -> list[etree._Element]:
    payload = reading.payload
    return [] if payload is None else [one for one in payload.iter(etree.Element) if one is not payload]


def _name(element: etree._Element) -> str:
    name = local(element)
    return name if name in schemas.KNOWN_NAMES else "*"


def _parent(element: etree._Element) -> str:
    parent = element.getparent()
    return "" if parent is None else _name(parent)
