"""Hypothesis strategies for the records of a message with results: any that is valid and does not contradict itself."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import TypeVar

from hypothesis import strategies as st

from support.strategies import texts
from uwlr_adapter.contract.leerresultaten import records

_T = TypeVar("_T")
_ZONES = st.sampled_from((None, UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=-14))))
_MOMENTS = st.builds(
    lambda moment, zone: moment.replace(tzinfo=zone),
    st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)),  # noqa: DTZ001 - moments without a zone occur
    _ZONES,
)
_NUMBERS = st.integers(0, 10**18 - 1)
_DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12, places=4)
_URIS = st.sampled_from((None, "urn:v", "http://example.org/vak?x=1#y", "http://[::1]/é"))
_KEYS = texts(256)
_TERMS = st.builds(records.VocabulaireTerm, texts(256), _URIS, _URIS)


def _maybe(strategy: st.SearchStrategy[_T]) -> st.SearchStrategy[_T | None]:
    return st.none() | strategy


def _schoolcijfers() -> st.SearchStrategy[Decimal]:
    return st.decimals(1, 10, places=2)


_KLEUREN = st.builds(
    records.Normkleur, st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.decimals(0, 1, places=2)
)
_NORMEN = st.builds(
    records.Norm,
    texts(64),
    _maybe(texts(128)),
    _NUMBERS,
    _NUMBERS,
    _maybe(_KLEUREN),
    _maybe(_schoolcijfers()),
    _maybe(_schoolcijfers()),
)
_NORMERINGEN = st.builds(
    records.Normering,
    _maybe(_TERMS),
    _maybe(_TERMS),
    _maybe(_DECIMALS),
    st.lists(_NORMEN, min_size=1, max_size=3).map(tuple),
    _URIS,
    _URIS,
)
_INTS = _maybe(st.integers(-(2**31), 2**31 - 1))
_TOETSSCORES = st.builds(
    records.OsoToetsscore,
    _INTS,
    _INTS,
    _INTS,
    _INTS,
    _maybe(_DECIMALS),
    _maybe(_DECIMALS),
    _maybe(texts(256)),
    _maybe(st.tuples(_DECIMALS, _DECIMALS)),
)
_REFERENTIESCORES = st.builds(records.OsoReferentiescore, texts(256), texts(256), texts(256), _maybe(texts(256)))
_OSO = st.builds(records.OsoResultaat, _maybe(_TOETSSCORES), st.lists(_REFERENTIESCORES, max_size=2).map(tuple))


@st.composite
def _toetsen(draw: st.DrawFn) -> tuple[records.Toets, ...]:
    codes = draw(st.lists(_TERMS, min_size=1, max_size=3, unique_by=lambda one: one.term))
    return tuple(draw(_toets(code)) for code in codes)


@st.composite
def _toets(draw: st.DrawFn, code: records.VocabulaireTerm) -> records.Toets:
    parts = draw(st.lists(_TERMS, max_size=3, unique_by=lambda one: one.term))
    numbers = draw(st.lists(st.integers(1, 10**18 - 1), min_size=len(parts), max_size=len(parts), unique=True))
    ingangen = st.builds(records.Ingang, st.integers(-(10**18) + 1, 10**18 - 1), _TERMS)
    return records.Toets(
        code=code,
        versie=draw(_maybe(_TERMS)),
        naam=draw(_maybe(texts(128))),
        leerjaar=draw(_maybe(_TERMS)),
        vakgebied=draw(_maybe(_TERMS)),
        normering=draw(_maybe(_NORMERINGEN)),
        hierarchie=tuple(draw(st.lists(ingangen, max_size=2))),
        onderdelen=tuple(
            records.Toetsonderdeel(number, part, draw(_maybe(texts(128))), draw(_maybe(_NORMERINGEN)))
            for number, part in zip(numbers, parts, strict=True)
        ),
    )


@st.composite
def _resultaat(draw: st.DrawFn, key: str, toetsen: tuple[records.Toets, ...]) -> records.Resultaat:
    toets = draw(st.sampled_from(toetsen))
    parts = [None, *(part.code.term for part in toets.onderdelen)]
    score = draw(_maybe(_NUMBERS))
    return records.Resultaat(
        key=key,
        afnamedatum=draw(st.dates(date(1, 1, 1))),
        toetscode=toets.code.term,
        versie=draw(_maybe(_TERMS)) if toets.versie is None else draw(st.sampled_from((None, toets.versie))),
        toetsonderdeelcode=draw(st.sampled_from(parts)),
        score=score,
        osoresultaat=draw(_OSO) if score is None else None,
        infourl=draw(_maybe(texts(256))),
    )


@st.composite
def _school(draw: st.DrawFn) -> records.ResultatenSchool:
    year, brin = draw(st.integers(1000, 2998)), draw(st.booleans())
    return records.ResultatenSchool(
        schooljaar=f"{year}-{year + 1}",
        brincode=draw(st.from_regex(r"[0-9]{2}[A-ZÉ]{2}", fullmatch=True)) if brin else None,
        dependancecode=draw(st.from_regex(r"[0-9]{2}", fullmatch=True)) if brin else None,
        schoolkey=None if brin else draw(texts(256)),
        aanmaakdatum=draw(_MOMENTS),
        auteur=draw(_maybe(texts(128))),
        xsdversie=draw(st.sampled_from(("2.1", "2.2", "2.3"))),
        commentaar=draw(_maybe(texts(128))),
    )


@st.composite
def leerresultaten(draw: st.DrawFn) -> records.Leerresultaten:
    """Return records of a message with up to three toetsen and eight results."""
    toetsen = draw(_toetsen())
    keys = draw(st.lists(_KEYS, min_size=1, max_size=8, unique=True))
    cuts = draw(st.integers(1, len(keys)))
    afnames = [keys[start : start + cuts] for start in range(0, len(keys), cuts)]
    return records.Leerresultaten(
        school=draw(_school()),
        toetsafnames=tuple(
            records.Toetsafname(
                leerlingid=draw(_KEYS),
                eckid=draw(_maybe(_KEYS)),
                resultaatverwerkerid=draw(_maybe(_KEYS)),
                resultaten=tuple(draw(_resultaat(key, toetsen)) for key in some),
            )
            for some in afnames
        ),
        toetsen=toetsen,
    )
