"""A log that is followed until its run has ended."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Final

from msgspec import structs

from dataarts_datamap._errors import DataMapError, LogChangedError, LogNotFoundError, LogPathError
from dataarts_datamap._models.runs import RunState, run_identity
from dataarts_datamap._monitoring.snapshot import may_recover
from dataarts_datamap._text import printable
from dataarts_datamap.cli._exit_codes import NO, NOT_JUDGED, YES
from dataarts_datamap.cli._logs.choice import description
from dataarts_datamap.cli._logs.reading import LONGEST_PATH, LogWriter, note_place
from dataarts_datamap.cli._printing.notices import note, tell
from dataarts_datamap.cli._printing.streams import wait_while_read

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._client.log_readers import LogReader
    from dataarts_datamap._models.runs import Run

_SEEN: Final = 256  # bytes that are read again, to check that the log is still the same
_MISSING: Final = 600.0  # seconds after which a run that is not listed is given up


def follow_log(  # noqa: PLR0913  one parameter for each choice, and the clock
    client: DataMapClient,
    run: Run,
    most: int | None,
    *,
    start: datetime,
    every: timedelta,
    now: Callable[[], float] = monotonic,
) -> int:
    """Show a log, and its additions until its run has ended.

    At first, the last ``most`` bytes are shown; None for the whole log. The run is looked for from ``start`` on, the
    beginning of the window in which it was found, so that it stays in the window however long it runs.

    Returns:
        The exit code for the run's outcome; ``NOT_JUDGED`` if the reader of stdout goes away, or the run has not been
        listed for ten minutes.

    Raises:
        DataMapError: Reading the log or the run failed permanently, or reading the log failed after the run had ended.
    """
    log, first = _FollowedLog(client, most), run
    missing_since: float | None = None
    try:
        while run.state is RunState.ACTIVE:
            log.show_more(run)
            wait_while_read(every.total_seconds())
            try:
                found = _now(client, run, start)
            except DataMapError as error:
                _pass_over(error)
                continue
            if found is not None:
                run, missing_since = found, None
            elif missing_since is None:
                missing_since = now()
                tell(f"run {run.run_id} is no longer among the runs of its operator: its end may be missed")
            elif now() - missing_since >= _MISSING:
                log.show_more(run)
                tell(f"run {run.run_id} has not been listed for ten minutes: how it ended is unknown")
                return NOT_JUDGED
        log.show_rest(run)
    except BrokenPipeError:
        return NOT_JUDGED
    if run is not first:
        note(description(run))
    if run.state is RunState.SUCCEEDED:
        return YES
    return NO if run.state in {RunState.FAILED, RunState.SKIPPED} else NOT_JUDGED


def _now(client: DataMapClient, run: Run, start: datetime) -> Run | None:
    """The run as it is now; unchanged if it has no origin; None if it is gone."""
    if run.origin is None:
        return run
    whose = run.origin.operator
    runs = client.list_runs(whose.task_id, job_name=whose.job_name, workspace_id=whose.workspace_id, start=start)
    return next((one for one in runs if run_identity(one) == run_identity(run)), None)


class _FollowedLog:
    """A growing log. If its run continues the log in another object, that object is shown next."""

    def __init__(self, client: DataMapClient, most: int | None) -> None:
        self._client = client
        self._most = most
        self._writer = LogWriter()
        self._path: str | None = None
        self._position = 0
        self._seen = b""

    def show_more(self, run: Run) -> None:
        """Show what is new, if it can be read at the moment. A log, or its path, may not exist yet."""
        try:
            self._show_new(run)
        except (LogNotFoundError, LogPathError):
            pass
        except DataMapError as error:
            _pass_over(error)

    def show_rest(self, run: Run) -> None:
        self._show_new(run)
        self._writer.end()

    def _show_new(self, run: Run) -> None:
        if self._path is None and self._most is not None:
            found = self._client.read_log(run, tail=self._most)
            note_place(found.path, found.other_paths)
            self._path, self._position, self._seen = found.path, found.size, found.content[-_SEEN:]
            self._write(found.content, is_cut=found.start > 0)
            return
        reader = self._client.open_log(run, position=self._position - len(self._seen))
        if self._path is None:
            note_place(reader.path, reader.other_paths)
            self._path = reader.path
        if reader.path == self._path:
            self._show_object(run, reader)
            return
        objects = [*reader.other_paths, reader.path]
        for path in objects[objects.index(self._path) :] if self._path in objects else [reader.path]:
            if path != self._path:
                note(f"the log continues in {printable(path, limit=LONGEST_PATH)}")
                self._path, self._position, self._seen = path, 0, b""
            self._show_object(run, self._open(run, path))

    def _open(self, run: Run, path: str) -> LogReader:
        """A reader of the object at a path; it begins with the bytes to compare with ``_seen``."""
        part = structs.replace(run, execution_log_path=path)
        return self._client.open_log(part, position=self._position - len(self._seen))

    def _show_object(self, run: Run, reader: LogReader) -> None:
        try:
            self._read(reader)
        except LogChangedError:
            note("the log was started again")
            self._position, self._seen = 0, b""
            self._read(self._open(run, reader.path))

    def _read(self, reader: LogReader) -> None:
        if reader.size < self._position or reader.read(len(self._seen)) != self._seen:
            raise LogChangedError("the log was replaced")
        for piece in reader:
            self._write(piece)
            self._position, self._seen = reader.position, (self._seen + piece[-_SEEN:])[-_SEEN:]

    def _write(self, content: bytes, *, is_cut: bool = False) -> None:
        if not self._writer.write(content, is_cut=is_cut):
            raise BrokenPipeError


def _pass_over(error: DataMapError) -> None:
    """Warn of a temporary error; raise any other."""
    if not may_recover(error):
        raise error
    tell(str(error))
