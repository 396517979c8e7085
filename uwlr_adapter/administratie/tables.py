"""The tables of the records.

A person has a key for life within a brincode. Everything that one EDEXML file says stands under (brin6, schooljaar),
so that a file replaces its own year and touches no other; the columns of a deelname and an aanstelling are the
elements of UWLR as the source wrote them, in text. References inside a year are foreign keys.
"""

from enum import StrEnum

import sqlalchemy as sa

from uwlr_adapter.contract.names import LEERKRACHT_ELEMENTEN, LEERLING_ELEMENTEN, attribute_of
from uwlr_adapter.opslag import metadata


class PersoonSoort(StrEnum):
    """The two kinds of person; keys of the one say nothing about the other."""

    LEERLING = "leerling"
    LEERKRACHT = "leerkracht"


LEERLING_VELDEN = tuple(
    attribute_of(element)
    for element in LEERLING_ELEMENTEN
    if element not in {"groep", "samengestelde_groepen", "vestiging"}
)
"""The plain fields of a leerling, as attributes of `contract.dataset.Leerling` and as columns of `deelname`."""
LEERKRACHT_VELDEN = tuple(
    attribute_of(element) for element in LEERKRACHT_ELEMENTEN if element not in {"rollen", "groepen"}
)
"""The plain fields of a leerkracht, as attributes of `contract.dataset.Leerkracht` and columns of `aanstelling`."""

_KEY = sa.String(256)
_SOORT = sa.String(20)


def _jaar() -> tuple[sa.Column[str], sa.Column[str]]:
    return (
        sa.Column("brin6", sa.String(6), sa.ForeignKey("vestiging.brin6"), primary_key=True),
        sa.Column("schooljaar", sa.String(9), primary_key=True),
    )


vestiging = sa.Table(
    "vestiging",
    metadata,
    sa.Column("brin6", sa.String(6), primary_key=True),
    sa.Column("brincode", sa.String(4), nullable=False),
    sa.Column("dependancecode", sa.String(2), nullable=False),
    sa.Column("naam", sa.String(200), nullable=False),
    sa.Column("schoolkey", _KEY, unique=True, comment="belongs to one brin6"),
    sa.UniqueConstraint("brincode", "dependancecode"),
)
persoon = sa.Table(
    "persoon",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("soort", _SOORT, nullable=False),
    sa.Column("brincode", sa.String(4), nullable=False),
    sa.Column("key", _KEY, nullable=False, comment="what leaves; for life, never re-used"),
    sa.Column("eckid", _KEY),
    sa.UniqueConstraint("soort", "brincode", "key"),
    sa.UniqueConstraint("soort", "brincode", "eckid"),
)
bronsleutel = sa.Table(
    "bronsleutel",
    metadata,
    sa.Column("soort", _SOORT, primary_key=True),
    sa.Column("brincode", sa.String(4), primary_key=True),
    sa.Column("bronkey", _KEY, primary_key=True),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), nullable=False, index=True),
    comment="the keys by which a source names a person; the first one is also the key that leaves",
)
locatie = sa.Table(
    "locatie",
    metadata,
    *_jaar(),
    sa.Column("key", _KEY, primary_key=True),
    sa.Column("naam", sa.Text, nullable=False),
    sa.Column("omschrijving", sa.Text),
    sa.Column("mutatiedatum", sa.Text),
)
groep = sa.Table(
    "groep",
    metadata,
    *_jaar(),
    sa.Column("key", _KEY, primary_key=True, comment="unique over both kinds"),
    sa.Column("soort", _SOORT, nullable=False, comment="groep or samengestelde_groep"),
    sa.Column("naam", sa.Text, nullable=False),
    sa.Column("jaargroep", sa.Text),
    sa.Column("omschrijving", sa.Text),
    sa.Column("mutatiedatum", sa.Text),
)
deelname = sa.Table(
    "deelname",
    metadata,
    *_jaar(),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True, index=True),
    sa.Column("van", sa.Date, comment="first day enrolled; none is open"),
    sa.Column("tot", sa.Date, comment="first day no longer enrolled; none is open"),
    sa.Column("locatie_key", _KEY, comment="EDEXML's vestiging of the leerling"),
    *(sa.Column(veld, sa.Text) for veld in LEERLING_VELDEN),
    sa.ForeignKeyConstraint(
        ["brin6", "schooljaar", "locatie_key"], ["locatie.brin6", "locatie.schooljaar", "locatie.key"]
    ),
    comment="who is in a school year at a vestiging",
)
plaatsing = sa.Table(
    "plaatsing",
    metadata,
    *_jaar(),
    sa.Column("persoon_id", sa.Integer, primary_key=True),
    sa.Column("groep_key", _KEY, primary_key=True),
    sa.Column("volgorde", sa.Integer, nullable=False, comment="as the source lists the groups of a leerling"),
    sa.ForeignKeyConstraint(
        ["brin6", "schooljaar", "persoon_id"], ["deelname.brin6", "deelname.schooljaar", "deelname.persoon_id"]
    ),
    sa.ForeignKeyConstraint(["brin6", "schooljaar", "groep_key"], ["groep.brin6", "groep.schooljaar", "groep.key"]),
    comment="a leerling in a group",
)
aanstelling = sa.Table(
    "aanstelling",
    metadata,
    *_jaar(),
    sa.Column("persoon_id", sa.Integer, sa.ForeignKey("persoon.id"), primary_key=True, index=True),
    *(sa.Column(veld, sa.Text) for veld in LEERKRACHT_VELDEN),
    sa.Column("rollen", sa.JSON, nullable=False, comment="[[soort, waarde], ...] in the order of the source"),
    sa.Column("groepen", sa.JSON, nullable=False, comment="[[soort, key, rollen], ...] in the order of the source"),
    comment="a leerkracht in a school year at a vestiging",
)
