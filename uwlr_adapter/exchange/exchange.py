"""The service behind the door: from a call to its answer, rows 5 to 10 of the table of checks.

One look at the database sees who calls, what the koppeling allows, how new the records are and how the answer stands
(`voorraad`). The line of the journaal is on the disk before the answer leaves, written with those of the calls
that wait at the same time.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from uwlr_adapter.answers import freshness
from uwlr_adapter.answers.freshness import Standsleutel
from uwlr_adapter.answers.store import ERBIJ, Stand, Verlopen, Voorraad, assemble
from uwlr_adapter.clock import Klok, day_of, schooljaar_of
from uwlr_adapter.contract import answer, fault, names
from uwlr_adapter.contract.answer import Vorm
from uwlr_adapter.contract.profiles import Profiel, asked_profiel, profiel
from uwlr_adapter.contract.request import Aanroep, Autorisatie, SchoolVerwijzing, Verzoek, keur, reread_strictly
from uwlr_adapter.contract.schemas import Bevinding
from uwlr_adapter.db.blocking import before_waiting
from uwlr_adapter.db.database import Opslag
from uwlr_adapter.db.libpq import Rij
from uwlr_adapter.db.statements import Gesteld
from uwlr_adapter.errors import log_failure
from uwlr_adapter.exchange.outcome import Antwoord, Uitslag
from uwlr_adapter.journaal.model import Reden, Verzoekregel, Weigering
from uwlr_adapter.journaal.writer import Schrijver
from uwlr_adapter.koppelingen import store
from uwlr_adapter.koppelingen.access import Blik, Geweigerd, Poort, Toegang, Vragen

logger = logging.getLogger("uwlr_adapter.soap")

_REASONS = {
    fault.OngeldigBericht: Reden.SCHEMA,
    fault.AutorisatieOngeldig: Reden.SCHEMA,  # a header that only a repair made whole, of a strict afnemer
    fault.OngeldigeKlantIdentificatie: Reden.SCHEMA,  # idem
    fault.XsdVersieOngeldig: Reden.VERSIE,
    fault.InterneFout: Reden.EIGEN_FOUT,
    fault.TijdelijkNietBeschikbaar: Reden.EIGEN_FOUT,
}
"""The reason in the journaal of a refusal that does not carry its own."""

_VRAGEN = Vragen(ERBIJ)
"""The one look at the database that most requests need."""

Result = TypeVar("Result")
Fout = TypeVar("Fout", bound=Exception)


KLEINSTE_GZIP = 1024
"""A smaller part of an answer is sent as it is: it fits in one packet either way."""
POGINGEN = 5
"""How often a request begins anew because the records changed under it: each time an import was committed."""


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
    voorraad: Voorraad = field(init=False, repr=False)
    schrijver: Schrijver = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Make what belongs to the process: the answers at hand, and the writer of the journaal."""
        object.__setattr__(self, "voorraad", Voorraad(self.opslag))
        object.__setattr__(self, "schrijver", Schrijver(self.opslag))

    def ask(self, aanroep: Aanroep) -> Gesteld:
        """Give what the database is asked about a call."""
        asked = {naam: aanroep.genoemd(naam) for naam in ("schooljaar", "xsdversie")}
        return self.poort.ask(aanroep.autorisatie, aanroep.school, _VRAGEN, **asked, soort=aanroep.operatie.inhoud)

    def judge(self, aanroep: Aanroep, bron: str, *, gzip: bool = False, gezien: Sequence[Rij] | None = None) -> Uitslag:
        """Give what comes of a call from network address `bron`, not yet written down. Raises UwlrFout or MoetWachten.

        `gzip` tells whether the caller can read a compressed answer; `gezien` is what the database says since the call
        came in (`ask`), where that is known already.
        """
        moment = self.klok()
        needed = aanroep.herstel
        try:
            if self.streng:
                aanroep = reread_strictly(aanroep)
                gezien = None if needed else gezien  # a message that needs no repair reads the same
            blik = self._look(aanroep, gezien)
            afnemer = self.poort.identify(blik, aanroep.autorisatie, moment)
        except fault.UwlrFout as fout:
            return self.refused(fout, bron)
        regel = Verzoekregel(moment, aanroep.operatie.naam, afnemer.id, needed)
        answer = self._judge(aanroep, blik, regel, streng=afnemer.streng, gzip=gzip)
        return Uitslag(regel, answer)

    def refused(self, fout: fault.UwlrFout, bron: str) -> Uitslag:
        """Give what comes of a message that cannot be read, or is of nobody that is known: it is counted."""
        return Uitslag(Weigering(self.klok(), bron, fout.code), without_trace(fout))

    def written(self, uitslag: Uitslag) -> Uitslag:
        """Write down what came of a message; gives it, or a fault of ours in its place. Raises MoetWachten."""
        try:
            if uitslag.regel is not None:
                self.schrijver.write(uitslag.regel)
        except Exception as error:  # noqa: BLE001 - whatever it is, what is not written down does not leave
            return Uitslag(None, own_fault(error))
        return uitslag

    def _look(self, aanroep: Aanroep, gezien: Sequence[Rij] | None = None) -> Blik:
        if gezien is None:
            gezien = self.opslag.look(self.ask(aanroep))
        return self.poort.see(gezien, aanroep.autorisatie, aanroep.school)

    def _judge(
        self, aanroep: Aanroep, blik: Blik, regel: Verzoekregel, *, streng: bool, gzip: bool
    ) -> Antwoord | fault.UwlrFout:
        """Give what the caller gets, and fill in the line of the journaal on the way."""
        try:
            return guarded(lambda: self._grant(aanroep, blik, regel, streng=streng, gzip=gzip))
        except Geweigerd as fout:
            regel.reden, regel.koppeling_id, regel.brin6 = fout.reden, fout.koppeling_id, fout.brin6
            refusal: fault.UwlrFout = fout
        except fault.UwlrFout as fout:
            refusal = fout
        regel.uitkomst = refusal.code
        regel.reden = regel.reden or _REASONS.get(type(refusal))
        return without_trace(refusal)

    def _grant(self, aanroep: Aanroep, blik: Blik, regel: Verzoekregel, *, streng: bool, gzip: bool) -> Antwoord:
        """Give the answer to a known afnemer (rows 6 to 10). Raises UwlrFout."""
        if streng and not aanroep.streng:
            aanroep = reread_strictly(aanroep)
            blik = self._look(aanroep)
            self.poort.identify(blik, aanroep.autorisatie, regel.moment)  # as it was sent
        if aanroep.school is None:
            regel.reden = Reden.GEEN_SCHOOL
            raise fault.OngeldigBericht(_no_school(aanroep.operatie))
        verzoek: Verzoek | None = None
        for _ in range(POGINGEN):
            toegang = self.poort.decide(blik, aanroep, regel.moment)
            regel.koppeling_id, regel.brin6 = toegang.koppeling_id, toegang.brin6
            verzoek = verzoek or keur(aanroep, schooljaar_of(day_of(regel.moment)))
            regel.herstel, regel.leerlingen, regel.opmerkingen = verzoek.herstel, None, ()
            try:
                return self._fetch(toegang, blik.erbij, verzoek, regel, gzip=gzip)
            except Verlopen:
                blik = self._look(aanroep)
        raise fault.TijdelijkNietBeschikbaar

    def preview(self, klantnaam: str, brin6: str, aanbod: str, verzoek: Verzoek) -> bytes:
        """Give what the afnemer of a koppeling would get on this request now, with the right code; no line is written.

        The answer is kept as that of any reader, so that the afnemer gets these very bytes. Raises UwlrFout.
        """
        regel = Verzoekregel(self.klok(), verzoek.operatie.naam, 0)
        caller = Autorisatie(autorisatiesleutel="", klantcode="", klantnaam=klantnaam)
        for _ in range(POGINGEN):
            blik = self.poort.look(self.opslag, caller, SchoolVerwijzing(brin6[:4], brin6[4:], None))
            if blik.afnemer is None or blik.afnemer.uitgeschakeld_op is not None:
                raise fault.OngeldigeKlantIdentificatie
            toegang = self.poort.decide_without_code(blik, aanbod, regel.moment)
            try:
                return self._fetch(toegang, blik.erbij, verzoek, regel, gzip=False).inhoud
            except Verlopen:
                continue
        raise fault.TijdelijkNietBeschikbaar

    def _fetch(
        self, toegang: Toegang, gezien: Sequence[Rij], verzoek: Verzoek, regel: Verzoekregel, *, gzip: bool
    ) -> Antwoord:
        """Give what a valid request gets (row 10). Raises Verlopen."""
        operatie = verzoek.operatie
        vorm = Vorm(operatie, _profiel(toegang, verzoek, regel), verzoek.xsdversie, self.key_naast_eckid)
        sleutel = Standsleutel(
            brin6=toegang.brin6,
            schooljaar=verzoek.schooljaar,
            profiel=vorm.profiel.naam,
            xsdversie=vorm.xsdversie,
            soort=operatie.inhoud,
        )
        opened = freshness.whole_second(toegang.geopend_op)
        gemaakt = self.voorraad.stand(
            sleutel, vorm, gezien, schoolversie=toegang.schoolversie, moment=regel.moment, opened=opened
        )
        if gemaakt.is_empty:
            return _no_data(operatie, regel)
        if operatie.per_groep:
            return self._part(toegang, verzoek, vorm, sleutel, gemaakt, regel, gzip=gzip)
        _tell(regel, operatie, gemaakt.leerlingen, gemaakt.onvolledig)
        gewijzigd = max(opened, gemaakt.gewijzigd, self._profiel_sinds(toegang, regel.moment))
        if freshness.has_it(verzoek.laatstontvangengegevens, gewijzigd, regel.moment):
            return _no_changes(operatie, regel)
        regel.uitkomst = operatie.inhoud
        return Antwoord(self.voorraad.antwoord(sleutel, vorm, gemaakt, gewijzigd, gzip=gzip), gzip)

    def _part(
        self,
        toegang: Toegang,
        verzoek: Verzoek,
        vorm: Vorm,
        sleutel: Standsleutel,
        gemaakt: Stand,
        regel: Verzoekregel,
        *,
        gzip: bool,
    ) -> Antwoord:
        """Give the part of an answer that the groups of a request ask for (getrapt). Raises Verlopen.

        Its moment is that of the whole kind: then a change elsewhere counts as one too.
        """
        operatie = verzoek.operatie
        inhoud = self.voorraad.inhoud(sleutel, gemaakt)
        deel = inhoud.weergave.choose(verzoek.groepen)
        if deel.onbekend:
            regel.opmerkingen += (f"onbekende-groepen={deel.onbekend}",)
        if not deel.records:
            return _no_data(operatie, regel)
        _tell(regel, operatie, deel.personen, deel.onvolledig)
        opened = freshness.whole_second(toegang.geopend_op)
        gewijzigd = max(opened, gemaakt.gewijzigd, self._profiel_sinds(toegang, regel.moment))
        if freshness.has_it(verzoek.laatstontvangengegevens, gewijzigd, regel.moment):
            return _no_changes(operatie, regel)
        regel.uitkomst = operatie.inhoud
        gzip = gzip and len(deel.records) >= KLEINSTE_GZIP
        return Antwoord(assemble(vorm, inhoud, deel.records, gewijzigd, gzip=gzip), gzip)

    def _profiel_sinds(self, toegang: Toegang, moment: datetime) -> datetime:
        """Give since when this koppeling is fetched under its profile; written down only when that is new."""
        known, sinds = toegang.gehaald
        if known != toegang.profiel or sinds is None:
            before_waiting()
            with self.opslag.writing() as connection:
                sinds = store.seen_profiel(connection, toegang.koppeling_id, toegang.profiel, moment)
        return freshness.whole_second(sinds)


def _no_data(operatie: names.Operatie, regel: Verzoekregel) -> Antwoord:
    regel.uitkomst, regel.reden = "geengegevens", Reden.GEEN_GEGEVENS
    return Antwoord(answer.geengegevens(operatie))


def _no_changes(operatie: names.Operatie, regel: Verzoekregel) -> Antwoord:
    regel.uitkomst, regel.leerlingen = "geenwijzigingen", None
    return Antwoord(answer.geenwijzigingen(operatie))


def _tell(regel: Verzoekregel, operatie: names.Operatie, personen: int, onvolledig: int) -> None:
    """Count what goes in the line of the journaal."""
    if "leerlingen" in operatie.delen:
        regel.leerlingen = personen
    if onvolledig:
        regel.opmerkingen += (f"onvolledig={onvolledig}",)


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


def guarded(work: Callable[[], Result]) -> Result:
    """Do the work of a call; whatever fails becomes a fault of the standard. Raises UwlrFout only."""
    try:
        return work()
    except fault.UwlrFout:
        raise
    except Exception as error:
        raise own_fault(error) from error


def without_trace(fout: Fout) -> Fout:
    """Give a refusal as a value: its trace holds every frame that it came through, and one of those holds it.

    Such a ring stays until Python looks for rings, and then everybody waits; a request leaves none.
    """
    fout.__cause__ = fout.__context__ = None
    return fout.with_traceback(None)


def own_fault(error: Exception) -> fault.UwlrFout:
    """Log a failure of our own; gives the fault that it is for the caller."""
    log_failure(error, logger)
    return fault.TijdelijkNietBeschikbaar() if isinstance(error, _AWAY) else fault.InterneFout()


_AWAY = (DBAPIError, PoolTimeoutError)
"""Failures that may be over when the caller asks again."""
