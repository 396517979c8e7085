"""The steps of a scenario of the kit: each is done by a command, or by a person at a prompt."""

import os
import shlex
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import click

from uwlr_adapter.cli.base import Context
from uwlr_adapter.cli.secrets import CODE_VARIABLE
from uwlr_adapter.cli.terminal import escape
from uwlr_adapter.kit.checks import RunStoppedError
from uwlr_adapter.kit.scenarios import SCENARIOS
from uwlr_adapter.kit.session import ScenarioStep

MAX_HOOK_SECONDS: Final = 600
"""Seconds for the command of one step (inclusive): long enough for one that drives a browser."""


@dataclass(frozen=True, slots=True)
class PlayedScenario:
    """A scenario as it was asked for: its name, and who does its steps."""

    name: str
    _context: Context
    _commands: Mapping[str, list[str]] = field(repr=False)
    """The commands of steps, by name; a step without one is done by a person."""
    _code: str = field(repr=False)

    def perform(self, step: ScenarioStep) -> None:
        """Have a step done, and return when it is. Raises RunStoppedError."""
        command = self._commands.get(step.name)
        if command is None:
            self._ask(step)
        else:
            self._run(step, command)

    def _ask(self, step: ScenarioStep) -> None:
        self._context.messages.print(f"Step {step.name}: {step.text}")
        try:
            click.confirm("Is it done?", default=True, abort=True, err=True)
        except click.Abort:
            raise RunStoppedError(f"the step {step.name} was not done") from None

    def _run(self, step: ScenarioStep, command: list[str]) -> None:
        """Run the command of a step, with the code of this run in its environment; what it prints is shown."""
        try:
            done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, CODE_VARIABLE: self._code},
                timeout=MAX_HOOK_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RunStoppedError(f"the command of the step {step.name} took more than {MAX_HOOK_SECONDS} s") from None
        except OSError as error:
            kind = type(error).__name__
            raise RunStoppedError(f"the command of the step {step.name} cannot be run ({kind})") from None
        for line in done.stdout.decode(errors="replace").splitlines():
            self._context.messages.print(f"{step.name}: {escape(line)}")
        if done.returncode:
            raise RunStoppedError(f"the command of the step {step.name} ended with status {done.returncode}")


def scenario_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options for a scenario to a command; it gets `scenario` and `hook`."""
    hook = click.option(
        "--hook",
        multiple=True,
        metavar="STEP=COMMAND",
        help=f"A command for a step, which finds the code in {CODE_VARIABLE}; for a step without one you are asked.",
    )
    scenario = click.option(
        "--scenario",
        type=click.Choice(list(SCENARIOS)),
        help="Run this scenario instead of a plan; it ends a koppeling for good.",
    )
    return scenario(hook(command))


def chosen_scenario(
    context: Context, name: str | None, hooks: tuple[str, ...], autorisatiesleutel: str
) -> PlayedScenario | None:
    """Return the scenario that was asked for, if any. Raises UsageError for a hook that does not fit."""
    if name is None:
        if hooks:
            raise click.UsageError("--hook is for the steps of a --scenario")
        return None
    steps = [step.name for step in SCENARIOS[name].steps]
    commands: dict[str, list[str]] = {}
    for hook in hooks:
        step, _, text = hook.partition("=")
        if step not in steps:
            raise click.UsageError(f"--hook names no step of this scenario: {', '.join(steps)}")
        try:
            commands[step] = shlex.split(text)
        except ValueError:
            commands[step] = []
        if not commands[step]:
            raise click.UsageError(f"--hook {step}= needs a command, with each quote closed")
    return PlayedScenario(name, context, commands, autorisatiesleutel)
