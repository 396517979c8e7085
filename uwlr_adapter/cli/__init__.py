"""The command `uwlr-adapter`: one module per command group."""

from uwlr_adapter.cli.main import main

__all__ = ["main"]
