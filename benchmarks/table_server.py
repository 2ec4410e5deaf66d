"""The mock server with many tables: ``python -m benchmarks.table_server``, in an environment with the extra.

It writes its address and credentials as JSON and then, for each line that it reads, how many requests it accepted since
the previous line.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta

TABLES = 300
OPERATORS = 3
_LATENCY = timedelta(milliseconds=50)
_RATE = 50
_TOO_MANY = 429  # on a busy machine, some requests arrive too close to others


def _main() -> None:
    now = datetime.now(UTC)
    from dataarts_datamap_contract.mock import FakeService, MockConfig  # noqa: PLC0415  checking.py imports this module without the extra

    config = MockConfig(latency=_LATENCY, rate_limit=_RATE)
    with FakeService(config) as service:
        source = service.add_table("lake.ods.raw")
        for number in range(TABLES):
            table = service.add_table(f"lake.dwd.t{number}")
            for part in range(OPERATORS):
                operator = service.add_operator(f"load_{number}_{part}", task_id=str(1000 + number), table_guid=table)
                service.add_lineage(operator, reads=[source], writes=[table])
                service.add_run(operator, plan_time=now - timedelta(hours=27))
                service.add_run(operator, plan_time=now - timedelta(hours=3))
        _say({"environment": service.environment})
        known = 0
        for _ in sys.stdin:
            count = sum(one["status"] != _TOO_MANY for one in service.requests)
            _say(count - known)
            known = count


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
