"""The situations that a caller is put in, one after the other, and what a good client does next.

A caller meets the next one with a question that it asked already in the present one: with each call of a client of
the whole school, with each round of one that asks by groups. After a fault it first has to leave the service in peace.
"""

from dataclasses import dataclass

from uwlr_adapter.contract.fault import (
    AutorisatieOngeldig,
    Fault,
    InterneFout,
    OngeldigBericht,
    OngeldigeKlantIdentificatie,
    TijdelijkNietBeschikbaar,
    XsdVersieOngeldig,
)
from uwlr_adapter.kit.listening.example_school import SchoolPart


@dataclass(frozen=True, slots=True)
class Situation:
    """One situation: what is answered, and what only the caller itself shows afterwards."""

    name: str
    title: str
    good: str
    """The next step of a good client."""
    part: SchoolPart = SchoolPart.WHOLE
    fault: type[Fault] | None = None
    is_changed: bool = False
    """Whether its data are others than those before it."""
    is_slow: bool = False
    has_data: bool = True
    is_next_year: bool = False
    """Whether the present schooljaar has ended, and the data are those of the next one."""


_STOPS = "stops, shows the fault to somebody, keeps what it has, and does not try the same again by itself"
SITUATIONS = (
    Situation("first", "The whole school", "keeps the data, with their aanmaakdatum", is_changed=True),
    Situation("no-changes", "Nothing changed", "sends the aanmaakdatum of its data, and keeps them at geenwijzigingen"),
    Situation(
        "gone",
        "A leerling is gone",
        "no longer has that leerling, and has all other ones under the same keys",
        part=SchoolPart.ONE_LESS,
        is_changed=True,
    ),
    Situation(
        "one",
        "One groep, one leerling, one leerkracht",
        "has exactly these: some toolkits make an object of a list of one",
        part=SchoolPart.ONE,
        is_changed=True,
    ),
    Situation(
        "slow", "The answer takes long", "waits for it, and asks nothing else meanwhile", is_changed=True, is_slow=True
    ),
    Situation("no-data", "There are no data", "keeps what it has, and tells somebody", has_data=False),
    Situation(
        "year",
        "The schooljaar has ended",
        "asks for the next schooljaar, and puts each leerling in the group of that year",
        is_changed=True,
        is_next_year=True,
    ),
    Situation(
        "unavailable",
        "Server.TijdelijkNietBeschikbaar with Retry-After",
        "waits as long as Retry-After says, and asks again",
        fault=TijdelijkNietBeschikbaar,
    ),
    Situation("internal", "Server.InterneFout", "keeps what it has, and asks again later", fault=InterneFout),
    Situation("no-access", "Client.AutorisatieOngeldig", _STOPS, fault=AutorisatieOngeldig),
    Situation("no-klant", "Client.OngeldigeKlantIdentificatie", _STOPS, fault=OngeldigeKlantIdentificatie),
    Situation("invalid", "Client.OngeldigBericht", _STOPS, fault=OngeldigBericht),
    Situation("version", "Client.XsdVersieOngeldig", _STOPS, fault=XsdVersieOngeldig),
    Situation("back", "The whole school again", "has all leerlingen again, each of them once", is_changed=True),
)
"""The situations in the order in which they come."""
BY_NAME = {one.name: one for one in SITUATIONS}
