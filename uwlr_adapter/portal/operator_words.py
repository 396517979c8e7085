"""What operators read of refusals, verdicts, jobs and mails: in Dutch, with what there is to do and by whom."""

from datetime import timedelta

from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.jobs.schedule import RunOutcome
from uwlr_adapter.journaal.model import CLI, JOB, TAKEN, RefusalReason
from uwlr_adapter.koppelingen.verdict import KoppelingVerdict, VerdictKind, Who
from uwlr_adapter.koppelingen.verdict_words import words_of
from uwlr_adapter.mail.outbox import MailFailure

NOTHING = "Niets."
REFUSALS = {
    RefusalReason.UNKNOWN_SCHOOL: (
        "Vraagt een school die hier niet bestaat",
        "De leverancier controleert het BRIN- en vestigingsnummer; lees de school in als die er hoort te zijn.",
    ),
    RefusalReason.NO_KOPPELING: (
        "De school heeft geen koppeling met deze leverancier",
        "De school activeert de koppeling, of de leverancier stopt met ophalen voor deze school.",
    ),
    RefusalReason.WRONG_CODE: (
        "Verificatiecode onjuist",
        "De school vult bij de leverancier dezelfde verificatiecode in als hier, of vernieuwt hem op beide plaatsen.",
    ),
    RefusalReason.PAUSED: ("De koppeling is gepauzeerd", "De school vult een verificatiecode in om te hervatten."),
    RefusalReason.LEERLINGGEGEVENS_PAUSED: (
        "Leerlinggegevens zijn gepauzeerd",
        "De school hervat ze; de verificatiecode staat er nog.",
    ),
    RefusalReason.LEERLINGGEGEVENS_NOT_AGREED: (
        "De school is niet akkoord met leerlinggegevens",
        "De school gaat akkoord op de pagina van de koppeling.",
    ),
    RefusalReason.RESULTS_PAUSED: (
        "Resultaten zijn gepauzeerd",
        "De school hervat ze; de leverancier stuurt daarna opnieuw.",
    ),
    RefusalReason.RESULTS_NOT_AGREED: (
        "De school is niet akkoord met resultaten",
        "De school gaat akkoord op de pagina van de koppeling.",
    ),
    RefusalReason.ENDED: (
        "De koppeling is beëindigd",
        "De leverancier stopt met ophalen voor deze school, of de school activeert de koppeling opnieuw.",
    ),
    RefusalReason.NOT_STARTED: ("De startdatum is nog niet bereikt", "De leverancier wacht tot de startdatum."),
    RefusalReason.NO_SCHOOL: ("Noemt geen school", "De leverancier lost dit op."),
    RefusalReason.SCHEMA: ("Niet volgens het schema van UWLR", "De leverancier lost dit op."),
    RefusalReason.VERSION: ("Versie van UWLR wordt niet ondersteund", "De leverancier lost dit op."),
    RefusalReason.NO_DATA: ("Er waren geen gegevens", "Lees de gegevens van de school in."),
    RefusalReason.NOT_LAID_OUT: (
        "Het schooljaar van nu is nog niet ingedeeld",
        "De school deelt de leerlingen in; lees daarna de gegevens in.",
    ),
    RefusalReason.UNKNOWN_LEERLING: (
        "Stuurt resultaten van leerlingen die hier niet bekend zijn",
        "De leverancier haalt de leerlinggegevens opnieuw op; ontbreken er leerlingen, lees de gegevens dan in.",
    ),
    RefusalReason.NOT_VALID: ("Stuurt resultaten waarvan de inhoud niet klopt", "De leverancier lost dit op."),
    RefusalReason.TOO_MANY: (
        "Te veel resultaten tegelijk",
        "De leverancier stuurt het bericht later opnieuw, en minder berichten tegelijk.",
    ),
    RefusalReason.OWN_FAILURE: (
        "Mislukt aan onze kant",
        "Zoek in het log van de dienst wat er misging; de leverancier kan het opnieuw proberen.",
    ),
    RefusalReason.NO_CERTIFICATE: (
        "Zonder clientcertificaat",
        "De leverancier stuurt zijn clientcertificaat mee; kijk ook of de proxy het doorgeeft.",
    ),
    RefusalReason.WRONG_CERTIFICATE: (
        "Clientcertificaat onbekend of verlopen",
        "Voeg het nieuwe certificaat van de leverancier toe (`afnemer certificate add`).",
    ),
}
_REFUSED_OTHERWISE = ("Geweigerd", "Kijk in het log van de dienst.")
ANSWERS = {
    "leerlinggegevens": "Gegevens",
    "leerlinggegevens-structuur": "Groepen",
    "leerlinggegevens-leerlingen": "Leerlingen",
    "leerlinggegevens-leerkrachten": "Leerkrachten",
    "geenwijzigingen": "Geen wijzigingen",
    "geengegevens": "Geen gegevens voor het gevraagde schooljaar",
    TAKEN: "Resultaten",
}
"""The answers by their outcome."""
_STEPS = {
    VerdictKind.NOT_OFFERED: "De school beëindigt de koppeling, of u zet haar weer in de catalogus.",
    VerdictKind.BLOCKED: "Schakel de afnemer weer in als dat kan.",
    VerdictKind.PAUSED: "De school vult een verificatiecode in om te hervatten.",
    VerdictKind.NOT_STARTED: "De school vult de verificatiecode alvast in bij {name}.",
    VerdictKind.OUTAGE: "Neem contact op met {name}.",
    VerdictKind.STOPPED: "De school vraagt {name} waarom er niet meer wordt opgehaald.",
    VerdictKind.STALE: "Zorg dat de aanlevering van deze vestiging weer wordt ingelezen.",
    VerdictKind.HELD: "De school beantwoordt de vragen over deze personen.",
}
_STEPS_BY_WHO = {
    (VerdictKind.WAITING, Who.LEVERANCIER): "Wacht tot {name} weer ophaalt.",
    (VerdictKind.WAITING, Who.SCHOOL): (
        "De school vult bij {name} dezelfde verificatiecode in als hier, en zet het ophalen daar aan."
    ),
    (VerdictKind.EMPTY, Who.BEHEERDER): "Lees de gegevens van dit schooljaar in.",
    (VerdictKind.EMPTY, Who.LEVERANCIER): "De school vraagt {name} of het juiste schooljaar wordt opgehaald.",
}
_WHO = {Who.SCHOOL: "de school", Who.BEHEERDER: "u, de beheerder"}
JOBS = {
    "purge": ("Opruimen", "Wist wat niet langer bewaard mag blijven dan zijn termijn."),
    "refusals": ("Weigeringen optellen", "Telt oude aantallen weigeringen op per dag."),
    "calls": ("Verzoeken bijhouden", "Houdt per koppeling bij wat het logboek van de verzoeken zegt."),
    "received": ("Ontvangsten bijhouden", "Houdt bij welke koppeling welke gegevens kreeg."),
    "staleness": ("Ouderdom bijhouden", "Houdt per vestiging bij hoe oud de gegevens zijn."),
    "verdicts": ("Oordelen bijhouden", "Houdt per koppeling het oordeel bij, voor de lijsten en aantallen."),
    "mail": ("Mail versturen", "Vertelt scholen wat er gedaan is, en verstuurt wat wacht."),
    "results": ("Resultaten afleveren", "Levert resultaten af bij de administratie, als die daarop is aangesloten."),
    "digest": ("Dagelijkse mail", "Vertelt elke vestiging eens per dag wat er openstaat."),
}
"""The jobs: a name, and what each does."""
OUTCOMES = {
    RunOutcome.DONE: "Gelukt",
    RunOutcome.FAILED: "Mislukt",
    RunOutcome.STOPPED: "Gestopt, gaat verder",
    RunOutcome.INTERRUPTED: "Onderbroken",
    RunOutcome.REFUSED: "Geweigerd: de klok is niet te vertrouwen",
}
SOURCES = {"edexml": "EDEXML", "csv": "CSV", "answer": "Antwoord op een vraag", "demo": "Voorbeeld"}
MAIL_FAILURES = {
    MailFailure.UNREACHABLE: "De mailserver is niet bereikbaar",
    MailFailure.BROKEN_OFF: "De verbinding met de mailserver is verbroken",
    MailFailure.LATER: "De mailserver vraagt het later opnieuw te proberen",
    MailFailure.NO_SUCH_ADDRESS: "Het adres bestaat niet",
    MailFailure.REFUSED: "De mailserver weigert de mail",
    MailFailure.UNSURE: "Onzeker of de mail is aangekomen",
    MailFailure.TOO_LATE: "Te lang geprobeerd",
    MailFailure.OBSOLETE: "Vervallen: het is niet meer zo",
}


def refusal_in_words(reason: str | None) -> tuple[str, str]:
    """Return why a call was refused, and what there is to do."""
    known = {str(one): words for one, words in REFUSALS.items()}
    return known.get(reason or "", _REFUSED_OTHERWISE)


def sentence_of(verdict: KoppelingVerdict, name: str) -> str:
    """Return what is the matter with a koppeling, in a sentence that is not addressed to the school."""
    return words_of(verdict, name).sentence.replace("uw school", "deze school")


def step_of(verdict: KoppelingVerdict, name: str) -> str:
    """Return the next step for a koppeling; a part of a sentence names whose it is."""
    if verdict.who is None:
        return NOTHING
    if verdict.kind is VerdictKind.REFUSED:
        return refusal_in_words(verdict.reason)[1]
    step = _STEPS_BY_WHO.get((verdict.kind, verdict.who)) or _STEPS.get(verdict.kind, NOTHING)
    return step.format(name=name)


def who_in_words(verdict: KoppelingVerdict, name: str) -> str | None:
    """Return whose step is next; None when there is none."""
    return None if verdict.who is None else _WHO.get(verdict.who, name)


def actor_in_words(actor: str | None) -> str:
    """Return who did something: an account of the machine, a job, or a login of the portal."""
    if actor is None:
        return "niet bekend"
    if actor.startswith(CLI):
        return f"de beheerder ({actor.removeprefix(CLI)})"
    return "vanzelf" if actor.startswith(JOB) else actor


def source_in_words(source: str) -> str:
    """Return the kind of source of an import."""
    return SOURCES.get(source, source)


def seconds_in_words(seconds: float) -> str:
    """Return how long a run of a job took."""
    if seconds < 1:
        return "minder dan 1 seconde"
    took = timedelta(seconds=round(seconds))
    minutes, rest = divmod(int(took.total_seconds()), 60)
    parts = [count_noun(minutes, "minuut", "minuten")] if minutes else []
    return " en ".join([*parts, *([count_noun(rest, "seconde", "seconden")] if rest or not minutes else [])])
