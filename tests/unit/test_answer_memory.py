"""The cache of a process stays within its bytes and drops the least recently used item first."""

from hypothesis import given
from hypothesis import strategies as st

from uwlr_adapter.answers.memory import ByteLruCache


def test_the_last_used_stays() -> None:
    """The least recently used item goes first, and an item larger than the whole cache is not kept."""
    geheugen: ByteLruCache[str] = ByteLruCache(10)
    for key in "abc":
        geheugen.put(key, key, 4 if key != "c" else 2)
    assert geheugen.get("a") == "a"
    geheugen.put("d", "d", 3)
    assert [geheugen.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    geheugen.put("e", "e", 11)
    assert [geheugen.get(key) for key in "acde"] == ["a", "c", "d", None]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 40)), max_size=60))
def test_it_never_holds_more(puts: list[tuple[int, int]]) -> None:
    """Whatever is put, what can be got back fits in the room, and is what was put last under its key."""
    geheugen: ByteLruCache[int] = ByteLruCache(50)
    last: dict[int, int] = {}
    for key, octets in puts:
        geheugen.put(key, octets, octets)
        last[key] = octets
        held = {one: found for one in last if (found := geheugen.get(one)) is not None}
        assert sum(held.values()) <= 50
        assert all(last[one] == found for one, found in held.items())
        assert key in held
