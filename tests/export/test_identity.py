"""Which runs an increment takes for the same: none of another region, project, instance, workspace or operator."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap import (
    AsyncDataMapClient,
    DataMapClient,
    ExportError,
    ExportSummary,
    InvalidArgumentError,
    Operator,
    Run,
    RunOrigin,
    RunSource,
    export_runs,
    next_export_start,
)
from dataarts_datamap._export.columns import SOURCE, chosen_columns
from dataarts_datamap._models.runs import attach_origin, run_identity
from support.answers import json_answer, run_page
from support.exports import FORMATS, read_back, sorted_rows
from support.faces import SETTINGS, WINDOW
from support.runs import PLANNED, known, make_run, unread
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OLD_COLUMNS = [column.name for column in chosen_columns(None, "json") if column.name not in SOURCE]


@dataclass(frozen=True)
class Place:
    """Where runs are read."""

    region: str = "eu-west-101"
    project_id: str = "p"
    instance_id: str = "i"
    workspace_id: str = "w"
    task_id: str = "937987"
    job_name: str = "ETL_Job_dli2dws"
    plan_time: int = PLANNED

    def runs(self, first: int, last: int, **fields: Any) -> list[Run]:
        """Runs of these ids, whose rows name no operator."""
        own = {"taskId": None, "jobName": None, "planTime": self.plan_time, **fields}
        found = [make_run(number, **own) for number in range(first, last + 1)]
        operator = Operator(task_id=self.task_id, job_name=self.job_name, workspace_id=self.workspace_id)
        attach_origin(
            found,
            RunOrigin(
                region=self.region,
                project_id=self.project_id,
                instance_id=self.instance_id,
                operator=operator,
                workspace_id=self.workspace_id,
            ),
        )
        return found


HOME = Place()
ELSEWHERE = [
    replace(HOME, region="cn-north-4"),
    replace(HOME, region="127.0.0.1:8080"),
    replace(HOME, project_id="q"),
    replace(HOME, instance_id="j"),
    replace(HOME, workspace_id="v"),
    replace(HOME, task_id="5"),
    replace(HOME, job_name="other"),
    replace(HOME, plan_time=PLANNED + 86_400_000),
]


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_same_ids_elsewhere(elsewhere: Place, format_: Any, tmp_path: Path) -> None:
    """Ids that come again elsewhere replace nothing; in the same place they do, whatever else of the run changed."""
    path = tmp_path / f"runs.{format_}"
    export_runs(HOME.runs(1, 5), path)
    summary = export_runs(elsewhere.runs(3, 7), path, append=True)
    assert ExportSummary(written=5, kept=5, without_id=0) == summary

    again = export_runs(elsewhere.runs(3, 7, status="fail", owner="someone", startTime=0), path, append=True)
    assert ExportSummary(written=5, kept=5, without_id=0) == again
    assert ["fail"] * 5 + ["success"] * 5 == sorted(row["status"] for row in read_back(path))


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
def test_identity_of_a_run(elsewhere: Place) -> None:
    """What an export goes by is the identity of a run that holds everywhere; a run without an id is known by times."""
    assert run_identity(HOME.runs(1, 1)[0]) == run_identity(HOME.runs(1, 1, status="fail", startTime=0)[0])
    assert run_identity(HOME.runs(1, 1)[0]) != run_identity(elsewhere.runs(1, 1)[0])
    nameless = [
        HOME.runs(1, 1, taskRunningLogId=number, startTime=start)[0] for number, start in ((0, 1), (None, 1), (0, 2))
    ]
    assert [True, False] == [run_identity(nameless[0]) == run_identity(one) for one in nameless[1:]]


@pytest.mark.parametrize("format_", FORMATS)
def test_runs_without_id_elsewhere(format_: Any, tmp_path: Path) -> None:
    """The same holds of runs without an id, which their times tell apart."""
    path = tmp_path / f"runs.{format_}"
    nameless: dict[str, Any] = {"taskRunningLogId": None}
    export_runs(HOME.runs(1, 1, **nameless), path)
    for elsewhere in ELSEWHERE:
        export_runs(elsewhere.runs(1, 1, **nameless, status="fail"), path, append=True)
        export_runs(elsewhere.runs(1, 1, **nameless, status="skip"), path, append=True)

    assert ["skip"] * len(ELSEWHERE) + ["success"] == sorted(row["status"] for row in read_back(path))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("sent", [None, ""])
def test_rows_that_do_not_name_their_workspace(sent: str | None, format_: Any, tmp_path: Path) -> None:
    """They are of the workspace that was asked for, be it the operator's or the client's, and others replace none."""
    path = tmp_path / f"runs.{format_}"
    for workspace_id, of_operator in (("w", "w"), ("v", None), ("u", "u"), ("t", None)):
        runs = [make_run(1, taskId=None, jobName=sent, workspaceId=sent)]
        operator = Operator(task_id="1", job_name="a", workspace_id=of_operator)
        origin = RunOrigin(region="r", project_id="p", instance_id="i", operator=operator, workspace_id=workspace_id)
        attach_origin(runs, origin)
        export_runs(runs, path, append=True)

    assert [("a", one) for one in "tuvw"] == sorted((row["job_name"], row["workspace_id"]) for row in read_back(path))


@pytest.mark.parametrize("format_", FORMATS)
def test_older_file(format_: Any, tmp_path: Path) -> None:
    """A file that does not say where its runs were read is refused, with the remedy; with it, it gets the columns."""
    path = tmp_path / f"runs.{format_}"
    export_runs(HOME.runs(1, 5), path, columns=OLD_COLUMNS)
    before = path.read_bytes()
    with pytest.raises(ExportError, match=r"source with file_source=.*--file-source REGION,PROJECT_ID,INSTANCE_ID"):
        export_runs(unread(), path, append=True)
    assert before == path.read_bytes()

    summary = export_runs(HOME.runs(4, 6), path, append=True, file_source=("eu-west-101", "p", "i"))
    assert ExportSummary(written=3, kept=3, without_id=0) == summary
    assert sorted_rows(map(known_with_operator, HOME.runs(1, 6))) == sorted_rows(read_back(path))
    assert 5 == export_runs(HOME.runs(6, 6), path, append=True).kept
    assert 6 == export_runs(ELSEWHERE[0].runs(6, 6), path, append=True, file_source=("x", "y", "z")).kept


def known_with_operator(run: Run) -> dict[str, Any]:
    """What an export holds of a run whose row does not name its operator."""
    assert run.origin is not None
    return {
        **known(run),
        "task_id": run.origin.operator.task_id,
        "job_name": run.origin.operator.job_name,
        "workspace_id": "w",
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_older_file_of_another_source(format_: Any, tmp_path: Path) -> None:
    """Rows that are said to be of another source are not replaced by runs of the same ids."""
    path = tmp_path / f"runs.{format_}"
    export_runs(HOME.runs(1, 5), path, columns=OLD_COLUMNS)
    summary = export_runs(HOME.runs(4, 6), path, append=True, file_source=["cn-north-4", 'it\'s "p", yes', "i"])

    assert ExportSummary(written=3, kept=5, without_id=0) == summary
    assert {("cn-north-4", 'it\'s "p", yes'), ("eu-west-101", "p")} == {
        (row["region"], row["project_id"]) for row in read_back(path)
    }


@pytest.mark.parametrize("format_", FORMATS)
def test_older_file_stays_where_reading_fails(format_: Any, tmp_path: Path) -> None:
    """An export that breaks off leaves an older file as it was, without the new columns."""
    path = tmp_path / f"runs.{format_}"
    export_runs(HOME.runs(1, 5), path, columns=OLD_COLUMNS)
    before = sorted_rows(read_back(path))

    def broken() -> Iterator[Run]:
        yield from HOME.runs(6, 6)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_runs(broken(), path, append=True, file_source=("eu-west-101", "p", "i"))
    assert before == sorted_rows(read_back(path))
    assert [path] == list(tmp_path.iterdir())


def test_older_file_with_a_short_line(tmp_path: Path) -> None:
    """A line that lacks cells gets no others behind them, which would say something else: the file is refused."""
    path = tmp_path / "runs.csv"
    export_runs(HOME.runs(1, 1), path, columns=OLD_COLUMNS)
    whole = path.read_text(encoding="utf-8") + "99,1,short\n"
    path.write_text(whole, encoding="utf-8")

    with pytest.raises(ExportError, match="fewer cells than its header: '99,1,short'"):
        export_runs(HOME.runs(2, 2), path, append=True, file_source=("a", "b", "c"))
    assert whole == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "wrong",
    ["eu-west-101", ("a", "b"), ("a", "b", ""), ("a", 1, "c"), ("a", "b", "\ud800"), ("a", "b", "\0"), 5, (), "a,b,c"],
)
def test_wrong_source(wrong: Any, tmp_path: Path) -> None:
    """A source that is not three texts that a file can hold is refused before anything is read."""
    with pytest.raises(InvalidArgumentError, match="file_source must be a region, a project id and an instance id"):
        export_runs(unread(), tmp_path / "runs.csv", append=True, file_source=wrong)


def test_file_of_other_columns_is_no_older_file(tmp_path: Path) -> None:
    """What lacks other columns, or has its own in another order, is refused as before."""
    path = tmp_path / "runs.csv"
    for columns in (OLD_COLUMNS[:-1], OLD_COLUMNS[::-1], [*OLD_COLUMNS, "region"]):
        path.unlink(missing_ok=True)
        export_runs(HOME.runs(1, 1), path, columns=columns)
        with pytest.raises(ExportError, match="give the file's columns, or start a new file"):
            export_runs(unread(), path, append=True, file_source=("a", "b", "c"))


def serve(asked: Asked) -> Answer:
    """Two operators that differ by workspace, each with a run of the same id and time whose row tells neither."""
    if asked.target.endswith("/node"):
        return json_answer([{"task_id": "1", "job_name": "load", "workspace_id": one} for one in ("v", "w")])
    return run_page({"taskRunningLogId": 7, "planTime": WINDOW["start"] + 1, "status": "success"})


@pytest.mark.parametrize("format_", FORMATS)
def test_through_a_client(format_: Any, tmp_path: Path) -> None:
    """What two clients read of two services of the same project stays apart; each by itself replaces its own."""
    path = tmp_path / f"runs.{format_}"
    for region in (None, "eu-west-101", None):
        with ScriptedServer(serve) as server:
            for _ in range(2):
                with DataMapClient(endpoint=server.url, region=region, **SETTINGS) as client:
                    export_runs(client.list_table_runs("t", **WINDOW), path, append=True)

    found = [(row["region"], row["workspace_id"], row["task_id"], row["job_name"]) for row in read_back(path)]
    assert 6 == len(found) == len(set(found))
    assert 3 == len({region for region, *_ in found})
    assert 2 == sum(region == "eu-west-101" for region, *_ in found)


@pytest.mark.parametrize("format_", FORMATS)
def test_next_start_of_a_source(format_: Any, tmp_path: Path) -> None:
    """Where the next increment begins goes by the runs of the source and operator that are asked for alone."""
    path = tmp_path / f"runs.{format_}"
    late = replace(HOME, region="cn-north-4", job_name="=other", plan_time=PLANNED + 9 * 86_400_000)
    open_: dict[str, Any] = {"status": "running", "endTime": 0, "startTime": 0, "submitTime": 0}
    export_runs([*HOME.runs(1, 1, **open_), *late.runs(2, 2, **open_)], path)

    def start(**options: Any) -> int | None:
        found = next_export_start(path, **options)
        return None if found is None else round(found.timestamp() * 1000)

    assert PLANNED == start() == start(source=("eu-west-101", "p", "i"))
    assert late.plan_time == start(source=("cn-north-4", "p", "i"))
    assert late.plan_time == start(operator=Operator(task_id="937987", job_name="=other"))
    here, there = (Operator(task_id="937987", job_name="=other", workspace_id=one) for one in ("w", "v"))
    assert late.plan_time == start(operator=here) == start(operator=[there, here])
    assert PLANNED == start(operator=[here, Operator(task_id="937987", job_name=HOME.job_name)])
    assert [None, None] == [start(operator=there), start(operator=[])]
    assert start(source=("cn-north-4", "q", "i")) is None
    assert start(operator=Operator(task_id="5", job_name="=other")) is None
    export_runs(HOME.runs(1, 1, **open_), path, columns=OLD_COLUMNS)
    assert PLANNED == start(source=("cn-north-4", "p", "i"))


def test_next_start_of_what_is_no_source(tmp_path: Path) -> None:
    """A source that is none is refused; a file that does not tell operators apart is, too."""
    path = tmp_path / "runs.csv"
    export_runs(HOME.runs(1, 1), path, columns=["state", "plan_time", "submit_time", "start_time", "end_time"])
    with pytest.raises(
        InvalidArgumentError, match="source must be a region, a project id and an instance id, not 'eu'"
    ):
        next_export_start(path, source="eu")
    with pytest.raises(ExportError, match="has no column task_id"):
        next_export_start(path, operator=Operator(task_id="1", job_name="a"))


@pytest.mark.parametrize("sync", [True, False])
def test_source_of_a_client(sync: bool) -> None:  # noqa: FBT001
    """A client says whose runs it asks for as their origin does, and asks nothing where it was told."""

    async def ask(**settings: Any) -> RunSource:
        async with AsyncDataMapClient(**SETTINGS, **settings) as client:
            return await client.source()

    cases: list[tuple[dict[str, Any], str]] = [
        ({"endpoint": "https://dayu.example.com:8443/prefix/"}, "dayu.example.com:8443/prefix"),
        ({"endpoint": "https://dayu.example.com:443"}, "dayu.example.com"),
        ({"endpoint": "https://[::1]:9"}, "[::1]:9"),
        ({"endpoint": "https://dayu.example.com", "region": "eu-west-101"}, "eu-west-101"),
        ({"region": "eu-west-101"}, "eu-west-101"),
    ]
    for settings, region in cases:
        if sync:
            with DataMapClient(**SETTINGS, **settings) as client:
                found = client.source()
        else:
            found = asyncio.run(ask(**settings))
        assert RunSource(region, SETTINGS["project_id"], SETTINGS["instance_id"]) == found
