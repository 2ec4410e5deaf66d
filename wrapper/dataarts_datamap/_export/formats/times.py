"""Times as text in files: ISO 8601, UTC, with milliseconds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dataarts_datamap._errors import ExportError
from dataarts_datamap._text import shown
from dataarts_datamap._times import EPOCH, MILLISECOND, iso_text

if TYPE_CHECKING:
    from pathlib import Path


def time_text(milliseconds: int | None) -> str:
    """A time such as ``2024-01-11T01:01:47.000Z``; empty for None."""
    return "" if milliseconds is None else iso_text(EPOCH + milliseconds * MILLISECOND)


def milliseconds_of(path: Path, text: str) -> int:
    try:
        return (datetime.fromisoformat(text) - EPOCH) // MILLISECOND
    except (ValueError, TypeError):
        raise ExportError(f"{path} holds {shown(text)} where a time with an offset was expected") from None
