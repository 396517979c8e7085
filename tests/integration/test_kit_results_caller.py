"""The kit against callers that send results: a right one has no failure, and each wrong one is caught."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from support.kit_caller import CREDENTIALS, MOMENT, SCHOOLJAAR, Time, endpoint, failed, report
from support.wsgi import call

from uwlr_adapter.contract.leerresultaten.confirmation import BEVESTIGING
from uwlr_adapter.demo import school, setup
from uwlr_adapter.kit.checks import Verdict
from uwlr_adapter.kit.listening.chapters import RESULTS
from uwlr_adapter.kit.listening.endpoint import RESULTS_PATH, CallerEndpoint
from uwlr_adapter.kit.reports import report_json
from uwlr_adapter.kit.results_message import KEYS, NORM, OSO_RESULT, SCORE, KitResults

LEERLING, OTHER = school.leerling_keys(setup.BRIN6, SCHOOLJAAR, 5)[:2]
Edit = Callable[[KitResults, int], KitResults]
"""From a right message and its number to what is sent."""
SENDS = 4
"""Messages of a caller: the second one meets a busy service."""


def message(number: int) -> KitResults:
    """Return a right message, made an hour after the one before."""
    moment = (MOMENT + timedelta(hours=number)).isoformat()
    return KitResults(
        (
            ("schooljaar", SCHOOLJAAR),
            ("brincode", setup.BRIN6[:4]),
            ("dependancecode", setup.BRIN6[4:]),
            ("aanmaakdatum", moment),
            ("xsdversie", "2.2"),
        ),
        LEERLING,
        MOMENT.date(),
        (
            ("autorisatiesleutel", CREDENTIALS.autorisatiesleutel),
            ("klantcode", CREDENTIALS.klantcode),
            ("klantnaam", CREDENTIALS.klantnaam),
        ),
    )


@dataclass
class Sender:
    """A caller that sends results."""

    app: CallerEndpoint
    time: Time
    edit: Edit = lambda message, _number: message
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 3600.0

    def run(self, sends: int = SENDS) -> list[bytes]:
        """Send so many messages; returns the answers."""
        found = []
        for number in range(sends):
            headers = {"HTTP_SOAPACTION": '"BrengLeerresultaten"', "content_type": "text/xml; charset=utf-8"}
            content = self.edit(message(number), number).message()
            reply = call(self.app, content, path=RESULTS_PATH, **{**headers, **self.headers})
            found.append(reply.body)
            self.time.passed += self.pause
        return found


def sent_by(edit: Edit = lambda message, _number: message, **traits: Any) -> Sender:
    """Return a caller that has sent its messages."""
    time = Time()
    sender = Sender(endpoint(time), time, edit, **traits)
    sender.run()
    return sender


def of_results(sender: Sender) -> dict[str, Verdict]:
    """Return the verdict of each check of results."""
    return {one.id: one.verdict for one in report(sender.app).results if one.suite == RESULTS.name}


def test_a_right_caller_has_no_failure() -> None:
    """Each check passes; the second message is to come later, and what follows is the same."""
    time = Time()
    sender = Sender(endpoint(time), time)
    answers = sender.run()
    assert [one == BEVESTIGING for one in answers] == [True, False, True, True]
    assert b"Server.TijdelijkNietBeschikbaar" in answers[1]
    assert set(of_results(sender).values()) == {Verdict.PASS}
    assert not failed(report(sender.app))


def _replace(old: str, new: str) -> Edit:
    return lambda message, _number: message.replaced(old, new)


def _new_keys(message: KitResults, number: int) -> KitResults:
    return message.edited(lambda text: text.replace('key="uwlr-kit', f'key="{number}-uwlr-kit'))


def _other_child(message: KitResults, number: int) -> KitResults:
    return message.replaced(f">{LEERLING}<", f">{(LEERLING, OTHER)[number % 2]}<")


def _older(message: KitResults, number: int) -> KitResults:
    return message.with_school("aanmaakdatum", (MOMENT - timedelta(hours=number)).isoformat())


def _given_up(message: KitResults, number: int) -> KitResults:
    """Send other results after the failure."""
    return (
        message
        if number < 2
        else message.edited(lambda text: text.replace("uwlr-kit-", "later-").replace("kit</", "2</"))
    )


WRONG: dict[str, tuple[Edit, set[str]]] = {
    "a decimal score": (_replace(SCORE, "<lr:score>6.5</lr:score>"), {"CRES-08"}),
    "a letter for a score": (_replace(SCORE, "<lr:score>X</lr:score>"), {"CRES-08"}),
    "a score above its norms": (_replace(SCORE, "<lr:score>99</lr:score>"), {"CRES-08"}),
    "norms that overlap": (_replace(">11</lr:begin", ">9</lr:begin"), {"CRES-09"}),
    "a norm without a bound": (
        _replace(NORM, NORM.replace("<lr:beginnormwaarde>0</lr:beginnormwaarde>", "")),
        {"CRES-09"},
    ),
    "a result of OSO that cannot be": (
        _replace(SCORE, OSO_RESULT.replace(">12<", ">21<")),
        {"CRES-10"},
    ),
    "one key twice": (_replace(f'"{KEYS[1]}"', f'"{KEYS[0]}"'), {"CRES-07"}),
    "no such toets": (_replace("<lr:toetscode>uwlr-kit<", "<lr:toetscode>x<"), {"CRES-07"}),
    "no aanmaakdatum": (
        lambda it, _: it.edited(lambda text: text.replace("lr:aanmaakdatum>", "lr:datum>")),
        {"CRES-06"},
    ),
    "an unknown element": (_replace("<lr:resultaten>", "<lr:klas>5</lr:klas><lr:resultaten>"), {"CRES-06"}),
    "another version": (lambda it, _: it.with_school("xsdversie", "9.9"), {"CRES-11"}),
    "an empty version": (lambda it, _: it.with_school("xsdversie", ""), {"CRES-21"}),
    "another order": (
        lambda it, _: it.edited(
            lambda text: text.replace(it.afnames_xml() + it.toetsen_xml(), it.toetsen_xml() + it.afnames_xml())
        ),
        {"CRES-22"},
    ),
    "white space": (_replace(f">{LEERLING}<", f">\n {LEERLING} <"), {"CRES-23"}),
    "an empty infourl": (_replace(f"{SCORE}", f"{SCORE}<lr:infourl/>"), {"CRES-24"}),
    "parts without a namespace": (
        lambda it, _: it.edited(lambda text: text.replace("<aut:klant", "<klant").replace("</aut:klant", "</klant")),
        {"CRES-25"},
    ),
    "no offset": (lambda it, _: it.edited(lambda text: text.replace("+00:00<", "<")), {"CRES-27"}),
    "a leerling of its own invention": (_replace(f">{LEERLING}<", ">L99999<"), {"CRES-12"}),
    "no autorisatie": (lambda it, _: it.replaced(it.header_xml(), ""), {"CRES-03"}),
    "another klantcode": (lambda it, _: it.with_part("klantcode", "x"), {"CRES-04"}),
    "another sleutel": (lambda it, _: it.with_part("autorisatiesleutel", "x"), {"CRES-05"}),
    "another school": (lambda it, _: it.with_school("dependancecode", "01"), {"CRES-05"}),
    "new keys at each send": (_new_keys, {"CRES-31", "CRES-41"}),
    "a key that goes to another child": (_other_child, {"CRES-32"}),
    "moments that go back": (_older, {"CRES-33"}),
    "what failed is forgotten": (_given_up, {"CRES-41"}),
}
"""Wrong callers, and the checks that catch them."""


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_caller_is_caught(name: str) -> None:
    """The checks that are meant for it fail, and no other one."""
    edit, caught_by = WRONG[name]
    found = of_results(sent_by(edit))
    assert {one for one, verdict in found.items() if verdict is Verdict.FAIL} == caught_by


@pytest.mark.parametrize(
    ("traits", "caught_by"),
    [
        ({"headers": {"HTTP_SOAPACTION": '"iets"'}}, {"CRES-02"}),
        ({"headers": {"content_type": "application/soap+xml"}}, {"CRES-01"}),
        ({"pause": 2.0}, {"CRES-42"}),
    ],
)
def test_the_manners_of_a_caller(traits: dict[str, Any], caught_by: set[str]) -> None:
    """Its headers, and how long it waits."""
    found = of_results(sent_by(**traits))
    assert {one for one, verdict in found.items() if verdict is Verdict.FAIL} == caught_by


def test_no_report_has_the_leerling_or_a_code() -> None:
    """Whatever is wrong: a report may be published."""
    for edit in (WRONG["a decimal score"][0], WRONG["another klantcode"][0], _new_keys):
        content = report_json.write(report(sent_by(edit).app)).decode()
        assert not [one for one in (LEERLING, CREDENTIALS.klantcode, CREDENTIALS.autorisatiesleutel) if one in content]
        assert "leerresultaten_verzoek" in content


def test_who_sends_no_results_is_not_judged_for_it() -> None:
    """Each of these checks is left out; the WSDL of results is there."""
    time = Time()
    app = endpoint(time)
    reply = call(app, method="GET", path=RESULTS_PATH, query="wsdl")
    assert b'name="BrengLeerresultaten"' in reply.body
    assert set(of_results(Sender(app, time)).values()) == {Verdict.OMIT}
