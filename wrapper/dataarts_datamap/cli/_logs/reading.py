"""A log that is read once: shown, or written to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap._atomic_file import replacing
from dataarts_datamap._text import printable
from dataarts_datamap.cli._logs.log_writer import LogWriter
from dataarts_datamap.cli._printing.notices import note, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Run

_LONGEST_PATH = 1200
_MOST_OTHERS = 3


def show_log(client: DataMapClient, run: Run, most: int | None) -> None:
    """Write the end of a log to stdout, that many bytes at the most; all of it for None."""
    writer = LogWriter()
    for piece in _pieces(client, run, most):
        if not writer.write(piece):
            return
    writer.end()


def save_log(client: DataMapClient, run: Run, most: int | None, file: Path) -> None:
    """Write the end of a log to a file, that many bytes at the most; all of it for None."""
    with replacing(file) as made, made.open("wb") as target:
        size = sum(target.write(piece) for piece in _pieces(client, run, most))
    note(f"{size_text(size)} written to {file}")


def note_place(path: str, others: Iterable[str]) -> None:
    """Say on stderr where a log lies, and what lies beside it."""
    note(printable(path, limit=_LONGEST_PATH))
    for other in [*others][-_MOST_OTHERS:]:
        note(f"beside it, and older: {printable(other, limit=_LONGEST_PATH)}")


def _pieces(client: DataMapClient, run: Run, most: int | None) -> Iterable[bytes]:
    if most is None:
        reader = client.open_log(run)
        note_place(reader.path, reader.other_paths)
        return reader
    found = client.read_log(run, tail=most)
    note_place(found.path, found.other_paths)
    if not found.is_whole:
        note(f"the last {size_text(len(found.content))} of {size_text(found.size)}: --all shows all of it")
    return [found.content]
