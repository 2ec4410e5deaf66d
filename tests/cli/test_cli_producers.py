"""What the command line says of the operators that write a table, and of those that only read it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from support.catalog_server import Factory, chain, guid_of, lineage_row
from support.command import called, point_at

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GUID = guid_of("db.dws.orders")
NOW = int(time.time() * 1000)
READER = "datamap: left out, because lineage does not name them as writers: b88c445407b24283aa949f9833a38fd8/check\n"


@pytest.fixture
def _service(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A table whose producer failed an hour ago, and whose reader succeeded since."""
    runs = {"to_db.dws.orders": [(NOW - 3_600_000, "fail")], "check": [(NOW - 60_000, "success")]}
    nodes = {**chain("db.ods.orders", "db.dws.orders"), "check": [lineage_row("db.dws.orders", "check", None)]}
    factory = Factory(nodes=nodes, runs=runs, readers={"db.dws.orders": ["check"]})
    with factory.server() as server:
        point_at(server, monkeypatch)
        yield


@pytest.mark.usefixtures("_service")
def test_each_output_says_by_what_a_table_was_judged(capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path) -> None:
    """A reader's success hides no failure, in no verb; what does not count is named."""
    code, table, err = called(capfdbinary, "status", GUID, "--output", "table")
    assert (1, True, f"datamap: times are in UTC\n{READER}") == (code, "check" not in table, err)
    assert table.endswith("Judged by the operators that write it according to lineage.\n")

    _, sent, _ = called(capfdbinary, "status", GUID)
    assert ("lineage", ["check"]) == ((told := json.loads(sent))["basis"], [one["job_name"] for one in told["others"]])
    _, metrics, _ = called(capfdbinary, "status", GUID, "--output", "prometheus")
    families = {one.name: one.samples for one in text_string_to_metric_families(metrics)}
    assert [1.0] == [one.value for one in families["datamap_table_producers_known"]]

    page = tmp_path / "r.html"
    _, summary, _ = called(capfdbinary, "report", GUID, "--output", "json", "--html", str(page))
    assert ("failed", "lineage", 1) == (
        (report := json.loads(summary))["status"]["verdict"],
        report["status"]["basis"],
        len(report["jobs"]),
    )
    assert "Left out, because lineage does not name them as writers of the table: check." in page.read_text("utf-8")

    code, lines, err = called(capfdbinary, "watch", GUID, "--for", "1s", "--until-ended")
    assert (1, 1, READER) == (code, len(lines.splitlines()), err)


@pytest.mark.usefixtures("_service")
def test_all_operators_are_judged_when_asked_for(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """``--role associated`` counts each one, and the output says so."""
    code, table, _ = called(capfdbinary, "status", GUID, "--role", "associated", "--output", "table")
    assert (1, True) == (code, "check" in table)
    assert table.endswith("Judged by all operators: readers and producers could not be distinguished.\n")
    _, lines, _ = called(capfdbinary, "watch", GUID, "--role", "associated", "--for", "1s", "--until-ended")
    assert 2 == len(lines.splitlines())


@pytest.mark.usefixtures("_service")
def test_operators_of_a_role(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The service's list is the default; with a role, those that write the table come, and the others are named."""
    listed, writing = (called(capfdbinary, "operators", GUID, *options) for options in ((), ("--role", "producers")))
    names = [[json.loads(line)["job_name"] for line in out.splitlines()] for _, out, _ in (listed, writing)]
    assert [["check", "to_db.dws.orders"], ["to_db.dws.orders"]] == names
    assert ("", READER) == (listed[2], writing[2])
