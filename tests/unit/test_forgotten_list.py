"""A list of forgotten persons that nobody wrote: the line that is wrong is named, whatever it is."""

import pytest

from uwlr_adapter.administratie.importing.forget_again import ForgottenListError, from_list

HEAD = b'{"uwlr-adapter": "forgotten", "form": 1}\n'


@pytest.mark.parametrize("line", [b"[" * 100_000, b"{}", b"1", b"\xff", b'{"brincode": 1}'])
def test_a_line_that_is_none_of_ours_is_named(line: bytes) -> None:
    """A line that is nested without end, no object or none of these is a reason to refuse the list."""
    assert from_list(HEAD) == []
    with pytest.raises(ForgottenListError, match="line 2 is not one that"):
        from_list(HEAD + line)
