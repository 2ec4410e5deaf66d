"""Starts ``datamap mock`` and requests the documented run: a program for an environment with only the wheel."""

import json
import os
import subprocess
import sys
from pathlib import Path

DATAMAP = str(Path(sys.executable).with_name("datamap"))
OPERATOR = ("--task-id", "937987", "--job-name", "ETL_Job_dli2dws")
QUESTION = ("runs", *OPERATOR, "--start", "2024-01-11", "--end", "2024-01-12", "--output", "ndjson")

with subprocess.Popen([DATAMAP, "mock"], stderr=subprocess.PIPE, text=True) as mock:
    assert mock.stderr is not None
    told = [mock.stderr.readline() for _ in range(6)]
    exports = dict(line.strip().removeprefix("export ").split("=", 1) for line in told if " export " in line)
    answer = subprocess.run([DATAMAP, *QUESTION], check=True, capture_output=True, env={**os.environ, **exports})
    mock.terminate()
run = json.loads(answer.stdout)
sys.stdout.write(f"{run['running_data']['type']} {run['plan_time']}\n")
