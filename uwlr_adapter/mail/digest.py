"""The mail of a day, one for a vestiging: what stopped or is refused, new terms, old records, questions.

The same verdicts and words as in the portal. A matter is told when it is new or became another one, and again after
RETELL while it is still so; one that is over is forgotten, and told anew when it comes back. A day without anything to
tell has no mail. In the summer holiday there is one, before school begins, with all that is open.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.administratie.tables import vestiging
from uwlr_adapter.clock import from_utc, to_utc
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.db import bulk
from uwlr_adapter.koppelingen import agreements, store
from uwlr_adapter.koppelingen.agreements import Waiting
from uwlr_adapter.koppelingen.catalogue import Catalogue, CatalogueEntry
from uwlr_adapter.koppelingen.facts import facts_of
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.tables import Status, koppeling
from uwlr_adapter.koppelingen.verdict import Facts, KoppelingVerdict, VerdictKind, Who, verdict_of
from uwlr_adapter.koppelingen.verdict_words import words_of
from uwlr_adapter.mail import outbox, recipients, telling
from uwlr_adapter.mail.outbox import DAY, NewMail
from uwlr_adapter.mail.quiet import Telling, telling_on
from uwlr_adapter.mail.tables import mail_told
from uwlr_adapter.mail.words import OpenMatter, Place, digest_letter

REFUSED_FOR = timedelta(days=1)
"""How long a platform is refused before it is told: most mend it at their next try."""
RETELL = timedelta(days=7)
"""After how long a matter that is still open is told again."""
_STOPS = frozenset({VerdictKind.STOPPED, VerdictKind.BLOCKED, VerdictKind.NOT_OFFERED})
"""Verdicts by which data stopped, and of which somebody at the school has to know. A platform that fetches nowhere is
the matter of the operator, who has it in the metrics."""
_ANY_PLATFORM = "de leverancier"


@dataclass(frozen=True, slots=True)
class ToTell:
    """The matters of one vestiging on a day."""

    brin6: str
    telling: Telling
    matters: tuple[OpenMatter, ...]


def find(
    connection: sa.Connection, catalogue: Catalogue, brin6s: Sequence[str], moment: datetime, day: date
) -> list[ToTell]:
    """Return for each of these vestigingen what is open, when it is another than was told, or is to be told again.

    Those with a holiday are left out; on the day before school begins each is there.
    """
    tellings = {brin6: telling_on(connection, brin6, day) for brin6 in brin6s}
    asked = [brin6 for brin6 in brin6s if tellings[brin6] is not Telling.QUIET]
    matters = matters_of(connection, catalogue, asked, moment)
    told = _told(connection, asked)
    return [
        ToTell(brin6, tellings[brin6], tuple(matters[brin6]))
        for brin6 in asked
        if tellings[brin6] is Telling.ONCE or _differs(matters[brin6], told.get(brin6, {}), moment)
    ]


def matters_of(
    connection: sa.Connection, catalogue: Catalogue, brin6s: Sequence[str], moment: datetime
) -> dict[str, list[OpenMatter]]:
    """Return what is open at each of these vestigingen, by brin6."""
    found: dict[str, list[OpenMatter]] = {brin6: [] for brin6 in brin6s}
    living = [one for brin6 in brin6s for one in store.list_living(connection, brin6)]
    facts = facts_of(connection, catalogue, living, moment)
    for one in living:
        found[one.brin6] += _of_koppeling(catalogue, one, facts[one.id], moment)
    for brin6 in brin6s:
        found[brin6] += _of_records([facts[one.id] for one in living if one.brin6 == brin6])
    return found


def tell(connection: sa.Connection, catalogue: Catalogue, to_tell: ToTell, moment: datetime, day: date) -> int:
    """Put the mails of a day about a vestiging in the outbox, and note what was told; return how many mails.

    Nothing is noted where nobody can be told, or was told of this day already. The transaction must be a writing one.
    """
    brin6, cause = to_tell.brin6, f"{DAY}{to_tell.brin6}:{day.isoformat()}"
    people = recipients.of_vestiging(connection, brin6)
    if not people or outbox.is_known(connection, cause):
        return 0
    told = _told(connection, [brin6]).get(brin6, {})
    begins = to_tell.telling is Telling.ONCE
    new = [one for one in to_tell.matters if begins or _is_new(one, told, moment)]
    known = [one for one in to_tell.matters if one not in new]
    acts = [one.told for one in telling.take_of_vestiging(connection, catalogue, brin6)] if begins else []
    _note(connection, brin6, new, known, moment)
    naam = connection.scalar(sa.select(vestiging.c.naam).where(vestiging.c.brin6 == brin6))
    if naam is None or not (new or acts):
        return 0
    letter = digest_letter(Place(brin6, naam), new, known, acts, begins=begins)
    mails = [NewMail(cause, one.address, letter, brin6, one.gebruiker_id) for one in people]
    return outbox.put(connection, mails, moment)


def vestigingen_with_koppelingen(connection: sa.Connection) -> list[str]:
    """Return the vestigingen with a living koppeling, in their order."""
    living = sa.select(koppeling.c.brin6).where(koppeling.c.status != Status.BEEINDIGD).distinct()
    return sorted(connection.scalars(living))


def _of_koppeling(catalogue: Catalogue, one: Koppeling, facts: Facts, moment: datetime) -> list[OpenMatter]:
    entry, verdict = catalogue.get(one.entry_id), verdict_of(facts)
    name = one.entry_id if entry is None else entry.naam
    found = []
    lasts = verdict.since is not None and moment - verdict.since >= REFUSED_FOR
    if verdict.kind in _STOPS or (verdict.kind is VerdictKind.REFUSED and lasts):
        found.append(_in_words(f"koppeling:{one.id}", verdict, name))
    if entry is not None and (waits := agreements.waiting(catalogue, one)):
        found.append(_of_agreement(one.id, entry, name, waits))
    return found


def _of_agreement(koppeling_id: int, entry: CatalogueEntry, name: str, waits: Waiting) -> OpenMatter:
    """Return that a school has to agree again: to newer voorwaarden, to fields that the profile added, or to both."""
    number = len(waits.velden)
    sentences = [
        f"Er zijn nieuwe gebruikersvoorwaarden voor de koppeling met {name}." if waits.voorwaarden else "",
        f"Er zijn nieuwe voorwaarden voor resultaten van {name}." if waits.resultaten else "",
        f"{name} vraagt {count_noun(number, 'gegeven', 'gegevens')} meer." if waits.velden else "",
        "Tot uw school akkoord gaat, blijft alles zoals het was.",
    ]
    results = entry.voorwaarden_resultaten if waits.resultaten else None
    state = f"terms:{entry.voorwaarden.versie}:{number}" + (f":{results.versie}" if results else "")
    has_terms = waits.voorwaarden or waits.resultaten
    return OpenMatter(
        f"terms:{koppeling_id}",
        state[:80],
        f"{name}: nieuwe voorwaarden" if has_terms else f"{name}: meer gegevens",
        " ".join(filter(None, sentences)),
        "Lees het in het Koppelingenoverzicht en ga akkoord, of overleg met wie dat mag.",
    )


def _of_records(facts: Iterable[Facts]) -> list[OpenMatter]:
    """Return what is open about the records of a vestiging, once and not for each koppeling."""
    all_ = list(facts)
    found = []
    stale = min((one.stale_since for one in all_ if one.stale_since is not None), default=None)
    if stale is not None:
        found.append(_in_words("records", KoppelingVerdict(VerdictKind.STALE, stale, Who.BEHEERDER), _ANY_PLATFORM))
    held = next((one.held for one in all_ if one.held), None)
    if held is not None:
        verdict = KoppelingVerdict(VerdictKind.HELD, None, Who.SCHOOL, held=held)
        found.append(_in_words("held", verdict, _ANY_PLATFORM, f"{held.leerlingen}:{held.leerkrachten}"))
    return found


def _in_words(about: str, verdict: KoppelingVerdict, name: str, state: str = "") -> OpenMatter:
    words = words_of(verdict, name)
    since = "" if verdict.since is None else to_utc(verdict.since).isoformat(timespec="seconds")
    title = words.badge if name == _ANY_PLATFORM or name in words.badge else f"{name}: {words.badge.lower()}"
    who = "" if words.who is None else f" Dit is aan {words.who}."
    return OpenMatter(about, f"{verdict.kind}:{since or state}"[:80], title, words.sentence, f"{words.step}{who}")


def _told(connection: sa.Connection, brin6s: Sequence[str]) -> dict[str, dict[str, tuple[str, datetime]]]:
    """Return what these vestigingen were told: by brin6 and what it is about, the state and when."""
    found: dict[str, dict[str, tuple[str, datetime]]] = {}
    for row in connection.execute(sa.select(mail_told).where(mail_told.c.brin6.in_(brin6s))):
        found.setdefault(row.brin6, {})[row.about] = (row.state, from_utc(row.told_at))
    return found


def _is_new(matter: OpenMatter, told: Mapping[str, tuple[str, datetime]], moment: datetime) -> bool:
    state, told_at = told.get(matter.about, (None, moment))
    return state != matter.state or moment - told_at >= RETELL


def _differs(matters: Sequence[OpenMatter], told: Mapping[str, tuple[str, datetime]], moment: datetime) -> bool:
    """Return whether there is something to tell, or to forget."""
    return any(_is_new(one, told, moment) for one in matters) or told.keys() - {one.about for one in matters} != set()


def _note(
    connection: sa.Connection, brin6: str, new: Iterable[OpenMatter], known: Iterable[OpenMatter], moment: datetime
) -> None:
    """Forget what is over, and note what is told now."""
    stays = [one.about for one in known]
    connection.execute(mail_told.delete().where(mail_told.c.brin6 == brin6, mail_told.c.about.not_in(stays)))
    told_at = to_utc(moment)
    rows = [{"brin6": brin6, "about": one.about, "state": one.state, "told_at": told_at} for one in new]
    bulk.insert_many(connection, mail_told, rows)
