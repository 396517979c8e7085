"""The served versions of UWLR: one record per version, and all that differs between them apart from the fields.

A new version is a new record here, with its schemas and, where it has fields of its own, rows in `contract.fields`.
No other module names a version.
"""

from dataclasses import dataclass
from enum import StrEnum


class LeerlingIdentity(StrEnum):
    """The attributes that identify a leerling in an answer; a leerkracht and a groep always have a key."""

    KEY = "key"
    """The key alone; the version has no eckid, for a leerkracht neither."""
    KEY_AND_ECKID = "key and eckid"
    """The key, and the eckid of a leerling who has one."""
    ECKID_ELSE_KEY = "eckid else key"
    """The eckid, and the key of a leerling without one."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of UWLR; the schemas are paths of files of the contract."""

    name: str
    """The text of xsdversie."""
    answer_schema: str
    request_schema: str
    autorisatie_schema: str
    identity: LeerlingIdentity
    profile_column: int
    """Which of the marks in a profile column of `contract.fields` holds, from 0; the last one also holds for more."""
    without: frozenset[str] = frozenset()
    """Fields, as record/element, that leave under no profile of this version."""
    variant_of: str | None = None
    """The version whose schemas and profiles this one shares, and of which it sends a part."""

    @property
    def has_eckid(self) -> bool:
        """Whether the eckid of a person leaves."""
        return self.identity is not LeerlingIdentity.KEY


_REQUEST = "schemas/2.2/verzoek.xsd"
_AUTORISATIE = "schemas/2.2/autorisatie.xsd"
_SERVED = (
    # Nothing was found on its profiles: they are taken to be those of 2.2, without the number that only 2.2 has.
    Version(
        name="2.1",
        answer_schema="schemas/2.2/antwoord.xsd",
        request_schema=_REQUEST,
        autorisatie_schema=_AUTORISATIE,
        identity=LeerlingIdentity.KEY,
        profile_column=0,
        without=frozenset({"leerling/bsn_ondwnr-4"}),
        variant_of="2.2",
    ),
    Version(
        name="2.2",
        answer_schema="schemas/2.2/antwoord.xsd",
        request_schema=_REQUEST,
        autorisatie_schema=_AUTORISATIE,
        identity=LeerlingIdentity.KEY_AND_ECKID,
        profile_column=0,
    ),
    Version(
        name="2.3",
        answer_schema="schemas/2.3/antwoord.xsd",
        request_schema=_REQUEST,
        autorisatie_schema=_AUTORISATIE,
        identity=LeerlingIdentity.ECKID_ELSE_KEY,
        profile_column=1,
    ),
)
BY_NAME = {version.name: version for version in _SERVED}
"""The served versions by the text of xsdversie, the oldest first."""
VERSIONS = tuple(BY_NAME)
"""The names of the served versions, the oldest first."""
FULL_VERSIONS = tuple(version.name for version in _SERVED if version.variant_of is None)
"""The names of the versions with schemas of their own: a variant sends nothing that is not in one of these."""
USUAL_VERSION = "2.2"
"""The version of a caller that names none: 2.2.1 has no value of its own, and every client seen knows this one."""
REQUEST_SCHEMA = BY_NAME[USUAL_VERSION].request_schema
"""The schema of every request: its version is known only once the request has been judged."""
AUTORISATIE_SCHEMA = BY_NAME[USUAL_VERSION].autorisatie_schema
"""The schema of every autorisatie header, which names no version."""


def get_version(name: str) -> Version:
    """Return the record of a version. Raises KeyError for one that is not served."""
    return BY_NAME[name]


def in_dutch() -> str:
    """Return the served versions as a Dutch enumeration with `of`."""
    *first, last = VERSIONS
    return f"{', '.join(first)} of {last}"
