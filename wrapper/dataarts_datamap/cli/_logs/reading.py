"""Reads a log once, and shows it or writes it to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dataarts_datamap._files import replacing
from dataarts_datamap._text import printable
from dataarts_datamap.cli._logs.log_writer import LogWriter
from dataarts_datamap.cli._printing.notices import note, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Run

LONGEST_PATH: Final = 1200
_MOST_OTHERS: Final = 3


def show_log(client: DataMapClient, run: Run, most: int | None) -> None:
    """Write the end of a log to stdout, at most ``most`` bytes; the whole log for None."""
    writer = LogWriter()
    pieces, is_cut = _pieces(client, run, most)
    for piece in pieces:
        if not writer.write(piece, is_cut=is_cut):
            return
    writer.end()


def save_log(client: DataMapClient, run: Run, most: int | None, file: Path) -> None:
    """Write the end of a log to a file, at most ``most`` bytes; the whole log for None."""
    with replacing(file) as made, made.open("wb") as target:
        pieces, _ = _pieces(client, run, most)
        size = sum(map(target.write, pieces))
    note(f"{size_text(size)} written to {file}")


def note_place(path: str, others: Iterable[str]) -> None:
    """Print the path of a log on stderr, and the paths of up to three older logs of the run."""
    note(printable(path, limit=LONGEST_PATH))
    older = [*others]
    for other in older[-_MOST_OTHERS:]:
        note(f"an older log of the run: {printable(other, limit=LONGEST_PATH)}")
    if len(older) > _MOST_OTHERS:
        note(f"and {len(older) - _MOST_OTHERS} more, even older")


def _pieces(client: DataMapClient, run: Run, most: int | None) -> tuple[Iterable[bytes], bool]:
    """The last ``most`` bytes of a log, or all for None, in pieces; and whether the log has more before them."""
    if most is None:
        reader = client.open_log(run)
        note_place(reader.path, reader.other_paths)
        return reader, False
    found = client.read_log(run, tail=most)
    note_place(found.path, found.other_paths)
    if not found.is_whole:
        note(f"the last {size_text(len(found.content))} of {size_text(found.size)}: --all shows all of it")
    return [found.content], found.start > 0
