"""UWLR leerlinggegevens from an ESIS-style student administration, through an activated koppeling."""

__version__ = "0.2.0"
