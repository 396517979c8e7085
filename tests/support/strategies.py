"""Hypothesis strategies for the records of a school, for every test that needs a random but valid dataset."""

import unicodedata
from datetime import date, datetime, timedelta, timezone
from typing import Any

from hypothesis import strategies as st
from lxml import etree

from uwlr_adapter.administratie.sources.keys import is_mangled
from uwlr_adapter.contract.dataset import Dataset, Groep, GroepVerwijzing, Leerkracht, Leerling, Locatie, Rol, School
from uwlr_adapter.contract.files import contract_file

FIRST_YEAR, LAST_YEAR = 1991, 2099
"""The first and the last start of a schooljaar that an answer may carry."""

# What breaks a writer: markup, quotes, a bare carriage return, white space of every kind, letters outside Latin-1 and
# outside the BMP, combining marks, right-to-left script, `]]>`.
_HARD = "<>&\"'\r\n\t \u0085\u00a0\u2028]éëïßİıŁž̈אَ中𝒳👩\u200d{}%#"
_CHARACTERS = st.one_of(
    st.sampled_from("abcdefgh Jansen-ABC 0123456789"),
    st.sampled_from(_HARD),
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn")),
)
WITHOUT_WIDTH = "\u00ad\u180e\u200b\u200e\u200f\u2060\ufeff"
"""Spaces without width, marks of a direction and the soft hyphen, which Unicode does not call white space."""
Fields = dict[str, Any]


def codes(name: str) -> list[str]:
    """Return a code list of `schemas/2.2/typen.xsd`; the schema tests hold those lists to the published ones."""
    tree = etree.parse(str(contract_file("schemas/2.2/typen.xsd")))
    xsd = "{http://www.w3.org/2001/XMLSchema}"
    (found,) = (kind for kind in tree.iter(f"{xsd}simpleType") if kind.get("name") == name)
    return [item.get("value", "") for item in found.iter(f"{xsd}enumeration")]


JAARGROEPEN, LANDEN, ROLLEN = codes("Jaargroep"), codes("Land"), codes("Rol")


def texts(limit: int) -> st.SearchStrategy[str]:
    """Return texts of 1 to `limit` characters, often exactly `limit`, in NFC and without white space at either end.

    A reader of files takes that away; `support.stored` tells what it does to the rest.
    """
    short = st.text(_CHARACTERS, min_size=1, max_size=min(limit, 8))
    longest = short.map(lambda text: text * limit)
    return st.one_of(short, short, longest).map(lambda text: _without_edges(unicodedata.normalize("NFC", text)[:limit]))


def _without_edges(text: str) -> str:
    inner = text
    while inner and (inner[0].isspace() or inner[0] in WITHOUT_WIDTH):
        inner = inner[1:]
    while inner and (inner[-1].isspace() or inner[-1] in WITHOUT_WIDTH):
        inner = inner[:-1]
    return text if inner == text else inner.rjust(len(text), "x")


def keys(limit: int = 256) -> st.SearchStrategy[str]:
    """Return keys; never a dummy, which starts with `#`, and none that is refused: broken, or of a spreadsheet."""
    plain = st.integers(1, 99_999).map(str)
    whole = texts(limit).filter(lambda text: not text.startswith("#") and not set(text) & set("\u0085\ufffd"))
    return st.one_of(plain, plain, whole.filter(lambda text: not is_mangled(text)))


def eckids() -> st.SearchStrategy[str]:
    """Return ECK-iDs, mostly of the usual form."""
    usual = st.integers(0, 16**8).map(lambda number: f"https://ketenid.nl/201703/{number:0128x}")
    return st.one_of(usual, usual, keys())


def days(first: date = date(1901, 1, 1), last: date = date(2150, 12, 31)) -> st.SearchStrategy[str]:
    """Return an xs:date in one of its forms: bare, in UTC or with an offset."""
    zones = st.sampled_from(("", "", "Z", "+01:00", "-05:30"))
    return st.builds(lambda day, zone: day.isoformat() + zone, st.dates(first, last), zones)


def moments() -> st.SearchStrategy[str]:
    """Return an xs:dateTime in one of its forms: whole seconds or not, with a zone or not."""
    moments = st.datetimes(datetime(1990, 1, 1), datetime(2150, 1, 1))  # noqa: DTZ001 - the zone is added as text
    fractions = st.sampled_from(("", "", ".5", ".123456"))
    zones = st.sampled_from(("", "Z", "+01:00", "+02:00"))
    return st.builds(
        lambda moment, part, zone: moment.replace(microsecond=0).isoformat() + part + zone, moments, fractions, zones
    )


def schooljaren() -> st.SearchStrategy[str]:
    """Return every schooljaar that an answer may carry."""
    return st.integers(FIRST_YEAR, LAST_YEAR).map(lambda year: f"{year}-{year + 1}")


def _maybe(values: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), values)


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text("0123456789", min_size=count, max_size=count)


@st.composite
def _schools(draw: st.DrawFn, years: st.SearchStrategy[str]) -> School:
    schooljaar = draw(years)
    start = int(schooljaar[:4])
    offset = timezone(timedelta(hours=draw(st.sampled_from((1, 2)))))
    created = draw(st.datetimes(datetime(1991, 8, 1), datetime(2100, 7, 31)))  # noqa: DTZ001 - the zone comes next
    return School(
        schooljaar=schooljaar,
        peildatum=draw(st.dates(date(start, 8, 1), date(start + 1, 7, 31))).isoformat(),
        brincode=draw(st.from_regex(r"\A[0-9]{2}[A-Z]{2}\Z")),
        dependancecode=draw(_digits(2)),
        schoolkey=draw(_maybe(keys())),
        aanmaakdatum=created.replace(microsecond=0, tzinfo=offset).isoformat(),
    )


_LOCATIES = st.lists(
    st.builds(
        Locatie,
        key=keys(),
        naam=texts(64),
        omschrijving=_maybe(texts(256)),
        mutatiedatum=_maybe(moments()),
    ),
    max_size=2,
    unique_by=lambda locatie: locatie.key,
)
_GROEPEN = st.lists(
    st.one_of(
        st.builds(
            Groep,
            soort=st.just("groep"),
            key=keys(),
            naam=texts(64),
            jaargroep=st.sampled_from(JAARGROEPEN),
            omschrijving=_maybe(texts(256)),
            mutatiedatum=_maybe(moments()),
        ),
        st.builds(
            Groep,
            soort=st.just("samengestelde_groep"),
            key=keys(),
            naam=texts(64),
            jaargroep=st.none(),
            omschrijving=_maybe(texts(256)),
            mutatiedatum=_maybe(moments()),
        ),
    ),
    max_size=4,
    unique_by=lambda groep: groep.key,
)
_ROLLEN = st.lists(
    st.one_of(
        st.builds(Rol, soort=st.just("rol"), waarde=st.sampled_from(ROLLEN)),
        st.builds(Rol, soort=st.just("rolomschrijving"), waarde=texts(64)),
    ),
    max_size=3,
).map(tuple)

_NAMES = st.one_of(
    st.fixed_dictionaries(
        {"achternaam": texts(200)},
        optional={
            "voorvoegsel": texts(10),
            "voornamen": texts(200),
            "voorletters_1": texts(6),
            "roepnaam": texts(64),
        },
    ),
    st.fixed_dictionaries({"roepnaam": texts(64)}),
)
_POSTCODES: st.SearchStrategy[Fields] = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"postcodenl": st.from_regex(r"\A[0-9]{4}[A-Z]{2}\Z")}),
    st.fixed_dictionaries({"postnummerbe": _digits(4)}),
    st.fixed_dictionaries({"postcodeoverig": texts(32)}),
)
_LEERLING_FIELDS = st.fixed_dictionaries(
    {"key": keys()},
    optional={
        "eckid": eckids(),
        "geslacht": st.sampled_from(("0", "1", "2", "9")),
        "start_ondw_jgr3": days(),
        "jaargroep": st.sampled_from(JAARGROEPEN),
        "gebruikersnaam": texts(64),
        "emailadres": texts(256),
        "fotourl": texts(256),
        "etniciteit": st.sampled_from(codes("Etniciteit")),
        "land": st.sampled_from(LANDEN),
        "land_vader": st.sampled_from(LANDEN),
        "land_moeder": st.sampled_from(LANDEN),
        "bsn_ondwnr_4": _digits(4),
        "gewicht_nieuw": st.sampled_from(codes("GewichtNieuw")),
        "gewicht": st.sampled_from(codes("Gewicht")),
        "mutatiedatum": moments(),
    },
)
_LEERKRACHT_FIELDS = st.fixed_dictionaries(
    {"key": keys(), "rollen": _ROLLEN},
    optional={
        "eckid": eckids(),
        "gebruikersnaam": texts(64),
        "emailadres": texts(256),
        "mutatiedatum": moments(),
    },
)


def _among(keys: list[str]) -> st.SearchStrategy[str | None]:
    return _maybe(st.sampled_from(keys)) if keys else st.none()


def _some_of(keys: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(keys), max_size=3, unique=True).map(tuple) if keys else st.just(())


def _leerlingen(school: School, groepen: list[Groep], locaties: list[Locatie]) -> st.SearchStrategy[list[Leerling]]:
    """Return at least one leerling, each enrolled and over four on the peildatum in every zone of an xs:date."""
    peildatum = date.fromisoformat(school.peildatum)
    places = st.fixed_dictionaries(
        {
            "groep": _among([groep.key for groep in groepen if groep.soort == "groep"]),
            "samengestelde_groepen": _some_of([groep.key for groep in groepen if groep.soort != "groep"]),
            "vestiging": _among([locatie.key for locatie in locaties]),
        },
        optional={
            "geboortedatum": days(last=peildatum - timedelta(days=4 * 366)),
            "instroomdatum": days(date(1985, 1, 1), peildatum - timedelta(days=2)),
            "uitstroomdatum": days(peildatum + timedelta(days=2)),
        },
    )
    one = st.builds(_leerling, _LEERLING_FIELDS, _NAMES, _POSTCODES, places)
    return st.lists(one, min_size=1, max_size=4, unique_by=(_key, _eckid))


def _leerling(*parts: Fields) -> Leerling:
    return Leerling(**{name: value for part in parts for name, value in part.items()})


def _leerkrachten(groepen: list[Groep]) -> st.SearchStrategy[list[Leerkracht]]:
    if groepen:
        reference = st.builds(
            lambda groep, rollen: GroepVerwijzing(groep.soort, groep.key, rollen), st.sampled_from(groepen), _ROLLEN
        )
        references = st.lists(reference, max_size=3, unique_by=lambda item: item.key).map(tuple)
    else:
        references = st.just(())
    one = st.builds(_leerkracht, _LEERKRACHT_FIELDS, _NAMES, references)
    return st.lists(one, max_size=3, unique_by=(_key, _eckid))


def _leerkracht(fields_: Fields, names: Fields, groepen: tuple[GroepVerwijzing, ...]) -> Leerkracht:
    return Leerkracht(**fields_, **names, groepen=groepen)


def _key(persoon: Leerling | Leerkracht) -> str:
    return persoon.key


def _eckid(persoon: Leerling | Leerkracht) -> tuple[str | None, str | None]:
    return (persoon.eckid, None if persoon.eckid else persoon.key)


@st.composite
def datasets(draw: st.DrawFn, years: st.SearchStrategy[str] | None = None) -> Dataset:
    """Return a dataset with unique keys and sound references; its leerlingen are enrolled and four on the peildatum.

    Every optional part is absent in some and present in others; `years` narrows the schooljaren.
    """
    school = draw(_schools(schooljaren() if years is None else years))
    locaties = draw(_LOCATIES)
    groepen = draw(_GROEPEN)
    return Dataset(
        school=school,
        locaties=tuple(locaties),
        groepen=tuple(groepen),
        leerlingen=tuple(draw(_leerlingen(school, groepen, locaties))),
        leerkrachten=tuple(draw(_leerkrachten(groepen))),
    )
