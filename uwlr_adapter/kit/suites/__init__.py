"""The checks of the kit, a module per chapter of the report; `ALL` has the chapters in their order."""

from uwlr_adapter.kit.suites import transport

ALL = (transport.SUITE,)
"""The chapters in the order in which they are run and reported."""
