"""The rows of one CSV set by what they are about, and whether they go together."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date

from uwlr_adapter.administratie.csv_bestand import Rij
from uwlr_adapter.administratie.kolommen import KOLOMMEN
from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.tijd import EERSTE_MAAND, schooljaar_start

Jaar = tuple[str, str]
"""A brin6 and a schooljaar."""
_VREEMDE_GROEP = "is no Sleutel of groepen.csv at this vestiging in this schooljaar"
_ANDER_JAAR = "no group of groepen.csv is of this vestiging and schooljaar: not read"


class School:
    """The rows of one set, by what they are about, while they are judged and written."""

    def __init__(self, rijen: Mapping[str, tuple[Rij, ...]], problemen: list[Probleem]) -> None:
        self.problemen = problemen
        self._alle = rijen
        self.leerlingen: dict[str, Rij] = {}
        self.groepen: dict[Jaar, dict[str, Rij]] = defaultdict(dict)
        self.locaties: dict[str, dict[str, Rij]] = defaultdict(dict)
        self.vestigingen: dict[str, Rij] = {}
        self.inschrijvingen: dict[str, dict[str, list[Rij]]] = defaultdict(lambda: defaultdict(list))
        self.plaatsingen: dict[Jaar, dict[str, list[Rij]]] = defaultdict(lambda: defaultdict(list))
        self.leerkrachten: dict[Jaar, dict[str, list[Rij]]] = defaultdict(lambda: defaultdict(list))
        self._gemeld: set[tuple[str, Jaar]] = set()

    @property
    def jaren(self) -> list[Jaar]:
        """The years that are laid out: those of which a vestiging has a group."""
        return sorted(self.groepen)

    def judge(self) -> None:
        """Index the rows, and add what is wrong with how they go together to `problemen`."""
        self._one_school()
        self._unique("leerlingen", self.leerlingen, lambda rij: rij["Sleutel"])
        self._unique_eckids()
        for rij in self._rows("groepen"):
            self._put(self.groepen[rij.brin6, rij["Schooljaar"]], rij["Sleutel"], rij, "Sleutel")
        for rij in self._rows("locaties"):
            self._put(self.locaties[rij.brin6], rij["Sleutel"], rij, "Sleutel")
        self._unique("vestigingen", self.vestigingen, lambda rij: rij.brin6, "Vestiging")
        if not self.groepen:
            self.problemen.append(Probleem(0, "", "has no group, so no year is laid out", bestand="groepen.csv"))
        self._judge_inschrijvingen()
        self._judge_plaatsingen()
        self._judge_leerkrachten()

    def _rows(self, naam: str) -> tuple[Rij, ...]:
        return self._alle.get(naam, ())

    def _one_school(self) -> None:
        first: Rij | None = None
        for naam in ("groepen", "inschrijvingen", "plaatsingen", "leerkrachten", "vestigingen", "locaties"):
            for rij in self._rows(naam):
                first = first or rij
                if rij["Brin"] != first["Brin"]:
                    reden = f"another school than {first.bestand}.csv, line {first.regel}: a set is about one school"
                    self.problemen.append(rij.problem("Brin", reden))

    def _unique(self, naam: str, into: dict[str, Rij], key: Callable[[Rij], str], label: str = "Sleutel") -> None:
        for rij in self._rows(naam):
            self._put(into, key(rij), rij, label)

    def _put(self, into: dict[str, Rij], key: str, rij: Rij, label: str) -> None:
        if key in into:
            self.problemen.append(rij.problem(label, f"the same as line {into[key].regel}"))
        else:
            into[key] = rij

    def _unique_eckids(self) -> None:
        """Report an ECK-iD of two leerlingen: at two vestigingen, the one would be taken for the other."""
        first: dict[str, Rij] = {}
        for rij in self._rows("leerlingen"):
            other = first.setdefault(rij["ECK-iD"], rij)
            if rij["ECK-iD"] and other is not rij:
                self.problemen.append(rij.problem("ECK-iD", f"the same eckid as line {other.regel}"))

    def _is_laid_out(self, rij: Rij) -> bool:
        """Tell whether the year of a row is laid out; of one that is not, the first row is reported."""
        jaar = (rij.brin6, rij["Schooljaar"])
        if jaar in self.groepen:
            return True
        if (rij.bestand, jaar) not in self._gemeld:
            self._gemeld.add((rij.bestand, jaar))
            self.problemen.append(rij.problem("Schooljaar", _ANDER_JAAR, Ernst.MELDING))
        return False

    def _judge_inschrijvingen(self) -> None:
        for rij in self._rows("inschrijvingen"):
            if rij["Leerling"] not in self.leerlingen:
                self.problemen.append(rij.problem("Leerling", "is no Sleutel of leerlingen.csv"))
            if rij["Locatie"] and rij["Locatie"] not in self.locaties[rij.brin6]:
                self.problemen.append(rij.problem("Locatie", "is no Sleutel of locaties.csv at this vestiging"))
            van, tot = _days(rij)
            earlier = self.inschrijvingen[rij.brin6][rij["Leerling"]]
            if van >= tot:
                self.problemen.append(rij.problem("Uitschrijfdatum", "is not after the Inschrijfdatum"))
            for other in earlier:
                begin, end = _days(other)
                if van < end and begin < tot:
                    self.problemen.append(rij.problem("Inschrijfdatum", f"overlaps with line {other.regel}"))
            earlier.append(rij)

    def _judge_plaatsingen(self) -> None:
        for rij in filter(self._is_laid_out, self._rows("plaatsingen")):
            jaar = (rij.brin6, rij["Schooljaar"])
            groep = self.groepen[jaar].get(rij["Groep"])
            if not rij["Groep"] and not rij["Jaargroep"]:
                self.problemen.append(rij.problem("Groep", "has no Groep and no Jaargroep: not read", Ernst.MELDING))
                continue
            if rij["Groep"] and groep is None:
                self.problemen.append(rij.problem("Groep", _VREEMDE_GROEP))
            if rij["Leerling"] not in self.leerlingen:
                self.problemen.append(rij.problem("Leerling", "is no Sleutel of leerlingen.csv"))
            elif not self.periodes(jaar, rij["Leerling"]):
                reden = "is not enrolled at this vestiging in this schooljaar: not read"
                self.problemen.append(rij.problem("Leerling", reden, Ernst.MELDING))
                continue
            earlier = self.plaatsingen[jaar][rij["Leerling"]]
            if groep is not None and groep["Soort"] == "groep":
                for other in earlier:
                    if self.is_stamgroep(jaar, other["Groep"]):
                        self.problemen.append(rij.problem("Groep", f"a second stamgroep: see line {other.regel}"))
            earlier.append(rij)

    def _judge_leerkrachten(self) -> None:
        eigen = [label for label in KOLOMMEN["leerkrachten"] if label not in ("Groep", "Rollen in groep")]
        eckids: dict[str, Rij] = {}
        for rij in filter(self._is_laid_out, self._rows("leerkrachten")):
            jaar = (rij.brin6, rij["Schooljaar"])
            if rij["ECK-iD"]:
                other = eckids.setdefault(rij["Sleutel"], rij)
                if rij["ECK-iD"] != other["ECK-iD"] and rij["Sleutel"] not in self.leerkrachten[jaar]:
                    self.problemen.append(rij.problem("ECK-iD", f"another value than on line {other.regel}"))
            if rij["Groep"] and rij["Groep"] not in self.groepen[jaar]:
                self.problemen.append(rij.problem("Groep", _VREEMDE_GROEP))
            rows = self.leerkrachten[jaar][rij["Sleutel"]]
            for label in eigen if rows else ():
                if rij[label] != rows[0][label]:
                    self.problemen.append(rij.problem(label, f"another value than on line {rows[0].regel}"))
            rows.append(rij)

    def is_stamgroep(self, jaar: Jaar, key: str) -> bool:
        """Tell whether a key is that of a stamgroep of a year."""
        groep = self.groepen[jaar].get(key)
        return groep is not None and groep["Soort"] == "groep"

    def periodes(self, jaar: Jaar, leerling: str) -> list[Rij]:
        """Give the enrolments of a leerling that fall in a year."""
        brin6, schooljaar = jaar
        start = schooljaar_start(schooljaar) or date.min.year
        first, last = date(start, EERSTE_MAAND, 1), date(start + 1, EERSTE_MAAND, 1)
        rows = self.inschrijvingen.get(brin6, {}).get(leerling, [])
        return [rij for rij in rows if _days(rij)[0] < last and first < _days(rij)[1]]

    def enrolled(self, jaar: Jaar) -> dict[str, list[Rij]]:
        """Give who is enrolled at any time in a year, with the rows that say so."""
        return {key: rows for key in self.inschrijvingen.get(jaar[0], {}) if (rows := self.periodes(jaar, key))}


def _days(rij: Rij) -> tuple[date, date]:
    """Give the first day of an enrolment and the first day no longer; an open one is as far as a calendar goes."""
    van, tot = rij["Inschrijfdatum"], rij["Uitschrijfdatum"]
    return (
        date.fromisoformat(van) if van else date.min,
        date.fromisoformat(tot) if tot else date.max,
    )
