"""The rows of one CSV set by what they are about, and whether they go together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date

from uwlr_adapter.administratie.model import Ernst, Probleem
from uwlr_adapter.administratie.sources.csv_set.columns import KOLOMMEN
from uwlr_adapter.administratie.sources.csv_set.csv_file import Rij
from uwlr_adapter.clock import EERSTE_MAAND, schooljaar_start

Jaar = tuple[str, str]
"""A brin6 and a schooljaar."""
_MET_BRIN = ("groepen", "inschrijvingen", "plaatsingen", "leerkrachten", "vestigingen", "locaties")
_EIGEN = tuple(label for label in KOLOMMEN["leerkrachten"] if label not in ("ECK-iD", "Groep", "Rollen in groep"))
"""What the rows of a leerkracht say alike within a year; the ECK-iD is alike in the whole set."""
_VREEMDE_LEERLING = "is no Sleutel of leerlingen.csv"
_NIET_INGEDEELD = "groepen.csv has no group of this vestiging and schooljaar: not read"
_VREEMDE_GROEP = "is no Sleutel of groepen.csv at this vestiging in this schooljaar"


class School:
    """The rows of one set, by what they are about, while they are judged and written."""

    def __init__(self, rijen: Mapping[str, tuple[Rij, ...]], problemen: list[Probleem]) -> None:
        self.problemen = problemen
        self._alle = rijen
        self.leerlingen: dict[str, Rij] = {}
        self.groepen: dict[Jaar, dict[str, Rij]] = defaultdict(dict)
        self.locaties: dict[str, dict[str, Rij]] = defaultdict(dict)
        self.vestigingen: dict[str, Rij] = {}
        self.inschrijvingen: dict[str, dict[str, list[tuple[date, date, Rij]]]] = defaultdict(lambda: defaultdict(list))
        self.plaatsingen: dict[Jaar, dict[str, list[Rij]]] = defaultdict(lambda: defaultdict(list))
        self.leerkrachten: dict[Jaar, dict[str, list[Rij]]] = defaultdict(lambda: defaultdict(list))
        self._gemeld: set[tuple[str, Jaar]] = set()

    @property
    def jaren(self) -> list[Jaar]:
        """The years that are laid out: those of which a vestiging has a group."""
        return sorted(self.groepen)

    def judge(self) -> None:
        """Index the rows, and add what is wrong with how they go together to `problemen`."""
        self._judge_brin()
        eckids: dict[str, Rij] = {}
        for rij in self._rows("leerlingen"):
            self._put(self.leerlingen, rij, "Sleutel")
            self._put(eckids, rij, "ECK-iD")
        for rij in self._rows("groepen"):
            self._put(self.groepen[_jaar(rij)], rij, "Sleutel")
        for rij in self._rows("locaties"):
            self._put(self.locaties[rij.brin6], rij, "Sleutel")
        for rij in self._rows("vestigingen"):
            self._put(self.vestigingen, rij, "Vestiging", rij.brin6)
        if not self.groepen:
            self.problemen.append(Probleem(0, "", "has no group, so no year is laid out", bestand="groepen.csv"))
        self._judge_inschrijvingen()
        self._judge_plaatsingen()
        self._judge_leerkrachten()

    def _rows(self, naam: str) -> tuple[Rij, ...]:
        return self._alle.get(naam, ())

    def _report(self, rij: Rij, label: str, reden: str, ernst: Ernst = Ernst.WEIGERT) -> None:
        self.problemen.append(rij.problem(label, reden, ernst))

    def _put(self, into: dict[str, Rij], rij: Rij, label: str, key: str = "") -> None:
        """Put a row under its key, by default the value of the column, unless there is none or it is taken."""
        key = key or rij[label]
        if key in into:
            self._report(rij, label, f"the same as line {into[key].regel}")
        elif key:
            into[key] = rij

    def _judge_brin(self) -> None:
        rijen = [rij for naam in _MET_BRIN for rij in self._rows(naam)]
        for rij in rijen:
            if rij["Brin"] != rijen[0]["Brin"]:
                where = f"{rijen[0].bestand}.csv, line {rijen[0].regel}"
                self._report(rij, "Brin", f"another school than in {where}: a set is about one school")

    def _is_laid_out(self, rij: Rij) -> bool:
        """Tell whether the year of a row is laid out; of one that is not, the first row is reported."""
        jaar = _jaar(rij)
        if jaar in self.groepen:
            return True
        if (rij.bestand, jaar) not in self._gemeld:
            self._gemeld.add((rij.bestand, jaar))
            self._report(rij, "Schooljaar", _NIET_INGEDEELD, Ernst.MELDING)
        return False

    def _require_groep(self, rij: Rij) -> None:
        """Report a group that a laid out year does not have."""
        if rij["Groep"] and rij["Groep"] not in self.groepen[_jaar(rij)]:
            self._report(rij, "Groep", _VREEMDE_GROEP)

    def _judge_inschrijvingen(self) -> None:
        for rij in self._rows("inschrijvingen"):
            if rij["Leerling"] not in self.leerlingen:
                self._report(rij, "Leerling", _VREEMDE_LEERLING)
            if rij["Locatie"] and rij["Locatie"] not in self.locaties[rij.brin6]:
                self._report(rij, "Locatie", "is no Sleutel of locaties.csv at this vestiging")
            van, tot = _days(rij)
            if van > tot:
                self._report(rij, "Uitschrijfdatum", "is before the Inschrijfdatum")
            elif van == tot:
                self._report(rij, "Uitschrijfdatum", "is the Inschrijfdatum: no day enrolled, not read", Ernst.MELDING)
            else:
                self._put_inschrijving(rij, van, tot)

    def _put_inschrijving(self, rij: Rij, van: date, tot: date) -> None:
        """Keep a period of enrolment in the order of its days, unless another one of the leerling overlaps."""
        earlier = self.inschrijvingen[rij.brin6][rij["Leerling"]]
        for begin, end, other in earlier:
            if van < end and begin < tot:
                self._report(rij, "Inschrijfdatum", f"overlaps with line {other.regel}")
                return
        earlier.append((van, tot, rij))
        earlier.sort(key=lambda periode: periode[0])

    def _judge_plaatsingen(self) -> None:
        for rij in filter(self._is_laid_out, self._rows("plaatsingen")):
            self._require_groep(rij)
            if rij["Leerling"] not in self.leerlingen:
                self._report(rij, "Leerling", _VREEMDE_LEERLING)
            elif not rij["Groep"] and not rij["Jaargroep"]:
                self._report(rij, "Groep", "has no Groep and no Jaargroep: not read", Ernst.MELDING)
            elif not self.periodes(_jaar(rij), rij["Leerling"]):
                reden = "is not enrolled at this vestiging in this schooljaar: not read"
                self._report(rij, "Leerling", reden, Ernst.MELDING)
            else:
                self._put_plaatsing(rij, self.plaatsingen[_jaar(rij)][rij["Leerling"]])

    def _put_plaatsing(self, rij: Rij, earlier: list[Rij]) -> None:
        """Keep a plaatsing; a leerling has one stamgroep."""
        jaar = _jaar(rij)
        if self.is_stamgroep(jaar, rij["Groep"]):
            for other in earlier:
                if self.is_stamgroep(jaar, other["Groep"]):
                    self._report(rij, "Groep", f"a second stamgroep: see line {other.regel}")
        earlier.append(rij)

    def _judge_leerkrachten(self) -> None:
        first: dict[str, Rij] = {}
        for rij in filter(self._is_laid_out, self._rows("leerkrachten")):
            self._require_groep(rij)
            self._require_same(rij, first.setdefault(rij["Sleutel"], rij), ("ECK-iD",))
            rows = self.leerkrachten[_jaar(rij)][rij["Sleutel"]]
            rows.append(rij)
            self._require_same(rij, rows[0], _EIGEN)

    def _require_same(self, rij: Rij, other: Rij, labels: Iterable[str]) -> None:
        """Report what another row of the same leerkracht says differently."""
        for label in labels:
            if rij[label] != other[label]:
                self._report(rij, label, f"another value than on line {other.regel}, of the same leerkracht")

    def line_of(self, jaar: Jaar) -> int:
        """Give the line that names a year's vestiging: in vestigingen.csv, else of its first group."""
        rij = self.vestigingen.get(jaar[0]) or next(iter(self.groepen[jaar].values()))
        return rij.regel

    def is_stamgroep(self, jaar: Jaar, key: str) -> bool:
        """Tell whether a key is that of a stamgroep of a year."""
        groep = self.groepen.get(jaar, {}).get(key)
        return groep is not None and groep["Soort"] == "groep"

    def periodes(self, jaar: Jaar, leerling: str) -> list[Rij]:
        """Give the enrolments of a leerling that fall in a year, the earliest first."""
        brin6, schooljaar = jaar
        start = schooljaar_start(schooljaar) or date.min.year
        first, last = date(start, EERSTE_MAAND, 1), date(start + 1, EERSTE_MAAND, 1)
        rows = self.inschrijvingen.get(brin6, {}).get(leerling, [])
        return [rij for van, tot, rij in rows if van < last and first < tot]

    def enrolled(self, jaar: Jaar) -> dict[str, list[Rij]]:
        """Give who is enrolled at any time in a year, with the rows that say so."""
        return {key: rows for key in self.inschrijvingen.get(jaar[0], {}) if (rows := self.periodes(jaar, key))}


def _jaar(rij: Rij) -> Jaar:
    return rij.brin6, rij["Schooljaar"]


def _days(rij: Rij) -> tuple[date, date]:
    """Give the first day of an enrolment and the first day no longer; an open one is as far as a calendar goes."""
    van, tot = rij["Inschrijfdatum"], rij["Uitschrijfdatum"]
    return (
        date.fromisoformat(van) if van else date.min,
        date.fromisoformat(tot) if tot else date.max,
    )
