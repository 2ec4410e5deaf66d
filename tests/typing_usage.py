"""How the public face is used, for the type checkers of the lint: both must accept every line, and infer each type."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, assert_type

import pandas as pd
import polars as pl
import pyarrow as pa

from dataarts_datamap import (
    REGIONS,
    AccessKeyCredentials,
    AsyncDataMapClient,
    AsyncPager,
    AuthenticationError,
    Credentials,
    DataMapClient,
    DataMapError,
    DiscoveryError,
    DuePeriod,
    DueTime,
    EcsMetadataCredentials,
    ExportSummary,
    FieldProblem,
    IncompleteWalkError,
    LineageNode,
    Link,
    Operator,
    OperatorStatus,
    Pager,
    PasswordCredentials,
    RateLimitError,
    Region,
    RenewableCredentials,
    Request,
    Response,
    Run,
    RunOrigin,
    RunPage,
    RunSource,
    RunState,
    Table,
    TableCheck,
    TablePager,
    TableRule,
    TableStatus,
    TokenCredentials,
    UpstreamError,
    Verdict,
    export_runs,
    find_credentials,
    load_tables,
    next_export_start,
    table_status,
)

if TYPE_CHECKING:
    from collections.abc import Generator


def use_client() -> None:
    """The sync face."""
    with DataMapClient(
        region="eu-west-101", project_id="p", instance_id="i", credentials=TokenCredentials("t"), timeout=30
    ) as client:
        assert_type(client, DataMapClient)
        assert_type(client.list_operators("guid"), list[Operator])
        assert_type(client.find_table("sales.orders"), Table)
        assert_type(client.search_tables("orders", types=("table",)), TablePager)
        assert_type(client.search_tables("orders").to_list(max_items=3), list[Table])
        assert_type(client.lineage().upstream("sales.orders", depth=2), list[Table])
        assert_type(client.explain("sales.orders", max_age=timedelta(hours=26)).causes, tuple[Link, ...])
        assert_type(client.lineage().producers("sales.orders"), tuple[LineageNode, ...])
        pager = client.list_runs("937987", job_name="j", since=timedelta(hours=24), page_size=50, strict=True)
        pager = client.list_runs("937987", job_name="j", since=timedelta(hours=24), page_size="auto")
        assert_type(pager, Pager[Run])
        assert_type(pager.first(), Run | None)
        assert_type(pager.to_list(max_items=5), list[Run])
        assert_type(pager.total, int | None)
        assert_type(pager.to_arrow(columns=["run_id"], nested="skip"), pa.Table)
        assert_type(pager.to_pandas(), pd.DataFrame)
        assert_type(pager.to_polars(), pl.DataFrame)
        assert_type(export_runs(pager, "runs.parquet", append=True), ExportSummary)
        assert_type(next_export_start("runs.parquet", lookback=timedelta(days=7)), datetime | None)
        next_export_start("runs.parquet", source=client.source(), operator=Operator(task_id="1", job_name="a"))
        use_status(client.table_status("guid", max_age=timedelta(hours=26)))
        use_status(client.table_status("guid", only=["load"], ignore=("check", "w/check"), any_operator=True))
        assert_type(client.source(), RunSource)
        list(client.list_table_runs("guid", since=timedelta(days=1), operators=client.list_operators("guid")))
        for page in pager.pages():
            assert_type(page, RunPage)
            assert_type(page.runs, tuple[Run, ...])
        for run in client.list_table_runs("guid", start=datetime(2024, 1, 1, tzinfo=UTC), end="2024-01-02T00:00Z"):
            use_run(run)
    assert_type(DataMapClient.from_env(project_id="p"), DataMapClient)


async def use_async_client() -> None:
    """The async face."""
    async with AsyncDataMapClient.from_env(credentials=TokenCredentials("t")) as client:
        assert_type(client, AsyncDataMapClient)
        assert_type(await client.list_operators("guid"), list[Operator])
        pager = client.list_runs("937987", job_name="j", start=1704902400000, offset_unit="page")
        assert_type(pager, AsyncPager[Run])
        assert_type(await pager.first(), Run | None)
        assert_type(await pager.to_list(), list[Run])
        assert_type(await pager.to_arrow(), pa.Table)
        assert_type(await pager.to_pandas(), pd.DataFrame)
        assert_type(await pager.to_polars(), pl.DataFrame)
        use_status(await client.table_status("guid"))
        assert_type(await client.check_tables(load_tables()), list[TableCheck])
        assert_type(await client.source(), RunSource)
        async for page in pager.pages():
            assert_type(page, RunPage)
        async for run in client.list_table_runs("guid", since=timedelta(days=7)):
            use_run(run)


def use_run(run: Run) -> None:
    """The fields of a run."""
    assert_type(run.run_id, int | None)
    assert_type(run.task_id, str | None)
    assert_type(run.status, str | None)
    assert_type(run.state, RunState)
    assert_type(run.plan_time, datetime | None)
    assert_type(run.duration, timedelta | None)
    assert_type(run.output_row_count, int | None)
    assert_type(run.force_success, bool | None)
    assert_type(run.speed, float | None)
    assert_type(run.raw, dict[str, Any])
    assert_type(run.problems, tuple[FieldProblem, ...])
    assert_type(run.to_dict(), dict[str, Any])
    assert_type(Run.from_raw({"taskId": 1}), Run)


def use_status(status: TableStatus) -> None:
    """How a table stands."""
    assert_type(status.verdict, Verdict)
    assert_type(status.age, timedelta | None)
    assert_type(status.operators, tuple[OperatorStatus, ...])
    assert_type(status.to_dict(), dict[str, Any])
    assert_type(Run().origin, RunOrigin | None)
    assert_type(table_status([Run()], now=datetime.now(UTC), operators=[]), TableStatus)


def use_checks(client: DataMapClient) -> None:
    """Many tables, and what is asked of each."""
    due = DueTime(at=time(8), zone=UTC, days=frozenset({0, 4}), exceptions=frozenset({date(2026, 12, 25)}))
    rules = [*load_tables("datamap.toml"), TableRule(name="sales.orders", due=due)]
    for check in client.check_tables(rules, now=datetime.now(UTC), on_checked=print):
        assert_type(check, TableCheck)
        assert_type(check.verdict, Verdict)
        assert_type(check.reason, str)
        assert_type(check.period, DuePeriod | None)
        assert_type(check.error, DataMapError | None)


def use_errors(error: DataMapError) -> None:
    """The facts of an error."""
    assert_type(error.status, int | None)
    assert_type(error.error_code, str | None)
    assert_type(error.elapsed, float | None)
    match error:
        case UpstreamError():
            assert_type(error.upstream_status, int | None)
        case DiscoveryError():
            assert_type(error.candidates, tuple[tuple[str, str | None], ...])
        case IncompleteWalkError():
            assert_type(error.rows_read, int)
        case AuthenticationError() | RateLimitError():
            assert_type(error.retry_after, float | None)
        case _:
            pass


def use_log(client: DataMapClient, run: Run) -> None:
    """A log, its end or piece by piece."""
    log = client.read_log(run, tail=None)
    assert_type(log.text, str)
    assert_type(log.last_modified, datetime | None)
    reader = client.open_log(run, position=log.size)
    assert_type(reader.read(), bytes)
    for piece in reader:
        assert_type(piece, bytes)


async def use_log_async(client: AsyncDataMapClient, run: Run) -> None:
    """The same in an event loop."""
    assert_type((await client.read_log(run)).content, bytes)
    async for piece in await client.open_log(run):
        assert_type(piece, bytes)


def use_request(request: Request) -> None:
    """What credentials of a user's own see."""
    assert_type(request.url, str)


class Own:
    """Credentials of a user's own, which can be renewed."""

    def authenticate(self, request: Request) -> Generator[Request, Response, Request]:
        """Asks for something first."""
        answer = yield request
        assert_type(answer.text, str)
        return request

    def discard(self, request: Request) -> bool:
        """Whether another try is worth it."""
        return bool(request.headers)


def use_credentials() -> list[Credentials]:
    """Every kind of credentials."""
    renewable: RenewableCredentials = Own()
    return [
        renewable,
        TokenCredentials("t"),
        AccessKeyCredentials("a", "s"),
        PasswordCredentials("u", "p", "a", region="eu-west-101"),
        PasswordCredentials("u", "p", "a", project_id="p", iam_endpoint="https://iam.example.com"),
        EcsMetadataCredentials(),
        find_credentials("ecs-metadata"),
    ]


def use_regions() -> None:
    """The table of regions."""
    assert_type(REGIONS["eu-west-101"], Region)
    assert_type(DataMapClient(region="eu-west-101", credentials=EcsMetadataCredentials()), DataMapClient)
