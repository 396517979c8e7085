"""Questions about persons in Dutch: who a delivered leerling or leerkracht is, why it is asked, what an answer does."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from uwlr_adapter.administratie.importing.effect import PersonEffect, YearEffect
from uwlr_adapter.administratie.importing.match import DUMMY, Doubt
from uwlr_adapter.administratie.importing.naming import Naming, compare, fold
from uwlr_adapter.administratie.importing.questions import Choice, ImportQuestion, KnownSide
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.clock import short_date
from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.portal.wording import in_words

PLURALS = {PersonKind.LEERLING: "leerlingen", PersonKind.LEERKRACHT: "leerkrachten"}
PATHS = {"dezelfde": Choice.SAME, "sleutel": Choice.KEY, "eck-id": Choice.ECKID, "nieuw": Choice.NEW}
"""The choices by their word in the path of a page."""
OTHERWISE = ""
"""Stands for the schooljaar in which a person is shown who is in none of a question."""
_CHOICES = {
    Choice.SAME: "dezelfde {kind}",
    Choice.KEY: "de {kind} met dezelfde sleutel",
    Choice.ECKID: "de {kind} met hetzelfde ECK-iD",
    Choice.NEW: "een nieuwe {kind}",
}
_REASONS = {
    Doubt.NAME: "De sleutel of het ECK-iD is van een {kind} met een andere naam{or_born}.",
    Doubt.TWIN: (
        "De naam{or_born} is anders dan die van de {kind} die al bekend is, en iemand anders heeft juist de "
        "naam{and_born} van een van de twee. Denk aan een tweeling, een naamgenoot, of de sleutel van een broer of zus."
    ),
    Doubt.ECKID: "Het ECK-iD is van een andere {kind}, die geen ander ECK-iD heeft gekregen.",
    Doubt.TWO: (
        "De sleutel is van de ene {kind} en het ECK-iD van de andere, en allebei hebben ze deze naam. Is het één "
        "persoon? Vraag dan de beheerder van de koppelingen om de twee samen te voegen."
    ),
    Doubt.DOUBLE: (
        "Er is nog iets aangeleverd dat dezelfde {kind} lijkt te zijn. Staat de {kind} dubbel in de "
        "leerlingadministratie, haal er dan één weg; na de volgende aanlevering is de vraag vanzelf weg."
    ),
    Doubt.NAMESAKES: "Meer dan één {kind} heeft deze naam{and_born}.",
    Doubt.NAMELESS: (
        "Er is geen naam aangeleverd. Vul de naam in in de leerlingadministratie; na de volgende aanlevering is de "
        "vraag vanzelf weg."
    ),
}
_WORDS = {(field.record, field.element.replace("-", "_")): field.word for field in FIELDS} | {
    (kind.value, "eckid"): "ECK-iD" for kind in PersonKind
}
"""What a school calls a field, by the kind of person and its attribute."""


@dataclass(frozen=True, slots=True)
class Side:
    """The delivered person, or a known one whom it may be, as a page shows it. An ECK-iD itself is not shown."""

    who: str
    roepnaam: str
    achternaam: str
    geboortedatum: str
    groep: str
    key: str
    eckid: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A choice as a page offers it: its word in the path, and its sentence."""

    path: str
    sentence: str


@dataclass(frozen=True, slots=True)
class QuestionInWords:
    """A question as a school reads it."""

    id: int
    kind: str
    naam: str
    since: date
    reason: str
    schooljaren: str
    sides: tuple[Side, ...]
    differs: str
    """What differs from the one known person, such as `roepnaam en geboortedatum`; else empty."""
    held: str
    """The names of those who are answered as before until it is answered; else empty."""
    offers: tuple[Offer, ...]

    @property
    def is_leerling(self) -> bool:
        """Whether it is about a leerling, who has a groep and a date of birth."""
        return self.kind == PersonKind.LEERLING


@dataclass(frozen=True, slots=True)
class YearInWords:
    """What an answer changes for one schooljaar: the numbers, and one phrase for each person."""

    schooljaar: str
    summary: str
    persons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a page knows besides a question.

    `groepen` are the names of groepen by schooljaar and key, `places` the groep and schooljaar of known leerlingen by
    id and schooljaar (OTHERWISE without one), `owners` the ids of the persons whom a key of a source names, by kind
    and key.
    """

    groepen: Mapping[tuple[str, str], str]
    places: Mapping[tuple[int, str], str]
    owners: Mapping[tuple[PersonKind, str], int]


def title_of(found: Iterable[ImportQuestion]) -> str:
    """Return the title of a page with these questions."""
    kinds = {one.kind for one in found} or {PersonKind.LEERLING}
    return f"Vragen over {in_words(PLURALS[kind] for kind in PersonKind if kind in kinds)}"


def count_of(found: Sequence[ImportQuestion]) -> str:
    """Return how many questions there are about whom, such as `2 vragen over leerlingen`."""
    return f"{count_noun(len(found), 'vraag', 'vragen')} over {title_of(found).removeprefix('Vragen over ')}"


def sentence_of_choice(choice: Choice, kind: PersonKind, *, asks: bool = False) -> str:
    """Return a choice as a sentence, such as `Het is dezelfde leerling`, or as the question whether it is so."""
    what = _CHOICES[choice].format(kind=kind)
    return f"Is het {what}?" if asks else f"Het is {what}"


def question_in_words(question: ImportQuestion, brin6: str, surroundings: Surroundings) -> QuestionInWords:
    """Return a question about rows of a vestiging as its school reads it."""
    years, kind = question.years_at(brin6), question.kind
    held = {id_ for year in years for id_ in year.held}
    known = question.known
    differing = compare(question.naming, known[0].naming).differing if len(known) == 1 else []
    return QuestionInWords(
        id=question.id,
        kind=kind.value,
        naam=name_of(question.naming, kind, _shown_key(question.key)),
        since=question.since,
        reason=_reason(question.doubt, kind),
        schooljaren=in_words(year.year.schooljaar for year in years),
        sides=(
            _delivered(question, brin6, surroundings),
            *(_known(question, one, brin6, surroundings) for one in known),
        ),
        differs=in_words(differing),
        held=in_words(name_of(one.naming, kind, one.key) for one in known if one.id in held),
        offers=tuple(
            Offer(path, sentence_of_choice(choice, kind))
            for path, choice in PATHS.items()
            if choice in question.choices
        ),
    )


def _reason(doubt: Doubt, kind: PersonKind) -> str:
    """Return why it is not certain who a delivered person is; of a leerkracht no date of birth is known."""
    born = " geboortedatum" if kind is PersonKind.LEERLING else ""
    return _REASONS[doubt].format(kind=kind, or_born=born and f" of{born}", and_born=born and f" en{born}")


def name_of(naming: Naming, kind: PersonKind, key: str) -> str:
    """Return a name, or the key of who has none."""
    if not naming.is_nameless:
        return " ".join(part for part in (naming.roepnaam, naming.achternaam) if part and fold(part))
    return f"de {kind} met sleutel {key}" if key else f"de {kind} zonder sleutel"


def years_in_words(effects: Iterable[YearEffect]) -> list[YearInWords]:
    """Return what changes in the answers for these years."""
    return [
        YearInWords(one.year.schooljaar, _summary(one.persons), tuple(_phrase(person) for person in one.persons))
        for one in effects
    ]


def _summary(persons: Sequence[PersonEffect]) -> str:
    """Return the numbers of who come, go and change, such as `1 leerling komt erbij en 1 leerling gaat weg`."""
    phrases = []
    for kind in PersonKind:
        of_kind = [one for one in persons if one.kind is kind]
        come = sum(one.before is None for one in of_kind)
        go = sum(one.after is None for one in of_kind)
        counted = (
            (come, "komt erbij", "komen erbij"),
            (go, "gaat weg", "gaan weg"),
            (len(of_kind) - come - go, "verandert", "veranderen"),
        )
        phrases += [
            f"{count_noun(number, kind.value, PLURALS[kind])} {one if number == 1 else more}"
            for number, one, more in counted
            if number
        ]
    return in_words(phrases)


def _phrase(person: PersonEffect) -> str:
    naam = person.naam if fold(person.naam) else f"De {person.kind} met sleutel {person.key}"
    if person.before is None:
        return f"{naam} komt erbij."
    if person.after is None:
        return f"{naam} gaat weg."
    after = replace(person, before=None).naam
    becomes = "" if after == naam or not fold(after) else f" wordt {after}"
    return f"{naam}{becomes}: ander gegeven bij {in_words(_WORDS[person.kind, one] for one in person.fields)}."


def _delivered(question: ImportQuestion, brin6: str, surroundings: Surroundings) -> Side:
    places = []
    for year in question.years_at(brin6):
        schooljaar = year.year.schooljaar
        names = [
            surroundings.groepen[schooljaar, key] for key in year.groepen if (schooljaar, key) in surroundings.groepen
        ]
        places.append(f"{in_words(names) or 'geen groep'} ({schooljaar})")
    key = _shown_key(question.key) or "geen"
    return _side("Aangeleverd", question.naming, ", ".join(places), key, "ingevuld" if question.eckid else "geen")


def _known(question: ImportQuestion, known: KnownSide, brin6: str, surroundings: Surroundings) -> Side:
    who = "Al bekend"
    if len(question.known) > 1:
        who = "Bekend met deze sleutel" if known is question.known[0] else "Bekend met dit ECK-iD"
    same_key = surroundings.owners.get((question.kind, question.key)) == known.id
    eckid = "geen"
    if known.eckid is not None:
        eckid = "ingevuld" if question.eckid is None else "hetzelfde" if known.eckid == question.eckid else "een ander"
    years = [year.year.schooljaar for year in question.years_at(brin6)]
    places = [
        surroundings.places[known.id, one] for one in (*years, OTHERWISE) if (known.id, one) in surroundings.places
    ]
    groep = places[0] if places else "niet op deze vestiging"
    return _side(who, known.naming, groep, "dezelfde" if same_key else known.key, eckid)


def _side(who: str, naming: Naming, groep: str, key: str, eckid: str) -> Side:
    return Side(
        who=who,
        roepnaam=_known_text(naming.roepnaam),
        achternaam=_known_text(naming.achternaam),
        geboortedatum=_day_in_words(naming.geboortedatum),
        groep=groep,
        key=key,
        eckid=eckid,
    )


def _known_text(text: str | None) -> str:
    """Return a name; one without letters, such as a full stop, stands for none."""
    return text if text and fold(text) else "onbekend"


def _shown_key(key: str) -> str:
    return "" if key.startswith(DUMMY) else key


def _day_in_words(text: str | None) -> str:
    """Return an xs:date as `14-03-2019`; what is none stands as it is."""
    try:
        return short_date(date.fromisoformat(text.strip()[:10])) if text else "onbekend"
    except ValueError:
        return text or ""
