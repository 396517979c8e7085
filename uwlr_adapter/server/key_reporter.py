"""The thread that reports which server keys a worker holds, and learns which one is in use."""

import logging
import threading
from contextlib import suppress

from sqlalchemy.exc import DBAPIError

from uwlr_adapter.keys.holders import BEAT_SECONDS, HolderReport
from uwlr_adapter.keys.server_keys import ServerKeyError

STOP_SECONDS = 5
"""Seconds that a stop waits for a report that is under way."""

logger = logging.getLogger("uwlr_adapter.server.keys")


class KeyReporter:
    """Reports for one process, from `start` to `stop`."""

    def __init__(self, report: HolderReport) -> None:
        self._report = report
        self._has_begun = False
        self._told = ""
        """The last refusal that was logged."""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True, name="keys")

    def start(self) -> None:
        """Report for the first time, and go on in a thread. Raises ServerKeyError.

        Where a writer may keep us waiting (SQLite, with its one process) the first report is left to the thread too.
        """
        if not self._report.database.backend.has_one_writer:
            with suppress(DBAPIError):  # the thread tries again
                self._begin()
        self._thread.start()

    def stop(self) -> None:
        """End, and remove the report."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)
        with suppress(DBAPIError):  # its row counts as living for some minutes then
            self._report.end()

    def _begin(self) -> None:
        self._report.begin()
        self._has_begun = True

    def _run(self) -> None:
        while not self._over.wait(BEAT_SECONDS if self._has_begun else 0):
            try:
                if not self._has_begun:
                    self._begin()
                elif self._report.beat():
                    logger.info("new codes are stored under server key %s", self._report.server_keys.in_use.name)
                self._told = ""
            except DBAPIError:  # the database has told of it; the next report comes in time
                self._over.wait(BEAT_SECONDS)
            except ServerKeyError as error:
                if str(error) != self._told:
                    self._told = str(error)
                    logger.critical("%s", error)
                self._over.wait(BEAT_SECONDS)
