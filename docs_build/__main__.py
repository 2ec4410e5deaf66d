"""``python -m docs_build FOLDER`` writes the site into ``FOLDER/site``; a broken link is an error."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from pathlib import Path

from docs_build.documents import ROOT
from docs_build.staging import stage


def main() -> int:
    """Stage the pages, and build them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.resolve()
    stage(folder)
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", "zensical.toml"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}  # for the extensions of griffe
    done = subprocess.run(command, check=False, cwd=folder, env=environment, capture_output=True, text=True)  # noqa: S603  our own
    site = folder / "site"
    sys.stdout.write(
        f"{done.stdout}{done.stderr}\n"
        if done.returncode
        else f"{site / 'index.html'}\nTo search in it: {shlex.join(_serve(site))}\n"
    )
    return done.returncode


def _serve(site: Path) -> list[str]:
    return [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", str(site)]


if __name__ == "__main__":
    sys.exit(main())
