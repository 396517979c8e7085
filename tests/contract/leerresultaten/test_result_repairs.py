"""The repairs of a message with results: each does its own work, changes no result, and is on the page."""

import re
from pathlib import Path

import pytest
from lxml import etree
from support.mutants import mutant, seeded
from support.oracle import amount
from support.result_messages import LR, SCHOOL, afname, enveloped, full, message, resultaat
from support.result_mutants import DAMAGES
from support.result_writer import plain, write

from uwlr_adapter.contract import fault
from uwlr_adapter.contract.leerresultaten.judging import judge
from uwlr_adapter.contract.leerresultaten.records import Leerresultaten
from uwlr_adapter.contract.leerresultaten.repairs import BODY_REPAIRS, SCHOOL_REPAIRS
from uwlr_adapter.contract.leerresultaten.request import read
from uwlr_adapter.contract.request import SchoolReference

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "leerresultaten.md"
GOOD = message(afname(resultaat(), more="<eckid>e1</eckid>"))
UNORDERED_SCHOOL = (
    "<school><aanmaakdatum>2026-11-12T16:05:46</aanmaakdatum><dependancecode>00</dependancecode>"
    "<brincode>21QW</brincode><schooljaar>2026-2027</schooljaar><xsdversie>2.2</xsdversie></school>"
)


def taken(data: bytes, *, strict: bool = False) -> tuple[Leerresultaten, tuple[str, ...]]:
    """Return what a message says, and which repairs it needed."""
    judged = judge(read(data, strict=strict))
    return judged.leerresultaten, judged.repairs


def changed(old: str, new: str, data: bytes = GOOD) -> bytes:
    """Return a message with one text replaced, which has to be there."""
    assert old.encode() in data
    return data.replace(old.encode(), new.encode())


REPAIRED = {
    "the school block of the known client": (changed(SCHOOL, UNORDERED_SCHOOL), ("volgorde",)),
    "and without its version": (
        changed(SCHOOL, UNORDERED_SCHOOL.replace("<xsdversie>2.2</xsdversie>", "")),
        ("xsdversie", "volgorde"),
    ),
    "no version": (changed("<xsdversie>2.2</xsdversie>", ""), ("xsdversie",)),
    "an empty version": (changed("<xsdversie>2.2</xsdversie>", "<xsdversie/>"), ("xsdversie",)),
    "a version of white space": (
        changed("<xsdversie>2.2</xsdversie>", "<xsdversie> </xsdversie>"),
        ("witruimte", "xsdversie"),
    ),
    "white space around the brincode": (changed("21QW<", " 21QW\n<"), ("witruimte",)),
    "white space around a leerlingid": (changed("10001", "\n  10001\n"), ("witruimte",)),
    "white space behind a leerlingid": (changed("10001", "10001 "), ("witruimte",)),
    "white space around a key": (changed('key="r1"', 'key=" r1 "'), ("witruimte",)),
    "white space around one toetscode": (changed("<score>", "<score>").replace(b">T1<", b"> T1<", 1), ("witruimte",)),
    "an empty eckid": (changed("<eckid>e1</eckid>", "<eckid/>"), ("leeg",)),
    "an empty author": (changed("<xsdversie>", "<auteur></auteur><xsdversie>"), ("leeg",)),
    "an empty schoolkey": (changed("<aanmaak", "<schoolkey/><aanmaak"), ("leeg",)),
    "an empty infourl": (changed("</score>", "</score><infourl/>"), ("leeg",)),
    "an empty name of who judged": (changed("</eckid>", "</eckid><resultaatverwerkerid/>"), ("leeg",)),
    "definitions first": (
        GOOD.replace(b"</school>", b"</school><toetsen><toets><toetscode>T1</toetscode></toets></toetsen>").replace(
            b"</toetsafnames><toetsen><toets><toetscode>T1</toetscode></toets></toetsen>", b"</toetsafnames>"
        ),
        ("volgorde",),
    ),
    "a result in another order": (
        changed("<toetscode>T1</toetscode><score>7</score>", "<score>7</score><toetscode>T1</toetscode>"),
        ("volgorde",),
    ),
    "a leerling in another order": (
        changed("<leerlingid>10001</leerlingid><eckid>e1</eckid>", "<eckid>e1</eckid><leerlingid>10001</leerlingid>"),
        ("volgorde",),
    ),
}
SAME = {"an empty eckid"}
"""The messages that say less than the good one, since a value is not in them."""


@pytest.mark.parametrize("name", REPAIRED)
def test_a_deviation_is_repaired(name: str) -> None:
    """A message that deviates says what the right one says, and the repair is named."""
    data, needed = REPAIRED[name]
    wanted = taken(changed("<eckid>e1</eckid>", "") if name in SAME else GOOD)[0]
    assert taken(data) == (wanted, needed)


@pytest.mark.parametrize("name", [one for one in REPAIRED if not one.startswith("white space")])
def test_nothing_is_repaired_for_a_strict_caller(name: str) -> None:
    """A strict caller gets the fault."""
    with pytest.raises((fault.OngeldigBericht, fault.XsdVersieOngeldig)):
        taken(REPAIRED[name][0], strict=True)


def test_white_space_is_kept_for_a_strict_caller() -> None:
    """Without repairs a leerlingid is the text that was sent, and a toetscode with a space is another one."""
    assert taken(REPAIRED["white space around a leerlingid"][0], strict=True)[0].toetsafnames[0].leerlingid == (
        "\n  10001\n"
    )
    with pytest.raises(fault.OngeldigBericht):
        taken(REPAIRED["white space around one toetscode"][0], strict=True)


def test_white_space_around_a_number_or_a_day_is_no_deviation() -> None:
    """It is folded, as XSD has it, and not named: neither alone nor beside a repair."""
    spaced = GOOD.replace(b">7<", b"> 7\n<").replace(b">2026-11-1", b">  2026-11-1")
    assert taken(spaced) == (taken(GOOD)[0], ())
    assert taken(spaced, strict=True) == (taken(GOOD)[0], ())
    unordered = changed("<eckid>e1</eckid>", "", spaced).replace(b"<leerlingid>", b"<eckid>e1</eckid><leerlingid>")
    assert taken(unordered) == (taken(GOOD)[0], ("volgorde",))


def test_an_empty_dependancecode_needs_no_repair() -> None:
    """It is 00 by the XSD itself; without a brincode it says nothing."""
    assert taken(changed("<dependancecode>00</dependancecode>", "<dependancecode/>")) == (taken(GOOD)[0], ())
    with pytest.raises(fault.OngeldigBericht):
        taken(changed("<brincode>21QW</brincode><dependancecode>00</dependancecode>", "<dependancecode/>"))


def test_the_school_is_repaired_before_the_gate() -> None:
    """The gate reads the school before anything is judged, so what stands around it is repaired by then."""
    for name in ("the school block of the known client", "white space around the brincode", "an empty schoolkey"):
        assert read(REPAIRED[name][0]).school == SchoolReference("21QW", "00", None), name
    by_key = "<brincode/><dependancecode/><schoolkey>s1</schoolkey>"
    data = changed("<brincode>21QW</brincode><dependancecode>00</dependancecode>", by_key)
    assert read(data).school == SchoolReference(None, "00", "s1")
    assert taken(data)[1] == ("leeg",)


def test_an_eckid_names_a_leerling_in_2_3_alone() -> None:
    """In 2.3 an eckid without leerlingid is enough; in 2.2 the leerlingid is missed."""
    data = changed("<leerlingid>10001</leerlingid>", "")
    newer = changed("<xsdversie>2.2", "<xsdversie>2.3", data)
    records, needed = taken(newer)
    assert (records.toetsafnames[0].leerlingid, records.toetsafnames[0].eckid, needed) == ("e1", "e1", ("leerlingid",))
    for refused, strict in ((data, False), (newer, True), (changed("<eckid>e1</eckid>", "<eckid/>", newer), False)):
        with pytest.raises(fault.OngeldigBericht):
            taken(refused, strict=strict)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<score>7", "<score>6.5"),
        ("<score>7", "<score>6.0"),
        ("<score>7", "<score>X"),
        ("<score>7", "<score/><!--"),
        ("<score>", "<toetsonderdeelcode/><score>"),
        ("<score>", "<versie/><score>"),
        ("<leerlingid>10001", "<leerlingid>10001</leerlingid><leerlingid>10002"),
        ("<aanmaakdatum>2026-11-12T16:05:46</aanmaakdatum>", ""),
        ("<aanmaak", "<schoolkey>s</schoolkey><aanmaak"),
        ("<schooljaar>2026-2027", "<schooljaar>"),
        ("<eckid>", "<extra/><eckid>"),
        ("</score>", "</score><score>7</score>"),
    ],
)
def test_what_would_change_a_result_is_not_repaired(old: str, new: str) -> None:
    """Whose result it is, of which test, of which school, and what it says is never guessed."""
    data = GOOD.replace(old.encode(), new.encode()).replace(b"<!--</score>", b"")
    assert data != GOOD
    with pytest.raises(fault.Fault):
        taken(data)


def test_a_repair_changes_nothing_but_what_it_names() -> None:
    """However it is damaged: what a strict caller gets taken, another gets too, without white space at most.

    A text of white space alone becomes empty, and is then refused where something has to stand.
    """
    rng, tried = seeded("herstel"), 0
    for number in range(amount(200, 3000)):
        damaged = mutant(rng, full(), DAMAGES)
        data = enveloped(etree.tostring(damaged, encoding="unicode"))
        try:
            strictly, none = taken(data, strict=True)
        except fault.Fault:
            continue
        if any(one.text and not one.text.strip() and not len(one) for one in damaged.iter(etree.Element)):
            continue
        records, needed = taken(data)
        assert none == ()
        assert set(needed) <= {"witruimte"}, f"mutant {number}"
        if not needed:
            assert records == strictly, f"mutant {number}"
        tried += 1
    assert tried > 20


def test_a_shuffled_message_says_the_same() -> None:
    """With its children in any order, at any depth, a message says what it says in order."""
    rng = seeded("volgorde")
    for _ in range(amount(10, 200)):
        body = full()
        for parent in list(body.iter(etree.Element)):
            if len(parent) > 1 and len({child.tag for child in parent}) == len(parent):
                children = list(parent)
                rng.shuffle(children)
                parent[:] = children
        records, needed = taken(enveloped(etree.tostring(body, encoding="unicode")))
        assert plain(write(records)) == plain(full())
        assert set(needed) <= {"volgorde"}


def test_each_repair_is_on_the_page() -> None:
    """docs/reference/leerresultaten.md has one line for each repair, in the order of the code, and none besides."""
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## Repairs")
    listed = re.findall(r"^\| `([\w-]+)` \|", table.partition("\n## ")[0], re.MULTILINE)
    ids = dict.fromkeys(one.id for one in (*SCHOOL_REPAIRS[:3], *BODY_REPAIRS, *SCHOOL_REPAIRS))
    assert listed == list(ids)


def test_repairs_leave_the_sent_message_alone() -> None:
    """The tree that was read is repaired in its school block only, so that a strict reading begins anew."""
    call = read(REPAIRED["a result in another order"][0])
    assert call.tree is not None
    before = etree.tostring(call.tree.body)
    judge(call)
    assert etree.tostring(call.tree.body) == before
    assert etree.QName(call.tree.body).namespace == LR
