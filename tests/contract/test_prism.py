"""Prism, serving the specification, gets the verdict that a static mock deserves: `make prism` installs it."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap_contract.suite import Target, run_suite

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.prove

CHECKOUT = Path(__file__).resolve().parents[2]
PRISM = CHECKOUT / ".prism" / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
SPECIFICATION = CHECKOUT / "spec" / "datamap.openapi.yaml"

ONE_ID = "its X-Request-Id is made from the type, and its request_id is the example's"
NO_ALLOW = "its 405 has no Allow header"
ONE_PAGE = "each page is the documented example: one run, whatever offset is"
ONE_WINDOW = "the example's run is shown whatever the window is"
ANY_QUESTION = "the example is the answer to every valid question"
ANY_TOKEN = "it asks for a token, and takes any"
ONE_ASSET = "each search, batch and lineage is the documented example: the same assets, whatever is asked for"
NO_ACCESS_KEY = "it does not check signatures, so it is given no access key"

EXPECTED_FAILURES = {
    "A-error-shape": "a body that is no JSON gets an error response of its own, without a code",
    "A-request-id": ONE_ID,
    "A-allow-header": NO_ALLOW,
    "C-walk-duplicate": ONE_PAGE,
    "C-offset-beyond-end": ONE_PAGE,
    "C-window-start": ONE_WINDOW,
    "C-window-end": ONE_WINDOW,
    "C-window-adds-up": ONE_WINDOW,
    "C-window-reversed": ONE_WINDOW,
    "C-offset-slice": ONE_PAGE,
    "C-rows-of-task": ANY_QUESTION,
    "C-rows-of-job": ANY_QUESTION,
    "C-rows-of-workspace": ANY_QUESTION,
    "C-job-name-other": ANY_QUESTION,
    "C-job-name-prefix": ANY_QUESTION,
    "C-job-name-case": ANY_QUESTION,
    "C-job-name-blank": ANY_QUESTION,
    "C-job-name-wildcard": ANY_QUESTION,
    "C-replay": ANY_QUESTION,
    "C-task-id-other": ANY_QUESTION,
    "C-workspace-other": ANY_QUESTION,
    "C-table-other": ANY_QUESTION,
    **dict.fromkeys(("C-search-pages", "C-search-finds", "C-search-narrows", "C-asset-agrees"), ONE_ASSET),
    **dict.fromkeys(("C-details-batch", "C-asset-other", "C-bulk-pages"), ONE_ASSET),
    **dict.fromkeys(("C-lineage-agrees", "C-lineage-category", "C-lineage-connected"), ONE_ASSET),
    "D-project-other": ANY_QUESTION,
    "D-instance-other": ANY_QUESTION,
    "D-missing": "Authorization is the other security scheme, and it takes any value of that",
    "D-token-other": ANY_TOKEN,
    "D-token-prefix": ANY_TOKEN,
    "D-token-longer": ANY_TOKEN,
    "D-token-case": ANY_TOKEN,
    "D-token-query": "Authorization is the other security scheme, and it takes any value of that, too",
}
"""What Prism rightly fails, and why. Levels B and E are its own: the example decodes, and it judges parameters."""

EXPECTED_UNTESTED = {
    "C-job-name-unusual": "the documented operators have usual names",
    "D-tenant-isolated": "there is one tenant",
    "D-signature-accepted": NO_ACCESS_KEY,
    "D-signature-wrong": NO_ACCESS_KEY,
    "D-signature-tampered": NO_ACCESS_KEY,
    "D-signature-stale": NO_ACCESS_KEY,
    "D-signature-undated": NO_ACCESS_KEY,
    "D-access-key-other": NO_ACCESS_KEY,
}
"""What a run against Prism cannot judge, and why."""


@pytest.fixture
def prism() -> Iterator[str]:
    """The address of Prism, serving our specification by its examples."""
    node = shutil.which("node")
    if node is None or not PRISM.exists():
        pytest.fail("Prism is not installed here: run `make prism`, which needs node and npm on the PATH")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [node, str(PRISM), "mock", "--host", "127.0.0.1", "--port", str(port), str(SPECIFICATION)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8") as process:
        assert process.stdout is not None
        told: list[str] = []
        for line in process.stdout:
            told.append(line)
            if "is listening on" in line:
                break
        else:
            pytest.fail("Prism did not start:\n" + "".join(told))
        drain = Thread(target=process.stdout.read)
        drain.start()
        yield f"http://127.0.0.1:{port}"
        process.terminate()
        drain.join()


def documented_target(endpoint: str) -> Target:
    """A target that has what the documented examples have."""
    return Target(
        endpoint=endpoint,
        token="a-token-of-letters",
        project_id="0833a5737480d53b2f25c010dc1a7b88",
        instance_id="6b884d52f8a74d5e9e0f24c5a7a62688",
        workspace_id="b88c445407b24283aa949f9833a38fd8",
        task_id="937987",
        job_name="ETL_Job_dli2dws",
        table_guid="09318f28-939f-4ab6-a374-9e621096652c",
        window_start=1704902400000,
        window_end=1704988799000,
        is_mock=True,
    )


def test_prism_gets_what_it_deserves(prism: str) -> None:
    """Prism passes what a static mock can, fails exactly what the table says, and the run knows that it saw enough."""
    report = run_suite(documented_target(prism), max_examples=0)

    assert EXPECTED_FAILURES.keys() == {verdict.check for verdict in report.failures}
    assert EXPECTED_UNTESTED.keys() == {verdict.check for verdict in report.with_outcome("untested")}
    assert () == report.with_outcome("errored")
    assert {"B", "E"} == set("ABCDE") - {verdict.level for verdict in report.failures}
    assert () == report.shortcomings
    assert 1 == report.exit_code()
