"""`uwlr-adapter check --client` and `check --proxy`: a verdict on what calls here."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import click

from uwlr_adapter import outbound
from uwlr_adapter.brin import brincode_of, dependancecode_of
from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.check_choice import Show, choice_options, print_checks
from uwlr_adapter.cli.check_output import ReportFiles, deliver, report_files, report_options
from uwlr_adapter.cli.interruption import interruptible
from uwlr_adapter.cli.secrets import secret_option
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.clock import day_of, schooljaar_of
from uwlr_adapter.contract.names import AUTORISATIE_PARTS
from uwlr_adapter.demo import setup
from uwlr_adapter.kit.checks import Check
from uwlr_adapter.kit.listening import example_school, verdicts
from uwlr_adapter.kit.listening.between import Between, send_outbound
from uwlr_adapter.kit.listening.chapters import REQUESTS
from uwlr_adapter.kit.listening.endpoint import PATH, RESULTS_PATH, SLOW_SECONDS, CallerEndpoint, Script
from uwlr_adapter.kit.listening.judging import Credentials
from uwlr_adapter.kit.listening.listener import listening, wait_for_caller
from uwlr_adapter.kit.listening.situations import BY_NAME, SITUATIONS
from uwlr_adapter.kit.listening.turn import PAUSE_SECONDS, Conversation, Turn
from uwlr_adapter.kit.listening.verdicts import ChosenChecks, ListeningRun
from uwlr_adapter.kit.masking import shown_url
from uwlr_adapter.kit.plans import PlanError, profile_named
from uwlr_adapter.kit.report import Report, ReportScope
from uwlr_adapter.outbound import OutboundError, Permissions
from uwlr_adapter.server.port import ListenError
from uwlr_adapter.web.source import LOOPBACK

NO_REQUEST = "no request came"
"""Why a run that listened judged nothing."""
_POLL_SECONDS = 0.2
_MAX_PART = 64
"""Characters of a part of the autorisatie (inclusive), by its schema."""
_KEEP_SECONDS = 10.0
"""Seconds after which the files of the report are written anew while the run goes on."""


class ListeningApp(Protocol):
    """An application that a listening run serves."""

    conversation: Conversation

    @property
    def is_done(self) -> bool:
        """Whether the run has come to its end."""

    def __call__(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI
        """Answer one HTTP request."""


def _listen_options(show: Show) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that adds the options of both commands; `show` prints the list of one."""
    options = (
        choice_options(show),
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option(
            "--port",
            default=8090,
            show_default=True,
            type=click.IntRange(0, 65535),
            help="Port to listen on; 0 takes a free one.",
        ),
        click.option("--calls", type=click.IntRange(1), help="End after so many requests."),
        click.option(
            "--pause",
            type=click.FloatRange(1, 3600),
            default=PAUSE_SECONDS,
            show_default=True,
            help="Seconds for which a good client leaves the service in peace after a fault.",
        ),
        click.option("--strict", is_flag=True, help="Let a failed check of level should weigh as a must."),
        report_options,
    )

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def _list_client(context: Context) -> None:
    """Print the situations and the checks of `check --client`."""
    for situation in SITUATIONS:
        context.console.print(f"situation {situation.name}: {escape(situation.title)}")
    _print_chosen(context, verdicts.CALLER)


def _list_proxy(context: Context) -> None:
    """Print the checks of `check --proxy`."""
    _print_chosen(context, verdicts.PROXY)


def _print_chosen(context: Context, checks: tuple[Check, ...]) -> None:
    print_checks(context, checks)
    context.console.print(f"\n{REQUESTS.name}: {REQUESTS.title}, a line of information for each")


def _chosen(available: tuple[Check, ...], only: tuple[str, ...], skip: tuple[str, ...]) -> ChosenChecks:
    """Return the checks that were asked for. Raises UsageError."""
    try:
        return verdicts.choose(available, only, skip)
    except PlanError as error:
        raise click.UsageError(str(error)) from None


def _situations(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for name in value:
        if name not in BY_NAME:
            raise click.BadParameter(f"there is no situation {name}; there are {', '.join(BY_NAME)}")
    return value


@click.command()
@click.option(
    "--client", is_flag=True, required=True, help="Judge the callers of an endpoint that this command serves."
)
@click.option("--public-url", help="URL by which the caller reaches this machine, such as http://kit.example:8090.")
@click.option(
    "--situation",
    "situations",
    multiple=True,
    callback=_situations,
    metavar="NAME",
    help=f"Only this situation; repeatable. There are: {', '.join(BY_NAME)}.",
)
@click.option(
    "--slow",
    type=click.FloatRange(0, 600),
    default=SLOW_SECONDS,
    show_default=True,
    help="Seconds that the slow answer takes.",
)
@click.option("--klantnaam", default=setup.KLANTNAAM, show_default=True, help="The klantnaam that the caller sends.")
@secret_option("--klantcode", "The klantcode that the caller sends; default: a published one.", setup.KLANTCODE)
@secret_option(
    "--autorisatiesleutel",
    "The autorisatiesleutel that the caller sends; default: a published one.",
    setup.VERIFICATIECODE,
)
@_listen_options(_list_client)
@click.pass_obj
def check_client(
    context: Context,
    /,
    *,
    client: bool,  # noqa: ARG001 - it chose this command
    klantnaam: str,
    klantcode: str,
    autorisatiesleutel: str,
    public_url: str | None,
    situations: tuple[str, ...],
    slow: float,
    host: str,
    port: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    calls: int | None,
    pause: float,
    strict: bool,
    against: Report | None,
    **forms: Path | None,
) -> None:
    """Serve the example school, and judge each request of whatever calls it.

    The caller meets one situation after the other: a next one with each question that it asks again. After a fault it
    has to leave the service in peace for --pause seconds first. The run ends at Ctrl-C or SIGTERM, after --calls
    requests, or when each situation was met. Results that the caller sends back are taken and judged too.

    Example:  uwlr-adapter check --client --port 8090 --html caller.html
    """
    chosen, kept = _chosen(verdicts.CALLER, only, skip), _kept(forms)
    if public_url is not None and not _is_base(public_url):
        raise click.UsageError("--public-url is scheme, host and port, such as http://kit.example:8090")
    moment = context.clock()
    schooljaar = schooljaar_of(day_of(moment))
    credentials = Credentials(
        klantnaam, klantcode, autorisatiesleutel, setup.BRIN6, example_school.schoolkey(schooljaar)
    )
    _require_sendable(credentials)
    script = Script(tuple(one for one in SITUATIONS if one.name in (situations or BY_NAME)), slow, calls)

    scope = ReportScope(brin6=setup.BRIN6, schooljaar=schooljaar)

    def make(base_url: str) -> ListeningApp:
        base = (public_url or base_url).rstrip("/")
        talk = Conversation(context.clock, time.monotonic, f"{base}{PATH}", pause)
        return CallerEndpoint(talk, credentials, base, script, wait_for_caller)

    def report(talk: Conversation, stopped: str) -> Report:
        return verdicts.caller_report(talk, ListeningRun(talk.shown_url, moment, chosen, scope, strict), stopped)

    def announce(app: ListeningApp) -> None:
        _show_school(context, app.conversation.shown_url, credentials, schooljaar)

    with interruptible():
        deliver(context, kept, _run(context, host, port, make, announce, report, kept), against)


@click.command()
@click.option("--proxy", "target", required=True, metavar="URL", help="The endpoint to which everything is handed on.")
@click.option("--profile", help="The profile that was agreed on: smalle set, LVS-set or volledig.")
@click.option("--allow-private", is_flag=True, help="Call this machine, or an address on a private network.")
@click.option("--allow-http", is_flag=True, help="Let the codes travel to or from another machine without encryption.")
@_listen_options(_list_proxy)
@click.pass_obj
def check_proxy(
    context: Context,
    /,
    *,
    target: str,
    profile: str | None,
    allow_private: bool,
    allow_http: bool,
    host: str,
    port: int,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    calls: int | None,
    pause: float,
    strict: bool,
    against: Report | None,
    **forms: Path | None,
) -> None:
    """Stand between a caller and the endpoint at URL: hand everything on unchanged, and judge both sides.

    Let the caller call the address that this command shows; the WSDL is handed on unchanged too, and names the address
    of the endpoint itself. The run ends at Ctrl-C or SIGTERM, or after --calls requests.

    Example:  uwlr-adapter check --proxy https://uwlr.example.nl/uwlr/leerlinggegevens --html both.html
    """
    if host not in LOOPBACK and not allow_http:
        raise click.UsageError(
            f"codes would travel without encryption when this listens on {host}: allow it with --allow-http"
        )
    try:
        profiel = profile_named(profile)
    except PlanError as error:
        raise click.UsageError(str(error)) from None
    try:
        outbound.parse_url(target)
    except OutboundError as error:
        raise click.UsageError(f"--proxy takes an http:// or https:// URL: {error}") from None
    chosen, kept = _chosen(verdicts.PROXY, only, skip), _kept(forms)
    shown = shown_url(target)
    scope = ReportScope(profile="" if profiel is None else profiel.name)
    send = send_outbound(Permissions(private=allow_private, plain=allow_http))
    flags = {"--allow-private": allow_private, "--allow-http": allow_http, "--strict": strict}
    options = (*(flag for flag, is_set in flags.items() if is_set), *(("--profile", profile) if profile else ()))
    run = ListeningRun(shown, context.clock(), chosen, scope, strict, options)

    def make(base_url: str) -> ListeningApp:
        talk = Conversation(context.clock, time.monotonic, f"{base_url}{urlsplit(shown).path}", pause)
        return Between(talk, target, send, profiel, calls)

    def announce(app: ListeningApp) -> None:
        context.messages.print(
            f"Let the caller call {escape(app.conversation.shown_url)}; Ctrl-C ends the run.", soft_wrap=True
        )

    def report(talk: Conversation, stopped: str) -> Report:
        return verdicts.proxy_report(talk, run, stopped)

    with interruptible():
        deliver(context, kept, _run(context, host, port, make, announce, report, kept), against)


def _is_base(url: str) -> bool:
    """Whether a URL is one to which the path of a service can be added."""
    try:
        parts = outbound.parse_url(url)
    except OutboundError:
        return False
    return not (parts.query or parts.fragment)


def _kept(forms: dict[str, Path | None]) -> ReportFiles:
    return report_files(**{name.removesuffix("_file"): path for name, path in forms.items()})


def _run(
    context: Context,
    host: str,
    port: int,
    make: Callable[[str], ListeningApp],
    announce: Callable[[ListeningApp], None],
    report: Callable[[Conversation, str], Report],
    kept: ReportFiles,
) -> Report:
    """Listen until the run has ended, tell each request, and return the report. Raises ClickException."""
    try:
        with listening(host, port) as server:
            app = make(server.base_url)
            try:
                server.serve(app)
                announce(app)
                _follow(context, app, report, kept)
            except KeyboardInterrupt:
                context.messages.print("Interrupted: the report has what came until now.")
    except ListenError as error:
        raise click.ClickException(str(error)) from error
    return report(app.conversation, "" if app.conversation.turns else NO_REQUEST)


def _follow(
    context: Context, app: ListeningApp, report: Callable[[Conversation, str], Report], kept: ReportFiles
) -> None:
    """Print each request when it is answered, until the run has ended."""
    talk, told, saved = app.conversation, 0, time.monotonic()
    while not (app.is_done and told == len(talk.turns)):
        time.sleep(_POLL_SECONDS)
        while told < len(talk.turns) and talk.turns[told].ended is not None:
            context.messages.print(_told(talk.turns[told]), soft_wrap=True)
            told += 1
        if kept.paths and time.monotonic() - saved > _KEEP_SECONDS:
            saved = time.monotonic()
            kept.keep(report(talk, "it had not come to its end when this report was written"))


def _told(turn: Turn) -> str:
    where = f" ({turn.situation})" if turn.situation else ""
    wrong = "; ".join(sentence for _, sentence in turn.deviations)
    return escape(f"{turn.number} {turn.operation or '-'}{where}: {turn.verdict}{f': {wrong}' if wrong else ''}")


def _require_sendable(credentials: Credentials) -> None:
    """Require that a valid request can carry these credentials. Raises UsageError, without any of them."""
    for name in AUTORISATIE_PARTS:
        if not 0 < len(getattr(credentials, name)) <= _MAX_PART:
            raise click.UsageError(f"--{name} has 1 to {_MAX_PART} characters, as the autorisatie of a request")


def _show_school(context: Context, endpoint: str, credentials: Credentials, schooljaar: str) -> None:
    """Print what the caller needs; a code that is not a published one is not shown."""
    values = {
        "address": endpoint,
        "WSDL": f"{endpoint}?wsdl",
        "address of results": f"{endpoint.removesuffix(PATH)}{RESULTS_PATH}",
        "klantnaam": credentials.klantnaam,
        "klantcode": _shown_code(credentials.klantcode, setup.KLANTCODE),
        "autorisatiesleutel": _shown_code(credentials.autorisatiesleutel, setup.VERIFICATIECODE),
        "brincode": brincode_of(setup.BRIN6),
        "dependancecode": dependancecode_of(setup.BRIN6),
        "schooljaar": schooljaar,
    }
    for name, value in values.items():
        context.messages.print(escape(f"{name:<20}{value}"), soft_wrap=True)
    context.messages.print("Ctrl-C ends the run.")


def _shown_code(code: str, published: str) -> str:
    return code if code == published else "(the one that you gave)"
