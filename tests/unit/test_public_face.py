"""The public face: what a LAS maker may rely on, and what importing it costs."""

import subprocess
import sys

import pytest

import uwlr_adapter


def test_every_promised_name_is_there() -> None:
    """Each name of `__all__` loads, has a docstring, and `dir` shows it."""
    for name in uwlr_adapter.__all__:
        assert getattr(uwlr_adapter, name) is not None, name
        assert name == "__version__" or getattr(uwlr_adapter, name).__doc__, name
    assert dir(uwlr_adapter) == sorted(uwlr_adapter.__all__)


def test_another_name_is_no_attribute() -> None:
    """A name that is not promised is an AttributeError, as of any module."""
    with pytest.raises(AttributeError, match="Opslag"):
        _ = uwlr_adapter.Opslag


def test_importing_the_package_loads_none_of_its_rooms() -> None:
    """A program that only asks for the version does not wait for a database driver or a web framework."""
    program = "import sys, uwlr_adapter; print([name for name in sys.modules if name.startswith('uwlr_adapter.')])"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
