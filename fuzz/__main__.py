"""Run the fuzzers for so many minutes, or repeat one input: `python -m fuzz --help`."""

import argparse
import logging
import sys
import time
import traceback
from hashlib import sha256
from pathlib import Path

from fuzz.engine import Run, run
from fuzz.target import Target, counted
from fuzz.targets import TARGETS

FINDINGS = Path(__file__).parent / "findings"


def main() -> int:
    """Print a line for each target; return 1 when one of them has a finding."""
    options = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    options.add_argument("--minutes", type=float, default=5, help="minutes for all targets together")
    options.add_argument("--seed", type=int, default=0, help="another seed makes other inputs")
    options.add_argument("--target", choices=sorted(TARGETS), help="run this one alone")
    options.add_argument("--input", type=Path, help="check the bytes of this file only; needs --target")
    chosen = options.parse_args()
    logging.disable()  # what the targets log of failures that are played
    if chosen.input is not None:
        if chosen.target is None:
            options.error("--input needs --target")
        return _repeat(TARGETS[chosen.target], chosen.input.read_bytes())
    targets = [TARGETS[chosen.target]] if chosen.target else list(TARGETS.values())
    seconds = chosen.minutes * 60 / len(targets)
    print(f"{'target':<12}{'inputs':>10}{'a second':>10}{'verdicts':>10}  findings   (seed {chosen.seed})")
    runs = [_run_for(target, chosen.seed, seconds) for target in targets]
    print(f"{'all':<12}{sum(one.executions for one in runs):>10}")
    return int(any(one.finding is not None for one in runs))


def _run_for(target: Target, seed: int, seconds: float) -> Run:
    """Run a target for so many seconds and print its line."""
    until = time.monotonic() + seconds
    found = run(target, seed, lambda _executions: time.monotonic() < until)
    rate = found.executions / max(found.seconds, 0.001)
    number = int(found.finding is not None)
    print(f"{target.name:<12}{found.executions:>10}{rate:>10.0f}{found.verdicts:>10}  {number}", flush=True)
    if found.finding is not None:
        FINDINGS.mkdir(exist_ok=True)
        data = found.finding.data
        path = FINDINGS / f"{target.name}-{sha256(data).hexdigest()[:12]}"
        path.write_bytes(data)
        traceback.print_exception(found.finding.error, limit=-8)
        print(f"repeat it: make fuzz TARGET={target.name} INPUT={path.relative_to(Path(__file__).parents[1])}")
    return found


def _repeat(target: Target, data: bytes) -> int:
    for sample in target.samples():
        target.check(sample)  # what is made once for all inputs is not counted
    try:
        print(counted(target, data))
    except Exception:  # noqa: BLE001 - the finding
        traceback.print_exc(limit=-8)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
