"""Checks all tables of a file, reads their runs of the last days, and writes the overview as one HTML page."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

from dataarts_datamap._checks.check import worst_first
from dataarts_datamap._checks.check_state import CheckState
from dataarts_datamap._checks.table_file import load_tables
from dataarts_datamap._errors import ClientClosedError, DataMapError
from dataarts_datamap._models.runs import Operator, operator_key
from dataarts_datamap._report.overview.overview_page import headline, overview_page
from dataarts_datamap._report.overview.table_days import DayStrip, OverviewRow, days_until, overview_row
from dataarts_datamap.cli._printing.notices import size_text
from dataarts_datamap.cli._printing.progress import counted_tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, tzinfo
    from pathlib import Path

    from dataarts_datamap._checks.check import TableCheck
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.runs import OperatorKey, Run
    from dataarts_datamap._report.texts import Texts

_AT_ONCE: Final = 8
_DAY: Final = timedelta(days=1)


def write_overview(  # noqa: PLR0913  one parameter for each option
    client: DataMapClient,
    file: str,
    target: Path,
    *,
    days: int,
    zone: tzinfo,
    say: Texts,
    now: datetime | None = None,
) -> tuple[str, DataMapError | None]:
    """Write the page of all tables of a file, with the last ``days`` days in the zone, including today.

    A table whose days cannot be read is shown without them, with the error.

    Returns:
        A summary of the page, and the first error if no table could be read.
    """
    from dataarts_datamap._files import replacing

    rules, now = load_tables(file), now or datetime.now(UTC)
    known_days = days_until(now, zone, days)
    with CheckState(":memory:") as state, counted_tables(len(rules)) as count:
        checks = worst_first(
            client.check_tables(rules, now=now, state=state, explain=True, on_checked=lambda _: count())
        )
    read = partial(_read_row, client, days=known_days, now=now, zone=zone)
    rows: list[OverviewRow] = []
    with (
        counted_tables(len(checks), "read") as count,
        ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="datamap-overview") as threads,
    ):
        try:
            for row in threads.map(read, checks):
                rows.append(row)
                count()
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    content = overview_page(rows, known_days, now=now, zone=zone, say=say).encode()
    with replacing(target) as made:
        made.write_bytes(content)
    summary = f"{headline(rows)}: the page has {size_text(len(content))}"
    errors = [one.error for one in checks if one.error is not None]
    return summary, errors[0] if errors and len(errors) == len(checks) else None


def _read_row(
    client: DataMapClient, check: TableCheck, *, days: Sequence[date], now: datetime, zone: tzinfo
) -> OverviewRow:
    """A table with its days, from the operators that count, or from all if none counts; empty without a status."""
    nothing = OverviewRow(check=check, strip=DayStrip(label="", days=tuple({} for _ in days)))
    if check.status is None or check.guid is None:
        return nothing
    chosen = [one for one in check.status.operators if one.counts] or list(check.status.operators)
    operators = [
        Operator(task_id=one.task_id or "", job_name=one.job_name or "", workspace_id=one.workspace_id)
        for one in chosen
    ]
    runs: dict[OperatorKey, list[Run]] = {operator_key(operator): [] for operator in operators}
    start = now - (len(days) + 1) * _DAY
    try:
        for run in client.list_table_runs(check.guid, start=start, end=now, operators=operators):
            if run.origin is not None:
                runs[operator_key(run.origin.operator)].append(run)
    except ClientClosedError:
        raise
    except DataMapError as error:
        return OverviewRow(check=check, strip=nothing.strip, error=str(error))
    return overview_row(check, [(key.job_name or "", some) for key, some in runs.items()], days, zone)
