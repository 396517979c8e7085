"""The ESIS-style records of schools: their model, tables, sources, import and selection."""
