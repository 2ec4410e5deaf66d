"""The names of tables that verbs have seen, kept on disk: for a day, a shell can complete them without a request.

There is a file for each combination of endpoint, region, project and instance. Only its owner can read it. It holds
names, but no GUID, credential or address: the service is only in the file's own name, as a digest. Names that are not
plain words for a shell are left out.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from dataarts_datamap._files import scratch
from dataarts_datamap._text import is_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LIFE: Final = 24 * 3600
_MOST: Final = 5_000
_LARGEST: Final = 2 * 1024 * 1024
_FORMAT: Final = 1


def remember_names(names: Iterable[str]) -> None:
    """Keep names of tables of the current command's service. A failure to write them is ignored."""
    context = click.get_current_context(silent=True)
    file = None if context is None else _file_of(context.params)
    if file is None:
        return
    now = int(time.time())
    seen = {**_read(file, now), **{name: now for name in names if is_word(name)}}
    newest = sorted(seen.items(), key=lambda item: -item[1])[:_MOST]
    with suppress(OSError):
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Not replacing(): it would keep the modes of a file of somebody else, and wait for the disk.
        with scratch(file) as made:
            made.touch(mode=0o600)
            made.write_text(json.dumps({"format": _FORMAT, "names": dict(newest)}, ensure_ascii=False), "utf-8")
            made.replace(file)


def known_names(context: click.Context) -> list[str]:
    """The names of tables that were seen within a day, for the service of a command line."""
    file = _file_of(context.params)
    return [] if file is None else sorted(_read(file, int(time.time())))


def _read(file: Path, now: int) -> dict[str, int]:
    """The names in a file that were seen within a day, each with the time; none if the file cannot be used."""
    try:
        if file.stat().st_size > _LARGEST:
            return {}
        kept: Any = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict) or cast("dict[str, Any]", kept).get("format") != _FORMAT:
        return {}
    found: Any = cast("dict[str, Any]", kept).get("names")
    names = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    return {
        name: seen
        for name, seen in names.items()
        if isinstance(seen, int) and 0 <= now - seen < _LIFE and is_word(name)
    }


def _file_of(options: Mapping[str, Any]) -> Path | None:
    """The file of names for the service that options and environment name; None if no names are kept."""
    folder = _folder()
    if folder is None:
        return None

    def given(option: str, *variables: str) -> str:
        return options.get(option) or next(filter(None, map(os.environ.get, variables)), "")

    service = [options.get(name) or "" for name in ("endpoint", "region")]
    if not any(service):
        service = [os.environ.get(name, "") for name in ("DATAMAP_ENDPOINT", "DATAMAP_REGION")]
    project = given("project_id", "DATAMAP_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID")
    whose = json.dumps([*service, project, given("instance_id", "DATAMAP_INSTANCE_ID")])
    return folder / f"tables-{sha256(whose.encode()).hexdigest()[:32]}.json"


def _folder() -> Path | None:
    """The folder for the files; None if ``DATAMAP_CACHE_DIR`` is empty, or if neither a variable nor a home is set."""
    named = os.environ.get("DATAMAP_CACHE_DIR")
    if named is not None:
        return Path(named) if named else None
    base = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    if base:
        return Path(base) / "dataarts-datamap"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "dataarts-datamap"
