"""Changes of runs as JSON lines, for a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from dataarts_datamap._times import iso_text
from dataarts_datamap.cli._printing.notices import tell
from dataarts_datamap.cli._printing.output import write_json

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from dataarts_datamap._monitoring.polling import Poll
    from dataarts_datamap._monitoring.snapshot import Change

_NESTED: Final = frozenset({"running_data", "running_param"})  # can contain SQL and paths


def write_changes(polls: Iterable[Poll]) -> bool:
    """Write each change to stdout as soon as it is read; failures and notes go to stderr, each note once.

    Returns:
        Whether all changes were written: False if the reader of stdout went away.
    """
    told: set[str] = set()
    try:
        for poll in polls:
            for change in poll.changes:
                if not write_json(_line(change, poll.at)):
                    return False
            for note in poll.notes:
                if note not in told:
                    tell(f"warning: {note}")
            told.update(poll.notes)
            if poll.error is not None:
                then = "" if poll.next_at is None else f"; the next reading is at {iso_text(poll.next_at)}"
                tell(f"{poll.error}{then}")
    except BrokenPipeError:
        return False
    return True


def _line(change: Change, at: datetime) -> dict[str, Any]:
    """A change as a JSON object: its kind, the time of the reading, the previous status, and the run."""
    fields = {name: value for name, value in change.run.to_dict().items() if name not in _NESTED}
    before = None if change.before is None else change.before.status
    return {"change": change.kind.value, "read_at": iso_text(at), "status_before": before, **fields}
