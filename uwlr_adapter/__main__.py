"""`python -m uwlr_adapter` is the command `uwlr-adapter`."""

from uwlr_adapter.cli import main

main()
