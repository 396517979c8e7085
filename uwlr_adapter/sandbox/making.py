"""What makes and changes a school of the sandbox: real imports and real acts, at the moment of its clock."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from uwlr_adapter.administratie import calendar_acts, school_calendar, schools
from uwlr_adapter.administratie.importing import importer, questions
from uwlr_adapter.administratie.model import Delivery
from uwlr_adapter.administratie.sources.edexml import edexml
from uwlr_adapter.brin import brincode_of
from uwlr_adapter.clock import day_of, next_schooljaar, schooljaar_of, schooljaar_start
from uwlr_adapter.db.database import Database
from uwlr_adapter.demo import toets
from uwlr_adapter.keys.server_keys import ServerKeys
from uwlr_adapter.koppelingen import actions, pausing, store
from uwlr_adapter.koppelingen.actions import ActivationRequest
from uwlr_adapter.koppelingen.lifecycle import Koppeling
from uwlr_adapter.koppelingen.toestemming import Toestemming
from uwlr_adapter.sandbox import school_file, sent_results
from uwlr_adapter.sandbox.accounts import ACTOR, Account, SandboxRefusedError
from uwlr_adapter.sandbox.on_call import TOO_EARLY, USUAL_SECONDS
from uwlr_adapter.sandbox.situations import OnCall, ResultsStart, SandboxPlace, Start, catalogue_for
from uwlr_adapter.sandbox.state import Edits, MadeSchool

STARTS_AFTER = timedelta(days=30)
"""How far ahead the Startdatum of a koppeling is that has not started."""
_LATE_MONTH = 9
"""The month on whose first day a late school lays its schooljaar out."""
_PAST_YEAR_MONTHS = (8, 9)
"""August and September, in which the past schooljaar is answered too."""


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes and changes the schools of the sandbox."""

    database: Database
    server_keys: ServerKeys

    def make(self, account: Account, place: SandboxPlace, moment: datetime) -> MadeSchool:
        """Make a school as its situation has it, and return its state."""
        with self.database.writing() as connection:
            if schools.find_vestiging(connection, place.brin6) is None:
                schools.add_vestiging(connection, place.brin6, f"Sandbox {place.situation.name}")
        return self._settle(account, place, self.lay_out(place, MadeSchool(), moment), moment)

    def reset(self, account: Account, place: SandboxPlace, old: MadeSchool, moment: datetime) -> MadeSchool:
        """Make a school as its situation begins, with another koppeling, and return its state."""
        with self.database.writing() as connection:
            sent_results.erase(connection, place.brin6)
        new = MadeSchool(old.version)
        return self._settle(account, place, self.lay_out(place, new, moment), moment)

    def _settle(self, account: Account, place: SandboxPlace, state: MadeSchool, moment: datetime) -> MadeSchool:
        """Bring the koppeling of a school, its question and its next year in the state of its situation."""
        with self.database.writing() as connection:
            self._begin(connection, account, place, moment)
        if place.situation.results is ResultsStart.TAKEN_BACK:
            sent_results.begin(self.database, account, place, self._groep(place, moment), moment)
        form, on_call = place.situation.form, place.situation.on_call
        if form.has_question:
            state = self.bring(place, replace(state, edits=Edits(has_question=True)), moment)
        if form.is_released:
            self.release(place, moment)
        seconds = USUAL_SECONDS if on_call is OnCall.WAITS else 0
        return replace(state, seconds=seconds, refused=TOO_EARLY if on_call is OnCall.REFUSES else 0)

    def _groep(self, place: SandboxPlace, moment: datetime) -> list[str]:
        """Return the keys of the leerlingen of one jaargroep now."""
        present = school_file.leerlingen(place, schooljaar_of(day_of(moment)), Edits())
        return [one.key for one in present if one.jaargroep == toets.JAARGROEP]

    def _begin(self, connection: sa.Connection, account: Account, place: SandboxPlace, moment: datetime) -> None:
        """Bring the koppeling in the state in which its situation begins; what lives is ended."""
        self.end(connection, place, moment)
        start = place.situation.start
        startdatum = day_of(moment + STARTS_AFTER) if start is Start.NOT_STARTED else None
        koppeling = self.activate(connection, account, place, moment, startdatum)
        if place.situation.results is ResultsStart.PAUSED:
            own = koppeling.id, koppeling.version, Toestemming.RESULTATEN
            pausing.pause(connection, *own, moment, actor=ACTOR)
        if place.situation.form.has_withheld:
            leerling = self._groep(place, moment)[0]
            persoon_id = sent_results.person_of(connection, place.brin6, leerling)
            actions.withhold(connection, koppeling.id, koppeling.version, persoon_id, moment, actor=ACTOR)
        if start is Start.PAUSED:
            actions.clear_code(connection, koppeling.id, koppeling.version, moment, actor=ACTOR)
        elif start is Start.ENDED:
            actions.end(connection, koppeling.id, koppeling.version, moment, actor=ACTOR)

    def activate(
        self,
        connection: sa.Connection,
        account: Account,
        place: SandboxPlace,
        moment: datetime,
        startdatum: date | None = None,
    ) -> Koppeling:
        """Activate the koppeling of a school, with the code that its school entered. Raises KoppelingError."""
        request = ActivationRequest(
            brin6=place.brin6,
            entry_id=place.situation.entry,
            login=ACTOR,
            naam="De sandbox",
            akkoord=place.situation.results is not ResultsStart.ALONE,
            startdatum=startdatum,
            verificatiecode=place.situation.entered_code(place.letters),
            akkoord_resultaten=place.situation.results is not ResultsStart.NOT_AGREED,
        )
        catalogue = catalogue_for(account.klantnaam)
        return actions.activate(connection, catalogue, self.server_keys, request, moment, actor=ACTOR)

    def living(self, connection: sa.Connection, place: SandboxPlace) -> Koppeling | None:
        """Return the living koppeling of a school, if any."""
        return store.find_living(connection, place.brin6, place.situation.entry)

    def require_living(self, connection: sa.Connection, place: SandboxPlace) -> Koppeling:
        """Return the living koppeling of a school. Raises SandboxRefusedError when it has none."""
        koppeling = self.living(connection, place)
        if koppeling is None:
            raise SandboxRefusedError("this school has no koppeling now: activate it first")
        return koppeling

    def end(self, connection: sa.Connection, place: SandboxPlace, moment: datetime) -> bool:
        """End the koppeling of a school; return whether one lived."""
        koppeling = self.living(connection, place)
        if koppeling is not None:
            actions.end(connection, koppeling.id, koppeling.version, moment, actor=ACTOR)
        return koppeling is not None

    def open_in_the_past(self, brin6: str, entry: str, moment: datetime) -> None:
        """Move the Startdatum of a koppeling that was active before the clock went back to this day."""
        day = day_of(moment)
        with self.database.reading() as connection:
            koppeling = store.find_living(connection, brin6, entry)
        if koppeling is not None and koppeling.startdatum > day:
            with self.database.writing() as connection:
                actions.change_startdatum(connection, koppeling.id, koppeling.version, day, moment, actor=ACTOR)

    def lay_out(self, place: SandboxPlace, state: MadeSchool, moment: datetime) -> MadeSchool:
        """Import the schooljaren around a moment that were not laid out yet, and return the state.

        Those of before what was done to the leerlingen at another moment of the clock are imported again.
        """
        if not place.situation.form.has_records:
            return state
        missing = [year for year in years_around(place, day_of(moment)) if year not in state.years]
        if missing:
            first = replace(state.edits, has_question=False)
            self._import(place, [self._delivery(place, year, first) for year in missing], moment)
            state = replace(state, years=(*state.years, *missing), fresh=(*state.fresh, *missing))
        own = _own_years(place, moment)
        if all(year in state.fresh for year in own):
            return state
        return replace(self.bring(place, state, moment), fresh=tuple({*state.fresh, *own}))

    def bring(self, place: SandboxPlace, state: MadeSchool, moment: datetime) -> MadeSchool:
        """Import the present and the next schooljaar as they are after what was done to the leerlingen.

        Returns the state, in which no other schooljaar is fresh.
        """
        years = _own_years(place, moment)
        if place.situation.form.has_records and years:
            self._import(place, [self._delivery(place, year, state.edits) for year in years], moment)
        return replace(state, fresh=years)

    def release(self, place: SandboxPlace, moment: datetime) -> bool:
        """Release the next schooljaar; return whether it was not answered yet."""
        coming = next_schooljaar(day_of(moment))
        with self.database.writing() as connection:
            window = school_calendar.window_of(coming, school_calendar.find(connection, place.brin6, coming))
            if (
                window is None
                or window.holds(day_of(moment))
                or not calendar_acts.has_data(connection, place.brin6, coming)
            ):
                return False
            calendar_acts.release(connection, place.brin6, coming, moment, actor=ACTOR)
        return True

    def answer(self, place: SandboxPlace, choice: str, moment: datetime) -> None:
        """Answer the open question of a school. Raises SandboxRefusedError or QuestionError."""
        with self.database.writing() as connection:
            (question, *_) = [*questions.of_school(connection, brincode_of(place.brin6)), None]
            if question is None:
                raise SandboxRefusedError("this school has no open question")
            if choice not in [str(one) for one in question.choices]:
                raise SandboxRefusedError(f"the question is answered with one of: {', '.join(question.choices)}")
            questions.answer(connection, question.id, questions.Choice(choice), moment, ACTOR)

    def _delivery(self, place: SandboxPlace, schooljaar: str, edits: Edits) -> Delivery:
        return edexml.read(school_file.edexml(place, schooljaar, edits))

    def _import(self, place: SandboxPlace, deliveries: list[Delivery], moment: datetime) -> None:
        options = importer.ImportOptions(
            moment, source=ACTOR, actor=ACTOR, brin6=place.brin6, accept_drop=True, older=True, new_keys=True
        )
        importer.import_deliveries(self.database, deliveries, options)


def _own_years(place: SandboxPlace, moment: datetime) -> tuple[str, ...]:
    """Return the present and the next schooljaar, those that are laid out."""
    day = day_of(moment)
    around = years_around(place, day)
    return tuple(one for one in (schooljaar_of(day), next_schooljaar(day)) if one in around)


def years_around(place: SandboxPlace, day: date) -> tuple[str, ...]:
    """Return the schooljaren that are laid out on a day: the present and the next one, and one that just ended.

    A late school lacks each until its 1 September.
    """
    present = schooljaar_of(day)
    start = schooljaar_start(present) or day.year
    past = (f"{start - 1}-{start}",) if day.month in _PAST_YEAR_MONTHS else ()
    years = (*past, present, next_schooljaar(day))
    is_late = place.situation.form.is_late
    return tuple(one for one in years if not is_late or day >= date(schooljaar_start(one) or day.year, _LATE_MONTH, 1))
