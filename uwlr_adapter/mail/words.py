"""The texts of the mails, in Dutch: of each act at once, of a login, and of what is open at a school."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from uwlr_adapter.clock import date_time
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.journaal.model import CLI, JOB, Act
from uwlr_adapter.mail.letter import Block, Letter, one_line

MAX_NAME = 60
"""Characters of a name in a sentence (inclusive)."""
CODE_SUBJECT = "Code om dit e-mailadres te bevestigen"


@dataclass(frozen=True, slots=True)
class Place:
    """The vestiging that a letter is about."""

    brin6: str
    naam: str

    def __str__(self) -> str:
        """Return its name with its number."""
        return f"{one_line(self.naam, MAX_NAME)} ({self.brin6})"


@dataclass(frozen=True, slots=True)
class ToldAct:
    """An act as it is told: what was done, when, by whom, and to what."""

    act: Act
    moment: datetime
    who: str
    """In words, as `actor_in_words` returns them."""
    name: str
    """Of the platform; of an act on a user the name of that user."""


@dataclass(frozen=True, slots=True)
class _Words:
    subject: str
    sentence: str
    after: str


_WORDS = {
    Act.ACTIVATED: _Words(
        "{name}: geactiveerd",
        "{who} heeft op {moment} de koppeling met {name} geactiveerd.",
        "{name} kan vanaf de startdatum de gegevens ophalen die u bij deze koppeling ziet onder Wat wordt gedeeld.",
    ),
    Act.CODE_CHANGED: _Words(
        "{name}: verificatiecode gewijzigd",
        "{who} heeft op {moment} de verificatiecode van de koppeling met {name} gewijzigd.",
        "{name} kan pas weer ophalen als daar dezelfde code is ingevuld.",
    ),
    Act.PAUSED: _Words(
        "{name}: gepauzeerd",
        "{who} heeft op {moment} de koppeling met {name} gepauzeerd.",
        "{name} kan niets meer ophalen, tot er weer een verificatiecode wordt ingevuld. Wat {name} al heeft, houdt "
        "{name}.",
    ),
    Act.RESUMED: _Words(
        "{name}: hervat",
        "{who} heeft op {moment} de koppeling met {name} hervat.",
        "{name} kan weer ophalen, als daar dezelfde code is ingevuld.",
    ),
    Act.ENDED: _Words(
        "{name}: beëindigd",
        "{who} heeft op {moment} de koppeling met {name} beëindigd.",
        "{name} kan niets meer ophalen. {name} houdt wat het al heeft; vraag zelf om verwijdering.",
    ),
    Act.ENDED_BY_MERGE: _Words(
        "{name}: beëindigd door een fusie",
        "{who} heeft op {moment} deze vestiging bij een andere school gevoegd. Daardoor is de koppeling met {name} "
        "beëindigd.",
        "Activeer haar bij de nieuwe vestiging, met een nieuwe verificatiecode.",
    ),
    Act.GEBRUIKER_ADDED: _Words(
        "toegang gegeven aan {name}",
        "{who} heeft op {moment} {name} toegang gegeven tot de koppelingen van de school.",
        "Hoort {name} daar niet bij, vraag de beheerder dan om de toegang weg te nemen.",
    ),
    Act.GEBRUIKER_ENABLED: _Words(
        "toegang teruggegeven aan {name}",
        "{who} heeft op {moment} {name} opnieuw toegang gegeven tot de koppelingen van de school.",
        "Hoort {name} daar niet bij, vraag de beheerder dan om de toegang weg te nemen.",
    ),
    Act.GEBRUIKER_JOINED: _Words(
        "toegang voor {name}",
        "{name} heeft op {moment} de uitnodiging van een collega aangenomen, en heeft toegang tot de koppelingen van "
        "de school.",
        "Hoort {name} daar niet bij? Neem de toegang weg bij Collega's.",
    ),
    Act.ROL_CHANGED: _Words(
        "andere rol voor {name}",
        "{who} heeft op {moment} de rol van {name} gewijzigd.",
        "Bij Collega's staat wie wat mag.",
    ),
    Act.ACCESS_REMOVED: _Words(
        "geen toegang meer voor {name}",
        "{who} heeft op {moment} de toegang van {name} tot de koppelingen van de school weggenomen.",
        "Bij Collega's staat wie er nu toegang heeft.",
    ),
    Act.GROEPEN_GIVEN: _Words(
        "groepen voor {name}",
        "{who} heeft op {moment} bepaald van welke groepen {name} de resultaten ziet.",
        "Bij Leerkrachten staat wie welke groepen ziet, en tot wanneer.",
    ),
    Act.GROEPEN_TAKEN: _Words(
        "geen groepen meer voor {name}",
        "{who} heeft op {moment} de toegang van {name} tot de resultaten van groepen weggenomen.",
        "Bij Leerkrachten staat wie welke groepen ziet, en tot wanneer.",
    ),
}
_NOT_YOU = Block(
    "Klopt dit niet? Log in op het Koppelingenoverzicht en kijk in het logboek, of neem contact op met de beheerder."
)


def actor_in_words(actor: str | None, names: Mapping[str, str]) -> str:
    """Return who did something, at the begin of a sentence; `names` are those of users, by login."""
    if actor is None:
        return "Iemand"
    if actor.startswith(CLI):
        return "De beheerder van de koppelingen"
    if actor.startswith(JOB):
        return "Het systeem"
    naam = names.get(actor)
    return actor if naam is None else user_in_words(actor, naam)


def user_in_words(login: str, naam: str) -> str:
    """Return a user by name and login."""
    return f"{one_line(naam, MAX_NAME)} ({login})"


def act_letter(place: Place, told: ToldAct, others: Sequence[Place] = ()) -> Letter:
    """Return the letter about one act, at a vestiging and at others where the same was done just then.

    Raises KeyError for an act that is told to nobody.
    """
    words, number = _WORDS[told.act], len(others) + 1
    where = count_noun(number, "vestiging", "vestigingen") if others else str(place)
    school = Block(f"School: {place}.")
    if others:
        school = Block("Dat is gedaan bij deze vestigingen:", tuple(map(str, (place, *others))))
    return Letter(
        f"{words.subject.format(name=one_line(told.name, MAX_NAME))} - {where}",
        (Block(sentence_of(told)), Block(_fill(words.after, told)), school, _NOT_YOU),
    )


def sentence_of(told: ToldAct) -> str:
    """Return one act as a sentence. Raises KeyError for an act that is told to nobody."""
    return _fill(_WORDS[told.act].sentence, told)


def _fill(text: str, told: ToldAct) -> str:
    return text.format(name=one_line(told.name, MAX_NAME), who=told.who, moment=date_time(told.moment))


def login_letter(moments: Sequence[datetime]) -> Letter:
    """Return the letter to a user about logins from a new browser, at these moments."""
    if len(moments) == 1:
        first = Block(f"Op {date_time(moments[0])} is met uw account ingelogd in een browser die nog niet bekend was.")
    else:
        first = Block(
            "Met uw account is ingelogd in een browser die nog niet bekend was:",
            tuple(date_time(moment) for moment in moments),
        )
    return Letter(
        "Ingelogd in een nieuwe browser",
        (
            first,
            Block("Was u dat zelf, dan hoeft u niets te doen."),
            Block(
                "Was u dat niet? Dan kent iemand uw wachtwoord en uw tweede stap. Log uit, dat beëindigt elke sessie, "
                "en vraag de beheerder meteen om een nieuw wachtwoord."
            ),
        ),
    )


def account_letter(subject: str, sentence: str) -> Letter:
    """Return the letter to a user about something that was done to the own account, and what to do if it was not so."""
    return Letter(
        subject,
        (
            Block(sentence),
            Block("Klopt dat, dan hoeft u niets te doen."),
            Block(
                "Was u dat niet, en weet u er niet van? Vraag dan meteen een schoolbeheerder van uw school, uw bestuur "
                "of de beheerder van de koppelingen om uw account opnieuw in te stellen."
            ),
        ),
    )


def code_letter(code: str, about: str) -> Letter:
    """Return the letter with the code that confirms an address; `about` says whose it is."""
    return Letter(
        CODE_SUBJECT,
        (
            Block(f"Dit e-mailadres is in het Koppelingenoverzicht ingevuld voor meldingen: {about}."),
            Block(f"De code is: {code}"),
            Block("Vul de code in op de pagina waar u het adres hebt ingevuld. Zij is 24 uur geldig."),
            Block("Hebt u niets ingevuld? Dan hoeft u niets te doen: zonder de code sturen wij hier niets naartoe."),
        ),
    )


def goodbye_letter() -> Letter:
    """Return the letter to an address that is no longer used."""
    return Letter(
        "Dit e-mailadres krijgt geen meldingen meer",
        (
            Block(
                "In het Koppelingenoverzicht is dit e-mailadres verwijderd of door een ander vervangen. U krijgt hier "
                "geen meldingen meer."
            ),
            _NOT_YOU,
        ),
    )


def test_letter() -> Letter:
    """Return the letter that an operator sends to see whether mail works."""
    return Letter(
        "Proefbericht",
        (Block("Dit is een proefbericht van de beheerder van de koppelingen. De mail werkt."),),
    )


@dataclass(frozen=True, slots=True)
class OpenMatter:
    """Something at a vestiging that somebody has to know: in the words of the portal."""

    about: str
    """Its key among what a vestiging was told: `koppeling:<id>`, or what else it is about."""
    state: str
    """Its kind and since when; another state is told anew."""
    title: str
    sentence: str
    next_step: str = ""


def digest_letter(
    place: Place, new: Sequence[OpenMatter], known: Sequence[OpenMatter], acts: Sequence[ToldAct], *, begins: bool
) -> Letter:
    """Return the letter of a day: what is new, what was told before and is still so, and acts of the holiday.

    `begins` is whether it is the one before school begins.
    """
    blocks = []
    if begins:
        blocks.append(Block("De school begint bijna. Dit is hoe het nu met de koppelingen staat."))
    blocks += [Block(" ".join(filter(None, (one.sentence, one.next_step))), heading=one.title) for one in new]
    if known:
        items = tuple(f"{one.title}: {one.sentence}" for one in known)
        blocks.append(Block("Dit hebben wij al eerder gemeld, en is nog zo:", items, "Nog open"))
    if acts:
        blocks.append(Block("", tuple(map(sentence_of, acts)), "Wat er intussen gebeurde"))
    blocks.append(Block(f"School: {place}."))
    number = count_noun(len(new) or len(known), "melding", "meldingen")
    what = "wat er open staat vóór de school begint" if begins else number
    return Letter(f"Koppelingen: {what} - {place}", tuple(blocks))
