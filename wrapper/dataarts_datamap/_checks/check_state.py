"""The state that a check keeps for the next check, in a small SQLite file."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self, TypeVar

import msgspec
from msgspec import Struct

from dataarts_datamap._arguments import instance
from dataarts_datamap._checks.check import Records, rule_key
from dataarts_datamap._checks.records import OperatorRecord, TableRecord, join
from dataarts_datamap._errors import InvalidArgumentError, StateFileError
from dataarts_datamap._files import checked_path
from dataarts_datamap._models.runs import OperatorKey, operator_key
from dataarts_datamap._paging.offsets import Counting  # noqa: TC001  needed at run time for decoding
from dataarts_datamap._text import printable, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Iterable
    from types import TracebackType

    from dataarts_datamap._checks.check import Checked
    from dataarts_datamap._paging.walk_options import ServerHabits


IN_MEMORY: Final = ":memory:"
"""The path of a state that is kept in memory until it is closed."""

_APPLICATION: Final = 0x446D4370  # marks the SQLite file as ours: "DmCp"
_VERSION: Final = 1
_PATIENCE: Final = 30.0
_MOST_PATIENCE: Final = 1_000_000
_HABITS_LIFE: Final = timedelta(days=7)
_MOST_AHEAD: Final = timedelta(days=1)
_LONGEST_CLAIM: Final = timedelta(minutes=5)  # after which the claim of a killed process ends
_OF_OPERATOR: Final = "task_id = ? AND job_name = ? AND workspace_id = ?"
_TABLES: Final = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tables (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE operators (
  task_id TEXT NOT NULL, job_name TEXT NOT NULL, workspace_id TEXT NOT NULL, record TEXT NOT NULL,
  PRIMARY KEY (task_id, job_name, workspace_id)
) WITHOUT ROWID;
"""


class _Habits(Struct, frozen=True, kw_only=True):
    """Facts about a server to keep for the next check."""

    noted_at: datetime
    counting: Counting | None
    first_offset: int
    capacity: int
    page_size: int = 0


RecordT = TypeVar("RecordT", OperatorRecord, TableRecord, _Habits)


class CheckState:
    """The state that a check keeps for the next check: last successes, searched times, durations, and operators.

    The file belongs to one instance of the service, which the first check records. Several checks may use the file at
    the same time, and a killed process leaves it consistent. A table that no check read in 400 days is forgotten,
    unless its rule is still checked; so is an operator that no check read in that time, if it belongs to no remaining
    table. Close the state, or use it in a ``with`` block.

    Args:
        path: The file; created if it does not exist. ``:memory:`` keeps the state in memory until it is closed.
        patience: Seconds to wait for another process that is writing to the file.

    Raises:
        InvalidArgumentError: ``path`` is no path, or ``patience`` no number of seconds from 0 to a million.
        StateFileError: The file is damaged, has a newer format, is another kind of file, cannot be written, or stays in
            use by another process; or its folder does not exist.
    """

    def __init__(self, path: Path | str, *, patience: float = _PATIENCE) -> None:
        checked_path(path)
        if not 0 <= instance("patience", patience, (int, float), "a number of seconds") <= _MOST_PATIENCE:
            raise InvalidArgumentError(f"patience must be from 0 to {_MOST_PATIENCE} seconds, not {shown(patience)}")
        self._path = str(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        with self._explained():
            self._refuse_strange_file()
            self._connection = sqlite3.connect(
                self._path, timeout=patience, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()  # otherwise Windows would not let the file be moved
                raise

    def __repr__(self) -> str:
        return f"CheckState({self._path!r})"

    def open_for(self, endpoint: str, project_id: str, instance_id: str) -> None:
        """Begin to use the state for an instance of the service.

        Raises:
            StateFileError: The state belongs to another instance, or its file cannot be read or written.
        """
        wanted = {"endpoint": endpoint, "project_id": project_id, "instance_id": instance_id}
        with self._changing() as connection:
            known = dict(connection.execute("SELECT name, value FROM facts").fetchall())
            for name, value in wanted.items():
                if known.get(name, value) != value:
                    raise StateFileError(
                        f"{self._shown} is the state of another {name}, {shown(known[name])}, and not of "
                        f"{shown(value)}: use a file for each"
                    )
            connection.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", wanted.items())

    def is_kept_for(self, endpoint: str, project_id: str | None, instance_id: str | None) -> bool:
        """Whether an earlier check recorded the instance of the service, and the endpoint and the given ids match.

        Raises:
            StateFileError: The file cannot be read.
        """
        meant = {"endpoint": endpoint, "project_id": project_id, "instance_id": instance_id}
        with self._explained(), self._lock:
            known = dict(self._ready().execute("SELECT name, value FROM facts").fetchall())
        return all(name in known and wanted in {None, known[name]} for name, wanted in meant.items())

    def records(self) -> Records:
        """The records of all tables and operators.

        Raises:
            StateFileError: The file cannot be read.
        """
        with self._explained(), self._lock:
            tables = self._ready().execute("SELECT key, record FROM tables").fetchall()
            operators = (
                self._ready().execute("SELECT task_id, job_name, workspace_id, record FROM operators").fetchall()
            )
            return Records(
                {key: _decoded(record, TableRecord) for key, record in tables},
                {_key(*names): _decoded(record, OperatorRecord) for *names, record in operators},
            )

    def save(self, checks: Iterable[Checked]) -> None:
        """Save the records of checks. Records of other tables, and later ones that another process saved, are kept.

        Raises:
            StateFileError: The file cannot be read or written.
        """
        with self._changing() as connection:
            for checked in checks:
                if checked.record is not None:
                    self._save_table(connection, rule_key(checked.check.rule), checked.record)
                for key, record in checked.operators.items():
                    self._save_operator(connection, key, record)

    def forget(self, before: datetime, *, kept: Collection[str]) -> None:
        """Drop the tables last read before a time, and the operators last read before it that no remaining table has.

        Tables whose rules have the ``kept`` keys remain, since they are still checked.

        Raises:
            StateFileError: The file cannot be read or written.
        """
        with self._changing() as connection:
            operators: set[OperatorKey] = set()
            for key, text in connection.execute("SELECT key, record FROM tables").fetchall():
                record = _decoded(text, TableRecord)
                if key in kept or record.read_at >= before:
                    operators.update(map(operator_key, record.operators))
                else:
                    connection.execute("DELETE FROM tables WHERE key = ?", (key,))
            rows = connection.execute("SELECT task_id, job_name, workspace_id, record FROM operators").fetchall()
            for *names, text in rows:
                if _key(*names) not in operators and _decoded(text, OperatorRecord).searched_until < before:
                    connection.execute(f"DELETE FROM operators WHERE {_OF_OPERATOR}", names)  # noqa: S608  a constant

    def recall_habits(self, habits: ServerHabits) -> None:
        """Give a client the facts that an earlier client learned about the server in the last seven days.

        A client that has learned facts itself keeps them.

        Raises:
            StateFileError: The file cannot be read, or is damaged.
        """
        text = self.fact("habits")
        if text is None or habits.counting is not None or habits.capacity:
            return
        with self._explained():
            known = _decoded(text, _Habits)
        if abs(datetime.now(UTC) - known.noted_at) <= _HABITS_LIFE:
            habits.counting, habits.first_offset, habits.capacity = known.counting, known.first_offset, known.capacity
            habits.page_size = habits.page_size or known.page_size

    def note_habits(self, habits: ServerHabits) -> None:
        """Save the facts that a client learned about its server, if it learned any."""
        if habits.counting is not None or habits.capacity:
            kept = _Habits(
                noted_at=datetime.now(UTC),
                counting=habits.counting,
                first_offset=habits.first_offset,
                capacity=habits.capacity,
                page_size=habits.page_size,
            )
            self.note_fact("habits", _encoded(kept))

    def fact(self, name: str) -> str | None:
        """The text kept under a name; None if there is none."""
        with self._explained(), self._lock:
            return _fact(self._ready(), name)

    def note_fact(self, name: str, value: str) -> None:
        """Keep a text under a name."""
        self.change_fact(name, lambda _: value)

    def change_fact(self, name: str, change: Callable[[str | None], str]) -> None:
        """Replace the text kept under a name, in one transaction.

        Args:
            name: The name.
            change: Returns the new text, given the present one or None. It must not use the state.
        """
        with self._changing() as connection:
            text = change(_fact(connection, name))
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, text))

    def claim(self, name: str) -> bool:
        """Claim a task that only one process may do at a time, until ``release``, or for five minutes.

        Returns:
            Whether the claim succeeded; False if the task is claimed already.

        Raises:
            StateFileError: The file cannot be read or written.
        """
        now = datetime.now(UTC)
        with self._changing() as connection:
            since = _fact(connection, name)
            if since is not None and abs(now - msgspec.convert(since, datetime)) < _LONGEST_CLAIM:
                return False
            connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, now.isoformat()))
            return True

    def release(self, name: str) -> None:
        """Release a claim, without checking which process has it."""
        with self._changing() as connection:
            connection.execute("DELETE FROM facts WHERE name = ?", (name,))

    def close(self) -> None:
        """Close the file; closing it again does nothing."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _shown(self) -> str:
        return printable(self._path)

    def _ready(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateFileError(f"{self._shown} was closed")
        return self._connection

    def _refuse_strange_file(self) -> None:
        path = Path(self._path)
        if self._path == IN_MEMORY:
            return
        try:
            path.lstat()
            is_there = path.exists()
        except (FileNotFoundError, NotADirectoryError):
            is_there = False
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or "the system does not allow such a name"
            raise StateFileError(f"{self._shown} cannot be used: {reason}") from None
        if is_there and not path.is_file():
            raise StateFileError(f"{self._shown} is not a file")
        if not path.parent.is_dir():
            raise StateFileError(f"there is no folder {printable(str(path.parent))} for the state {path.name}")
        if is_there and not os.access(path, os.W_OK):
            raise StateFileError(f"{self._shown} cannot be written")

    def _prepare(self) -> None:
        """Create the tables of a new file; refuse a file that is not ours, has a newer format, or is damaged."""
        with self._changing() as connection:
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if not tables and not application:
                for statement in _TABLES.split(";")[:-1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {_APPLICATION}")
                connection.execute(f"PRAGMA user_version = {_VERSION}")
                return
            if application != _APPLICATION:
                raise StateFileError(f"{self._shown} is not a state of checks, but another database")
            if version > _VERSION:
                raise StateFileError(
                    f"{self._shown} was written by a newer version of this package: it has format {version}, but "
                    f"this version knows formats up to {_VERSION}"
                )
            problems = connection.execute("PRAGMA quick_check(1)").fetchone()
            if problems[0] != "ok":
                raise StateFileError(_damaged(self._shown, str(problems[0])))

    def _save_table(self, connection: sqlite3.Connection, key: str, record: TableRecord) -> None:
        row = connection.execute("SELECT record FROM tables WHERE key = ?", (key,)).fetchone()
        if row is None or not _is_later(_decoded(row[0], TableRecord).read_at, record.read_at):
            connection.execute("INSERT OR REPLACE INTO tables VALUES (?, ?)", (key, _encoded(record)))

    def _save_operator(self, connection: sqlite3.Connection, key: OperatorKey, record: OperatorRecord) -> None:
        names = tuple(name or "" for name in key)
        row = connection.execute(f"SELECT record FROM operators WHERE {_OF_OPERATOR}", names).fetchone()  # noqa: S608  a constant
        if row is not None:
            known = _decoded(row[0], OperatorRecord)
            is_later = _is_later(known.searched_until, record.searched_until)
            record = join(known, record) if is_later else join(record, known)
        connection.execute("INSERT OR REPLACE INTO operators VALUES (?, ?, ?, ?)", (*names, _encoded(record)))

    @contextmanager
    def _changing(self) -> Generator[sqlite3.Connection]:
        """A transaction during which no other process can write."""
        with self._explained(), self._lock:
            connection = self._ready()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Convert errors of SQLite and of decoding to ``StateFileError``."""
        try:
            yield
        except sqlite3.OperationalError as error:
            if "locked" in str(error):
                raise StateFileError(f"{self._shown} is in use by another process: try again") from error
            raise StateFileError(f"{self._shown} cannot be used: {error}") from error
        except (sqlite3.DatabaseError, msgspec.MsgspecError) as error:
            raise StateFileError(_damaged(self._shown, str(error))) from error


def _fact(connection: sqlite3.Connection, name: str) -> str | None:
    row = connection.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def _is_later(known: datetime, new: datetime) -> bool:
    """Whether a known record is later than a new one, because another check ran at the same time.

    A known record more than a day ahead comes from a wrong clock, and does not count.
    """
    return timedelta(0) < known - new <= _MOST_AHEAD


def _damaged(path: str, what: str) -> str:
    return (
        f"{path} is damaged, or not a state of checks ({printable(what, limit=200)}): move it away, and the next check "
        "creates a new one; or name another file"
    )


def _key(task_id: str, job_name: str, workspace_id: str) -> OperatorKey:
    return OperatorKey(task_id, job_name, workspace_id or None)


def _encoded(record: Struct) -> str:
    return msgspec.json.encode(record).decode()


def _decoded(text: str, kind: type[RecordT]) -> RecordT:
    return msgspec.json.decode(text, type=kind)
