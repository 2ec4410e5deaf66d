"""The selection of runs: its options, and its pager."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

import click

from dataarts_datamap.cli._options.connection import given, paging_options, parse_name, zone_option
from dataarts_datamap.cli._options.suggestions import suggest_tables
from dataarts_datamap.cli._options.table_names import table_guid_of
from dataarts_datamap.cli._options.times import in_zone
from dataarts_datamap.cli._options.values import options, span_option, time_option
from dataarts_datamap.cli._printing.notices import tell_zone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime, tzinfo

    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import Operator, Run
    from dataarts_datamap._paging.pager import Pager
    from dataarts_datamap.cli._printing.output import Output


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The runs of a table, or of one operator, inside a window.

    Attributes:
        end: End of the window; None for now.
        since: Length of the window up to its end; it cannot be given together with ``start``.
        tz: Zone of times without an offset, and of the times shown in a table.
        paging: Keywords of ``list_table_runs`` for reading pages.
        strict: Whether a field with an unexpected type or an invalid value is an error.
    """

    table_guid: str | None
    task_id: str | None
    job_name: str | None
    start: datetime | int | None
    end: datetime | int | None
    since: timedelta | None
    tz: tzinfo
    paging: dict[str, Any]
    strict: bool

    def __post_init__(self) -> None:
        if (self.task_id is None) is not (self.job_name is None) or (self.table_guid is None) is (self.task_id is None):
            raise click.UsageError("give either --table, or both --task-id and --job-name")
        if self.start is not None and self.since is not None:
            raise click.UsageError("give either --start or --since, not both")

    @property
    def has_beginning(self) -> bool:
        return self.start is not None or self.since is not None

    def check_beginning(self) -> None:
        if not self.has_beginning:
            raise click.UsageError("give the beginning of the window: --start TIME or --since SPAN")

    def tell_zone(self, output: Output) -> None:
        tell_zone((self.start, self.end), self.tz, output)

    def by_guid(self, client: DataMapClient) -> Selection:
        """The same selection, with a table's name replaced by its GUID."""
        return self if self.table_guid is None else replace(self, table_guid=table_guid_of(client, self.table_guid))

    def pager(
        self, client: DataMapClient, operators: Sequence[Operator] | None = None, *, resume_token: str | None = None
    ) -> Pager[Run]:
        """A pager of the runs; for a table, those of the given operators, or of all that the service lists.

        A resume token is the position of an earlier walk, whose window replaces this one.

        Raises:
            click.UsageError: The window has no beginning, or one of its times is skipped by the zone or out of range.
        """
        where = self._window() if resume_token is None else {"resume_token": resume_token}
        how: dict[str, Any] = {**self.paging, "strict": self.strict, **where}
        if self.table_guid is not None:
            return client.list_table_runs(self.table_guid, operators=operators, **how)
        return client.list_runs(cast("str", self.task_id), job_name=cast("str", self.job_name), **how)

    def count(self, client: DataMapClient, operator: Operator) -> int | None:
        """The number of an operator's runs according to the server's total, by a small request; None if it is missing.

        The window is not sliced here, and may be longer than the server allows.

        Raises:
            click.UsageError: As for ``pager``.
            DataMapError: There is no total, since no response arrived, or it is invalid or an error.
        """
        whose = given(job_name=operator.job_name, workspace_id=operator.workspace_id)
        pager = client.list_runs(operator.task_id, page_size=1, slice_span=timedelta.max, **whose, **self._window())
        pager.first()
        return pager.total

    def operators(self, client: DataMapClient) -> list[Operator]:
        from dataarts_datamap._models.runs import Operator

        if self.table_guid is not None:
            return client.list_operators(self.table_guid)
        return [Operator(task_id=cast("str", self.task_id), job_name=cast("str", self.job_name))]

    def _window(self) -> dict[str, Any]:
        self.check_beginning()
        start, end = in_zone(self.start, self.tz), in_zone(self.end, self.tz, end=True)
        return given(start=start, end=end, since=self.since)


_OPTIONS = options(
    click.option(
        "--table",
        "table_guid",
        metavar="TABLE",
        shell_complete=suggest_tables,
        help="Runs of all operators of this table, by name or GUID.",
    ),
    click.option("--task-id", metavar="ID", help="Runs of one operator; goes with --job-name."),
    click.option("--job-name", type=parse_name, metavar="NAME", help="Name of that operator."),
    time_option("--start", help="Beginning of the window: a date, a time, or epoch ms"),
    time_option("--end", help="End of the window (now)"),
    span_option("--since", help="Length of the window up to its end: 90m, 24h, 7d"),
    zone_option("times without an offset, and of the times shown in a table"),
    paging_options,
    click.option("--strict", is_flag=True, help="Fail on a field with an unexpected type or an invalid value."),
)


def selection_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select runs; the command gets them as one ``selection``.

    The command must allow extra arguments, so that a table without ``--table`` causes an error that names the option.
    """

    @wraps(command)
    def call(**values: Any) -> None:  # noqa: ANN401
        context = click.get_current_context()
        if context.args:
            raise click.UsageError(f"unexpected {context.args[0]!r}: give a table with --table here", context)
        chosen = {field.name: values.pop(field.name) for field in fields(Selection)}
        command(selection=Selection(**chosen), **values)

    return _OPTIONS(call)
