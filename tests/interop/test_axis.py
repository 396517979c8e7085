"""Axis 1.4 loses nobody, but of the groepen all but the last of each kind: what docs/reference/toolkits.md says."""

from pathlib import Path

from support.served_school import CODE, ServedSchool
from support.server import Server
from support.stacks import BY_NAAM
from support.toolkits import Conversation, Question, run

KINDS = ("groep", "samengestelde_groep")


def last_of_each_kind(references: list[str]) -> list[str]:
    """Return the last reference of each kind, of those written as `soort:key` or `soort=key`."""
    last = {one.replace("=", ":").partition(":")[0]: one for one in references if one}
    return [last[kind] for kind in KINDS if kind in last]


def of_what_axis_keeps(whole: Conversation) -> dict[str, list[list[str]]]:
    """Return the records of an answer as Axis hands them over."""
    kept = {kind: records[-1:] if kind in KINDS else records for kind, records in whole.records.items()}
    leerkrachten = [
        [*person, ",".join(last_of_each_kind(groepen.split(",")))]
        for *person, groepen in whole.records.get("leerkracht", [])
    ]
    return kept | {"leerkracht": leerkrachten}


def test_axis_keeps_the_last_groep_of_each_kind(served: ServedSchool, server: Server, programs: Path) -> None:
    """Every leerling and leerkracht is there, as another toolkit reads them; of groepen there is one of each kind."""
    axis = BY_NAAM["axis"]
    axis.need()
    wsdl = f"{server.endpoint}?wsdl"
    year = served.schooljaar[:4]
    groepen = [f"groep={year}-1", f"groep={year}-2", f"samengestelde_groep={year}-plus"]
    for operation, asked in (("HaalLeerlinggegevens", []), ("HaalLeerkrachten", groepen)):
        of_axis, of_zeep = (
            Question(operation, (*asked,), key=CODE),
            Question(operation, (*last_of_each_kind(asked),), key=CODE),
        )
        whole = run(BY_NAAM["zeep"].command(programs, wsdl), served, server, of_zeep)
        assert run(axis.command(programs, wsdl), served, server, of_axis).records == of_what_axis_keeps(whole)
