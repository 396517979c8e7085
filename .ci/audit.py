"""Ask a vulnerability database about every locked release, by the API of OSV.

Exit 0: audited, and nothing found. Exit 1: a vulnerability, or a release for which the database has no whole answer.
Exit 75: not audited, because no database can be reached.

pip-audit does not tell these apart: it passes over a release whose marker does not hold here, and has one status for
what it finds and for a database that it cannot reach.
"""

import json
import sys
from http import HTTPStatus
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from lock_file import releases

DATABASE = "https://api.osv.dev/v1/querybatch"
KNOWN = ("jinja2", "2.4.1")
"""A release with published vulnerabilities: a database that does not know them knows nothing of ours."""
TIMEOUT = 30
"""Seconds."""
AUDITED, FAILED, NOT_AUDITED = 0, 1, 75

Release = tuple[str, str]
"""Name and version."""


class UnreachableError(Exception):
    """No database answers; the text says why."""


def locked() -> list[Release]:
    """Return every release of the three lock files once."""
    files = sorted(Path(__file__).parents[1].glob("requirements*.lock"))
    found = (release for file in files for release, _ in releases(file.read_text(encoding="utf-8")))
    return sorted({(one.name, next(iter(one.specifier)).version) for one in found})


def ask(database: str, asked: list[Release]) -> list[object]:
    """Return the database's answer for each release, in order; raise UnreachableError, or ValueError for no answer."""
    queries = [{"package": {"ecosystem": "PyPI", "name": name}, "version": version} for name, version in asked]
    body = json.dumps({"queries": queries}).encode()
    request = Request(database, body, {"Content-Type": "application/json"})  # noqa: S310 - an address of the caller
    try:
        with urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310
            answer = json.load(response)
    except HTTPError as error:
        if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise UnreachableError(f"the database answers {error.code}") from None
        raise ValueError(f"the database refuses the question with {error.code}") from None
    except URLError as error:
        raise UnreachableError(f"no database can be reached ({type(error.reason).__name__})") from None
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"the database breaks off ({type(error).__name__})") from None
    results = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(results, list):
        raise ValueError("the database gives no results")  # noqa: TRY004 - not a wrong type of ours
    return results


def problem(answer: object) -> str | None:
    """Return what is wrong by the answer for one release; None when it is known to be without vulnerability."""
    if not isinstance(answer, dict) or answer.keys() - {"vulns"}:
        return "skipped: no whole answer"
    found = answer.get("vulns", [])
    return " ".join(sorted(one["id"] for one in found)) or None


def main(database: str) -> int:
    """Print every problem, and what was audited; return the exit status."""
    asked = [KNOWN, *locked()]
    try:
        answers = ask(database, asked)
    except UnreachableError as error:
        print(f"not audited: {error}")
        return NOT_AUDITED
    except ValueError as error:
        print(f"failed: {error}")
        return FAILED
    answers += [None] * (len(asked) - len(answers))
    known, *found = [problem(answer) for answer in answers[: len(asked)]]
    wrong = [f"{name} {version}: {text}" for (name, version), text in zip(asked[1:], found, strict=True) if text]
    if known is None:
        wrong.append(f"the database knows no vulnerability of {' '.join(KNOWN)}, which has some")
    print("\n".join([*wrong, f"audited {len(found)} releases: {len(wrong)} problems"]))
    return FAILED if wrong else AUDITED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else DATABASE))
