"""``datamap openlineage``."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from dataarts_datamap.cli._exit_codes import NOT_JUDGED, YES
from dataarts_datamap.cli._options.connection import connect, connection_options
from dataarts_datamap.cli._options.typed_options import refuse_typed
from dataarts_datamap.cli._options.values import TABLES_FILE, file_option, span_option, state_option
from dataarts_datamap.cli._printing.notices import counted, note, tell

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from datetime import timedelta

    from openlineage.client.event_v2 import RunEvent

    from dataarts_datamap._checks.table_rules import TableRule
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._export.run_progress import RunProgress
    from dataarts_datamap._models.dataset_names import DatasetNames
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.lineage import Lineage
    from dataarts_datamap.integrations.openlineage import EventSender

_VERSION: Final = 1
_LOOKBACK: Final = "7d"


@click.command(short_help="Send runs to a lineage catalog.")
@file_option("--tables", "file", default=TABLES_FILE, help="The tables, and their names in the catalog")
@span_option("--since", default="24h", help="Time to look back; with --since-last, only for the first call")
@click.option(
    "--since-last",
    is_flag=True,
    help="Only runs that are new or have changed since the last call, according to the state file.",
)
@span_option("--lookback", default=_LOOKBACK, help="With --since-last: time to look back for changes of ended runs")
@state_option(
    help="With --since-last: file that records what was sent (that of --tables, with .openlineage.json for .toml)"
)
@click.option("--running-data", is_flag=True, help="Also send SQL and parameters of runs; these can hold secrets.")
@click.option(
    "--unconfirmed",
    is_flag=True,
    help="Accept a transport, such as kafka, that only logs events that it could not send: they count as sent.",
)
@click.option("--dry-run", is_flag=True, help="Print the events as JSON lines; send and record nothing.")
@connection_options
def openlineage(  # noqa: PLR0913  one parameter for each option
    *,
    file: str,
    since: timedelta,
    since_last: bool,
    lookback: timedelta,
    state_file: str | None,
    running_data: bool,
    unconfirmed: bool,
    dry_run: bool,
    **settings: Any,  # noqa: ANN401
) -> int:
    """Send the runs of all tables of a file as OpenLineage events, with their inputs and outputs.

    The settings of OpenLineage's own client say where events are sent: OPENLINEAGE_URL and OPENLINEAGE_API_KEY, or
    OPENLINEAGE_CONFIG, or openlineage.yml. Sending a run again overwrites it.

    Exit code 0: all events were sent. 2: a table could not be read, or an event could not be sent.

    \b
    Examples:
      datamap openlineage --dry-run
      datamap openlineage --since-last --since 30d
    """  # noqa: D301  click reads \b
    if state_file and not since_last:
        raise click.UsageError("--state needs --since-last")
    if not since_last:
        refuse_typed("lookback", "only goes with --since-last")
    if dry_run:
        refuse_typed("unconfirmed", "does not go with --dry-run, which sends nothing")
    from dataarts_datamap._checks.table_file import load_dataset_names, load_tables
    from dataarts_datamap._errors import DataMapError
    from dataarts_datamap._export.run_progress import RunProgress
    from dataarts_datamap._extras import load_extra

    load_extra("openlineage.client", extra="openlineage")
    from dataarts_datamap.integrations.openlineage import EventSender

    rules, names = load_tables(file), load_dataset_names(file)
    state = _State(Path(state_file or f"{file.removesuffix('.toml')}.openlineage.json")) if since_last else None
    outlet = _Printer() if dry_run else EventSender(unconfirmed=unconfirmed)
    unread = 0
    now = datetime.now(UTC)
    with _closing(outlet, state), connect(settings) as client:
        sender = _RunSender(outlet, _lineage(client), names, running_data=running_data)
        for rule in rules:
            try:
                table, operators = _producers(client, rule, sender.lineage)
                progress = RunProgress(None if state is None else state.known(table.guid), lookback=lookback)
                start = progress.start(now, first=since)
                runs = client.list_table_runs(table.guid, operators=operators, start=start, end=now).to_list()
            except DataMapError as error:
                if _is_for_all(error):
                    raise
                tell(f"{rule.title}: {error}")
                unread += 1
                continue
            sender.send(table, progress.advance(runs, now))
            if state is not None and not dry_run:
                state.note(table.guid, progress)
    sender.tell(file, done="would be sent" if dry_run else "sent")
    return NOT_JUDGED if unread else YES


@contextmanager
def _closing(outlet: _Printer | EventSender, state: _State | None) -> Generator[None]:
    """Send what is queued, whatever happens. If that fails, it is not known what was sent, so nothing is recorded."""
    from dataarts_datamap._errors import ExportError

    try:
        yield
    finally:
        try:
            outlet.close()
        except ExportError:
            if state is not None:
                state.restore()
            raise


class _Printer:
    """Prints events as JSON lines."""

    def send(self, event: RunEvent) -> None:
        from dataarts_datamap.integrations.openlineage import event_json

        click.echo(event_json(event))

    def close(self) -> None:
        """Do nothing: there is no connection."""


class _RunSender:
    """Sends the events of runs, each run once, and again only with a table that its events did not have.

    Attributes:
        lineage: Lineage of the instance; None if it cannot be read.
    """

    def __init__(
        self, outlet: _Printer | EventSender, lineage: Lineage | None, names: DatasetNames, *, running_data: bool
    ) -> None:
        self.lineage = lineage
        self._outlet = outlet
        self._names = names
        self._running_data = running_data
        self._events = 0
        self._sent: dict[str, list[Table]] = {}
        self._unnamed: set[str] = set()

    def send(self, table: Table, runs: Iterable[Run]) -> None:
        from dataarts_datamap.integrations.openlineage import tables_of, to_openlineage

        for run in runs:
            before = self._sent.setdefault(run.key, [])
            if before and any(table.guid == one.guid for part in tables_of(run, self.lineage, before) for one in part):
                continue
            before.append(table)
            for event in to_openlineage(
                run, lineage=self.lineage, table=before, names=self._names, running_data=self._running_data
            ):
                self._outlet.send(event)
                self._events += 1
                self._note_unnamed(event, run)

    def _note_unnamed(self, event: RunEvent, run: Run) -> None:
        from dataarts_datamap.integrations.openlineage import default_namespace

        namespace = default_namespace(run)
        self._unnamed |= {
            one.name for one in (*(event.inputs or ()), *(event.outputs or ())) if one.namespace == namespace
        }

    def tell(self, file: str, *, done: str) -> None:
        """Report the number of events, and the number of tables without a rule for their names in the catalog."""
        if self._unnamed:
            count = counted(len(self._unnamed), "table")
            names = "their names are GUIDs, which do not match the names of other senders"
            tell(f"{count} without a rule in {file} under [openlineage]: {names}")
        note(f"{counted(self._events, 'event')} of {counted(len(self._sent), 'run')} {done}")


class _State:
    """The record of sent runs, by table, in a file.

    Raises:
        ConfigurationError: The file exists, but is not such a record.
    """

    def __init__(self, path: Path) -> None:
        from dataarts_datamap._errors import ConfigurationError
        from dataarts_datamap._files import read_text

        self._path = path
        self._tables: dict[str, Any] = {}
        self._before: dict[str, Any] = {}
        try:
            document = json.loads(read_text(path))
        except FileNotFoundError:
            return
        except (ValueError, RecursionError):
            document = None
        known = cast("dict[str, Any]", document) if isinstance(document, dict) else {}
        if known.get("version") != _VERSION or not isinstance(known.get("tables"), dict):
            raise ConfigurationError(f"{path} is not a state of datamap openlineage: name another with --state")
        self._tables = known["tables"]
        self._before = dict(self._tables)

    def known(self, guid: str) -> dict[str, Any] | None:
        return self._tables.get(guid)

    def note(self, guid: str, progress: RunProgress) -> None:
        self._tables[guid] = progress.to_dict()
        self._write()

    def restore(self) -> None:
        """Record only what was recorded before this call of the command."""
        if self._tables != self._before:
            self._tables = self._before
            self._write()

    def _write(self) -> None:
        from dataarts_datamap._files import replacing

        with replacing(self._path) as scratch:
            scratch.write_text(json.dumps({"version": _VERSION, "tables": self._tables}), encoding="utf-8")


def _lineage(client: DataMapClient) -> Lineage | None:
    """The lineage of the instance; None, with a warning, if it cannot be read."""
    from dataarts_datamap._errors import DataMapError

    try:
        return client.lineage()
    except DataMapError as error:
        if _is_for_all(error):
            raise
        tell(f"lineage cannot be read, so events have no inputs, and the table is their only output: {error}")
        return None


def _is_for_all(error: Exception) -> bool:
    """Whether an error would occur for every other table, too."""
    from dataarts_datamap._errors import AuthenticationError, ConfigurationError, ConnectionFailedError, ExportError

    return isinstance(error, AuthenticationError | ConfigurationError | ConnectionFailedError | ExportError)


def _producers(client: DataMapClient, rule: TableRule, lineage: Lineage | None) -> tuple[Table, Sequence[Operator]]:
    """A table, and its operators that count: those of its rule, else those that lineage names, else all listed."""
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.producers import choose_producers

    subject = rule.subject
    table = subject if isinstance(subject, Table) else client.find_table(subject)
    if lineage is not None:
        table = lineage.find(table)
    listed = client.list_operators(table.guid)
    return table, choose_producers(table, listed, lineage, only=rule.producers or None).operators
