"""The API of the sandbox under `/sandbox/api`: JSON out, forms or JSON in, and HTTP Basic with the klantcode."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, NotFound, Unauthorized

from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.errors import RefusedError, SchoolRefusedError
from uwlr_adapter.koppelingen.toestemming import ToestemmingStatus
from uwlr_adapter.sandbox import accounts, sandbox_clock, sent_results
from uwlr_adapter.sandbox.accounts import THE_PUBLISHED, Account, SandboxRefusedError
from uwlr_adapter.sandbox.acts import ACTS
from uwlr_adapter.sandbox.call_log import CallLog, LoggedCall
from uwlr_adapter.sandbox.sandbox_clock import shown
from uwlr_adapter.sandbox.school_file import SandboxLeerling
from uwlr_adapter.sandbox.situations import SandboxPlace, places_of
from uwlr_adapter.sandbox.state import MadeSchool
from uwlr_adapter.sandbox.world import SchoolAct, World
from uwlr_adapter.web.vendor_pages import FAULTS

PREFIX = "/sandbox"
"""The path of the sandbox."""
MAX_DIGITS = 9
"""Digits of the version of a school (exclusive)."""
JSON_TYPE = "application/json"
API = Blueprint("api", __name__)


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages and the API are about."""

    world: World
    calls: CallLog
    base_url: str

    def account_of_session(self, klantnaam: str) -> Account | None:
        """Return the account with a klantnaam that was proved before."""
        return accounts.by_klantnaam(self.world.present, klantnaam)

    def call(self, account: Account, request_id: str) -> LoggedCall:
        """Return the call with an X-Request-ID, of an account or of nobody. Raises NotFound."""
        call = self.calls.find(account.klantnaam, request_id)
        if call is None:
            raise NotFound(
                "No call of yours with that X-Request-ID is kept: the sandbox keeps the last ones in memory only."
            )
        return call

    def koppeling_state(self, place: SandboxPlace) -> str:
        """Return the state of the koppeling of a school, in a word or two."""
        with self.world.database.reading() as connection:
            koppeling = self.world.maker.living(connection, place)
        if koppeling is None:
            return "ended"
        if koppeling.code_digest is None:
            return "paused"
        if not koppeling.is_open(self.world.clock()):
            return f"starts on {koppeling.startdatum}"
        return "active"

    def results_state(self, place: SandboxPlace) -> str:
        """Return whether results come in at a school, in a word or two."""
        with self.world.database.reading() as connection:
            koppeling = self.world.maker.living(connection, place)
        if koppeling is None:
            return "ended"
        return {
            ToestemmingStatus.NOT_GIVEN: "not agreed to",
            ToestemmingStatus.ON: "agreed to",
            ToestemmingStatus.PAUSED: "paused",
        }[koppeling.resultaten.status]


def pages() -> Pages:
    """Return what the pages of this application are about."""
    found: Pages = current_app.extensions["sandbox"]
    return found


def english(error: RefusedError) -> str:
    """Return the sentence of a refusal, in English."""
    return error.english if isinstance(error, SchoolRefusedError) else str(error)


def act_of(name: str) -> SchoolAct:
    """Return an act by its name. Raises NotFound."""
    entry = ACTS.get(name)
    if entry is None:
        raise NotFound(f"There is no act of that name; there are: {', '.join(ACTS)}.")
    return entry.do


def error(text: str) -> str:
    """Return an error as JSON."""
    return json.dumps({"error": text})


def written(call: LoggedCall) -> dict[str, Any]:
    """Return a call as JSON has it."""
    found = {**asdict(call), "moment": shown(call.moment), "repairs": list(call.repairs)}
    return {**found, "explanation": f"{FAULTS}#{call.regel}" if call.regel else ""}


@API.after_request
def as_json(response: Response) -> Response:
    """Say of every answer that it is JSON."""
    response.headers["Content-Type"] = JSON_TYPE
    return response


@API.before_request
def refuse_other_sites() -> None:
    """Refuse what the page of another site has a browser send: it would come with the codes of that browser.

    A browser says from which site a page is, by Sec-Fetch-Site to https and to this machine only, by Origin always.
    """
    if request.method == "GET":
        return
    origin = request.headers.get("Origin")
    own = {urlsplit(pages().base_url).netloc, request.host}
    is_other = origin is not None and origin.rpartition("/")[2] not in own
    if is_other or request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}:
        raise Forbidden("The API is for programs, not for pages of other sites.")


def _account() -> Account:
    """Return the account of the caller. Raises Unauthorized."""
    given = request.authorization
    if given is not None and given.type == "basic":
        account = pages().world.account_of(given.username or "", given.password or "")
        if account is not None:
            return account
        text = "No account of this sandbox has this klantnaam and klantcode."
    else:
        text = "Send klantnaam and klantcode by HTTP Basic, as `curl --user klantnaam:klantcode` does."
    raise Unauthorized(
        text,
        www_authenticate=WWWAuthenticate("basic", {"realm": "UWLR sandbox"}),
    )


def _values() -> Mapping[str, str]:
    """Return what was sent: a JSON object, a form or a query. Raises SandboxRefusedError."""
    if not request.is_json:
        return request.values
    try:
        sent = request.get_json(silent=True)
    except RecursionError:  # thousands of brackets
        sent = None
    if not isinstance(sent, dict) or not all(isinstance(one, str | int) for one in sent.values()):
        raise SandboxRefusedError("send a JSON object of texts and numbers, or a form")
    return {str(name): str(value) for name, value in sent.items()}


def _clock() -> dict[str, str]:
    moment = pages().world.clock()
    today = day_of(moment)
    return {
        "clock": shown(moment),
        "today": today.isoformat(),
        "schooljaar": schooljaar_of(today),
        "real": shown(pages().world.clock.real()),
    }


def _school(place: SandboxPlace, present: MadeSchool, leerlingen: list[SandboxLeerling]) -> dict[str, Any]:
    return {
        **_listed(place),
        "koppeling": pages().koppeling_state(place),
        "resultaten": pages().results_state(place),
        "version": present.version,
        "schooljaren": sorted(present.years),
        "calls": present.calls,
        "leerlingen": [
            {name: getattr(one, name) for name in ("key", "roepnaam", "achternaam", "jaargroep", "groep")}
            for one in leerlingen
        ],
    }


def _listed(place: SandboxPlace) -> dict[str, Any]:
    situation, brin6 = place.situation, place.brin6
    return {
        "brin6": brin6,
        "brincode": brin6[:4],
        "dependancecode": brin6[4:],
        "situation": situation.name,
        "autorisatiesleutel": place.code,
        "profiel": situation.profiel,
        "school": situation.school,
        "answer": situation.answer,
        "results": situation.sent,
    }


@API.get("/")
def show_all() -> str:
    """Return the account, the clock and the schools."""
    account = _account()
    schools = [_listed(place) for place in places_of(account.letters)]
    return json.dumps({"klantnaam": account.klantnaam, **_clock(), "schools": schools})


@API.post("/accounts")
def take_account() -> str:
    """Make an account, and return its codes; there is no other time to see the klantcode."""
    account, klantcode = pages().world.take_account(_values().get("klantnaam", "").strip())
    return json.dumps({"klantnaam": account.klantnaam, "klantcode": klantcode, "letters": account.letters})


@API.post("/clock")
def move_clock() -> str:
    """Move the clock, for everybody."""
    _account()
    world = pages().world
    world.move_clock(sandbox_clock.parse(_values().get("to", ""), world.clock))
    return json.dumps(_clock())


@API.get("/schools/<brin6>")
def show_school(brin6: str) -> str:
    """Return a school of the account, with its leerlingen."""
    return json.dumps(_school(*pages().world.school(_account(), brin6)))


@API.get("/schools/<brin6>/results")
def show_results(brin6: str) -> str:
    """Return what stands at a school of the account of the results that it sent, by page, and its last messages."""
    account, after = _account(), request.args.get("after", "0")
    if not (after.isascii() and after.isdigit() and len(after) < MAX_DIGITS):
        raise SandboxRefusedError("after is the `next` of the page before")
    place, _, _ = pages().world.school(account, brin6)
    return json.dumps(sent_results.written(pages().world.database, account, place, int(after)))


@API.post("/schools/<brin6>/<act>")
def do_act(brin6: str, act: str) -> str:
    """Do an act on a school, and return what was done, and the school as it is then."""
    account, world = _account(), pages().world
    told = world.act(account, brin6, act_of(act), _values())
    return json.dumps({"done": told, **_school(*world.school(account, brin6))})


@API.get("/calls")
def show_calls() -> str:
    """Return the last calls of the account."""
    calls = pages().calls.calls_of(_account().klantnaam)
    return json.dumps({"calls": [written(call) for call in calls]})


@API.get("/calls/<request_id>")
def show_call(request_id: str) -> str:
    """Return one call by its X-Request-ID; without codes, of the published account or of nobody."""
    account = THE_PUBLISHED if request.authorization is None else _account()
    return json.dumps(written(pages().call(account, request_id)))
