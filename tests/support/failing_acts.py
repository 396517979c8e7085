"""The acts that must be there whole or not at all."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from support.auditor import JournalRow
from support.edexml_files import eckid, make_dataset, to_edexml
from support.messages import body, envelope, header, school_element
from uwlr_adapter.contract.dataset import Groep, Leerkracht, Leerling

BRIN6 = "21QW00"
CODE, NEW_CODE = "21QW00eerste-code-van-school", "21QW00tweede-code-van-school"
Command = tuple[str, ...]


def schooljaar_of(day: date) -> str:
    """Return the schooljaar of a day."""
    start = day.year if day.month >= 8 else day.year - 1
    return f"{start}-{start + 1}"


SCHOOLJAAR = schooljaar_of(datetime.now(UTC).date())
LONG_PAST = f"{int(SCHOOLJAAR[:4]) - 2}-{int(SCHOOLJAAR[:4]) - 1}"
"""A school year that is answered no more: who has no later one is erased."""


def message(klantcode: str, code: str) -> bytes:
    """Return the request of the afnemer."""
    return envelope(body(SCHOOLJAAR, school_element(BRIN6)), header(code, klantcode, "Snappet"))


@dataclass(frozen=True)
class Act:
    """One act, from a state of its own."""

    name: str
    command: Command = ()
    """The command; none is a fetch."""
    base: str = "school"
    """The state to begin with: nothing, old, released, tables, records, or school (with a koppeling)."""
    prepare: tuple[Command, ...] = ()
    """Commands that lead from the base to the state before the act."""
    ages: tuple[str, ...] = ()
    """Statements of SQL after that: what they change is as if time had passed."""
    waits: tuple[str, ...] = ()
    """Statements of SQL before an act that failed is done again: as if time had passed."""
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Parts that are whole or not at all by themselves, as the table `erased` names them, with the tables of each."""
    journal: tuple[JournalRow, ...] = ()
    """The entries that the act leaves."""
    codes: tuple[str | None, str | None] = (CODE, CODE)
    """The verificatiecode that opens the koppeling before and after; None is none."""
    then: tuple[Command, ...] = ()
    """Acts that succeed when this one is done."""
    caches: frozenset[str] = frozenset()
    """Tables that the act may write to before it is done, such as stored answers."""
    step: int = 1
    """The long form lets one of so many calls fail: 10 where hundreds of calls in one transaction make tables."""


ANSWERS = frozenset({"answer_content", "answer_state", "koppeling"})
"""The tables that a fetch may write before it is decided: the stored answer, and the profile of the koppeling."""
_KOPPELING = ("koppeling", BRIN6, "snappet")


def _koppeling(verb: str, *more: str) -> Command:
    return ("koppeling", verb, BRIN6, "snappet", *more)


ACTIVATE = _koppeling("activate", "--naam", "J. de Vries", "--akkoord", "--login", "jdv", "--code", CODE)
_SECOND = ("import", "edexml", "{files}/second.xml", "--accept-drop")
_ASKING = ("import", "edexml", "{files}/asking.xml")
_DONE = "gedaan"

ACTS = {
    act.name: act
    for act in (
        Act(
            "import",
            _SECOND,
            journal=(("gegevens", "gegevens ingelezen", _DONE),),
            then=(("import", "undo", "{batch}", "--yes"), _SECOND),
        ),
        Act(
            "answer",
            ("import", "answer", "{question}", "new", "--yes"),
            prepare=(_ASKING,),
            journal=(("gegevens", "vraag beantwoord", _DONE),),
            then=(("import", "undo", "{batch}", "--yes"),),
        ),
        Act(
            "undo",
            ("import", "undo", "{batch}", "--yes"),
            prepare=(_SECOND,),
            journal=(("gegevens", "import teruggedraaid", _DONE),),
            then=(("import", "redo", "{batch}", "--yes"),),
        ),
        Act(
            "activate",
            ACTIVATE,
            base="records",
            journal=(("koppeling", "geactiveerd", _DONE),),
            codes=(None, CODE),
            then=(_koppeling("pause", "--yes"),),
        ),
        Act(
            "code",
            _koppeling("code", "--code", NEW_CODE),
            journal=(("koppeling", "code gewijzigd", _DONE),),
            codes=(CODE, NEW_CODE),
            then=(_koppeling("code", "--code", CODE),),
        ),
        Act(
            "pause",
            _koppeling("pause", "--yes"),
            journal=(("koppeling", "gepauzeerd", _DONE),),
            codes=(CODE, None),
            then=(_koppeling("resume", "--code", CODE),),
        ),
        Act(
            "forget",
            ("leerling", "forget", BRIN6, "102", "--yes"),
            prepare=(_SECOND,),
            journal=(("gegevens", "persoon vergeten", _DONE),),
            then=(("leerling", "allow", BRIN6, "102"), _SECOND),
        ),
        Act("fetch", journal=(("verzoek", "HaalLeerlinggegevens", "leerlinggegevens"),), prepare=(("fetch",),)),
        Act("first fetch", journal=(("verzoek", "HaalLeerlinggegevens", "leerlinggegevens"),), caches=ANSWERS),
        Act(
            "init",
            ("init",),
            base="tables",
            codes=(None, None),
            then=(("init",), ("afnemer", "add", "Nieuw")),
        ),
        Act("migration", ("db", "upgrade"), base="released", codes=(None, None), then=(("init",),)),
        Act("all migrations", ("db", "upgrade"), base="old", codes=(None, None), then=(("init",),), step=10),
        Act(
            "purge",
            ("purge", "--yes"),
            prepare=(("import", "edexml", "{files}/past.xml"),),
            ages=(  # as the driver of SQLite writes moments
                "UPDATE import_batch SET moment = '2020-01-01 00:00:00.000000' WHERE id = 2",
                "UPDATE journaal SET moment = '2020-01-01 00:00:00.000000' WHERE id IN (1, 2)",
                "INSERT INTO refusal VALUES ('2020-01-01 00:00:00.000000', '203.0.113.9', 'Client', 3)",
            ),
            waits=("UPDATE job SET held_until = started_at",),
            parts={
                "undo data of imports": frozenset({"import_step"}),
                "leerlingen": frozenset(
                    {"persoon", "source_key", "deelname", "plaatsing", "inschrijving", "used_key", "import_batch"}
                    | {"school", "answer_content", "answer_state"}
                ),
                "entries of the journaal": frozenset({"journaal"}),
                "counts of refusals": frozenset({"refusal"}),
            },
            then=(("purge", "--yes"),),
            caches=frozenset({"job"}),
        ),
    )
}
_COPY = Act(
    "db copy",
    ("db", "copy", "--to", "{target}"),
    base="tables",
    journal=(
        ("afnemer", "toegevoegd", _DONE),
        ("gegevens", "gegevens ingelezen", _DONE),
        ("koppeling", "geactiveerd", _DONE),
    ),
    codes=(None, CODE),
    then=(("db", "check"),),
)
COPIES = {act.name: act for act in (_COPY, replace(_COPY, name="db copy into nothing", base="nothing", step=10))}
"""The acts of `failing_copy.CopyGround`: the state, and its `base`, are those of the target."""


def write_files(folder: Path) -> None:
    """Write the EDEXML files of the school: the first, the second, one that asks who somebody is, and a past year."""
    first = [_leerling(number) for number in (101, 102, 103)]
    second = [*(_leerling(number, achternaam="Jansen") for number in (101, 103, 104)), first[1]]
    somebody = _leerling(101, eckid=None, roepnaam="Anders", achternaam="Heel", geboortedatum="2018-01-01")
    files = {"first": first, "second": second, "asking": [*first[1:], somebody], "past": [first[0], _leerling(105)]}
    for day, (name, leerlingen) in enumerate(files.items(), start=1):
        schooljaar = LONG_PAST if name == "past" else SCHOOLJAAR
        dataset = make_dataset(
            leerlingen,
            groepen=[Groep("groep", "g1", f"3{name}", "3")],
            leerkrachten=[Leerkracht("m1", roepnaam="Kim", achternaam=name)],
            brin6=BRIN6,
            schooljaar=schooljaar,
            aanmaakdatum=f"{schooljaar[:4]}-09-0{day}T07:00:00+02:00",
        )
        (folder / f"{name}.xml").write_bytes(to_edexml(dataset))


def _leerling(number: int, **others: str | None) -> Leerling:
    fields: dict[str, Any] = {
        "eckid": eckid(number),
        "roepnaam": f"Roep{number}",
        "achternaam": "Vries",
        "geboortedatum": "2019-03-02",
        "jaargroep": "3",
        "groep": "g1",
    }
    return Leerling(str(number), **{**fields, **others})


RELEASED_REVISION = "0022"
"""The revision of a version before this one: 0.7.0."""
OLD_REVISION = "0002"
OLD_ROWS = """
INSERT INTO vestiging (brin6, brincode, dependancecode, naam, schoolkey)
VALUES ('21QW00', '21QW', '00', 'De Regenboog', 'k');
INSERT INTO persoon (id, soort, brincode, key, eckid)
VALUES (1, 'leerling', '21QW', '101', 'https://ketenid.nl/1'), (2, 'leerkracht', '21QW', 'm1', NULL);
INSERT INTO bronsleutel (soort, brincode, bronkey, persoon_id) VALUES ('leerling', '21QW', '101', 1);
INSERT INTO groep (brin6, schooljaar, key, soort, naam, jaargroep)
VALUES ('21QW00', '2026-2027', 'g', 'groep', '4A', '4');
INSERT INTO deelname (brin6, schooljaar, persoon_id, roepnaam, achternaam)
VALUES ('21QW00', '2026-2027', 1, 'Zoë', 'Zonneveld');
INSERT INTO plaatsing (brin6, schooljaar, persoon_id, groep_key, volgorde)
VALUES ('21QW00', '2026-2027', 1, 'g', 0);
INSERT INTO aanstelling (brin6, schooljaar, persoon_id, roepnaam, rollen, groepen)
VALUES ('21QW00', '2026-2027', 2, 'Kim', '[["rol", "LRK"]]', '[]')
""".split(";")
"""A database of the second revision, when nothing had an English name yet and there were no periods or batches."""
