"""One field that JSON's grammar allows and no program can hold costs neither the page nor the other runs."""

from __future__ import annotations

import csv
import io
import json
import pickle
import warnings
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AuthenticationError,
    BadRequestError,
    DataMapClient,
    InvalidBodyError,
    InvalidEnvelopeError,
    InvalidRowError,
    Operator,
    RowProblemWarning,
    Run,
    ServerError,
    UnsuccessfulError,
    UpstreamError,
    export_runs,
)
from dataarts_datamap._api.show_instance_infos import decode_page
from dataarts_datamap._messages import Request, Response
from support.answers import documented_row, envelope, json_answer
from support.command import called, point_at
from support.faces import SETTINGS, WINDOW
from support.scripted_server import Answer, ScriptedServer

if TYPE_CHECKING:
    from pathlib import Path

    from support.faces import Face

HALF, REPLACED = "half of a surrogate pair", "\ufffd"

TEXTS: Final = {
    '"ops \\ud83d"': f"ops {REPLACED}",
    '"\\ude00 ops"': f"{REPLACED} ops",
    '"a \\uDE00\\uD83D b"': f"a {REPLACED}{REPLACED} b",
    '"\\ud83d\\ud83d\\ude00"': f"{REPLACED}😀",
    '"\\\\ud83d \\ud83d"': f"\\ud83d {REPLACED}",
    '"订单\\ud83d\\n"': f"订单{REPLACED}\n",
}
NUMBERS: Final = ["1e999", "-1e999", "1E400", "9" * 5000, f"-{'9' * 5000}"]


def row_with(**fields: str) -> str:
    """The documented row as JSON, with these fields as they stand."""
    row = {name: value for name, value in documented_row().items() if name not in fields}
    odd = ",".join(f'"{name}":{value}' for name, value in fields.items())
    return f"{json.dumps(row)[:-1]},{odd}}}"


def page_of(*rows: str, members: str = '"total":3,"success":true,"msg":"success"') -> Answer:
    """A page of rows that are JSON."""
    return envelope(f'{{"rows":[{",".join(rows)}],{members}}}')


def read(face: Face, odd: str) -> Run:
    """The run of an odd row between two healthy ones, which must not suffer from it."""
    healthy = documented_row()
    with ScriptedServer(page_of(json.dumps(healthy), odd, json.dumps(healthy))) as server:
        first, run, last = face.list_runs(server)
    assert [Run.from_raw(healthy)] * 2 == [first, last]
    assert [(healthy, ())] * 2 == [(one.raw, one.problems) for one in (first, last)]
    json.dumps(run.raw, allow_nan=False).encode()
    json.dumps(run.to_dict(), allow_nan=False, ensure_ascii=False).encode()
    assert (run, run.raw, run.problems) == ((back := pickle.loads(pickle.dumps(run))), back.raw, back.problems)  # noqa: S301  our own
    return run


@pytest.mark.parametrize(("sent", "text"), TEXTS.items())
@pytest.mark.parametrize(("sent_as", "name"), [("owner", "owner"), ("jobName", "job_name"), ("status", "status")])
def test_half_an_emoji(face: Face, sent_as: str, name: str, sent: str, text: str) -> None:
    """U+FFFD stands for half of a surrogate pair, in the attribute and in raw, and the problem names the field."""
    with pytest.warns(RowProblemWarning, match=HALF):
        run = read(face, row_with(**{sent_as: sent}))

    assert text == getattr(run, name)
    assert {**documented_row(), sent_as: text} == run.raw
    (problem,) = run.problems
    assert (name, sent_as) == (problem.field, problem.sent_as)
    assert HALF in problem.reason


@pytest.mark.parametrize("sent", NUMBERS, ids=range(len(NUMBERS)))
@pytest.mark.parametrize("sent_as", ["planTime", "taskRunningLogId", "speed", "outputRowCount", "taskId"])
def test_number_out_of_range(face: Face, sent_as: str, sent: str) -> None:
    """A number that cannot be held is None with a problem, and costs nothing else."""
    with pytest.warns(RowProblemWarning, match=sent_as):
        run = read(face, row_with(**{sent_as: sent}))

    assert [sent_as] == [problem.sent_as for problem in run.problems]
    assert run.raw[sent_as] is None or sent == str(run.raw[sent_as])


@pytest.mark.parametrize("sent", [*TEXTS, *NUMBERS, '{"a":["\\ud83d",{"b":1e999}]}', '{"\\ud83d":1}'], ids=str.__len__)
def test_unknown_field(face: Face, sent: str) -> None:
    """An unknown field with such a value costs nothing; whoever reads raw finds the problem."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowProblemWarning)
        run = read(face, row_with(newField=sent))

    assert Run.from_raw(documented_row()) == run
    assert ["newField"] == [problem.field for problem in run.problems]
    assert {"newField", *documented_row()} == {*run.raw}


def test_name_of_a_field(face: Face) -> None:
    """Half of a surrogate pair in the name of a field is replaced there."""
    with pytest.warns(RowProblemWarning, match=HALF):
        run = read(face, row_with(**{"new\\ud83d": "1"}))

    assert 1 == run.raw[f"new{REPLACED}"]
    assert [f"new{REPLACED}"] == [problem.field for problem in run.problems]


def test_several_fields(face: Face) -> None:
    """Each field has its own problem, beside those of unexpected types."""
    with pytest.warns(RowProblemWarning, match="and 3 more"):
        run = read(face, row_with(owner='"\\ud83d"', planTime="1e999", endTime='"soon"', newField="1e999"))

    assert {"owner", "plan_time", "end_time", "newField"} == {problem.field for problem in run.problems}
    assert (REPLACED, None, None) == (run.owner, run.plan_time, run.end_time)


@pytest.mark.parametrize(
    "members",
    ['"total":3,"success":true,"msg":"ok \\ud83d"', '"total":1e999,"success":true', '"success":true,"new":"\\ud83d"'],
)
def test_members_beside_the_rows(face: Face, members: str) -> None:
    """Such a value beside the rows costs none of them."""
    row = json.dumps(documented_row())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RowProblemWarning)
        with ScriptedServer(page_of(row, row, row, members=members), page_of(members='"total":3')) as server:
            runs = face.list_runs(server, page_size=10)

    assert [Run.from_raw(documented_row())] == list(dict.fromkeys(runs))


def test_half_in_the_outer_document(face: Face) -> None:
    """A half that the outer document escapes is the same half; so is one in what stands beside the body."""
    inner = json.dumps({"rows": [{**documented_row(), "owner": "ops HALF"}], "total": 1, "success": True})
    outer = json.dumps({"status_code": 200, "body": inner, "header_map": {"Server": "HALF"}})
    with (
        ScriptedServer(Answer(outer.replace("HALF", "\\ud83d").encode())) as server,
        pytest.warns(RowProblemWarning, match="owner"),
    ):
        (run,) = face.list_runs(server)

    assert f"ops {REPLACED}" == run.owner == run.raw["owner"]
    with ScriptedServer(Answer(outer.replace("ops HALF", "ops").replace("HALF", "\\ud83d").encode())) as server:
        assert ["ops"] == [run.owner for run in face.list_runs(server)]


def test_strict(face: Face) -> None:
    """With strict, such a field is an error that names row and field."""
    with (
        ScriptedServer(page_of("{}", row_with(owner='"\\ud83d"'))) as server,
        pytest.raises(InvalidRowError, match=r"row 1: owner .*half of a surrogate pair"),
    ):
        face.list_runs(server, strict=True)


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"rows":[{"owner":"a\\ud83d"}', "not JSON"),
        ('{"rows":[{"owner":"a\\ud83d","planTime":NaN}]}', "not JSON"),
        ('{"rows":[{"owner":"a\\ud83"}]}', "not JSON"),
        ('{"rows":[{"owner":"a\\ud83d","new":' + "[" * 200_000 + "]" * 200_000 + "}]}", "nested too deeply"),
        ('["\\ud83d"]', "a list"),
        ('"\\ud83d"', "is text"),
    ],
)
def test_still_broken(face: Face, body: str, problem: str) -> None:
    """What is no JSON, and no page, is refused as ever."""
    with ScriptedServer(envelope(body)) as server, pytest.raises(InvalidBodyError, match=problem) as caught:
        face.list_runs(server)

    str(caught.value.raw).encode()
    assert str(caught.value).isprintable()


ERRORS: list[tuple[Answer, type[Exception], str | None]] = [
    (Answer(b'{"error_code":"APIGW.0301","error_msg":"no \\ud83d"}', 401), AuthenticationError, "APIGW.0301"),
    (Answer(b'{"error_code":"DLF.1","error_msg":"no","n":1e999}', 400), BadRequestError, "DLF.1"),
    (Answer(b'{"error":{"code":"IAM.1\\ud83d","message":"no"}}', 500), ServerError, f"IAM.1{REPLACED}"),
    (Answer(b'{"status_code":500,"body":"down \\ud83d"}'), UpstreamError, None),
    (envelope('{"error_code":"DLF.2","error_msg":"\\ud83d"}', status_code=500), UpstreamError, "DLF.2"),
    (envelope('{"success":false,"msg":"busy \\ud83d"}'), UnsuccessfulError, None),
]


@pytest.mark.parametrize(("answer", "kind", "code"), ERRORS)
def test_error_response(face: Face, answer: Answer, kind: type[Any], code: str | None) -> None:
    """An error response keeps its code, and all texts of the error can be written."""
    with ScriptedServer(answer) as server, pytest.raises(kind) as caught:
        face.list_runs(server)

    assert code == caught.value.error_code
    for text in (str(caught.value), caught.value.error_message or "", caught.value.raw or ""):
        text.encode()


def test_operators(face: Face) -> None:
    """An unknown field of an operator costs nothing; a name that cannot be asked with is named as that."""
    with ScriptedServer(Answer(b'[{"task_id":"1","job_name":"a","new":"\\ud83d","n":1e999}]')) as server:
        assert [Operator(task_id="1", job_name="a")] == face.list_operators(server)
    with (
        ScriptedServer(Answer(b'[{"task_id":"1","job_name":"a\\ud83d"}]')) as server,
        pytest.raises(InvalidEnvelopeError, match="job_name holds half of a surrogate pair"),
    ):
        face.list_operators(server)


def test_lists_of_ids() -> None:
    """The name of an instance that was cut inside an emoji does not keep its id from being found."""
    instances = b'{"commodity_orders":[{"resource_id":"i1","resource_name":"prod \\ud83d","status":2}],"count":1}'
    settings = {**SETTINGS, "instance_id": None}
    with (
        ScriptedServer(Answer(instances), json_answer([])) as server,
        DataMapClient(endpoint=server.url, **settings) as client,
    ):
        assert [] == client.list_operators("a-table")
        assert "i1" == server.asked[-1].headers["instance"]


@pytest.mark.filterwarnings("ignore::dataarts_datamap.RowProblemWarning")
@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet", "duckdb"])
def test_exports(tmp_path: Path, suffix: str) -> None:
    """A page with such fields can be written in each format."""
    answer = page_of(row_with(owner='"ops \\ud83d"', speed="1e999"), members='"total":1,"success":true')
    with ScriptedServer(answer) as server, DataMapClient(endpoint=server.url, **SETTINGS) as client:
        file = tmp_path / f"runs.{suffix}"
        summary = export_runs(client.list_runs("937987", job_name="a", **WINDOW), file)

    assert 1 == summary.written
    if suffix == "csv":
        (row,) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))
        assert (f"ops {REPLACED}", "") == (row["owner"], row["speed"])


@pytest.mark.parametrize("output", ["table", "ndjson"])
def test_command(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch, output: str) -> None:
    """The command shows such a run, and tells of the field on stderr."""
    with ScriptedServer(page_of(row_with(owner='"ops \\ud83d"'), members='"total":1,"success":true')) as server:
        point_at(server, monkeypatch)
        which = ("--task-id", "1", "--job-name", "a", "--start", "1704902400000", "--end", "1704988800000")
        code, out, err = called(capfdbinary, "runs", *which, "--output", output)

    assert 0 == code
    assert "126074594" in out
    assert HALF in " ".join(err.split())


HALVES = st.text(st.characters(exclude_categories=()) | st.sampled_from(["\ud83d", "\ude00", '"', "\\"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | HALVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(HALVES, inner, max_size=3),
    max_leaves=6,
)


@given(row=st.dictionaries(st.sampled_from(list(documented_row())) | HALVES, VALUES, max_size=4))
def test_any_row(row: dict[str, Any]) -> None:
    """Whatever JSON a row is, its page is decoded; raw and all attributes can be written as JSON in UTF-8."""
    text = json.dumps({"rows": [{}, row], "total": 2, "success": True})
    content = json.dumps({"status_code": 200, "body": text}).encode()
    request = Request(method="GET", endpoint="https://h", path="/")
    page = decode_page(Response(request=request, status=200, headers={}, content=content), offset=0)

    empty, run = page.runs
    assert {} == empty.raw
    json.dumps([run.raw, run.to_dict()], allow_nan=False, ensure_ascii=False).encode()
    if not any(HALF in problem.reason or "in range" in problem.reason for problem in run.problems):
        assert row == run.raw
