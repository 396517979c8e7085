"""Two content models are equal exactly when they accept the same sequences of children."""

from hypothesis import given, settings
from hypothesis import strategies as st

from uwlr_adapter.compare.content_model import Deel, difference

NAMEN = "abc"
LANGST = 5


def _element(naam: str, minstens: int = 1, hoogstens: int | None = 1) -> Deel:
    return Deel("element", naam, minstens=minstens, hoogstens=hoogstens)


def _bounds() -> st.SearchStrategy[dict[str, int | None]]:
    return st.sampled_from([(1, 1), (0, 1), (0, None), (1, None), (2, 3), (0, 0)]).map(
        lambda pair: {"minstens": pair[0], "hoogstens": pair[1]}
    )


_BLADEN = st.builds(lambda naam, bounds: Deel("element", naam, **bounds), st.sampled_from(NAMEN), _bounds())
_MODELLEN = st.recursive(
    _BLADEN,
    lambda parts: st.builds(
        lambda soort, delen, bounds: Deel(soort, delen=tuple(delen), **bounds),
        st.sampled_from(["sequence", "choice"]),
        st.lists(parts, min_size=1, max_size=3),
        _bounds(),
    ),
    max_leaves=5,
)


def _joined(left: set[str], right: set[str]) -> set[str]:
    return {one + two for one in left for two in right if len(one + two) <= LANGST}


def _accepted(deel: Deel) -> set[str]:
    """Give every sequence that a model accepts, as far as it is short: by its definition, without an automaton."""
    if deel.soort == "element":
        once = {deel.naam}
    elif deel.soort == "choice":
        once = {word for part in deel.delen for word in _accepted(part)}
    else:
        once = {""}
        for part in deel.delen:
            once = _joined(once, _accepted(part))
    found: set[str] = set()
    times = {""}
    most = deel.minstens + LANGST if deel.hoogstens is None else deel.hoogstens
    for number in range(most + 1):
        found |= times if number >= deel.minstens else set()
        times = _joined(times, once)
    return found


@settings(max_examples=150, deadline=None)
@given(one=_MODELLEN, two=_MODELLEN)
def test_difference_is_one_of_language(one: Deel, two: Deel) -> None:
    """A reported sequence is accepted by just the one that is named, and nothing shorter tells the two apart."""
    known = Deel("choice", delen=tuple(_element(naam) for naam in NAMEN), minstens=0, hoogstens=0)
    one, two = (Deel("sequence", delen=(each, known)) for each in (one, two))
    found = difference(one, two)
    left, right = _accepted(one), _accepted(two)
    if found is None:
        assert left == right
    elif len(found.namen) <= LANGST:
        word = "".join(found.namen)
        assert (word in (left if found.eerste else right), word in (right if found.eerste else left)) == (True, False)
        assert not [shorter for shorter in left ^ right if len(shorter) < len(word)]
    else:
        assert left == right


@settings(max_examples=150, deadline=None)
@given(model=_MODELLEN, naam=st.sampled_from(NAMEN))
def test_occurs_bounds_what_is_accepted(model: Deel, naam: str) -> None:
    """No accepted sequence has an element less or more often than its counts say."""
    least, most = model.occurs(naam)
    for word in _accepted(model):
        assert least <= word.count(naam)
        assert most is None or word.count(naam) <= most


def test_the_school_written_in_two_ways() -> None:
    """Three branches that overlap are the same as an optional choice and one element after it."""
    sleutel = _element("schoolkey", 0)
    brin = (_element("brincode"), _element("dependancecode", 0))
    branches = Deel(
        "choice",
        delen=(
            Deel("sequence", delen=(*brin, sleutel)),
            Deel("sequence", delen=(_element("instellingsnummer"), sleutel)),
            sleutel,
        ),
    )
    flat = Deel(
        "sequence",
        delen=(
            Deel("choice", delen=(Deel("sequence", delen=brin), _element("instellingsnummer")), minstens=0),
            sleutel,
        ),
    )
    assert difference(branches, flat) is None


def test_what_only_one_knows_is_passed_over() -> None:
    """An element that one of the two lacks does not make the order of the others a difference."""
    longer = Deel("sequence", delen=(_element("a"), _element("x"), _element("b", 0)))
    shorter = Deel("sequence", delen=(_element("a"), _element("b", 0)))
    assert difference(longer, shorter) is None
