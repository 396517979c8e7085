"""A school with groepen and leerkrachten in its records, for tests of who sees which groep."""

from support.edexml_files import make_dataset
from support.imports import import_dataset
from uwlr_adapter.administratie.importing import persons
from uwlr_adapter.administratie.tables import PersonKind
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling
from uwlr_adapter.db.database import Database

YEAR, NEXT_YEAR = "2026-2027", "2027-2028"
FOUR, FIVE, PLUS = (
    Groep("groep", "g4", "4A", jaargroep="4"),
    Groep("groep", "g5", "5B", jaargroep="5"),
    Groep("samengestelde_groep", "plus", "Plusgroep"),
)


def teaches(key: str, roepnaam: str, *groepen: Groep, emailadres: str | None = None) -> Leerkracht:
    """Return a leerkracht of some groepen."""
    refers = tuple(GroepVerwijzing(one.soort, one.key) for one in groepen)
    return Leerkracht(key, roepnaam=roepnaam, achternaam="de Leraar", emailadres=emailadres, groepen=refers)


KIM = teaches("k1", "Kim", FOUR, PLUS, emailadres="Kim@school.example")
BO = teaches("k2", "Bo", FIVE)


def taught_dataset(
    brin6: str = "21QW00",
    schooljaar: str = YEAR,
    *,
    groepen: tuple[Groep, ...] = (FOUR, FIVE, PLUS),
    leerkrachten: tuple[Leerkracht, ...] = (KIM, BO),
    placed: dict[str, Groep] | None = None,
) -> Dataset:
    """Return the records of a school year: by default Zoë in 4A and the Plusgroep, Sem in 4A and Ada in 5B.

    `placed` has the groep of a leerling by its key, where that is another one.
    """
    stamgroep = {"l1": FOUR, "l2": FOUR, "l3": FIVE, **(placed or {})}
    names = {"l1": "Zoë", "l2": "Sem", "l3": "Ada"}
    leerlingen = [
        Leerling(
            key,
            roepnaam=names[key],
            groep=groep.key if groep in groepen else None,
            samengestelde_groepen=(PLUS.key,) if key == "l1" and PLUS in groepen else (),
        )
        for key, groep in stamgroep.items()
    ]
    return make_dataset(leerlingen, leerkrachten=leerkrachten, groepen=groepen, brin6=brin6, schooljaar=schooljaar)


def import_taught(database: Database, dataset: Dataset | None = None) -> None:
    """Import the records of a school year."""
    import_dataset(database, dataset or taught_dataset())


def person(database: Database, key: str, kind: PersonKind = PersonKind.LEERKRACHT, brincode: str = "21QW") -> int:
    """Return the id of a person of the records."""
    with database.reading() as connection:
        return persons.get(connection, kind, brincode, key).id
