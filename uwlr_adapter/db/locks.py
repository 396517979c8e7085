"""Locks within a writing transaction. SQLite has one writer at a time, so there they do nothing.

The order of locks: a transaction on records, afnemers or koppelingen takes one lock, by name (`lock`) or of a row
(`with_for_update`), before it writes; who got a person (`koppelingen/receipts.py`) is written under a lock
of its own, taken after that one. A fetch holds its koppeling before it writes what was given
(`exchange/commit.py`), and so does an act (`koppelingen/actions.py`); a fetch that makes a klantcode anew takes the row
of its afnemer after that (`koppelingen/renewal.py`), and no act that holds an afnemer takes a koppeling. The rows that
many requests share are written in sorted order (`exchange/commit.py`). A login attempt locks its counts in the order of
their keys, then the row of the gebruiker, and removes old counts last, those that nobody holds
(`gebruikers/attempts.py`). An act on the access of a user takes the lock of the vestiging or that of the
operators, then the row of the gebruiker (`gebruikers/access.py`, `gebruikers/by_operator.py`). An account is made under
the lock of its login, taken last (`gebruikers/accounts.py`, `gebruikers/invitations.py`). A message with results, and
who takes one back, hold the school and nothing else (`resultaten/taking.py`): nobody is forgotten or joined meanwhile,
and of two messages the second sees what the first one did.
"""

import sqlalchemy as sa

from uwlr_adapter.db.backend import backend_of


def lock(connection: sa.Connection, what: str) -> None:
    """Hold `what` until the transaction ends, so that of two writers the second sees what the first one did.

    Raises DBAPIError when another transaction holds it for WAIT_SECONDS.
    """
    backend_of(connection).lock(connection, what)
