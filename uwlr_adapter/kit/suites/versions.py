"""Versions: which are answered, and each in its own."""

from uwlr_adapter.contract import answer, schemas
from uwlr_adapter.contract.versions import BY_NAME, VERSIONS, LeerlingIdentity
from uwlr_adapter.kit.checks import Level, Suite, omit, require
from uwlr_adapter.kit.reading import AnswerKind, Reading, sentence_of
from uwlr_adapter.kit.session import Session
from uwlr_adapter.kit.suites.expect import NO_VERSION, OF_DATA

SUITE = Suite("versions", "VER", "Versions")


def _other(session: Session, version: str) -> Reading:
    """Return the answer of another version than that of the run; ends the check when it is not answered."""
    if version == session.target.xsdversie:
        omit(f"Version {version} is that of this run, and judged by the other chapters.")
    reading = session.answer_of(xsdversie=version)
    if reading.kind is AnswerKind.FAULT and reading.fault_code == NO_VERSION:
        omit(f"The endpoint does not answer version {version}.")
    return reading


def _add_version(number: int, version: str) -> None:
    @SUITE.check(
        number,
        f"Version {version} is answered or refused as a version",
        "R-040",
        "R-041",
        level=Level.SHOULD,
        after=(OF_DATA,),
    )
    def answered(session: Session) -> None:
        reading = _other(session, version)
        require(
            reading.kind is AnswerKind.DATA, f"A request for version {version} is answered with {sentence_of(reading)}."
        )

    first = f"VER-{number:02}"

    @SUITE.check(number + 1, f"An answer to version {version} says so", "R-040", "R-063", after=(first,))
    def named(session: Session) -> None:
        given = _other(session, version).school("xsdversie")
        require(given == version, f"The answer to version {version} names another version, or none.")

    @SUITE.check(number + 2, f"An answer to version {version} is valid by its schema", "R-051", after=(first,))
    def valid(session: Session) -> None:
        root = _other(session, version).root
        found = [] if root is None else answer.check_envelope(root, version)
        places = "; ".join(f"{one.path}: {one.rule}" for one in found[:3])
        require(not found, f"The answer breaks the schema of {version} ({len(found)}x): {places}.")

    @SUITE.check(
        number + 3, f"Persons in version {version} have its identity", "R-042", "R-043", "R-044", after=(first,)
    )
    def identity(session: Session) -> None:
        reading, wanted = _other(session, version), BY_NAME[version]
        with_eckid = sum(one.get("eckid") is not None for one in reading.records("leerling"))
        without_key = sum(not one.get("key") for one in reading.records("leerling"))
        require(
            wanted.has_eckid or not with_eckid,
            f"Version {version} has no eckid, and leerlingen have one ({with_eckid}).",
        )
        may_lack = wanted.identity is LeerlingIdentity.ECKID_ELSE_KEY
        require(may_lack or not without_key, f"Leerlingen without a key: {without_key}.")


for _place, _version in enumerate(VERSIONS):
    if _version in schemas.ANSWER:
        _add_version(10 * (_place + 1), _version)
