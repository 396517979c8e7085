"""`uwlr-adapter check`: a verdict per rule of UWLR on an endpoint."""

import time
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.check_choice import choice_options, print_checks
from uwlr_adapter.cli.check_output import ReportFiles, deliver, report_files, report_options
from uwlr_adapter.cli.check_results import RESULTS_RUN, read_leerlingid
from uwlr_adapter.cli.check_scenario import PlayedScenario, chosen_scenario, scenario_options
from uwlr_adapter.cli.interruption import interruptible
from uwlr_adapter.cli.secrets import secret_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.nouns import count_noun
from uwlr_adapter.contract.versions import USUAL_VERSION
from uwlr_adapter.kit import plans, runner
from uwlr_adapter.kit.checks import Check
from uwlr_adapter.kit.plans import PLANS, SECONDS, USUAL_PLAN, Plan, PlanError
from uwlr_adapter.kit.report import CheckResult, Report
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.session import Intensity, Session, nobody
from uwlr_adapter.outbound import Permissions

_COLUMNS = (
    *(TextColumn("Checking …"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()),
    TextColumn("{task.description}"),
)
"""Columns of the line of progress, the last check that was done included."""


_KINDS = {
    "endpoint": "Checks of an endpoint",
    "results": "Checks of an endpoint of results, which write (check --results)",
    "scenario": "Checks of a scenario",
    "caller": "Checks of a caller (check --client)",
    "proxy": "Checks between a caller and an endpoint (check --proxy URL), beside those of both",
}


def _print_list(context: Context) -> None:
    """Print the plans, the scenarios, and every check by the kind of run that has it."""
    # Every chapter needs the example school and the service, which take a second to load.
    from uwlr_adapter.kit.contents import CONTENTS  # noqa: PLC0415

    for plan in PLANS.values():
        context.console.print(f"plan {plan.name}: {plan.text}")
    for scenario in SCENARIOS.values():
        context.console.print(f"scenario {scenario.name}: {escape(scenario.text)}")
    for kind, suites in CONTENTS.items():
        context.console.print(f"\n{_KINDS[kind]}")
        print_checks(context, (check for suite in suites for check in suite))


class CheckCommand(click.Command):
    """The command `check`; with --client or --proxy it is another command, with options of its own."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - click's signature
    ) -> click.Context:
        """Return the context of the command that the arguments choose."""
        modes = {one.partition("=")[0] for one in args} & {"--client", "--proxy"}
        if not modes:
            try:
                return super().make_context(info_name, args, parent, **extra)
            except click.Abort:  # the prompt for a secret found nobody, as in a CI that keeps its secrets from a fork
                raise click.UsageError(
                    "the klantcode and the autorisatiesleutel are needed: from UWLR_KLANTCODE and "
                    "UWLR_AUTORISATIESLEUTEL, from a file (@FILE), or at a prompt"
                ) from None
        # Only these need the example school and the service.
        from uwlr_adapter.cli.check_listening import check_client, check_proxy  # noqa: PLC0415

        command = check_client if "--client" in modes else check_proxy
        return command.make_context(info_name, args, parent, **extra)


@click.command(cls=CheckCommand)
@click.argument("url")
@click.option("--klantnaam", required=True, help="Your klantnaam at the student administration.")
@secret_option("--klantcode", "The klantcode that belongs to the klantnaam.")
@secret_option("--autorisatiesleutel", "The verificatiecode that the school entered.")
@click.option("--brin6", required=True, help="Brincode and dependancecode, such as 21QW00.")
@click.option("--schooljaar", help="Such as 2026-2027; default: the current one.")
@click.option("--xsdversie", help=f"UWLR version; default: that of the plan, else {USUAL_VERSION}.")
@click.option("--profile", help="The profile that was agreed on: smalle set, LVS-set or volledig.")
@click.option("--plan", default=USUAL_PLAN, show_default=True, help="What to run; --list shows the plans.")
@choice_options(_print_list)
@click.option("--strict", is_flag=True, help="Let a failed check of level should weigh as a must.")
@click.option(
    "--intensity",
    type=click.Choice([one.value for one in Intensity]),
    default=Intensity.NORMAL.value,
    show_default=True,
    help="How fast to ask; gentle is for a service in use.",
)
@click.option(
    "--timeout",
    type=float,
    default=SECONDS,
    show_default=True,
    help="Seconds to wait for one answer.",
)
@click.option(
    "--results",
    metavar="LEERLINGID|@FILE",
    callback=read_leerlingid,
    help="Judge an endpoint of results, and write there: of this leerling, or of the first one in a saved answer.",
)
@scenario_options
@report_options
@click.option("--allow-private", is_flag=True, help="Call this machine, or an address on a private network.")
@click.option("--allow-http", is_flag=True, help="Send the codes to another machine without encryption.")
@click.pass_obj
def check(
    context: Context,
    url: str,
    klantnaam: str,
    klantcode: str,
    autorisatiesleutel: str,
    brin6: str,
    schooljaar: str | None,
    xsdversie: str | None,
    profile: str | None,
    plan: str,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    *,
    strict: bool,
    intensity: str,
    timeout: float,
    results: str | None,
    scenario: str | None,
    hook: tuple[str, ...],
    json_file: Path | None,
    junit_file: Path | None,
    html_file: Path | None,
    against: Report | None,
    allow_private: bool,
    allow_http: bool,
) -> None:
    """Judge the UWLR endpoint at URL: a verdict per rule, and a report without a name or a code in it.

    The exit status is 0 when the endpoint is conformant, 1 when it is not, and 2 when it could not be judged.

    The files of the report are written after each chapter, so that they are there when the run is broken off.

    With `--results` URL is an endpoint of BrengLeerresultaten. That run writes: it leaves three results of a toets
    `uwlr-kit` with the leerling, the same ones each time, which only the school can take away.

    Two other kinds of run have options of their own: `check --client --help` judges what calls here, and
    `check --proxy URL --help` stands between a caller and an endpoint.

    \b
    Example:
      uwlr-adapter check http://127.0.0.1:8080/uwlr/leerlinggegevens \\
        --allow-private --klantnaam Snappet --klantcode @klantcode.txt --brin6 21QW00
    """  # noqa: D301 - \b is click's mark for text that is not folded
    played = chosen_scenario(context, scenario, hook, autorisatiesleutel)
    if played is not None and (only or skip):
        raise click.UsageError("a scenario is run as a whole: leave --only and --skip out")
    if results is not None and (played is not None or profile or plan != USUAL_PLAN):
        raise click.UsageError("--results is a run of its own: leave --plan, --profile and --scenario out")
    try:
        chosen_plan = plans.plan_named(plan)
        target = plans.target_of(
            chosen_plan,
            url,
            klantnaam=klantnaam,
            klantcode=klantcode,
            autorisatiesleutel=autorisatiesleutel,
            brin6=brin6,
            schooljaar=schooljaar or schooljaar_of(day_of(context.clock())),
            xsdversie=xsdversie,
            profile=profile,
            seconds=timeout,
            permissions=Permissions(private=allow_private, plain=allow_http),
            leerlingid=results or "",
        )
        checks = _chosen(chosen_plan, only, skip, played, writes=results is not None)
    except PlanError as error:
        raise click.UsageError(str(error)) from None
    kept = report_files(json=json_file, junit=junit_file, html=html_file)
    session = Session(target, intensity=Intensity(intensity), perform=nobody if played is None else played.perform)
    run = RESULTS_RUN if results is not None else plan if played is None else played.name
    began = time.monotonic()
    with interruptible():
        report = _run(context, session, checks, run, kept, played, strict=strict)
        seconds = round(time.monotonic() - began)
        calls = count_noun(session.calls, "call", "calls")
        context.messages.print(f"{calls} in {seconds // 60} min {seconds % 60} s.")
        deliver(context, kept, report, against)


def _chosen(
    plan: Plan, only: tuple[str, ...], skip: tuple[str, ...], played: PlayedScenario | None, *, writes: bool
) -> list[Check]:
    """Return the checks of a run in their order. Raises PlanError."""
    if writes:
        return plans.choose_results(only, skip)
    return plans.choose(plan, only, skip) if played is None else list(SCENARIOS[played.name].suite)


def _run(
    context: Context,
    session: Session,
    checks: list[Check],
    name: str,
    kept: ReportFiles,
    played: PlayedScenario | None,
    *,
    strict: bool,
) -> Report:
    """Run checks with a line of progress; the files are written on the way."""
    console = context.messages
    is_shown = console.is_terminal and played is None  # a prompt does not go with a line that is drawn anew
    with Progress(*_COLUMNS, console=console, transient=True, disable=not is_shown) as progress:
        task = progress.add_task("", total=len(checks))

        def told(result: CheckResult) -> None:
            progress.update(task, advance=1, description=result.id)

        def keep(report: Report) -> None:
            (kept.keep if session.calls else kept.save)(report)  # a full disk is told before the first call

        kind = RESULTS_RUN if session.target.leerlingid else "endpoint" if played is None else "scenario"
        return runner.run(session, checks, name, context.clock(), kind=kind, strict=strict, told=told, keep=keep)
