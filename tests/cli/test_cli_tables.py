"""The tables of the commands, on terminals of any width."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from dataarts_datamap._doctor.findings import Finding, Outcome
from dataarts_datamap._monitoring.freshness import OperatorStatus, TableStatus, Verdict
from dataarts_datamap.cli._printing import output
from support.runs import make_run

JOB = "ETL_Job_dli2dws_orders_of_all_regions"
RUN = make_run(126074594, status="manual-stop", jobName=JOB)
SINCE = datetime(2024, 1, 11, 9, 1, 47, tzinfo=UTC)
KNOWN: dict[str, Any] = {
    "verdict": Verdict.FAILED,
    "last_success": SINCE,
    "age": timedelta(days=12, seconds=7384),
    "failures_since_success": 1234,
    "typical_duration": timedelta(seconds=600),
    "typical_lateness": timedelta(seconds=10),
}
STATUS = TableStatus(now=SINCE, operators=(OperatorStatus(task_id="1", job_name=JOB, **KNOWN),), **KNOWN)
TABLES = {
    "runs": "2024-01-11 01:01:47 2024-01-11 01:01:52 0:01:00 manual-stop 126074594",
    "status": "failed 2024-01-11 09:01:47 12 days, 2:03:04 0 0 1234 0:10:00 0:00:10",
}


def written(table: str, width: int, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> str:
    """What a terminal of some columns gets."""
    monkeypatch.setattr(output, "line_width", lambda: width)
    if table == "runs":
        output.write_runs([RUN], output="table", zone=UTC)
    else:
        output.write_status(STATUS, "t", output="table", zone=UTC)
    return capfdbinary.readouterr().out.decode()


@pytest.mark.parametrize("table", TABLES)
def test_no_value_is_cut(
    table: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Each value is whole at any width, and a job's name has 20 columns at least; lines fit unless a value does not."""
    for width in range(10, 141):
        out = written(table, width, monkeypatch, capfdbinary)
        header, *lines = out.splitlines()
        begin, end = header.find("JOB"), header.find("RUN", header.find("JOB"))
        in_columns = begin > 0
        name = "".join(line[begin : end if end > 0 else None].strip() for line in lines) if in_columns else out
        head = name.removeprefix("(every operator)")[:20] if in_columns else JOB[:20]

        assert set() == set(TABLES[table].split()) - set(out.split()), width
        assert JOB in name, width
        assert any(head in line for line in lines), width
        assert not in_columns or max(map(len, lines)) <= width
    assert in_columns


def test_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """On 80 columns, a date and its time fold before a job's name has fewer than 20; on 60, values have lines."""
    folded, lines = (written("runs", width, monkeypatch, capfdbinary) for width in (80, 60))

    assert [
        "PLANNED     STARTED     TOOK     STATUS       JOB                      RUN",
        "2024-01-11  2024-01-11  0:01:00  manual-stop  ETL_Job_dli2dws_orders_  126074594",
        "01:01:47    01:01:52                          of_all_regions",
    ] == folded.splitlines()
    assert ["PLANNED  2024-01-11 01:01:47", f"JOB      {JOB}"] == [lines.splitlines()[place] for place in (0, 4)]


def test_findings_fit(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """What doctor found and what to mend are whole at any width, each line of them below its first."""
    address = "https://" + "long" * 20
    found = Finding(Outcome.FAILED, f"no connection to {address}: refused", "look there " * 20 + "now", "connection")
    for width in range(10, 141):
        monkeypatch.setattr(output, "line_width", lambda: width)  # noqa: B023  called in this round
        output.write_findings([found], output="table")
        first, *others = capfdbinary.readouterr().out.decode().splitlines()

        assert first.startswith("failed   connection      no connection to")
        assert {" " * 25} == {line[:25] for line in others}
        assert address in first + "".join(others)
        assert f"{found.text} to fix: {found.remedy}".split() == [*first[25:].split(), *" ".join(others).split()]
        assert all(len(line) <= max(width, 55) for line in [first, *others] if address not in line), width
