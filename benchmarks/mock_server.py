"""The mock server in a process of its own: ``python -m benchmarks.mock_server``, in an environment that has it.

It says where it is and whom it knows, as JSON, and then, for each line that it reads, its processor time in seconds.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

from dataarts_datamap_contract.mock import MockConfig, MockServer

_WHOM = ("project_id", "instance_id", "access_key", "secret_key")


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, help="runs of each operator, made up when they are asked for")
    config = MockConfig(size=parser.parse_args().size)
    with MockServer(config) as server:
        _say({"url": server.url, **{name: getattr(config, name) for name in _WHOM}})
        for _ in sys.stdin:
            _say(time.process_time())


def _say(value: object) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
