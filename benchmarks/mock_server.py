"""The mock server in a process of its own: ``python -m benchmarks.mock_server``, in an environment with the extra.

It writes its address and credentials as JSON and then, for each line that it reads, its processor time in seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from datetime import timedelta
from urllib.request import Request, urlopen

from benchmarks.rows import JOB_NAME, TASK_ID
from dataarts_datamap_contract.mock import MockConfig, MockServer

_WHOM = ("project_id", "instance_id", "access_key", "secret_key")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, help="runs of each operator, computed when requested")
    parser.add_argument("--tables", type=int, help="tables of a warehouse, in place of one operator's runs")
    parser.add_argument("--rate-limit", type=int, help="requests accepted in any second")
    parser.add_argument("--latency", type=float, default=0.0, help="delay of a response in seconds")
    parser.add_argument("--max-limit", type=int, help="most rows of a page")
    parser.add_argument("--over-limit", default="lowered", help="whether a higher limit is lowered or refused")
    given = parser.parse_args()
    config = MockConfig(
        size=given.size,
        tables=given.tables,
        rate_limit=given.rate_limit,
        latency=timedelta(seconds=given.latency),
        max_limit=given.max_limit,
        over_limit=given.over_limit,
        order="oldest-first",
    )
    with MockServer(config) as server:
        _say(
            {
                "url": server.url,
                "oldest": None if given.tables else _oldest(server.url, config),
                **{name: getattr(config, name) for name in _WHOM},
            }
        )
        for _ in sys.stdin:
            _say(time.process_time())


def _oldest(url: str, config: MockConfig) -> int:
    """The plan time of the oldest run, in milliseconds."""
    query = f"start_time=0&end_time={round(time.time() * 1000)}&offset=0&limit=1&job_name={JOB_NAME}"
    address = f"{url}/v1/{config.project_id}/datamap/node/{TASK_ID}/instances?{query}"
    headers = {"X-Auth-Token": config.token, "instance": config.instance_id}
    with urlopen(Request(address, headers=headers)) as response:  # noqa: S310  our own
        body = json.loads(json.load(response)["body"])
    return int(body["rows"][0]["planTime"])


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
