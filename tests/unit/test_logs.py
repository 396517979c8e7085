"""The lines of the log: nothing of an exception's text, whatever fails while a line is written."""

import io
import json
import logging

import pytest

from uwlr_adapter.web import logs


def test_an_event_that_cannot_be_written_is_told_without_its_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The library would write a traceback, which quotes them."""

    def fails() -> None:
        raise ValueError("een-geheim")

    monkeypatch.setattr(logs, "current_id", fails)
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    handler.handle(logging.LogRecord("uwlr_adapter", logging.ERROR, __file__, 1, "own failure", None, None))
    line = json.loads(stream.getvalue())
    assert line["message"] == "an event that could not be written: ValueError"
    assert (line["level"], line["logger"]) == ("ERROR", "uwlr_adapter")
    assert capsys.readouterr() == ("", "")
