"""``datamap report --logs``: the end of each failure's log, in the page and in JSON, harmless and not unasked."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import FakeService
from support.command import called

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = "</script><script>alert(1)</script>\x1b[2J\u202e\r\nERROR 订单\t📊\n"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeService]:
    """A fake service with a success and three failures, which the environment names."""
    with FakeService() as service:
        for name in list(os.environ):
            if name.startswith(("DATAMAP_", "HUAWEICLOUD_")):
                monkeypatch.delenv(name)
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        service.add_run(status="success", log="fine: password=Zq")
        service.add_run(status="fail", log=EVIL)
        service.add_run(status="fail", log="x" * 20_000)
        service.set_log(service.add_run(status="fail"), state="forbidden")
        yield service


def tails_of(page: str) -> list[Any]:
    """What the data in a page has of logs."""
    data = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return list(json.loads(data[0])["tails"].values())


def test_page(service: FakeService, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """A page has the end of each failure's log, or why there is none, as text that nothing can run."""
    file = tmp_path / "report.html"
    code, out, err = called(capfdbinary, "report", service.table_guid, "--html", str(file), "--logs")
    page = file.read_text(encoding="utf-8")

    assert (0, "") == (code, out)
    assert "datamap: logs of 2 of 3 failures read" in err
    assert [
        ["Log", "</script><script>alert(1)</script>\\x1b[2J\\u202e\nERROR 订单\t📊\n"],
        ["End of the log (20,000 bytes in all)", "x" * 16_384],
    ] == tails_of(page)[:2]
    assert "Log could not be read" == tails_of(page)[2][0]
    assert "obs:object:GetObject" in tails_of(page)[2][1]
    assert "alert(1)</script>" not in page
    assert "password" not in page


def test_no_log_unasked(service: FakeService, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Without --logs, no log is read."""
    file = tmp_path / "report.html"
    called(capfdbinary, "report", service.table_guid, "--html", str(file))
    _, out, _ = called(capfdbinary, "report", service.table_guid, "--output", "json")

    assert [] == tails_of(file.read_text(encoding="utf-8"))
    assert all("log" not in failure for failure in json.loads(out)["failures"])
    assert not [one for one in service.requests if ".job" in one["target"]]


def test_json(service: FakeService, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """JSON has it at each failure; a pipe gets JSON whole, as a summary has no logs."""
    _, out, _ = called(capfdbinary, "report", service.table_guid, "--logs")
    forbidden, long, evil = (failure["log"] for failure in json.loads(out)["failures"])

    assert {"text": EVIL, "size": len(EVIL.encode()), "is_whole": True} == evil
    assert ("x" * 16_384, 20_000, False) == (long["text"], long["size"], long["is_whole"])
    assert ["problem"] == list(forbidden)


@pytest.mark.parametrize("shape", ["table", "summary"])
def test_where_no_log_has_room(service: FakeService, shape: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Neither strips nor a summary have logs."""
    code, _, err = called(capfdbinary, "report", service.table_guid, "--logs", "--output", shape)

    assert 3 == code
    assert "add --html FILE, or write --output json" in err


def test_object_storage_that_is_not_there(
    service: FakeService, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where object storage does not respond, the report is made all the same, and it is asked once."""
    monkeypatch.setenv("DATAMAP_OBS_ENDPOINT", "http://127.0.0.1:1")
    code, out, err = called(capfdbinary, "report", service.table_guid, "--logs")

    assert 0 == code
    assert 3 == len(json.loads(out)["failures"])
    assert "datamap: the other logs are not requested: " in err
    assert "logs of 0 of 3 failures read" in err
    assert 1 == sum("securitytokens" in one["target"] for one in service.requests)
