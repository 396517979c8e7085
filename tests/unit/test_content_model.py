"""Two content models are equal exactly when they accept the same sequences of children."""

from hypothesis import given, settings
from hypothesis import strategies as st

from uwlr_adapter.compare.content_model import Particle, difference

NAMES = "abc"
LONGEST = 5


def _element(naam: str, at_least: int = 1, at_most: int | None = 1) -> Particle:
    return Particle("element", naam, min_occurs=at_least, max_occurs=at_most)


def _bounds() -> st.SearchStrategy[dict[str, int | None]]:
    return st.sampled_from([(1, 1), (0, 1), (0, None), (1, None), (2, 3), (0, 0)]).map(
        lambda pair: {"min_occurs": pair[0], "max_occurs": pair[1]}
    )


_LEAVES = st.builds(lambda naam, bounds: Particle("element", naam, **bounds), st.sampled_from(NAMES), _bounds())
_MODELS = st.recursive(
    _LEAVES,
    lambda parts: st.builds(
        lambda kind, parts, bounds: Particle(kind, parts=tuple(parts), **bounds),
        st.sampled_from(["sequence", "choice"]),
        st.lists(parts, min_size=1, max_size=3),
        _bounds(),
    ),
    max_leaves=5,
)


def _joined(left: set[str], right: set[str]) -> set[str]:
    return {one + two for one in left for two in right if len(one + two) <= LONGEST}


def _accepted(particle: Particle) -> set[str]:
    """Return every sequence that a model accepts, as far as it is short: by its definition, without an automaton."""
    if particle.kind == "element":
        once = {particle.name}
    elif particle.kind == "choice":
        once = {word for part in particle.parts for word in _accepted(part)}
    else:
        once = {""}
        for part in particle.parts:
            once = _joined(once, _accepted(part))
    found: set[str] = set()
    times = {""}
    most = particle.min_occurs + LONGEST if particle.max_occurs is None else particle.max_occurs
    for number in range(most + 1):
        found |= times if number >= particle.min_occurs else set()
        times = _joined(times, once)
    return found


@settings(max_examples=150, deadline=None)
@given(one=_MODELS, two=_MODELS)
def test_difference_is_one_of_language(one: Particle, two: Particle) -> None:
    """A reported sequence is accepted by just the one that is named, and nothing shorter tells the two apart."""
    known = Particle("choice", parts=tuple(_element(naam) for naam in NAMES), min_occurs=0, max_occurs=0)
    one, two = (Particle("sequence", parts=(each, known)) for each in (one, two))
    found = difference(one, two)
    left, right = _accepted(one), _accepted(two)
    if found is None:
        assert left == right
    elif len(found.names) <= LONGEST:
        word = "".join(found.names)
        assert (word in (left if found.first_accepts else right), word in (right if found.first_accepts else left)) == (
            True,
            False,
        )
        assert not [shorter for shorter in left ^ right if len(shorter) < len(word)]
    else:
        assert left == right


@settings(max_examples=150, deadline=None)
@given(model=_MODELS, naam=st.sampled_from(NAMES))
def test_occurs_bounds_what_is_accepted(model: Particle, naam: str) -> None:
    """No accepted sequence has an element less or more often than its counts say."""
    least, most = model.occurs(naam)
    for word in _accepted(model):
        assert least <= word.count(naam)
        assert most is None or word.count(naam) <= most


def test_the_school_written_in_two_ways() -> None:
    """Three branches that overlap are the same as an optional choice and one element after it."""
    key = _element("schoolkey", 0)
    brin = (_element("brincode"), _element("dependancecode", 0))
    branches = Particle(
        "choice",
        parts=(
            Particle("sequence", parts=(*brin, key)),
            Particle("sequence", parts=(_element("instellingsnummer"), key)),
            key,
        ),
    )
    flat = Particle(
        "sequence",
        parts=(
            Particle("choice", parts=(Particle("sequence", parts=brin), _element("instellingsnummer")), min_occurs=0),
            key,
        ),
    )
    assert difference(branches, flat) is None


def test_what_only_one_knows_is_passed_over() -> None:
    """An element that one of the two lacks does not make the order of the others a difference."""
    longer = Particle("sequence", parts=(_element("a"), _element("x"), _element("b", 0)))
    shorter = Particle("sequence", parts=(_element("a"), _element("b", 0)))
    assert difference(longer, shorter) is None
