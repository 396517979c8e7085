"""The file that names the labels of a CSV set, where the library of TOML leaves what is wrong to Python."""

import pytest

from uwlr_adapter.administratie.model import ImportRefusedError
from uwlr_adapter.administratie.sources.csv_set.labels import FILE_NAME, parse


@pytest.mark.parametrize("text", ["a = " + "[" * 3000, "a = " + "{a=" * 3000, "a = " + "9" * 5000])
def test_what_is_nested_or_long_without_end_is_refused(text: str) -> None:
    """A value that Python cannot hold is a reason to refuse the set, not a failure."""
    with pytest.raises(ImportRefusedError) as refused:
        parse(text.encode())
    (problem,) = refused.value.problems
    assert problem.file == FILE_NAME
    assert "is not TOML that can be read" in problem.reason
