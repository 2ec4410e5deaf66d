"""Adding to an export: what it holds of the same runs is replaced, and nothing else is touched."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataarts_datamap import ExportError, ExportSummary, InvalidArgumentError, Run, export_runs, next_export_start
from dataarts_datamap._export.increment import IDENTITY, IncrementStart, StoredRun
from support.exports import FORMATS, read_back, sorted_rows
from support.runs import PLANNED, known, make_run, unread

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60_000
DAY = 24 * 60 * MINUTE


def identity(run: Run) -> Any:
    """What an increment knows a run by: no test here mixes operators or sources, but where it says so."""
    return (run.run_id, run.plan_time) if run.run_id else (run.plan_time, run.submit_time, run.start_time)


def planned(run_id: int, time: int, **fields: Any) -> Run:
    """A run that was planned at some time, started then, and ended a minute later."""
    return make_run(run_id, **{"planTime": time, "startTime": time, "endTime": time + MINUTE, **fields})


def some_runs(most: int) -> st.SearchStrategy[list[Run]]:
    """Runs of few ids and few values, so that many are the same; some without an id."""
    parts = st.tuples(
        st.sampled_from([None, 0, 1, 2, 3]),
        st.sampled_from(["success", "", "a\nb", None]),
        st.sampled_from([0, PLANNED, PLANNED + 1]),
        st.sampled_from([0, PLANNED]),
    )
    return st.lists(
        parts.map(lambda part: make_run(part[0], status=part[1], planTime=part[2], submitTime=part[3])), max_size=most
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_append(format_: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All that is new is there, and of the old all but the same runs: nothing is lost, nothing of one id is doubled."""
    path = tmp_path_factory.mktemp("append") / f"runs.{format_}"

    @settings(max_examples=6 if format_ == "duckdb" else 25)
    @given(some_runs(6), some_runs(4))
    def check(old: list[Run], new: list[Run]) -> None:
        path.unlink(missing_ok=True)
        export_runs(old, path)
        summary = export_runs(new, path, append=True)

        replaced = set(map(identity, new))
        kept = [run for run in old if identity(run) not in replaced]
        assert sorted_rows(map(known, new + kept)) == sorted_rows(read_back(path))
        assert (len(new), len(kept)) == (summary.written, summary.kept)

    check()


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("target", "runs"),
        ("older target", "runs"),
        ("temp.a", "runs"),
        ("main", "target"),
        ("a", "batch"),
        ("a", "Batch"),
    ],
)
def test_a_database_and_its_table_may_have_any_name(name: str, table: str, tmp_path: Path) -> None:
    """No name collides with one that the export itself gives."""
    path = tmp_path / f"{name}.duckdb"
    for run in (make_run(1), make_run(2)):
        export_runs([run], path, table=table, append=True)

    with duckdb.connect(str(path)) as connection:
        assert [(1,), (2,)] == connection.table(table).select("run_id").order("run_id").fetchall()


@pytest.mark.parametrize("format_", FORMATS)
def test_append_to_nothing(format_: Any, tmp_path: Path) -> None:
    """Appending to a file that is not there makes it."""
    path = tmp_path / f"runs.{format_}"

    assert ExportSummary(written=1, kept=0, without_id=0) == export_runs([make_run(1)], path, append=True)
    assert [known(make_run(1))] == read_back(path)


@pytest.mark.parametrize("format_", FORMATS)
def test_run_without_id_that_changed(format_: Any, tmp_path: Path) -> None:
    """A run without an id is known by its times: one that ended is there once, one that started twice."""
    path = tmp_path / f"runs.{format_}"
    waiting = {"planTime": PLANNED + MINUTE, "startTime": 0, "endTime": 0, "status": "waiting"}
    export_runs([make_run(None, status="running", endTime=0), make_run(None, **waiting)], path)
    started = {**waiting, "startTime": PLANNED + MINUTE, "status": "running"}
    summary = export_runs([make_run(None, status="success"), make_run(None, **started)], path, append=True)

    assert ExportSummary(written=2, kept=1, without_id=2) == summary
    assert ["running", "success", "waiting"] == sorted(row["status"] for row in read_back(path))


def history(*, at: int) -> list[Run]:
    """What the service tells at some hour: a run each hour, some that end late or never, and one that is run again."""
    return [planned(hour + 1, PLANNED + hour * 60 * MINUTE, **_outcome(hour, at)) for hour in range(at)]


def _outcome(hour: int, at: int) -> dict[str, Any]:
    if hour >= at - 2 or (230 <= hour < 240 and at < 260) or hour == 375:
        return {"status": "running", "endTime": 0}
    return {"status": "fail"} if hour == 250 and at < 390 else {}


def increment(path: Path, told: list[Run], **options: Any) -> None:
    """Add to an export what is told of the window that it asks for, which goes by plan time."""
    start = next_export_start(path, **options)
    assert start is not None
    export_runs([run for run in told if run.plan_time and run.plan_time >= start], path, append=True)


@pytest.mark.parametrize("format_", FORMATS)
def test_increment_equals_full_export(format_: Any, tmp_path: Path) -> None:
    """Increments end with exactly the rows of one full export, while changes lie within the lookback."""
    path = tmp_path / f"runs.{format_}"
    export_runs(history(at=240), path)
    for hour in (290, 380, 420):
        increment(path, history(at=hour))
        assert sorted_rows(map(known, history(at=hour))) == sorted_rows(read_back(path))


@pytest.mark.parametrize("format_", FORMATS)
def test_change_beyond_the_lookback_is_missed(format_: Any, tmp_path: Path) -> None:
    """A rerun of a run that ended before the lookback is not seen: the export keeps what it has."""
    path = tmp_path / f"runs.{format_}"
    ended = [planned(hour + 1, PLANNED + hour * 60 * MINUTE) for hour in range(24)]
    export_runs([planned(1, PLANNED, status="fail"), *ended[1:]], path)
    increment(path, ended, lookback=timedelta(hours=6))

    assert "fail" == next(row["status"] for row in read_back(path) if row["run_id"] == 1)

    increment(path, ended, lookback=timedelta(hours=23))
    assert "success" == next(row["status"] for row in read_back(path) if row["run_id"] == 1)


OPEN: dict[str, Any] = {"status": "running", "endTime": 0}
START_CASES: list[tuple[list[Run], int]] = [
    ([planned(1, PLANNED)], PLANNED - 7 * DAY),
    ([planned(1, PLANNED, **OPEN)], PLANNED),
    ([planned(1, PLANNED + DAY), planned(2, PLANNED, **OPEN)], PLANNED - 6 * DAY),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, **OPEN)], PLANNED),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, **OPEN, submitTime=PLANNED - 5)], PLANNED - 5),
    ([planned(1, 0, startTime=PLANNED, endTime=PLANNED + DAY)], PLANNED - 7 * DAY),
    ([planned(1, PLANNED), planned(2, PLANNED + 99 * DAY, status="waiting")], PLANNED - 7 * DAY),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, status="brand-new", endTime=0)], PLANNED),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, status="brand-new")], PLANNED + 2 * DAY),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, status=None, endTime=0)], PLANNED),
    ([planned(1, PLANNED + 9 * DAY), planned(2, PLANNED, status="freeze", endTime=0)], PLANNED + 2 * DAY),
    ([planned(1, 1)], 0),
]


@pytest.mark.parametrize(("stored", "expected"), START_CASES)
def test_next_start(stored: list[Run], expected: int, tmp_path: Path) -> None:
    """The next increment begins at the oldest run that may not have ended, or a lookback before the newest that has."""
    path = tmp_path / "runs.ndjson"
    export_runs(stored, path)

    assert datetime.fromtimestamp(expected / 1000, UTC) == next_export_start(path)


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ([("skipped", 900, None, None, None)], 70),
        ([("skipped", 900, None, None, None), ("active", 50, None, None, None)], 50),
        ([("active", 900, None, None, None)], 100),
    ],
)
def test_runs_of_the_future(stored: list[StoredRun], expected: int) -> None:
    """A run that is planned ahead, such as a frozen one, takes nothing from how far is looked back from now."""
    start = IncrementStart(now=100)
    for row in stored:
        start.note(row)

    assert expected == start.before(30)


TIMELESS: dict[str, Any] = dict.fromkeys(("planTime", "submitTime", "startTime", "endTime"), 0)


@pytest.mark.parametrize(
    ("timeless", "expected"),
    [
        (planned(9, 0, **{**OPEN, **TIMELESS}), PLANNED - 40 * DAY),
        (planned(9, 0, **{**OPEN, **TIMELESS, "startTime": "soon"}), PLANNED - 40 * DAY),
        (planned(9, 0, **TIMELESS, status="brand-new"), PLANNED - 40 * DAY),
        (planned(9, 0, **TIMELESS), PLANNED - 7 * DAY),
        (planned(9, 0, **TIMELESS, status="freeze"), PLANNED - 7 * DAY),
    ],
)
def test_run_that_goes_on_and_has_no_time(timeless: Run, expected: int, tmp_path: Path) -> None:
    """It may be anywhere in the file, so that the next increment begins with the earliest run."""
    path = tmp_path / "runs.ndjson"
    export_runs([planned(1, PLANNED - 40 * DAY), planned(2, PLANNED), timeless], path)

    assert datetime.fromtimestamp(expected / 1000, UTC) == next_export_start(path)


@pytest.mark.parametrize("format_", FORMATS)
def test_next_start_of_each_format(format_: Any, tmp_path: Path) -> None:
    """Every kind of file tells where the next increment begins; one that is not there, or empty, tells nothing."""
    path = tmp_path / f"runs.{format_}"
    assert next_export_start(path) is None
    export_runs([make_run(1, planTime=0, startTime=0, endTime=0)], path)
    assert next_export_start(path) is None
    export_runs([make_run(1), make_run(2, status="running", endTime=0, planTime=PLANNED - 99)], path)
    assert datetime.fromtimestamp((PLANNED - 99) / 1000, UTC) == next_export_start(path, lookback=timedelta(0))

    with pytest.raises(InvalidArgumentError, match="lookback must be a non-negative timedelta"):
        next_export_start(path, lookback=timedelta(-1))


@pytest.mark.parametrize("operator", ["text", 5, ["text"]], ids=repr)
def test_next_start_of_what_is_no_operator(operator: Any, tmp_path: Path) -> None:
    """What is no operator is refused, whether there is a file or not."""
    path = tmp_path / "runs.csv"
    for _ in ("without a file", "with a file"):
        with pytest.raises(InvalidArgumentError, match=r"^operator must be one or more operators such as those of"):
            next_export_start(path, operator=operator)
        export_runs([make_run(1)], path)


@pytest.mark.parametrize("format_", FORMATS)
def test_other_columns(format_: Any, tmp_path: Path) -> None:
    """A file of other columns is refused before anything is read, and left as it is."""
    path = tmp_path / f"runs.{format_}"
    export_runs([make_run(1)], path, columns=["run_id", "status"])
    before = path.read_bytes()

    with pytest.raises(ExportError, match="has the columns run_id,status, not run_id,task_id"):
        export_runs(unread(), path, append=True)
    with pytest.raises(ExportError, match="has no column state"):
        next_export_start(path)
    assert before == path.read_bytes()


GARBAGE = [
    ("csv", b"", "is empty"),
    ("csv", b"\xff\xfe", "not a CSV file in UTF-8"),
    ("ndjson", b"{]\n", "a line that is not a run"),
    ("ndjson", b'{"run_id": 1, "state": "\xff"}\n', "a line that is not a run"),
    ("ndjson", b'{"run_id": 1, "state": %s}\n' % (b"[" * 500_000 + b"]" * 500_000), "a line that is not a run"),
    ("parquet", b"PAR1 or not", "cannot be read as an export of runs"),
    ("arrow", b"ARROW1 or not", "cannot be read as an export of runs"),
    ("duckdb", b"a" * 9999, "not a valid DuckDB database"),
]


@pytest.mark.parametrize(("suffix", "content", "told"), GARBAGE)
def test_no_export_of_runs(suffix: str, content: bytes, told: str, tmp_path: Path) -> None:
    """A file that is no export of runs is refused, and left as it is."""
    path = tmp_path / f"runs.{suffix}"
    path.write_bytes(content)

    with pytest.raises(ExportError, match=told):
        export_runs([make_run(1)], path, append=True)
    with pytest.raises(ExportError, match=told):
        next_export_start(path)
    assert content == path.read_bytes()


def test_broken_rows(tmp_path: Path) -> None:
    """A row that cannot be read on the way is an error that names the file, which stays as it is."""
    header = "run_id,state,plan_time,submit_time,start_time,end_time"
    header += ",task_id,job_name,workspace_id,region,project_id,instance_id"
    path = tmp_path / "runs.csv"
    for rows, told in (
        ("x" + "," * 11, "run_id that is not an integer: 'x'"),
        ("1,,soon" + "," * 9, "'soon' where a time with an offset was expected"),
        ('1,"', "ends inside a quoted cell"),
    ):
        path.write_text(f"{header}\n{rows}\n", encoding="utf-8")
        with pytest.raises(ExportError, match=told):
            export_runs([make_run(1)], path, append=True, columns=header.split(","))
    lines = tmp_path / "runs.ndjson"
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"state": []}, r"\[\] where a text"),
        ({"plan_time": 5}, "5 where a text"),
    ]
    for wrong, told in wrongs:
        lines.write_text(json.dumps(dict.fromkeys(header.split(",")) | wrong), encoding="utf-8")
        with pytest.raises(ExportError, match=told):
            next_export_start(lines)
    lines.unlink()
    path.write_text(f"{header}\n1,active\n", encoding="utf-8")
    with pytest.raises(ExportError, match="fewer cells than its header: '1,active'"):
        next_export_start(path)
    odd = f"{header}\n1,active,soon{',' * 9}\n"
    path.write_text(odd, encoding="utf-8")
    with pytest.raises(ExportError, match="'soon' where a time with an offset was expected"):
        next_export_start(path)

    assert odd == path.read_text(encoding="utf-8")
    assert [path] == list(tmp_path.iterdir())


def test_guard_and_mark_of_a_csv_file(tmp_path: Path) -> None:
    """Rows that stay are guarded with the new ones, once and no numbers among them; a mark that was there stays."""
    path = tmp_path / "runs.csv"
    columns = ["job_id", "job_name", "run_id", "owner", *IDENTITY]
    columns = list(dict.fromkeys(columns))
    some = [make_run(-1, jobName="=a", owner='@"b", c', jobId=-7), make_run(None, jobName="\ta", owner="\n=d")]
    export_runs(some, path, columns=columns, csv_bom=True)
    for _ in range(2):
        summary = export_runs([make_run(2)], path, append=True, columns=columns, csv_guard=True)

    assert ExportSummary(written=1, kept=2, without_id=0) == summary
    assert path.read_bytes().startswith(b"\xef\xbb\xbfjob_id,")
    found = [(row["run_id"], row["job_id"], row["job_name"], row["owner"]) for row in read_back(path)[1:]]
    assert [(-1, -7, "'=a", '\'@"b", c'), (None, None, "'\ta", "'\n=d")] == found
    assert ExportSummary(written=1, kept=2, without_id=1) == export_runs(
        some[1:], path, append=True, columns=columns, csv_guard=True
    )


@pytest.mark.parametrize("format_", FORMATS)
def test_long_text(format_: Any, tmp_path: Path) -> None:
    """However long a text is, and however many lines it has, an export of it can be added to."""
    path = tmp_path / f"runs.{format_}"
    long = make_run(1, runningData='SELECT "a",\n' * 20_000)
    export_runs([long], path)
    assert next_export_start(path) is not None
    export_runs([make_run(2)], path, append=True)

    assert sorted_rows(map(known, [long, make_run(2)])) == sorted_rows(read_back(path))


def test_other_tables_of_a_database_stay(tmp_path: Path) -> None:
    """An export to a database that exists replaces its own table alone."""
    path = tmp_path / "mine.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE mine AS SELECT 42 AS answer")
    for _ in range(2):
        export_runs([make_run(1)], path)
        export_runs([make_run(2)], path, table='odd "name"')
        export_runs([make_run(3)], path, append=True, table='odd "name"')

    with duckdb.connect(str(path)) as connection:
        assert [(42,)] == connection.sql("FROM mine").fetchall()
        assert [(1,)] == connection.sql("SELECT run_id FROM runs").fetchall()
        assert [(2,), (3,)] == connection.sql('SELECT run_id FROM "odd ""name""" ORDER BY ALL').fetchall()


def test_name_of_a_table_in_capitals(tmp_path: Path) -> None:
    """DuckDB takes names of other capitals for the same table, and so does what looks at its columns and rows."""
    path = tmp_path / "mine.duckdb"
    export_runs([make_run(1)], path, columns=["run_id", "state"])

    with pytest.raises(ExportError, match="has the columns run_id,state, not run_id,plan_time"):
        export_runs(unread(), path, columns=[*IDENTITY, "status"], append=True, table="RUNS")
    export_runs([make_run(1)], path)
    assert next_export_start(path) == next_export_start(path, table="Runs") is not None


def test_table_of_the_same_name_in_another_schema(tmp_path: Path) -> None:
    """A table that only shares its name is none of ours."""
    path = tmp_path / "mine.duckdb"
    export_runs([make_run(1)], path)
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA staging; CREATE TABLE staging.runs (a INTEGER)")

    assert ExportSummary(written=1, kept=1, without_id=0) == export_runs([make_run(2)], path, append=True)


def test_database_in_use(tmp_path: Path) -> None:
    """A database log without its database is refused: DuckDB would replay it into the new one."""
    path = tmp_path / "runs.duckdb"
    path.with_name("runs.duckdb.wal").write_bytes(b"x")

    with pytest.raises(ExportError, match="left over from a deleted database"):
        export_runs([make_run(1)], path)
