"""Writes an explanation as a tree: the table, the tables upstream that explain its verdict, and log paths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text
from rich.tree import Tree

from dataarts_datamap._monitoring.table_names import shown_name, shown_text
from dataarts_datamap._text import is_word, printable
from dataarts_datamap._times import time_text
from dataarts_datamap.cli._printing.output import VERDICT_STYLES, line_width, write_rich

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import tzinfo

    from rich.console import RenderableType

    from dataarts_datamap._models.runs import Run
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.explanation import Explanation, Link

_MOST_COMMANDS: Final = 3


def write_explanation(explanation: Explanation, *, zone: tzinfo) -> None:
    """Write an explanation to stdout: a summary, the tree, and the log paths of the causes."""
    head = Text(explanation.sentence, VERDICT_STYLES[explanation.verdict])
    parts: list[RenderableType] = [head]
    if explanation.links:
        parts += [Text(), _tree(explanation, zone)]
    runs = ((cause.table, cause.run) for cause in explanation.causes if cause.run is not None)
    logs = [_log(table, run.execution_log_path) for table, run in runs if run.execution_log_path]
    if logs:
        parts += [Text(), *logs]
    write_rich(*parts, width=line_width())


def log_commands(explanation: Explanation) -> Iterator[str]:
    """The command lines that show the logs of up to three causes."""
    runs = [(cause.table, cause.run) for cause in explanation.causes if cause.run is not None]
    for table, run in [(table, run) for table, run in runs if run.run_id and run.execution_log_path][:_MOST_COMMANDS]:
        name = table.full_name if is_word(table.full_name) else table.guid
        if is_word(name):
            yield f"datamap log {run.run_id} --table {name}"


def _log(table: Table, path: str) -> Group:
    """The log path of a cause on one line that only the terminal wraps, so that it can be copied as a whole."""
    return Group(Text(f"{shown_name(table)}  log {printable(path)}", no_wrap=True, overflow="ignore"))


def _tree(explanation: Explanation, zone: tzinfo) -> Tree:
    links = {link.table.guid: link for link in explanation.links}
    causes = {cause.table.guid for cause in explanation.causes}
    first = explanation.links[0]
    root = Tree(_label(first, is_cause=first.table.guid in causes))
    _describe(root, first, zone)
    drawn, waiting = {first.table.guid}, [(root, first)]
    while waiting:
        branch, link = waiting.pop(0)
        for guid in link.blamed_on:
            other = links[guid]
            child = branch.add(_label(other, is_cause=guid in causes, is_known=guid in drawn))
            if guid not in drawn:
                drawn.add(guid)
                _describe(child, other, zone)
                waiting.append((child, other))
    return root


def _label(link: Link, *, is_cause: bool, is_known: bool = False) -> Text:
    mark = ("  <- cause", "bold red") if is_cause else ""
    known = ("  (see above)", "dim") if is_known else ""
    return Text.assemble((shown_name(link.table), "bold"), f"  {link.trouble.value.replace('_', ' ')}", mark, known)


def _describe(branch: Tree, link: Link, zone: tzinfo) -> None:
    for line in _facts(link, zone):
        branch.add(Text(line, "dim"))


def _facts(link: Link, zone: tzinfo) -> Iterator[str]:
    if link.operator is not None:
        run = "" if link.run is None or link.run.run_id is None else f", run {link.run.run_id}"
        yield f"{shown_text(link.operator.job_name)}{run}"
    if link.run is not None:
        yield ", ".join(_times(link.run, zone))


def _times(run: Run, zone: tzinfo) -> Iterator[str]:
    yield printable(run.status or "no status")
    for what, time in (("planned", run.plan_time), ("ended", run.end_time)):
        if time is not None:
            yield f"{what} {time_text(time, zone)}"
