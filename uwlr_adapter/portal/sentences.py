"""Entries of the journaal as Dutch sentences for a school."""

from datetime import date, datetime

from uwlr_adapter.clock import long_date
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.contract.rules import Rule
from uwlr_adapter.journaal.model import CLI, JOB, TAKEN, Act, Entry, EntryKind, OutcomeKind, RefusalReason
from uwlr_adapter.portal.known_users import NOBODY_KNOWN, KnownUsers

_ANSWERED = {
    "leerlinggegevens": "De gegevens zijn opgehaald.",
    "leerlinggegevens-structuur": "De groepen zijn opgehaald.",
    "leerlinggegevens-leerlingen": "De leerlingen zijn opgehaald.",
    "leerlinggegevens-leerkrachten": "De leerkrachten zijn opgehaald.",
    "geenwijzigingen": "Er was niets gewijzigd sinds de vorige keer.",
    "geengegevens": "Er zijn geen gegevens voor het schooljaar waar {name} om vroeg.",
}
_ANSWERED_OTHERWISE = "Het verzoek is beantwoord."
_REFUSED = {
    RefusalReason.WRONG_CODE: "{name} probeert op te halen met een andere verificatiecode.",
    RefusalReason.PAUSED: "{name} probeerde op te halen terwijl de koppeling gepauzeerd was.",
    RefusalReason.ENDED: "{name} probeerde op te halen terwijl de koppeling beëindigd was.",
    RefusalReason.LEERLINGGEGEVENS_PAUSED: "{name} probeerde op te halen terwijl leerlinggegevens gepauzeerd waren.",
    RefusalReason.LEERLINGGEGEVENS_NOT_AGREED: (
        "{name} probeerde op te halen, maar de school is niet akkoord gegaan met leerlinggegevens."
    ),
    RefusalReason.NOT_STARTED: "{name} probeerde op te halen vóór de startdatum.",
    RefusalReason.NO_KOPPELING: "{name} probeerde op te halen, maar deze koppeling wordt niet meer aangeboden.",
    RefusalReason.SCHEMA: (
        "{name} vraagt de gegevens op een manier die niet volgens de afspraak UWLR is. {name} lost dit op."
    ),
    RefusalReason.VERSION: "{name} vraagt een versie van UWLR die hier niet bestaat. {name} lost dit op.",
    RefusalReason.NOT_LAID_OUT: (
        "{name} vroeg om het schooljaar van nu, maar dat is hier nog niet ingedeeld. Zodra de indeling er is, kan "
        "{name} het ophalen."
    ),
    RefusalReason.OWN_FAILURE: "Het ophalen mislukte aan onze kant. {name} kan het opnieuw proberen.",
}
_REFUSED_RESULTS = {
    RefusalReason.WRONG_CODE: "{name} probeert resultaten te sturen met een andere verificatiecode.",
    RefusalReason.PAUSED: "{name} probeerde resultaten te sturen terwijl de koppeling gepauzeerd was.",
    RefusalReason.ENDED: "{name} probeerde resultaten te sturen terwijl de koppeling beëindigd was.",
    RefusalReason.NOT_STARTED: "{name} probeerde resultaten te sturen vóór de startdatum.",
    RefusalReason.NO_KOPPELING: (
        "{name} probeerde resultaten te sturen, maar deze koppeling wordt niet meer aangeboden."
    ),
    RefusalReason.RESULTS_PAUSED: (
        "{name} probeerde resultaten te sturen terwijl het ontvangen van resultaten gepauzeerd was."
    ),
    RefusalReason.RESULTS_NOT_AGREED: (
        "{name} probeerde resultaten te sturen, maar de school is niet akkoord gegaan met het ontvangen daarvan."
    ),
    RefusalReason.SCHEMA: (
        "{name} stuurt resultaten op een manier die niet volgens de afspraak UWLR is. {name} lost dit op."
    ),
    RefusalReason.VERSION: "{name} stuurt resultaten in een versie van UWLR die hier niet bestaat. {name} lost dit op.",
    RefusalReason.UNKNOWN_LEERLING: (
        "{name} stuurde resultaten van leerlingen die hier niet bekend zijn. Er is niets van bewaard. Laat {name} de "
        "leerlinggegevens opnieuw ophalen."
    ),
    RefusalReason.NOT_VALID: (
        "{name} stuurde resultaten waarvan de inhoud niet klopt. Er is niets van bewaard; {name} lost dit op."
    ),
    RefusalReason.TOO_MANY: "{name} stuurde te veel resultaten tegelijk, en kan dit bericht opnieuw sturen.",
    RefusalReason.OWN_FAILURE: "Het ontvangen van resultaten mislukte aan onze kant. {name} kan ze opnieuw sturen.",
}
"""What a message with results was refused for."""
_EFFECTS = (
    ("nieuw", "nieuw"),
    ("gewijzigd", "gewijzigd"),
    ("gelijk", "al bekend"),
    ("ingehaald", "ouder dan wat er al was"),
    ("niet-verwerkt", "niet verwerkt"),
)
"""The counts of a message with results, and what a school reads."""
_CHECK_THE_CODE = " Laat {name} de code controleren, of vul {where} de code in die {name} gebruikt."
_REFUSED_OTHERWISE = "Het verzoek van {name} is geweigerd."
_WRONG = {
    Rule.ABSENT: "ontbreekt",
    Rule.EMPTY: "is leeg",
    Rule.DOUBLED: "staat er meer dan één keer in",
    Rule.NAMESPACE: "heeft niet de afgesproken naam",
    Rule.PLACE: "staat op een verkeerde plaats",
    Rule.CONTENT: "bevat iets wat er niet in hoort",
    Rule.ATTRIBUTE: "heeft een kenmerk dat er niet bij hoort",
    Rule.FORM: "heeft niet de goede vorm",
    Rule.VALUE: "heeft geen geldige waarde",
    Rule.TOO_LONG: "is te lang",
}
"""The words of a school for what is wrong with a part of a request."""
UNKNOWN = "niet bekend"
"""Who did something of which that was not kept."""
AUTOMATIC = "vanzelf"
"""Who does what nobody asks for, such as removing what was kept long enough."""
_ACTS = {
    "vestiging toegevoegd": "De beheerder van de koppelingen heeft deze vestiging toegevoegd.",
    "gegevens ingelezen": "De gegevens van de school zijn ingelezen, en er is iets in gewijzigd.",
    "gebruiker toegevoegd": "De gebruiker {login} kan nu inloggen voor deze school.",
    "gebruiker opnieuw uitgenodigd": "De gebruiker {login} heeft een link gekregen voor een nieuw wachtwoord.",
    "gebruiker geblokkeerd": "De gebruiker {login} kan niet meer inloggen.",
    "gebruiker weer toegelaten": "De gebruiker {login} kan weer inloggen.",
    "collega uitgenodigd": "Voor de gebruiker {login} is een uitnodiging gemaakt, als {rol}.",
    "uitnodiging ingetrokken": "De uitnodiging voor de gebruiker {login} is ingetrokken.",
    "uitnodiging afgewezen": "De gebruiker {login} heeft de uitnodiging afgewezen.",
    "uitnodiging aangenomen": "De gebruiker {login} heeft de uitnodiging aangenomen, en is nu {rol}.",
    "rol gewijzigd": "De gebruiker {login} is nu {rol}.",
    "toegang weggenomen": "De gebruiker {login} heeft geen toegang meer tot deze school.",
    "wachtwoord gewijzigd": "De gebruiker {login} heeft het eigen wachtwoord gewijzigd.",
    "tweede stap vernieuwd": "De gebruiker {login} heeft de eigen tweede stap vernieuwd.",
    "herstelcodes gemaakt": "De gebruiker {login} heeft nieuwe herstelcodes gemaakt.",
    "herstelcode gebruikt": "De gebruiker {login} is met een herstelcode ingelogd.",
    "import teruggedraaid": (
        "De beheerder van de koppelingen heeft een import teruggedraaid: de gegevens zijn weer die van daarvoor."
    ),
    "import opnieuw uitgevoerd": (
        "De beheerder van de koppelingen heeft een teruggedraaide import opnieuw uitgevoerd."
    ),
    "geactiveerd": "De koppeling is geactiveerd.",
    "code gewijzigd": "De verificatiecode is gewijzigd.",
    "gepauzeerd": "De verificatiecode is verwijderd; de uitwisseling is gepauzeerd.",
    "hervat": "De verificatiecode is ingevuld; de uitwisseling is hervat.",
    "akkoord vernieuwd": "De school is opnieuw akkoord gegaan.",
    "leerling niet gedeeld": "Eén leerling wordt niet meer gedeeld.",
    "leerling weer gedeeld": "Eén leerling wordt weer gedeeld.",
    "startdatum gewijzigd": "De startdatum is gewijzigd in {startdatum}.",
    "leerlinggegevens gepauzeerd": "Het ophalen van leerlinggegevens is gepauzeerd; de verificatiecode bleef staan.",
    "leerlinggegevens hervat": "Het ophalen van leerlinggegevens is hervat.",
    "leerlinggegevens toegestaan": "De school is akkoord gegaan met het ophalen van leerlinggegevens.",
    "resultaten gepauzeerd": "Het aanleveren van resultaten is gepauzeerd; de verificatiecode bleef staan.",
    "resultaten hervat": "Het aanleveren van resultaten is hervat.",
    "resultaten toegestaan": "De school is akkoord gegaan met het aanleveren van resultaten.",
    "beëindigd": "De koppeling is beëindigd.",
    "schooljaar vrijgegeven": "Het schooljaar {schooljaar} is vrijgegeven.",
    "vrijgeven teruggenomen": "Het schooljaar {schooljaar} is niet meer vrijgegeven.",
    "kalender ingesteld": "De beheerder heeft ingesteld wanneer leerlingen en schooljaren worden gedeeld.",
    "meldadres bevestigd": "Het e-mailadres van de school voor meldingen is ingevuld en bevestigd.",
    "meldadres verwijderd": "Het e-mailadres van de school voor meldingen is verwijderd.",
    "vakantieregio ingesteld": (
        "De vakantieregio van de school is ingesteld: in de zomervakantie komen er geen meldingen."
    ),
    "e-mailadres bevestigd": "De gebruiker {login} heeft een e-mailadres voor meldingen bevestigd.",
    "e-mailadres verwijderd": "Het e-mailadres van de gebruiker {login} voor meldingen is verwijderd.",
    "inlogdienst toegevoegd": "De gebruiker {login} kan voortaan ook inloggen via een inlogdienst.",
    "inlogdienst verwijderd": "De gebruiker {login} logt niet meer in via een inlogdienst.",
    "vraag beantwoord": "De vraag wie een leerling of leerkracht is, is beantwoord.",
    "beëindigd door fusie": (
        "De koppeling is beëindigd, omdat deze vestiging bij een andere school is gekomen. Activeer haar bij de nieuwe "
        "vestiging, met een nieuwe verificatiecode."
    ),
    "ECK-iD gecorrigeerd": "De beheerder van de koppelingen heeft een ECK-iD gecorrigeerd.",
    "personen samengevoegd": (
        "De beheerder van de koppelingen heeft twee personen samengevoegd, die één persoon bleken te zijn."
    ),
    "persoon vergeten": "De beheerder van de koppelingen heeft de gegevens van een persoon gewist.",
    "persoon weer toegelaten": (
        "De beheerder van de koppelingen heeft toegestaan dat een gewiste persoon opnieuw wordt ingelezen."
    ),
    "gegevens ingetrokken": (
        "De beheerder van de koppelingen heeft gegevens van deze vestiging ingetrokken; die worden niet meer gegeven."
    ),
    "school samengevoegd": (
        "De gegevens van deze vestiging zijn door een fusie onder een ander BRIN-nummer gekomen, of daar vandaan."
    ),
    "leerling ingezien": (
        "Er is bekeken wie de gegevens van één leerling kreeg, en wat er van die leerling gaat (leerling nummer "
        "{leerling})."
    ),
    "inzage gedownload": "De inzage in de gegevens van één leerling is gedownload (leerling nummer {leerling}).",
    "ontbrekende gegevens bekeken": "De lijst van leerlingen en leerkrachten met ontbrekende gegevens is bekeken.",
    "ontbrekende gegevens gedownload": (
        "De lijst van leerlingen en leerkrachten met ontbrekende gegevens is gedownload."
    ),
    "resultaten teruggenomen": (
        "De resultaten uit bericht {bericht} zijn teruggenomen (resultaten: {resultaten}, leerlingen: {leerlingen})."
    ),
    "resultaten teruggezet": (
        "De resultaten uit bericht {bericht} zijn teruggezet (resultaten: {resultaten}, leerlingen: {leerlingen})."
    ),
    "back-up teruggezet": (
        "De beheerder van de koppelingen heeft een reservekopie teruggezet: de gegevens en de koppelingen zijn weer "
        "zoals ze toen waren. Kijk of alles nog klopt."
    ),
}


AT_EDIT, BELOW = "bij Bewerken", "hieronder"
"""Where a school enters its verificatiecode, as seen from a list of koppelingen, and on the page of one."""


def sentence_of(entry: Entry, name: str, where: str | None = AT_EDIT) -> str:
    """Return what an entry of the journaal says, with the name of the learning platform.

    `where` says where a verificatiecode is entered, as seen from the page; None of what is past, and asks for nothing.
    """
    if entry.outcome_kind is OutcomeKind.ACT:
        told = _told(entry)
        if entry.act == Act.AKKOORD_RENEWED and (about := _agreed_to(told)):
            return f"De school is akkoord met {about}."
        if entry.act == Act.ACTIVATED and "resultaten" in told:
            what = "leerlinggegevens en resultaten" if "leerlinggegevens" in told else "alleen resultaten"
            return f"De koppeling is geactiveerd, voor {what}."
        return _ACTS.get(entry.act, entry.act).format(
            schooljaar=told.get("schooljaar", ""),
            login=told.get("login") or told.get("gebruiker", ""),
            rol=told.get("rol", ""),
            leerling=told.get("leerling", ""),
            **{name: told.get(name, "") for name in ("bericht", "resultaten", "leerlingen")},
            startdatum=long_date(date.fromisoformat(told["startdatum"])) if "startdatum" in told else "",
        )
    if entry.outcome == TAKEN:
        return _taken(entry, name)
    if entry.outcome_kind is OutcomeKind.ANSWERED:
        return _ANSWERED.get(entry.outcome, _ANSWERED_OTHERWISE).format(name=name)
    is_of_results = entry.kind is EntryKind.RESULTATEN
    refusals = {str(reason): text for reason, text in (_REFUSED_RESULTS if is_of_results else _REFUSED).items()}
    refused = refusals.get(entry.reason or "", _REFUSED_OTHERWISE)
    if entry.reason == RefusalReason.WRONG_CODE and where is not None:
        refused += _CHECK_THE_CODE
    return refused.format(name=name, where=where) + _wrong_part(entry)


def _taken(entry: Entry, name: str) -> str:
    """Return what became of a message with results."""
    told = _told(entry)
    counts = [f"{told[word]} {words}" for word, words in _EFFECTS if word in told]
    people = count_noun(entry.leerlingen or 0, "leerling", "leerlingen")
    return f"{name} stuurde resultaten van {people}: {', '.join(counts)}."


def added_words(*, voorwaarden: bool, velden: int, resultaten: bool = False) -> str:
    """Return what a new akkoord is about: newer terms, a number of added fields, newer terms of results; or empty."""
    terms = ["nieuwe gebruikersvoorwaarden"] if voorwaarden else []
    fields = [f"{count_noun(velden, 'gegeven', 'gegevens')} erbij"] if velden else []
    results = ["nieuwe voorwaarden voor resultaten"] if resultaten else []
    return " en ".join(terms + fields + results)


def _told(entry: Entry) -> dict[str, str]:
    """Return the remarks of an entry, each `name=value` or a name alone, by name."""
    return dict(remark.partition("=")[::2] for remark in entry.remarks)


def _agreed_to(told: dict[str, str]) -> str:
    """Return what a school agreed to again, as its entry tells; nothing for an entry of older code."""
    velden = told.get("velden", "")
    number = int(velden) if velden.isdecimal() else 0
    return added_words(voorwaarden="voorwaarden" in told, velden=number, resultaten="resultaten" in told)


def actor_of(entry: Entry, name: str, users: KnownUsers = NOBODY_KNOWN) -> str:
    """Return who did what an entry of the journaal says: the learning platform, a user, or the operator.

    A user is named with the login behind it; one who is not known any more is the login alone.
    """
    if entry.outcome_kind is not OutcomeKind.ACT:
        return name
    return UNKNOWN if entry.actor is None else in_words_of_actor(entry.actor, entry.moment, users)


def in_words_of_actor(actor: str, moment: datetime, users: KnownUsers) -> str:
    """Return who did something at a moment, by the actor of the act."""
    if actor.startswith(CLI):
        return f"de beheerder ({actor.removeprefix(CLI)})"
    return AUTOMATIC if actor.startswith(JOB) else users.named(actor, moment)


def _wrong_part(entry: Entry) -> str:
    """Return a sentence on the part of a refused request that is wrong, as its afnemer was told; else nothing."""
    told = _told(entry)
    part, words = told.get("pad", "").rpartition("/")[2], {str(rule): text for rule, text in _WRONG.items()}
    known = words.get(told.get("regel", ""))
    return "" if known is None or part in {"", "*"} else f" Het onderdeel {part} {known}."
