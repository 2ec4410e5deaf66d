"""``datamap runs``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from dataarts_datamap.cli._options.connection import connect, connection_options, output_option, output_shape
from dataarts_datamap.cli._options.resumption import resume_option, resumption
from dataarts_datamap.cli._options.selection import Selection, selection_options
from dataarts_datamap.cli._options.suggestions import suggest_statuses
from dataarts_datamap.cli._printing.notices import tell, tell_if_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap.cli._printing.output import Output

_NEARLY = 0.75


@click.command(context_settings={"allow_extra_args": True})
@selection_options
@click.option(
    "--status",
    "statuses",
    multiple=True,
    metavar="NAME",
    shell_complete=suggest_statuses,
    help="Only runs of this status (fail) or state (failed); may be repeated.",
)
@resume_option
@output_option
@connection_options
def runs(
    *,
    selection: Selection,
    statuses: tuple[str, ...],
    token_file: Path | None,
    output: Output | None,
    **settings: Any,  # noqa: ANN401
) -> None:
    """List the runs of a table, or of one of its operators, inside a window.

    With --output table, the log path of a failed run is on the line below the run; with ndjson, each line has all
    known fields of a run. With --resume-token FILE, the next call continues an interrupted reading, and writes only
    the runs that are missing: append its output with >>.

    \b
    Examples:
      datamap runs --table 09318f28-939f-4ab6-a374-9e621096652c --since 24h
      datamap runs --task-id 937987 --job-name ETL_Job_dli2dws \\
        --start 2024-01-11 --end 2024-01-12
      datamap runs --table 09318f28-939f-4ab6-a374-9e621096652c --since 7d \\
        --status failed
    """  # noqa: D301  click reads \b
    from dataarts_datamap._text import printable
    from dataarts_datamap.cli._printing.output import write_runs

    _check_names(statuses)
    shape = output_shape(output)
    if token_file is not None and shape == "table":
        raise click.UsageError("--resume-token needs JSON lines, which are written one by one: --output ndjson")
    if token_file is None:
        selection.check_beginning()
    selection.tell_zone(shape)
    seen: Counter[str] = Counter()
    with connect(settings) as client, resumption(token_file) as resumed:
        pager = selection.by_guid(client).pager(client, resume_token=resumed.token)
        count = write_runs(_of_status(resumed.walk(pager), statuses, seen), output=shape, zone=selection.tz)
    if seen and not count:
        found = printable(", ".join(f"{name} ({number})" for name, number in seen.most_common()), limit=300)
        tell(f"no runs of status {', '.join(statuses)} in this window; it has {found}")
    else:
        tell_if_none(count, "runs in this window")


def _check_names(names: Sequence[str]) -> None:
    """Refuse an unknown name that is similar to that of a status or state; other unknown names are allowed."""
    from difflib import get_close_matches

    from dataarts_datamap._models.runs import KNOWN_STATUSES, RunState

    known = [*KNOWN_STATUSES, *(state.value for state in RunState)]
    for name in names:
        nearest = get_close_matches(name, known, n=1, cutoff=_NEARLY) if name not in known else []
        if nearest:
            raise click.UsageError(
                f"no status or state is called {name!r}: did you mean {nearest[0]!r}? Runs with an unknown "
                "status: --status unknown."
            )


def _of_status(found: Iterable[Run], statuses: Sequence[str], seen: Counter[str]) -> Iterator[Run]:
    """The runs with one of the statuses or states, or all runs if none is given; counts the status of every run."""
    for run in found:
        seen[run.status or "(none)"] += 1
        if not statuses or run.status in statuses or run.state in statuses:
            yield run
