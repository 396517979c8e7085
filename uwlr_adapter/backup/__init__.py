"""Keep a database, bring it back, and move it: backup, restore, copy and check.

One walk over the tables (`tables.py`, `db/table_rows.py`) serves all of them, so a new table is in each by itself.
"""
