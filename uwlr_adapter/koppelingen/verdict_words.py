"""A verdict in Dutch words: a word for a badge, a sentence, the next step and whose it is. The same everywhere.

They stand on the pages of a school, in lists, on paper and in mail: they hold no code and nobody's name.
"""

from dataclasses import dataclass
from enum import StrEnum

from uwlr_adapter.clock import date_time, day_of, long_date, short_date
from uwlr_adapter.contract.nouns import count_records
from uwlr_adapter.journaal.model import Act, RefusalReason
from uwlr_adapter.koppelingen.verdict import Held, KoppelingVerdict, VerdictKind, Who

NOTHING_TO_DO = "U hoeft niets te doen."


class Tone(StrEnum):
    """How a verdict looks; the words are the CSS classes of the portal."""

    GOOD = "goed"
    ATTENTION = "let-op"
    WRONG = "fout"
    QUIET = "stil"


@dataclass(frozen=True, slots=True)
class VerdictWords:
    """A verdict in words."""

    badge: str
    """A few words, without a full stop."""
    sentence: str
    """What is the matter, in one or two sentences."""
    step: str
    """The next step, in a sentence."""
    who: str | None
    """Whose step that is; None when there is nothing to do."""
    tone: Tone


_TONES = {
    VerdictKind.ENDED: Tone.QUIET,
    VerdictKind.NO_DATA_FLOW: Tone.QUIET,
    VerdictKind.REFUSED: Tone.WRONG,
    VerdictKind.OUTAGE: Tone.WRONG,
    VerdictKind.STOPPED: Tone.WRONG,
    VerdictKind.ACTIVE: Tone.GOOD,
    VerdictKind.RESULTS_ONLY: Tone.GOOD,
}
"""The tone of a verdict; any other asks for attention."""
_BADGES = {
    VerdictKind.ENDED: "Beëindigd",
    VerdictKind.NOT_OFFERED: "Niet meer aangeboden",
    VerdictKind.BLOCKED: "Leverancier geblokkeerd",
    VerdictKind.PAUSED: "Gepauzeerd",
    VerdictKind.NOT_STARTED: "Start op {day}",
    VerdictKind.NO_DATA_FLOW: "Actief, zonder gegevens",
    VerdictKind.RESULTS_ONLY: "Alleen resultaten",
    VerdictKind.REFUSED: "Geweigerd",
    VerdictKind.WAITING: "Wacht op {name}",
    VerdictKind.OUTAGE: "Storing bij {name}",
    VerdictKind.STOPPED: "Niet meer opgehaald",
    VerdictKind.EMPTY: "Opgehaald, geen leerlingen",
    VerdictKind.STALE: "Gegevens verouderd",
    VerdictKind.ACTIVE: "Actief",
}
_SENTENCES = {
    VerdictKind.ENDED: (
        "Deze koppeling is beëindigd op {moment}. {name} kan niets meer ophalen. Wilt u weer gegevens delen, dan "
        "activeert u de koppeling opnieuw."
    ),
    VerdictKind.NOT_OFFERED: "Deze koppeling wordt niet meer aangeboden; {name} kan niets ophalen.",
    VerdictKind.BLOCKED: (
        "De beheerder van de koppelingen heeft {name} geblokkeerd op {moment}; sindsdien wordt er niets opgehaald."
    ),
    VerdictKind.NOT_STARTED: "{name} kan gegevens ophalen vanaf {long_day}.",
    VerdictKind.NO_DATA_FLOW: "Via deze koppeling gaan vanuit dit overzicht geen gegevens naar {name}.",
    VerdictKind.OUTAGE: (
        "{name} heeft voor uw school voor het laatst opgehaald op {moment}, en daarna ook voor andere scholen niet."
    ),
    VerdictKind.STOPPED: (
        "{name} heeft voor uw school voor het laatst opgehaald op {moment}, en haalt bij andere scholen wel op."
    ),
    VerdictKind.STALE: (
        "Sinds {moment} zijn de gegevens van uw school niet vernieuwd; {name} krijgt de gegevens van daarvoor."
    ),
    VerdictKind.RESULTS_ONLY: "Er gaan geen leerlinggegevens naar {name}. Resultaten: laatste bericht op {moment}.",
    VerdictKind.ACTIVE: "Laatst opgehaald op {moment}.",
}
_RESULTS_SENTENCES = {
    VerdictKind.ENDED: (
        "Deze koppeling is beëindigd op {moment}. {name} kan niets meer aanleveren. Wilt u weer resultaten ontvangen, "
        "dan activeert u de koppeling opnieuw."
    ),
    VerdictKind.NOT_OFFERED: "Deze koppeling wordt niet meer aangeboden; {name} kan niets aanleveren.",
    VerdictKind.BLOCKED: (
        "De beheerder van de koppelingen heeft {name} geblokkeerd op {moment}; sindsdien komt er niets binnen."
    ),
    VerdictKind.NOT_STARTED: "{name} kan resultaten aanleveren vanaf {long_day}.",
    VerdictKind.WAITING: "{name} heeft via deze koppeling nog geen resultaten aangeleverd.",
}
"""The sentences where no leerlinggegevens leave."""
_STEPS = {
    VerdictKind.NOT_OFFERED: "Beëindig de koppeling, of vraag de beheerder van de koppelingen waarom dit zo is.",
    VerdictKind.BLOCKED: "Vraag de beheerder van de koppelingen wanneer {name} weer wordt toegelaten.",
    VerdictKind.PAUSED: "Vul een verificatiecode in om de uitwisseling te hervatten.",
    VerdictKind.NOT_STARTED: "Vul de verificatiecode alvast in bij {name}.",
    VerdictKind.OUTAGE: "De beheerder van de koppelingen neemt contact op met {name}.",
    VerdictKind.STOPPED: "Vraag {name} waarom voor uw school niet meer wordt opgehaald.",
    VerdictKind.STALE: "Vraag de beheerder van de koppelingen wat er nodig is.",
    VerdictKind.HELD: "Bekijk en beantwoord de vragen over deze personen.",
}
_WAITING_SENTENCES: dict[str | None, str] = {
    Act.CODE_CHANGED: "Sinds de verificatiecode is gewijzigd op {moment}, heeft {name} nog niet opgehaald.",
    Act.RESUMED: "Sinds de uitwisseling is hervat op {moment}, heeft {name} nog niet opgehaald.",
}
_REFUSALS: dict[str | None, tuple[str, str]] = {
    RefusalReason.WRONG_CODE: (
        "{name} gebruikt een andere verificatiecode dan uw school hier heeft ingevuld.",
        "Vul bij {name} dezelfde verificatiecode in als hier, of vernieuw hem op beide plaatsen.",
    ),
    RefusalReason.SCHEMA: (
        "{name} vraagt de gegevens op een manier die niet volgens de afspraak UWLR is.",
        "Vraag {name} dit op te lossen; bij Logboek staat wat er mis is.",
    ),
    RefusalReason.VERSION: (
        "{name} vraagt een versie van UWLR die hier niet bestaat.",
        "Vraag {name} dit op te lossen.",
    ),
    RefusalReason.NOT_LAID_OUT: (
        "{name} vraagt het schooljaar van nu, maar dat is hier nog niet ingedeeld.",
        "Deel de leerlingen in uw leerlingadministratie in voor dit schooljaar.",
    ),
    RefusalReason.OWN_FAILURE: (
        "Het ophalen mislukte aan onze kant; {name} kan het opnieuw proberen.",
        "Vraag de beheerder van de koppelingen ernaar als dit zo blijft.",
    ),
}
_RESULTS_REFUSALS: dict[str | None, tuple[str, str]] = {
    RefusalReason.WRONG_CODE: _REFUSALS[RefusalReason.WRONG_CODE],
    RefusalReason.SCHEMA: (
        "{name} levert resultaten aan op een manier die niet volgens de afspraak UWLR is.",
        "Vraag {name} dit op te lossen; bij Logboek staat wat er mis is.",
    ),
    RefusalReason.NOT_VALID: (
        "{name} levert resultaten aan waarvan de inhoud niet klopt.",
        "Vraag {name} dit op te lossen; bij Logboek staat wat er mis is.",
    ),
    RefusalReason.UNKNOWN_LEERLING: (
        "{name} levert resultaten aan van leerlingen die hier niet bekend zijn.",
        "Vraag {name} van welke leerlingen, en of hun gegevens daar kloppen.",
    ),
    RefusalReason.TOO_MANY: (
        "{name} levert te veel resultaten tegelijk aan, en kan het later opnieuw doen.",
        "Vraag {name} ernaar als dit zo blijft.",
    ),
    RefusalReason.OWN_FAILURE: (
        "Het aanleveren mislukte aan onze kant; {name} kan het opnieuw proberen.",
        "Vraag de beheerder van de koppelingen ernaar als dit zo blijft.",
    ),
}
_RESULTS_REFUSED_OTHERWISE = ("Een bericht met resultaten van {name} is geweigerd.", "Vraag {name} dit op te lossen.")
_REFUSED_OTHERWISE = ("Het verzoek van {name} is geweigerd.", "Vraag {name} dit op te lossen.")
_WHO = {Who.SCHOOL: "uw school", Who.BEHEERDER: "de beheerder van de koppelingen"}


def words_of(verdict: KoppelingVerdict, name: str) -> VerdictWords:
    """Return a verdict in words; `name` is that of the koppeling, which a school knows its platform by."""
    sentence, step = _sentence_and_step(verdict, name)
    who = None if verdict.who is None else _WHO.get(verdict.who, name)
    return VerdictWords(_badge(verdict, name), sentence, step, who, _TONES.get(verdict.kind, Tone.ATTENTION))


def kind_in_words(kind: VerdictKind) -> str:
    """Return a kind of verdict in a few words, for many koppelingen of one platform together."""
    return {
        VerdictKind.NOT_STARTED: "Start later",
        VerdictKind.WAITING: "Wacht op de leverancier",
        VerdictKind.OUTAGE: "Storing bij de leverancier",
        VerdictKind.HELD: "Personen vastgehouden",
    }.get(kind) or _BADGES[kind]


def held_in_words(held: Held) -> str:
    """Return how many persons are held, as `2 leerlingen en 1 leerkracht`."""
    counts = ((held.leerlingen, "leerlingen"), (held.leerkrachten, "leerkrachten"))
    return " en ".join(count_records(number, kind) for number, kind in counts if number)


def _badge(verdict: KoppelingVerdict, name: str) -> str:
    if verdict.kind is VerdictKind.HELD:
        return f"{held_in_words(verdict.held)} vastgehouden"
    day = "" if verdict.since is None else short_date(day_of(verdict.since))
    return _BADGES[verdict.kind].format(name=name, day=day)


def _sentence_and_step(verdict: KoppelingVerdict, name: str) -> tuple[str, str]:
    moment = "een onbekend moment" if verdict.since is None else date_time(verdict.since)
    long_day = "" if verdict.since is None else long_date(day_of(verdict.since))
    if verdict.results_only and verdict.kind is not VerdictKind.PAUSED:
        found = _of_results if verdict.kind in {VerdictKind.REFUSED, VerdictKind.WAITING} else None
    else:
        found = _BY_RULE.get(verdict.kind)
    sentences = _SENTENCES | _RESULTS_SENTENCES if verdict.results_only else _SENTENCES
    sentence, step = ("", "") if found is None else found(verdict)
    sentence, step = sentence or sentences[verdict.kind], step or _STEPS.get(verdict.kind, NOTHING_TO_DO)
    values = {"name": name, "moment": moment, "long_day": long_day}
    return sentence.format_map(values), step.format_map(values)


def _paused(verdict: KoppelingVerdict) -> tuple[str, str]:
    since = "" if verdict.since is None else " op {moment}"
    what = "aanleveren" if verdict.results_only else "ophalen"
    step = "" if not verdict.has_code else "Hervat de leerlinggegevens, de resultaten, of beide."
    return f"De uitwisseling is gepauzeerd{since}; {{name}} kan niets {what}.", step


def _of_results(verdict: KoppelingVerdict) -> tuple[str, str]:
    """Return the words of a refusal, or of none yet, where results alone come in."""
    if verdict.kind is VerdictKind.WAITING:
        return "", "Vul bij {name} dezelfde verificatiecode in als hier, en zet het aanleveren daar aan."
    sentence, step = _RESULTS_REFUSALS.get(verdict.reason, _RESULTS_REFUSED_OTHERWISE)
    return f"{sentence} Zo gaat het sinds {{moment}}.", step


def _refused(verdict: KoppelingVerdict) -> tuple[str, str]:
    sentence, step = _REFUSALS.get(verdict.reason, _REFUSED_OTHERWISE)
    return f"{sentence} Zo gaat het sinds {{moment}}.", step


def _waiting(verdict: KoppelingVerdict) -> tuple[str, str]:
    if verdict.who is Who.LEVERANCIER:
        return (
            "Sinds de beheerder {name} weer toelaat, op {moment}, heeft {name} nog niet opgehaald.",
            "Wacht tot {name} weer ophaalt, of vraag {name} wanneer dat is.",
        )
    sentence = _WAITING_SENTENCES.get(verdict.reason, "{name} heeft via deze koppeling nog niet opgehaald.")
    return sentence, "Vul bij {name} dezelfde verificatiecode in als hier, en zet het ophalen daar aan."


def _empty(verdict: KoppelingVerdict) -> tuple[str, str]:
    sentence = "{name} haalt sinds {moment} wel op, maar er waren geen leerlingen om te geven"
    if verdict.has_leerlingen:
        return (
            f"{sentence}. Er zijn nu wel leerlingen van uw school.",
            "Vraag {name} of het juiste schooljaar wordt opgehaald; kijk ook bij Leerlingen niet delen.",
        )
    return (
        f"{sentence}: die zijn van uw school voor dit schooljaar niet ontvangen.",
        "Vraag de beheerder van de koppelingen waarom de gegevens van uw school er niet zijn.",
    )


def _held(verdict: KoppelingVerdict) -> tuple[str, str]:
    last = "" if verdict.last_fetched is None else f"Laatst opgehaald op {date_time(verdict.last_fetched)}. "
    who = f"Van {held_in_words(verdict.held)} is niet zeker wie het is"
    return f"{last}{who}; die gaan niet mee, of zoals ze eerder bekend waren.", ""


_BY_RULE = {
    VerdictKind.PAUSED: _paused,
    VerdictKind.REFUSED: _refused,
    VerdictKind.WAITING: _waiting,
    VerdictKind.EMPTY: _empty,
    VerdictKind.HELD: _held,
}
"""The kinds whose words depend on more than the kind."""
