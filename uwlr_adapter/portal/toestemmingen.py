"""The two toestemmingen of a koppeling on the pages of a school: what is on, since when and by whom."""

from dataclasses import dataclass

import sqlalchemy as sa
from flask import abort

from uwlr_adapter.clock import date_time, long_date
from uwlr_adapter.koppelingen import agreements, store
from uwlr_adapter.koppelingen.agreements import KeptText
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus
from uwlr_adapter.portal.context import catalogue
from uwlr_adapter.portal.known_users import KnownUsers, known_users
from uwlr_adapter.portal.school import is_to_come, name_of
from uwlr_adapter.portal.sentences import in_words_of_actor

SLUGS = {"leerlinggegevens": Toestemming.LEERLINGGEGEVENS, "resultaten": Toestemming.RESULTATEN}
"""The toestemmingen as an address names them."""
_BY_TOESTEMMING = {one: slug for slug, one in SLUGS.items()}
_TITLES = {
    Toestemming.LEERLINGGEGEVENS: "Leerlinggegevens naar {name}",
    Toestemming.RESULTATEN: "Resultaten van {name}",
}
_MEANINGS = {
    Toestemming.LEERLINGGEGEVENS: "{name} kan leerlingen, groepen en leerkrachten van deze vestiging ophalen.",
    Toestemming.RESULTATEN: "{name} kan resultaten van leerlingen van deze vestiging aanleveren.",
}
_BADGES = {
    ToestemmingStatus.ON: ("Aan", "goed"),
    ToestemmingStatus.PAUSED: ("Gepauzeerd", "let-op"),
    ToestemmingStatus.NOT_GIVEN: ("Niet aan", "stil"),
}


@dataclass(frozen=True, slots=True)
class ShownToestemming:
    """One toestemming as a page shows it."""

    slug: str
    title: str
    meaning: str
    """Its effect, in a sentence."""
    badge: str
    tone: str
    sentence: str
    """Since when it is so and by whom, or what it waits for."""
    akkoord: Akkoord | None
    """None where nobody agreed to it."""
    kept: KeptText | None
    """The text that was agreed to, if it was kept."""
    earlier: tuple[Akkoord, ...]
    """The agreements before it, the last one first."""
    can_pause: bool
    can_resume: bool
    can_agree: bool

    @property
    def state(self) -> str:
        """How it is and since when, for paper, where no badge stands beside the sentence."""
        return self.sentence if self.sentence.startswith(f"{self.badge} sinds ") else f"{self.badge}. {self.sentence}"


def toestemming_of(slug: str) -> Toestemming:
    """Return the toestemming that an address names. Raises NotFound."""
    return SLUGS.get(slug) or abort(404)


def slug_of(toestemming: Toestemming) -> str:
    """Return how an address names a toestemming."""
    return _BY_TOESTEMMING[toestemming]


def title_of(toestemming: Toestemming, name: str) -> str:
    """Return a toestemming in words; `name` is that of the platform."""
    return _TITLES[toestemming].format(name=name)


def meaning_of(toestemming: Toestemming, name: str) -> str:
    """Return what a toestemming allows, as a sentence."""
    return _MEANINGS[toestemming].format(name=name)


def relevant(koppeling: Koppeling) -> tuple[Toestemming, ...]:
    """Return the toestemmingen that a koppeling offers or that were given; none without data."""
    if koppeling.afnemer_id is None:
        return ()
    entry = catalogue().get(koppeling.entry_id)
    return tuple(
        one
        for one in Toestemming
        if koppeling.state(one).status is not ToestemmingStatus.NOT_GIVEN or (entry is not None and entry.offers(one))
    )


def has_choice(koppeling: Koppeling) -> bool:
    """Return whether there is more to say of its toestemmingen than that of the koppeling as a whole."""
    wanted, is_paused = relevant(koppeling), koppeling.leerlinggegevens.status is ToestemmingStatus.PAUSED
    return Toestemming.RESULTATEN in wanted or (is_paused and Toestemming.LEERLINGGEGEVENS in wanted)


def shown_of(connection: sa.Connection, koppeling: Koppeling) -> tuple[ShownToestemming, ...]:
    """Return the toestemmingen of a koppeling as its page shows them; nothing where there is no choice."""
    if not has_choice(koppeling):
        return ()
    wanted = relevant(koppeling)
    actors = [actor for one in wanted if (actor := koppeling.state(one).actor) is not None]
    users = known_users(connection, actors)
    return tuple(_shown(connection, koppeling, one, users) for one in wanted)


def in_one_line(koppeling: Koppeling) -> str | None:
    """Return the states of both in one line, for a list; None where there is no choice."""
    if not has_choice(koppeling) or not koppeling.is_living:
        return None
    words = {Toestemming.LEERLINGGEGEVENS: "Leerlinggegevens uit", Toestemming.RESULTATEN: "Resultaten in"}
    return " ".join(f"{words[one]}: {_badge(koppeling, one)[0].lower()}." for one in relevant(koppeling))


def akkoord_of(koppeling: Koppeling, toestemming: Toestemming) -> Akkoord | None:
    """Return the present agreement to a toestemming, if there is one."""
    if koppeling.state(toestemming).status is ToestemmingStatus.NOT_GIVEN:
        return None
    return koppeling.akkoord if toestemming is Toestemming.LEERLINGGEGEVENS else koppeling.akkoord_resultaten


def _shown(
    connection: sa.Connection, koppeling: Koppeling, toestemming: Toestemming, users: KnownUsers
) -> ShownToestemming:
    name, status = name_of(koppeling), koppeling.state(toestemming).status
    entry = catalogue().get(koppeling.entry_id)
    akkoord = akkoord_of(koppeling, toestemming)
    badge, tone = _badge(koppeling, toestemming)
    is_living, others = koppeling.is_living, [one for one in relevant(koppeling) if one is not toestemming]
    is_other_given = any(koppeling.state(one).status is not ToestemmingStatus.NOT_GIVEN for one in others)
    alone = toestemming is Toestemming.LEERLINGGEGEVENS and not is_other_given
    return ShownToestemming(
        slug=slug_of(toestemming),
        title=title_of(toestemming, name),
        meaning=meaning_of(toestemming, name),
        badge=badge,
        tone=tone,
        sentence=_sentence(koppeling, toestemming, users),
        akkoord=akkoord,
        kept=None if akkoord is None else agreements.text_of(connection, akkoord),
        earlier=tuple(store.earlier_akkoorden(connection, koppeling.id, toestemming)),
        # Where leerlinggegevens are all that was given, clearing the code is their pause.
        can_pause=is_living and status is ToestemmingStatus.ON and not alone,
        can_resume=is_living and status is ToestemmingStatus.PAUSED,
        can_agree=is_living
        and status is ToestemmingStatus.NOT_GIVEN
        and entry is not None
        and entry.offers(toestemming),
    )


def _badge(koppeling: Koppeling, toestemming: Toestemming) -> tuple[str, str]:
    status = koppeling.state(toestemming).status
    if status is not ToestemmingStatus.ON:
        return _BADGES[status]
    if koppeling.status is Status.GEPAUZEERD:
        return "Wacht op een code", "let-op"
    if koppeling.status is Status.BEEINDIGD:
        return "Beëindigd", "stil"
    return (f"Aan vanaf {long_date(koppeling.startdatum)}", "let-op") if is_to_come(koppeling) else _BADGES[status]


def _sentence(koppeling: Koppeling, toestemming: Toestemming, users: KnownUsers) -> str:
    state = koppeling.state(toestemming)
    if state.status is ToestemmingStatus.NOT_GIVEN:
        return "Uw school is hiermee niet akkoord gegaan."
    since = _since(koppeling, toestemming, users)
    if not koppeling.is_living:
        word = "was aan" if state.status is ToestemmingStatus.ON else "was gepauzeerd"
        return f"Dit {word} sinds {since}, tot de koppeling werd beëindigd."
    if state.status is ToestemmingStatus.ON and koppeling.status is Status.GEPAUZEERD:
        return "Zodra er weer een verificatiecode is ingevuld, staat dit weer aan."
    word = "Aan" if state.status is ToestemmingStatus.ON else "Gepauzeerd"
    return f"{word} sinds {since}."


def _since(koppeling: Koppeling, toestemming: Toestemming, users: KnownUsers) -> str:
    """Return since when a toestemming is as it is, and by whom."""
    state, akkoord = koppeling.state(toestemming), akkoord_of(koppeling, toestemming)
    if state.since is not None and state.actor is not None:
        return f"{date_time(state.since)}, door {in_words_of_actor(state.actor, state.since, users)}"
    if akkoord is None:
        return date_time(koppeling.opened_at)
    return f"{date_time(state.since or akkoord.moment)}, door {akkoord.naam}"
