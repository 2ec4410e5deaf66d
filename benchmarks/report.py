"""Writes the page of many tables in a process of its own: ``python -m benchmarks.report FOLDER``.

It prints the size of the page and the peak memory, in bytes, as JSON. The environment has the settings of the client.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.processes import peak_memory
from dataarts_datamap.cli._main import run


def _main() -> None:
    file, page = (Path(sys.argv[1], name) for name in ("datamap.toml", "overview.html"))
    for arguments in (["tables", "--init", "--tables"], ["report", "--html", str(page), "--tables"]):
        code = run([*arguments, str(file), "--quiet"])
        if code:
            raise SystemExit(code)
    sys.stdout.write(json.dumps({"page": page.stat().st_size, "peak": peak_memory()}))


if __name__ == "__main__":
    _main()
