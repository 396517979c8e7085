"""The service behind the door: from a call to its answer, rows 5 to 10 of the table of checks.

One reading transaction sees who calls, what the koppeling allows and what the school looks like, at one moment. One
writing transaction after it decides whether the caller has this already and writes the line of the journaal, which is
on the disk before the answer leaves.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter import journaal, stand, verslag
from uwlr_adapter.administratie.gegevens import select
from uwlr_adapter.contract import antwoord, fault, getrapt, names
from uwlr_adapter.contract.antwoord import Vorm
from uwlr_adapter.contract.dataset import Dataset, School
from uwlr_adapter.contract.profiel import Profiel, asked_profiel, profiel
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.contract.verzoek import Aanroep, Verzoek, keur, reread_strictly
from uwlr_adapter.http import log_failure
from uwlr_adapter.journaal import Reden, Verzoekregel
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.toegang import Geweigerd, Poort, Toegang
from uwlr_adapter.opslag import Opslag
from uwlr_adapter.soap.http import logger
from uwlr_adapter.stand import Standsleutel
from uwlr_adapter.tijd import AMSTERDAM, Klok, day_of, schooljaar_of

_REASONS = {
    fault.OngeldigBericht: Reden.SCHEMA,
    fault.AutorisatieOngeldig: Reden.SCHEMA,  # a header that only a repair made whole, of a strict afnemer
    fault.OngeldigeKlantIdentificatie: Reden.SCHEMA,  # idem
    fault.XsdVersieOngeldig: Reden.VERSIE,
    fault.InterneFout: Reden.EIGEN_FOUT,
    fault.TijdelijkNietBeschikbaar: Reden.EIGEN_FOUT,
}
"""The reason in the journaal of a refusal that does not carry its own."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Klaar:
    """An answer that waits for its moment; without records there are no data."""

    verzoek: Verzoek
    toegang: Toegang
    vorm: Vorm
    school: School | None
    records: str
    inhoud_hash: str
    """Of the whole kind, also when the caller asked for a part of it: then a change elsewhere counts as one too."""

    @property
    def sleutel(self) -> Standsleutel:
        """Which answer this is."""
        return Standsleutel(
            brin6=self.toegang.brin6,
            schooljaar=self.verzoek.schooljaar,
            profiel=self.vorm.profiel.naam,
            xsdversie=self.vorm.xsdversie,
            soort=self.vorm.operatie.inhoud,
        )


@dataclass(frozen=True, slots=True)
class Dienst:
    """What answers a call: the database, the gate and the clock.

    `streng` repairs no request of anybody; `key_naast_eckid` sends both in 2.3.
    """

    opslag: Opslag
    poort: Poort
    klok: Klok = field(repr=False)
    streng: bool = False
    key_naast_eckid: bool = False

    def answer(self, aanroep: Aanroep, bron: str) -> bytes:
        """Give the answer to a call from network address `bron`, written down. Raises UwlrFout."""
        moment = self.klok()
        try:
            kop = reread_strictly(aanroep).autorisatie if self.streng else aanroep.autorisatie
            with self.opslag.reading() as connection:
                afnemer = self.poort.identify(connection, kop, moment)
                regel = Verzoekregel(moment, aanroep.operatie.naam, afnemer.id, aanroep.herstel)
                found = self._judge(connection, aanroep, regel, streng=self.streng or afnemer.streng)
        except fault.UwlrFout as fout:
            self._count(fout, bron)
            raise
        with self.opslag.writing() as connection:
            answer = _finish(connection, found, regel) if isinstance(found, _Klaar) else found
            journaal.record_verzoek(connection, regel)
        verslag.note(uitkomst=regel.uitkomst)
        if isinstance(answer, fault.UwlrFout):
            raise answer
        return answer

    def refused(self, fout: fault.UwlrFout, bron: str) -> fault.UwlrFout:
        """Count a message that cannot be read; gives the fault for the caller."""
        try:
            guarded(lambda: self._count(fout, bron))
        except fault.UwlrFout as own:
            return own
        return fout

    def _count(self, fout: fault.UwlrFout, bron: str) -> None:
        """Count a refusal of a caller that is not known."""
        verslag.note(uitkomst=fout.code, onbekend=True)
        with self.opslag.writing() as connection:
            journaal.count_refusal(connection, moment=self.klok(), bron=bron, uitkomst=fout.code)

    def _judge(
        self, connection: sa.Connection, aanroep: Aanroep, regel: Verzoekregel, *, streng: bool
    ) -> _Klaar | fault.UwlrFout:
        """Give what the caller gets, and fill in the line of the journaal on the way."""
        try:
            return guarded(lambda: self._grant(connection, aanroep, regel, streng=streng))
        except Geweigerd as fout:
            regel.reden, regel.koppeling_id, regel.brin6 = fout.reden, fout.koppeling_id, fout.brin6
            refusal: fault.UwlrFout = fout
        except fault.UwlrFout as fout:
            refusal = fout
        regel.uitkomst = refusal.code
        regel.reden = regel.reden or _REASONS.get(type(refusal))
        return refusal

    def _grant(self, connection: sa.Connection, aanroep: Aanroep, regel: Verzoekregel, *, streng: bool) -> _Klaar:
        """Give the answer to a known afnemer (rows 6 to 10), but for its moment. Raises UwlrFout."""
        if streng:
            aanroep = reread_strictly(aanroep)
            self.poort.identify(connection, aanroep.autorisatie, regel.moment)  # as it was sent
        if aanroep.school is None:
            regel.reden = Reden.GEEN_SCHOOL
            raise fault.OngeldigBericht(_no_school(aanroep.operatie))
        toegang = self.poort.decide(connection, regel.afnemer_id, aanroep, regel.moment)
        regel.koppeling_id, regel.brin6 = toegang.koppeling_id, toegang.brin6
        verzoek = keur(aanroep, schooljaar_of(day_of(regel.moment)))
        regel.herstel = verzoek.herstel
        vorm = Vorm(verzoek.operatie, _profiel(toegang, verzoek, regel), verzoek.xsdversie, self.key_naast_eckid)
        dataset = _select(connection, toegang, verzoek, regel.moment)
        if dataset is None:
            return _Klaar(verzoek, toegang, vorm, None, "", stand.GEEN_GEGEVENS)
        return _prepare(verzoek, toegang, vorm, dataset, regel)


def _no_school(operatie: names.Operatie) -> Bevinding:
    return Bevinding(f"{operatie.verzoek}/brincode", "school")


def _profiel(toegang: Toegang, verzoek: Verzoek, regel: Verzoekregel) -> Profiel:
    """Give the profile of the koppeling, narrowed to the one that the caller names in gegevenssetid."""
    own = profiel(toegang.profiel, verzoek.xsdversie)
    if verzoek.gegevenssetid is None:
        return own
    asked = asked_profiel(verzoek.gegevenssetid, verzoek.xsdversie)
    if asked is None:
        regel.opmerkingen += ("gegevensset=onbekend",)
        return own
    return own.narrowed(asked)


def _select(connection: sa.Connection, toegang: Toegang, verzoek: Verzoek, moment: datetime) -> Dataset | None:
    return select(
        connection,
        brin6=toegang.brin6,
        schooljaar=verzoek.schooljaar,
        dag=day_of(moment),
        aanmaakdatum=_written(moment),
    )


def _prepare(verzoek: Verzoek, toegang: Toegang, vorm: Vorm, dataset: Dataset, regel: Verzoekregel) -> _Klaar:
    """Render what the caller asks for, judged by our own XSD before it may leave."""
    whole = antwoord.render_records(vorm, dataset)
    inhoud_hash = antwoord.content_hash(vorm, dataset.school, whole)
    part, records = dataset, whole
    if vorm.operatie.per_groep:
        part = getrapt.choose(dataset, verzoek.groepen)
        records = antwoord.render_records(vorm, part)
        if unknown := getrapt.count_unknown(dataset, verzoek.groepen):
            regel.opmerkingen += (f"onbekende-groepen={unknown}",)
        if not records:
            return _Klaar(verzoek, toegang, vorm, None, "", inhoud_hash)
    if findings := antwoord.check(antwoord.wrap(vorm, dataset.school, records), vorm.xsdversie):
        raise InvalidAnswerError(f"{findings[0].pad}: {findings[0].regel}")
    if "leerlingen" in vorm.operatie.delen:
        regel.leerlingen = len(part.leerlingen)
    if incomplete := vorm.profiel.count_incomplete(part, vorm.operatie.delen):
        regel.opmerkingen += (f"onvolledig={incomplete}",)
    return _Klaar(verzoek, toegang, vorm, dataset.school, records, inhoud_hash)


def _finish(connection: sa.Connection, klaar: _Klaar, regel: Verzoekregel) -> bytes:
    """Give the bytes of an answer: the data as of their moment, no changes since the caller's, or no data."""
    operatie = klaar.verzoek.operatie
    opened = stand.whole_second(klaar.toegang.geopend_op)
    if klaar.school is not None:
        koppeling_id, naam = klaar.toegang.koppeling_id, klaar.toegang.profiel
        opened = max(opened, stand.whole_second(store.seen_profiel(connection, koppeling_id, naam, regel.moment)))
    gewijzigd = max(opened, stand.see(connection, klaar.sleutel, klaar.inhoud_hash, regel.moment, opened))
    if klaar.school is None:
        regel.uitkomst, regel.reden = "geengegevens", Reden.GEEN_GEGEVENS
        return antwoord.geengegevens(operatie)
    if stand.has_it(klaar.verzoek.laatstontvangengegevens, gewijzigd, regel.moment):
        regel.uitkomst, regel.leerlingen = "geenwijzigingen", None
        return antwoord.geenwijzigingen(operatie)
    regel.uitkomst = operatie.inhoud
    school = replace(klaar.school, aanmaakdatum=_written(gewijzigd), peildatum=day_of(gewijzigd).isoformat())
    return antwoord.wrap(klaar.vorm, school, klaar.records)


def _written(moment: datetime) -> str:
    """Give a moment as an answer has it: in Amsterdam, with its offset, since toolkits send a bare one back as UTC."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")


class InvalidAnswerError(Exception):
    """An answer of our own does not keep to our own schema; the text holds a path and a rule, no value."""


def guarded(work: Callable[[], Result]) -> Result:
    """Do the work of a call; whatever fails becomes a fault of the standard. Raises UwlrFout only."""
    try:
        return work()
    except fault.UwlrFout:
        raise
    except (DBAPIError, PoolTimeoutError) as error:
        log_failure(error, logger)
        raise fault.TijdelijkNietBeschikbaar from error
    except Exception as error:
        log_failure(error, logger)
        raise fault.InterneFout from error
