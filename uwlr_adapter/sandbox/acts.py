"""What a vendor may do to a school of its own, on its page or by the API: one entry per act."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from uwlr_adapter.clock import day_of, next_schooljaar, schooljaar_of, schooljaar_start
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.koppelingen import actions
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.sandbox import result_acts
from uwlr_adapter.sandbox.accounts import ACTOR, Account, SandboxRefusedError
from uwlr_adapter.sandbox.on_call import Breakage
from uwlr_adapter.sandbox.school_file import SandboxLeerling, groep_key, leerlingen, next_joiner, other_achternaam
from uwlr_adapter.sandbox.situations import SandboxPlace
from uwlr_adapter.sandbox.state import MadeSchool
from uwlr_adapter.sandbox.world import SchoolAct, World

MAX_SECONDS = 60
"""Seconds that an answer may wait (inclusive): longer than every client waits."""
MAX_REFUSED = 100
"""Calls in a row that may be refused (inclusive)."""
MAX_NAAM = 60
"""Characters of a name (inclusive)."""
_JAARGROEP = 3


def _leave(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    leerling = _asked(world, place, old, values)
    if len(leerlingen(place, _schooljaar(world), old.edits)) == 1:
        raise SandboxRefusedError("the last leerling stays: an import without leerlingen is refused")
    edits = replace(old.edits, left=(*old.edits.left, leerling.key))
    return replace(old, edits=edits), f"{leerling.key} left the school"


def _join(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    if not place.situation.form.has_records:
        raise SandboxRefusedError("this school has no records: nobody can come")
    key, start = next_joiner(old.edits), schooljaar_start(_schooljaar(world)) or 0
    edits = replace(old.edits, joined={**old.edits.joined, key: start - _JAARGROEP + 1})
    return replace(old, edits=edits), f"{key} came, in jaargroep {_JAARGROEP}"


def _rename(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    leerling = _asked(world, place, old, values)
    usual = other_achternaam(place, leerling, old.version)
    roepnaam, achternaam = (
        values.get(name, "").strip() or was for name, was in (("roepnaam", leerling.roepnaam), ("achternaam", usual))
    )
    if not all(len(naam) <= MAX_NAAM and naam.isprintable() for naam in (roepnaam, achternaam)):
        raise SandboxRefusedError(f"a name has 1 to {MAX_NAAM} printable characters")
    edits = replace(old.edits, renamed={**old.edits.renamed, leerling.key: (roepnaam, achternaam)})
    return replace(old, edits=edits), f"{leerling.key} has another name"


def _move(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    leerling = _asked(world, place, old, values)
    others = [one for one in _groepen(world, place, old) if one != leerling.groep]
    groep = values.get("groep", "").strip() or next(iter(others), "")
    if groep not in others:
        raise SandboxRefusedError(f"a leerling moves to another groep of this school: {', '.join(others) or 'none'}")
    edits = replace(old.edits, moved={**old.edits.moved, leerling.key: groep})
    return replace(old, edits=edits), f"{leerling.key} is in groep {groep}, and was in {leerling.groep}"


def _correct(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    leerling, before = _asked(world, place, old, values), old.edits.corrected
    edits = replace(old.edits, corrected={**before, leerling.key: before.get(leerling.key, 0) + 1})
    return replace(old, edits=edits), f"{leerling.key} has {'another' if leerling.eckid else 'an'} ECK-iD"


def _pause(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    with world.database.writing() as connection:
        koppeling = world.maker.require_living(connection, place)
        actions.clear_code(connection, koppeling.id, koppeling.version, world.clock(), actor=ACTOR)
    return old, "the school paused the koppeling"


def _resume(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    with world.database.writing() as connection:
        koppeling = world.maker.require_living(connection, place)
        if koppeling.status is not Status.GEPAUZEERD and actions.is_code_of(koppeling, world.server_keys, place.code):
            raise SandboxRefusedError("the koppeling is active already, with the code that is listed")
        actions.enter_code(
            connection, world.server_keys, koppeling.id, koppeling.version, place.code, world.clock(), actor=ACTOR
        )
    return old, "the school entered the code that is listed: the koppeling is active"


def _end(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    with world.database.writing() as connection:
        world.maker.require_living(connection, place)
        world.maker.end(connection, place, world.clock())
    return old, "the school ended the koppeling"


def _activate(
    world: World, account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    with world.database.writing() as connection:
        world.maker.activate(connection, account, place, world.clock())
    return old, "the school activated the koppeling"


def _new_year(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    coming = next_schooljaar(day_of(world.clock()))
    if not world.maker.release(place, world.clock()):
        raise SandboxRefusedError(f"schooljaar {coming} is released already, or has no records")
    return old, f"the school released schooljaar {coming}: ask for it"


def _slow(
    _world: World, _account: Account, _place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    seconds = _number(values, "seconds", MAX_SECONDS)
    return replace(old, seconds=seconds), f"each answer takes {count_noun(seconds, 'second', 'seconds')} longer"


def _busy(
    _world: World, _account: Account, _place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    calls = _number(values, "calls", MAX_REFUSED)
    return replace(old, refused=calls), f"{count_noun(calls, 'call', 'calls')} from now on will come too early"


def _break(
    _world: World, _account: Account, _place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    calls, how = _number(values, "calls", MAX_REFUSED), values.get("how", "").strip() or str(Breakage.HALF)
    if how not in list(Breakage):
        raise SandboxRefusedError(f"an answer breaks in one of these ways: {', '.join(Breakage)}")
    told = {Breakage.HALF: "break off half-way", Breakage.PAGE: "be a page of a proxy"}[Breakage(how)]
    answers = count_noun(calls, "answer", "answers")
    return replace(old, cut=calls, breakage=how), f"{answers} from now on will {told}"


def _answer(
    world: World, _account: Account, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    world.maker.answer(place, values.get("choice", ""), world.clock())
    return old, "the question is answered"


def _reset(
    world: World, account: Account, place: SandboxPlace, old: MadeSchool, _values: Mapping[str, str]
) -> tuple[MadeSchool, str]:
    return world.maker.reset(account, place, old, world.clock()), "the school is as it was made"


@dataclass(frozen=True, slots=True)
class ActEntry:
    """An act: its name in the API, its button, the fields that it takes, and what it does."""

    name: str
    button: str
    fields: tuple[str, ...]
    what: str
    do: SchoolAct


ACTS = {
    entry.name: entry
    for entry in (
        ActEntry("leave", "Let this leerling go", ("leerling",), "The next import lacks one leerling.", _leave),
        ActEntry("join", "Let a leerling come", (), "The next import has one leerling more, in jaargroep 3.", _join),
        ActEntry(
            "rename",
            "Rename this leerling",
            ("leerling", "roepnaam", "achternaam"),
            "The next import has another name; without one an achternaam is made up.",
            _rename,
        ),
        ActEntry(
            "move",
            "Move this leerling",
            ("leerling", "groep"),
            "The next import has the leerling in another groep of the same schooljaar, by its key.",
            _move,
        ),
        ActEntry(
            "correct",
            "Correct the ECK-iD",
            ("leerling",),
            "The next import has another ECK-iD for the leerling, or the first one.",
            _correct,
        ),
        ActEntry("pause", "Pause the koppeling", (), "The school clears its verificatiecode.", _pause),
        ActEntry(
            "resume",
            "Enter the code",
            (),
            "The school enters the listed code, after a pause or for another one.",
            _resume,
        ),
        ActEntry("end", "End the koppeling", (), "The school ends the koppeling.", _end),
        ActEntry("activate", "Activate the koppeling", (), "The school activates it again, after an end.", _activate),
        ActEntry(
            "agree-results",
            "Agree to results",
            (),
            "The school agrees to results, where it has not yet.",
            result_acts.agree_results,
        ),
        ActEntry(
            "pause-results", "Pause the results", (), "The school pauses the results alone.", result_acts.pause_results
        ),
        ActEntry(
            "resume-results", "Resume the results", (), "The school resumes the results.", result_acts.resume_results
        ),
        ActEntry(
            "take-back",
            "Take the last results back",
            (),
            "The school takes back the last message that stands.",
            result_acts.take_back,
        ),
        ActEntry(
            "put-back", "Undo that", (), "The message that was taken back last stands again.", result_acts.put_back
        ),
        ActEntry(
            "new-year", "Release the next schooljaar", (), "The next schooljaar is answered from now on.", _new_year
        ),
        ActEntry("slow", "Make it slow", ("seconds",), "Each answer takes 0 to 60 seconds longer.", _slow),
        ActEntry("busy", "Make it busy", ("calls",), "The next 0 to 100 calls get Retry-After.", _busy),
        ActEntry(
            "break",
            "Break it off",
            ("calls", "how"),
            "The next 0 to 100 answers end half-way, without a word; with page: are a page of a proxy, with 502.",
            _break,
        ),
        ActEntry("answer", "Answer the question", ("choice",), "same: he is who he was; new: somebody else.", _answer),
        ActEntry("reset", "Make it anew", (), "The school is as its situation begins.", _reset),
    )
}
"""The acts by their name."""


def _schooljaar(world: World) -> str:
    return schooljaar_of(day_of(world.clock()))


def _asked(world: World, place: SandboxPlace, old: MadeSchool, values: Mapping[str, str]) -> SandboxLeerling:
    """Return the leerling that the values name by key; without a key, one in the middle. Raises SandboxRefusedError."""
    present = leerlingen(place, _schooljaar(world), old.edits)
    key = values.get("leerling", "").strip()
    found = [one for one in present if one.key == key] if key else present[len(present) // 2 :]
    if not found:
        raise SandboxRefusedError("this school has no leerling with that key now")
    return found[0]


def _groepen(world: World, place: SandboxPlace, old: MadeSchool) -> list[str]:
    """Return the keys of the groepen of the present schooljaar."""
    schooljaar = _schooljaar(world)
    jaargroepen = sorted({one.jaargroep for one in leerlingen(place, schooljaar, old.edits)})
    return [groep_key(schooljaar_start(schooljaar) or 0, one) for one in jaargroepen]


def _number(values: Mapping[str, str], name: str, most: int) -> int:
    text = values.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most):
        raise SandboxRefusedError(f"{name} is a number from 0 to {most}")
    return int(text)
