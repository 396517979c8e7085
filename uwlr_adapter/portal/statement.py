"""The Verklaring koppeling: what a school agreed to and what was done with a koppeling, as a PDF for its files.

It says who, with the name that was typed; when; the whole text of each version of the terms that was kept; and the
fields that leave. It holds no verificatiecode and nothing about a leerling. An ended koppeling has a second, short
statement: that it ended, when and by whom.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING

import sqlalchemy as sa
from flask import Response, abort
from flask.typing import ResponseReturnValue

from uwlr_adapter.administratie.schools import Vestiging, find_vestiging
from uwlr_adapter.clock import date_time, day_of, long_date
from uwlr_adapter.contract.fields import FIELDS
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.contract.profiles import NamedProfiel
from uwlr_adapter.journaal import search
from uwlr_adapter.journaal.model import Act
from uwlr_adapter.koppelingen import agreements, store, terms_text
from uwlr_adapter.koppelingen.agreements import KeptText, Waiting
from uwlr_adapter.koppelingen.catalogue import CatalogueEntry
from uwlr_adapter.koppelingen.lifecycle import Akkoord, Koppeling
from uwlr_adapter.koppelingen.tables import Status
from uwlr_adapter.koppelingen.toestemming import Toestemming, ToestemmingStatus
from uwlr_adapter.portal.acts import ActInWords, acts_of, led_to
from uwlr_adapter.portal.blueprints import SCHOOL
from uwlr_adapter.portal.context import catalogue, database, now
from uwlr_adapter.portal.download import download
from uwlr_adapter.portal.school import name_of, require_koppeling, shared_profiel, to_koppeling, waiting_of
from uwlr_adapter.portal.sentences import added_words
from uwlr_adapter.portal.sharing import grouped_words
from uwlr_adapter.portal.toestemmingen import ShownToestemming, akkoord_of, relevant, shown_of, title_of

if TYPE_CHECKING:
    from uwlr_adapter.portal.pdf import Document

MAX_ACTS = 500
"""Acts that a statement lists: more than a koppeling has in the term of the logboek."""
_ABOUT_LEERLINGEN = frozenset({Act.WITHHELD, Act.SHARED_AGAIN})
"""Acts that are about one leerling; a statement for the files leaves them out."""


@dataclass(frozen=True, slots=True)
class AgreementText:
    """One agreement, and the text that was agreed to, if it was kept."""

    akkoord: Akkoord
    kept: KeptText | None
    toestemming: Toestemming = Toestemming.LEERLINGGEGEVENS


@dataclass(frozen=True, slots=True)
class Statement:
    """All that is stated of a koppeling at a moment."""

    moment: datetime
    vestiging: Vestiging
    koppeling: Koppeling
    name: str
    entry: CatalogueEntry | None
    """None when the entry left the catalogue."""
    agreements: tuple[AgreementText, ...]
    """The last one first; those to leerlinggegevens before those to results."""
    waiting: Waiting
    profiel: NamedProfiel | None
    """As far as the school agreed to it; None when no data flow."""
    acts: tuple[ActInWords, ...]
    """The oldest first."""
    last_fetched: datetime | None
    led_to: ActInWords | None
    """The act that led to the present status."""
    toestemmingen: tuple[ShownToestemming, ...]
    """Both, with their states; nothing where there is no choice."""
    last_results: datetime | None


@SCHOOL.get("/koppeling/<id:koppeling_id>/verklaring.pdf")
def download_statement(brin6: str, koppeling_id: int) -> Response:
    """Return the Verklaring koppeling, of a living or an ended one."""
    with database().reading() as connection:
        statement = _read(connection, brin6, koppeling_id)
    return _file(statement, "verklaring-koppeling", _write(statement))


@SCHOOL.get("/koppeling/<id:koppeling_id>/einde.pdf")
def download_end_statement(brin6: str, koppeling_id: int) -> ResponseReturnValue:
    """Return the statement that a koppeling ended; of a living one its page."""
    with database().reading() as connection:
        statement = _read(connection, brin6, koppeling_id)
    if statement.koppeling.ended_at is None:
        return to_koppeling(brin6, koppeling_id)
    return _file(statement, "verklaring-einde-koppeling", _write_end(statement, statement.koppeling.ended_at))


def _file(statement: Statement, what: str, content: bytes) -> Response:
    """Return a PDF for download."""
    koppeling, day = statement.koppeling, day_of(statement.moment)
    file_name = f"{what}-{koppeling.brin6}-{koppeling.entry_id}-{koppeling.id}-{day:%Y-%m-%d}.pdf"
    return download(content, "application/pdf", file_name)


def _read(connection: sa.Connection, brin6: str, koppeling_id: int) -> Statement:
    """Read what is stated of a koppeling of a vestiging. Raises NotFound."""
    koppeling = require_koppeling(connection, brin6, koppeling_id)
    name = name_of(koppeling)
    akkoorden = [
        (one, toestemming)
        for toestemming in (relevant(koppeling) or (Toestemming.LEERLINGGEGEVENS,))
        if (present := akkoord_of(koppeling, toestemming)) is not None
        for one in (present, *store.earlier_akkoorden(connection, koppeling.id, toestemming))
    ]
    found = acts_of(connection, koppeling, name, MAX_ACTS)
    success = search.last_success(connection, koppeling.id)
    results = search.last_results(connection, koppeling.id)
    return Statement(
        moment=now(),
        vestiging=find_vestiging(connection, brin6) or abort(404),
        koppeling=koppeling,
        name=name,
        entry=catalogue().get(koppeling.entry_id),
        agreements=tuple(
            AgreementText(one, agreements.text_of(connection, one), toestemming) for one, toestemming in akkoorden
        ),
        waiting=waiting_of(koppeling),
        profiel=shared_profiel(koppeling),
        acts=tuple(one for one in found if one.act not in _ABOUT_LEERLINGEN)[::-1],
        last_fetched=None if success is None else success.moment,
        led_to=led_to(koppeling.status, found),
        toestemmingen=shown_of(connection, koppeling),
        last_results=None if results is None else results.moment,
    )


def _write(statement: Statement) -> bytes:
    """Return the Verklaring koppeling."""
    koppeling, name = statement.koppeling, statement.name
    document = _begin("Verklaring koppeling", statement)
    document.paragraph(
        f"Deze verklaring is op {date_time(statement.moment)} gemaakt uit de administratie van de koppelingen. Zij "
        f"zegt wie namens de school akkoord ging met de koppeling met {name}, wanneer en met welke tekst, welke "
        "gegevens daarmee worden gedeeld, en wie de koppeling heeft gepauzeerd, hervat of beëindigd. Zij bevat geen "
        f"gegevens van leerlingen en geen verificatiecode. Zij zegt niet wat {name} met de gegevens doet."
    )
    document.heading("De koppeling")
    document.pairs([*_about(statement), *_about_state(statement)])
    _write_toestemmingen(document, statement)
    document.heading("Akkoord")
    for one, next_one in zip_longest(statement.agreements, statement.agreements[1:]):
        before = next_one if next_one is not None and next_one.toestemming is one.toestemming else None
        document.pairs(_agreement_in_words(statement, one, None if before is None else before.akkoord))
        if not one.kept:
            document.paragraph("De tekst van deze versie is hier niet bewaard.")
        elif one.kept.since > one.akkoord.moment:
            document.paragraph(
                f"De tekst van deze versie wordt hier bewaard sinds {date_time(one.kept.since)}, na dit akkoord."
            )
    if koppeling.is_living and statement.waiting:
        document.paragraph(_waiting_in_words(statement.waiting))
    if koppeling.afnemer_id is not None and koppeling.leerlinggegevens.status is not ToestemmingStatus.NOT_GIVEN:
        _write_fields(document, statement)
    _write_acts(document, statement)
    if koppeling.ended_at is not None:
        document.heading("Einde")
        document.pairs(_end_in_words(statement, koppeling.ended_at))
        _write_what_stays(document, statement)
    for kept in _texts(statement):
        document.heading(f"Gebruikersvoorwaarden, versie {kept.versie}")
        for paragraph in terms_text.paragraphs(kept.tekst):
            if paragraph.number:
                document.numbered(paragraph.number, paragraph.text)
            else:
                document.paragraph(paragraph.text)
    return document.finish()


def _write_end(statement: Statement, ended_at: datetime) -> bytes:
    """Return the statement that a koppeling ended."""
    document = _begin("Verklaring einde koppeling", statement)
    document.paragraph(
        f"Deze verklaring is op {date_time(statement.moment)} gemaakt uit de administratie van de koppelingen. Zij "
        f"zegt dat de koppeling met {statement.name} is beëindigd. Beëindigen is definitief: er kan niet meer mee "
        f"worden opgehaald{' of aangeleverd' if statement.toestemmingen else ''}, en de verificatiecode is gewist."
    )
    document.heading("De koppeling")
    document.pairs(_about(statement))
    document.heading("Einde")
    document.pairs(_end_in_words(statement, ended_at))
    _write_what_stays(document, statement)
    _write_toestemmingen(document, statement)
    present = {one.toestemming: one for one in reversed(statement.agreements)}
    document.heading("Het akkoord dat gold" if len(present) == 1 else "De akkoorden die golden")
    for toestemming in Toestemming:
        if toestemming in present:
            document.pairs(_agreement_in_words(statement, present[toestemming]))
    return document.finish()


def _begin(title: str, statement: Statement) -> "Document":
    from uwlr_adapter.portal.pdf import Document  # noqa: PLC0415 - its library takes longer than the start of a command

    vestiging, koppeling = statement.vestiging, statement.koppeling
    foot = f"{title} {koppeling.id}, {vestiging.brin6}, {long_date(day_of(statement.moment))}"
    return Document(f"{title} {statement.name}", foot, statement.moment)


def _about(statement: Statement) -> list[tuple[str, str]]:
    """Return what the koppeling is, in pairs of a word and its value."""
    vestiging, koppeling, entry = statement.vestiging, statement.koppeling, statement.entry
    pairs = [
        ("School", vestiging.naam or vestiging.brin6),
        ("BRIN- en vestigingsnummer", vestiging.brin6),
        ("Koppeling met", statement.name),
        ("Nummer van de koppeling", str(koppeling.id)),
    ]
    if entry is None:
        return [*pairs, ("Aanbod", "wordt niet meer aangeboden"), ("Startdatum", long_date(koppeling.startdatum))]
    return [
        *pairs,
        ("Type koppeling", entry.type),
        ("Omschrijving", entry.omschrijving),
        ("Prijs", entry.prijs),
        ("Startdatum", long_date(koppeling.startdatum)),
    ]


def _about_state(statement: Statement) -> list[tuple[str, str]]:
    koppeling, led = statement.koppeling, statement.led_to
    waits = koppeling.status is Status.ACTIEF and koppeling.startdatum > day_of(statement.moment)
    word = f"Start op {long_date(koppeling.startdatum)}" if waits else koppeling.status.capitalize()
    pairs = [("Status", word if led is None else f"{word}, {led.by}, {date_time(led.moment)}")]
    return pairs if koppeling.afnemer_id is None else [*pairs, *_last_calls(statement)]


def _last_calls(statement: Statement) -> list[tuple[str, str]]:
    """Return the last fetch and the last message with results, as far as a school agreed to those."""
    koppeling, not_given = statement.koppeling, ToestemmingStatus.NOT_GIVEN
    pairs = []
    if koppeling.leerlinggegevens.status is not not_given:
        pairs.append(("Laatst opgehaald", _last_fetched(statement)))
    if koppeling.resultaten.status is not not_given:
        last = statement.last_results
        told = "niet volgens het logboek" if last is None else date_time(last)
        pairs.append(("Laatste bericht met resultaten", told))
    return pairs


def _write_toestemmingen(document: "Document", statement: Statement) -> None:
    if statement.toestemmingen:
        document.heading("Waar de school toestemming voor gaf")
        document.pairs((one.title, one.state) for one in statement.toestemmingen)


def _last_fetched(statement: Statement) -> str:
    return "niet volgens het logboek" if statement.last_fetched is None else date_time(statement.last_fetched)


def _agreement_in_words(
    statement: Statement, one: AgreementText, before: Akkoord | None = None
) -> list[tuple[str, str]]:
    """Return one agreement, and what it added to the one before it, in pairs of a word and its value."""
    akkoord = one.akkoord
    pairs = [
        ("Akkoord op", date_time(akkoord.moment)),
        ("Naam, zoals ingevuld", akkoord.naam),
        ("Gebruiker", akkoord.login),
        ("Met", f"de gebruikersvoorwaarden, versie {akkoord.voorwaarden}"),
    ]
    if statement.toestemmingen:
        pairs.insert(0, ("Akkoord met", title_of(one.toestemming, statement.name)))
    if akkoord.velden is not None:
        pairs.append(("En met", count_noun(len(akkoord.velden), "gegeven", "gegevens")))
        if before is not None and before.velden is not None and (added := akkoord.velden - before.velden):
            pairs.append(("Daarvan nieuw", "; ".join(_in_words(added))))
    return pairs


def _in_words(paths: frozenset[str]) -> list[str]:
    """Return fields (record/element) in words, a kind of record each."""
    groups = grouped_words([one for one in FIELDS if one.path in paths])
    return [f"van {record}: {', '.join(words)}" for record, words in groups]


def _waiting_in_words(waiting: Waiting) -> str:
    what = added_words(voorwaarden=waiting.voorwaarden, velden=len(waiting.velden), resultaten=waiting.resultaten)
    return f"Op dit moment wacht een nieuw akkoord: {what}. Tot de school akkoord gaat, blijft gelden wat hier staat."


def _write_fields(document: "Document", statement: Statement) -> None:
    """Write what leaves; of an ended koppeling what the school agreed to, whatever the profile is now."""
    document.heading("Gegevens")
    koppeling, profiel = statement.koppeling, statement.profiel
    agreed = koppeling.akkoord.velden
    if koppeling.is_living:
        shared = None if profiel is None else profiel.paths
        kept = f"Er wordt niets gedeeld: {statement.name} wordt niet meer aangeboden."
        verb = "gaan"
    else:
        shared, kept, verb = agreed, "Welke gegevens dit waren, is hier niet bewaard.", "gingen"
    if shared is None:
        document.paragraph(kept)
        return
    name = "" if profiel is None or not koppeling.is_living else f"Het profiel is: {profiel.name}. "
    document.paragraph(
        f"{name}Met de sleutels van leerlingen, leerkrachten en groepen, en het ECK-iD, {verb} niet meer gegevens mee "
        "dan deze, als ze zijn ingevuld:"
    )
    document.bullets(_in_words(shared))
    document.paragraph("Een burgerservicenummer wordt nooit gedeeld.")


def _write_acts(document: "Document", statement: Statement) -> None:
    document.heading("Wie wat deed")
    if statement.acts:
        document.pairs((date_time(one.moment), one.sentence_with_person) for one in statement.acts)
    else:
        document.paragraph("Er zijn geen handelingen bewaard.")
    document.paragraph(
        "Het logboek waar dit uit komt, wordt niet langer bewaard dan de bewaartermijn. Wat daarvoor gebeurde, staat "
        "hier niet meer; de akkoorden en het einde blijven langer bewaard."
    )


def _end_in_words(statement: Statement, ended_at: datetime) -> list[tuple[str, str]]:
    led = statement.led_to
    return [
        ("Beëindigd op", date_time(ended_at)),
        ("Door", "niet meer bekend: het logboek van toen is gewist" if led is None else led.who),
        *([("Hoe", led.sentence)] if led is not None and led.act == Act.ENDED_BY_MERGE else []),
    ]


def _write_what_stays(document: "Document", statement: Statement) -> None:
    if statement.koppeling.afnemer_id is not None:
        document.pairs(_last_calls(statement))
        if statement.koppeling.leerlinggegevens.status is not ToestemmingStatus.NOT_GIVEN:
            document.paragraph(f"{statement.name} houdt wat het al heeft; vraag zelf om verwijdering.")


def _texts(statement: Statement) -> list[KeptText]:
    """Return each text that was agreed to once, the last one first."""
    return list({one.kept.versie: one.kept for one in statement.agreements if one.kept}.values())
