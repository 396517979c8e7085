"""The plans: which chapters are run, for which version and profile."""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from uwlr_adapter.brin import brincode_of, dependancecode_of, is_brin6
from uwlr_adapter.clock import schooljaar_start
from uwlr_adapter.contract.fields import SET_NAMES
from uwlr_adapter.contract.profiles import ALIASES, STANDARD, NamedProfiel, fold_name
from uwlr_adapter.contract.versions import USUAL_VERSION, VERSIONS
from uwlr_adapter.errors import RefusedError
from uwlr_adapter.kit.checks import Check
from uwlr_adapter.kit.session import Target
from uwlr_adapter.kit.suites import ALL, RESULTS
from uwlr_adapter.kit.suites.expect import SHORTEST_TIMEOUT
from uwlr_adapter.outbound import Permissions

USUAL_PLAN = f"las-{USUAL_VERSION}"
SECONDS = float(SHORTEST_TIMEOUT)
"""Seconds for one call."""
MAX_SECONDS = 600.0
"""Seconds for one call (inclusive) that can be asked for."""
_MAX_PART = 64
"""Characters of a part of the autorisatie (inclusive), as the schema has it."""
_WHOLE = tuple(suite.name for suite in ALL)

_ELEVEN = (
    *("AUT-01", "AUT-02", "AUT-06", "AUT-11", "AUT-12", "AUT-13", "AUT-14"),
    *("REQ-01", "REQ-06", "REQ-14", "REQ-30"),
)
"""No autorisatie, two, an empty autorisatiesleutel, a wrong klantcode, klantnaam, autorisatiesleutel and school, and a
wrong schooljaar, brincode, laatstontvangengegevens and xsdversie."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan: names of suites or ids of checks, and the version and the profile if it fixes them."""

    name: str
    text: str
    suites: tuple[str, ...] = _WHOLE
    xsdversie: str | None = None
    profiel: str | None = None


class PlanError(RefusedError):
    """A plan, a profile, a suite or a check of this name does not exist, or nothing is left to run."""


def _plans() -> dict[str, Plan]:
    found = [Plan(f"las-{version}", f"a LAS for UWLR {version}", xsdversie=version) for version in VERSIONS]
    for version in VERSIONS:
        found += [
            Plan(
                f"las-{version}-{fold_name(profiel)}",
                f"a LAS for UWLR {version} under the profile {profiel}",
                xsdversie=version,
                profiel=profiel,
            )
            for profiel in SET_NAMES
        ]
    found += [
        Plan("getrapt", "only the three operations by groups", ("http", "leerlinggegevens", "getrapt")),
        Plan("soapui", "the eleven requests with one error each of the SoapUI set for LASes", _ELEVEN),
        Plan("wsdl", "only the WSDL; no request for data is sent", ("wsdl",)),
    ]
    return {plan.name: plan for plan in found}


PLANS = _plans()
"""The plans by name."""


def plan_named(name: str) -> Plan:
    """Return a plan by its name. Raises PlanError."""
    if name not in PLANS:
        raise PlanError(f"there is no plan {name}: `uwlr-adapter check --list` shows them")
    return PLANS[name]


def profile_named(name: str | None) -> NamedProfiel | None:
    """Return a profile of the standard by its name in any spelling, None for none. Raises PlanError."""
    if not name:
        return None
    set_name = ALIASES.get(fold_name(name))
    if set_name is None:
        raise PlanError(f"there is no profile of this name: it is one of {', '.join(SET_NAMES)}")
    return STANDARD[set_name]


def target_of(
    plan: Plan,
    url: str,
    *,
    klantnaam: str,
    klantcode: str,
    autorisatiesleutel: str,
    brin6: str,
    schooljaar: str,
    xsdversie: str | None = None,
    profile: str | None = None,
    seconds: float = SECONDS,
    permissions: Permissions,
    leerlingid: str = "",
) -> Target:
    """Return the target of a run; the version and the profile are those of the plan unless named.

    What could only make a right endpoint refuse the run is not sent. Raises PlanError.
    """
    if not is_brin6(brin6):
        raise PlanError("a brin6 is a brincode and a dependancecode in capitals, such as 21QW00")
    if schooljaar_start(schooljaar) is None:
        raise PlanError("a schooljaar is two following years, such as 2026-2027")
    version = xsdversie or plan.xsdversie or USUAL_VERSION
    if version not in VERSIONS:
        raise PlanError(f"this kit does not know that xsdversie: it is one of {', '.join(VERSIONS)}")
    if not 0 < seconds <= MAX_SECONDS:  # NaN is none of these
        raise PlanError(f"a timeout is more than 0 and at most {MAX_SECONDS:g} seconds")
    credentials = {"klantnaam": klantnaam, "klantcode": klantcode, "autorisatiesleutel": autorisatiesleutel}
    for name, text in credentials.items():
        if not 0 < len(text) <= _MAX_PART or not text.isprintable():
            raise PlanError(f"the {name} is not a text of 1 to {_MAX_PART} printable characters")
    return Target(
        url=url,
        **credentials,
        brincode=brincode_of(brin6),
        dependancecode=dependancecode_of(brin6),
        schooljaar=schooljaar,
        xsdversie=version,
        profiel=profile_named(profile or plan.profiel),
        seconds=seconds,
        permissions=permissions,
        leerlingid=leerlingid,
    )


def choose(plan: Plan, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> list[Check]:
    """Return the checks of a plan in their order; `only` and `skip` hold names of suites and ids of checks.

    What a chosen check builds on comes along, from a skipped suite too. A skipped check does not, and what builds on
    it is left out with it. Raises PlanError.
    """
    return pick([check for suite in ALL for check in suite], only, skip, plan.suites)


def choose_results(only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> list[Check]:
    """Return the checks of an endpoint of results in their order, chosen as `choose` does. Raises PlanError.

    The last one, which leaves the scores as the first one had them, is always among them.
    """
    chosen = pick([check for suite in RESULTS for check in suite], only, skip)
    last = next(reversed(list(RESULTS[-1])))
    return chosen if last in chosen or not {one.id for one in chosen}.issuperset(last.after) else [*chosen, last]


def pick(
    checks: Iterable[Check], only: tuple[str, ...], skip: tuple[str, ...], usual: tuple[str, ...] = ()
) -> list[Check]:
    """Return some of these checks in their order, with what a chosen one builds on, as far as that is among them.

    `only` and `skip` hold names of suites and ids of checks; without `only` it is those of `usual`, or all. Raises
    PlanError when a name is that of nothing here, or when nothing is left.
    """
    by_id = {check.id: check for check in checks}
    named = {check.suite for check in by_id.values()} | by_id.keys()
    for word in (*only, *skip):
        if word not in named:
            raise PlanError(f"{word} is no suite and no check of this run: `uwlr-adapter check --list` shows them")

    def is_named(check: Check, words: Container[str]) -> bool:
        return check.id in words or check.suite in words

    chosen = {
        check.id for check in by_id.values() if is_named(check, only or usual or named) and not is_named(check, skip)
    }
    grown: set[str] = set()
    while grown != chosen:
        grown = set(chosen)
        chosen |= {one for check_id in grown for one in by_id[check_id].after if one in by_id}
    for check in by_id.values():  # in their order, so that what builds on a check comes after it
        if check.id in skip or not chosen.issuperset(by_id.keys() & set(check.after)):
            chosen.discard(check.id)
    if not chosen:
        raise PlanError("nothing is left to run")
    return [check for check in by_id.values() if check.id in chosen]
