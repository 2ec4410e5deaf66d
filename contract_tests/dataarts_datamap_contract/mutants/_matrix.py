"""The outcome of a run over the fleet as Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, get_args

from dataarts_datamap_contract._broken.fleet import BROKEN_SERVERS, CORRECT_SERVERS
from dataarts_datamap_contract._broken.servers import Cohort
from dataarts_datamap_contract.suite.catalogue import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from dataarts_datamap_contract._broken.servers import BrokenServer
    from dataarts_datamap_contract.mutants._outcomes import BrokenOutcome, CorrectOutcome

_OPENING = """\
# What the suite catches

Written by `make mutants`, which starts each server of the fleet and runs the conformance suite against it.

A broken server is the reference mock with one bug. It declares beforehand which rule it breaks and which checks name
that defect. It counts as caught if one of these checks fires, and its run stops at the first that does. *Stock* is
schemathesis by itself, with all of its own checks and phases, real values as examples, and the token. Any of its checks
that fires counts, whatever the check says, since none fires on the reference. What it finds does not depend on the
suite: it was measured once for each server.

The tables of servers show the suite of today. The servers of all cohorts but *first* and *late* were committed before
the suite ran against them. How well it recognizes a bug that it has never met shows in its first run against a cohort:

| cohort | caught in the first run | correct servers failed in the first run |
|---|---|---|
| blind | 27 of 41 | 0 of 10 |
| sealed | 34 of 92 | 1 of 21 |
| lineage | 83 of 84 | 3 of 25 |
| unseen | 40 of 49 | 1 of 10 |
| apart | 85 of 108 | 1 of 31 |
| outside | 82 of 104 | 4 of 38 |
| elsewhere | 61 of 79 | 1 of 29 |
| shipped | 70 of 72 | 0 of 20 |

Other authors tried to write bugs that had not been written before; those of *shipped* wrote the bugs that they thought
likeliest. Each first run was made with the suite of its day. The suite was then extended to catch the rest, except for
twelve servers that no longer count as broken, since no document forbids what they do: for example, none says how the
text of a query becomes an integer, or in which order lineage lists operators. Of the correct servers that failed, those
that broke the specification or RFC 9110 were changed.
"""
_WRITTEN: Final[Mapping[Cohort, str]] = {
    "first": "written before the checks were frozen",
    "late": "written after that",
    "blind": "written before the suite was run on any of them, like all that follow",
    "sealed": "written from the specification only",
    "lineage": "of assets and lineage, written before the suite had checks of these",
    "unseen": "written by an author who knew the suite",
    "apart": "written by an author who did not know the checks",
    "outside": "written by another such author",
    "elsewhere": "written by another such author, from the changes that teams make to a service",
    "shipped": "written by two such authors, of the bugs that they thought likeliest",
}
"""When the servers of each cohort were written, and by whom or from what."""

_CORRECT_OPENING = """\
## Correct but different

Each differs from the reference where the documentation leaves a choice. The suite ran in full, and must find nothing.
"""


def write_matrix(broken: Sequence[BrokenOutcome], correct: Sequence[CorrectOutcome]) -> str:
    """The whole document; equal outcomes give equal text."""
    outcomes = {outcome.server: outcome for outcome in broken}
    servers = [server for server in BROKEN_SERVERS if server.name in outcomes]
    parts = [_OPENING, _summary(servers, outcomes)]
    for level, title in LEVELS.items():
        chosen = [server for server in servers if server.level == level]
        if chosen:
            parts += [f"## Level {level}: {title.lower()}\n", _broken_table(chosen, outcomes)]
    parts += [_CORRECT_OPENING, _correct_table(correct)]
    return "\n".join(parts)


def _summary(servers: Sequence[BrokenServer], outcomes: Mapping[str, BrokenOutcome]) -> str:
    rows = [["broken servers", "number", "suite catches", "stock catches"]]
    rows += [
        _counts(f"level {level}", [server for server in servers if server.level == level], outcomes) for level in LEVELS
    ]
    rows += [
        _counts(f"{cohort}: {_WRITTEN[cohort]}", [server for server in servers if server.cohort == cohort], outcomes)
        for cohort in get_args(Cohort)
    ]
    rows.append(_counts("all", servers, outcomes))
    return _table(rows)


def _counts(title: str, servers: Sequence[BrokenServer], outcomes: Mapping[str, BrokenOutcome]) -> list[str]:
    caught = sum(bool(outcomes[server.name].caught_by) for server in servers)
    measured = [checks for server in servers if (checks := outcomes[server.name].stock) is not None]
    stock = str(sum(map(bool, measured)))
    return [
        title,
        str(len(servers)),
        str(caught),
        stock if len(measured) == len(servers) else f"{stock} of {len(measured)}",
    ]


def _broken_table(servers: Sequence[BrokenServer], outcomes: Mapping[str, BrokenOutcome]) -> str:
    rows = [["server", "rule that it breaks", "caught by", "stock"]]
    for server in servers:
        outcome = outcomes[server.name]
        name = server.name if server.cohort == "first" else f"{server.name} ({server.cohort})"
        rows.append([name, server.rule, _catch(outcome), _stock(outcome)])
    return _table(rows)


def _stock(outcome: BrokenOutcome) -> str:
    return "not run" if outcome.stock is None else _code(outcome.stock) or "-"


def _catch(outcome: BrokenOutcome) -> str:
    if outcome.caught_by:
        return _code(outcome.caught_by)
    others = f"; only {_code(outcome.also_failed)} fired" if outcome.also_failed else ""
    unjudged = f"; no verdict of {_code(outcome.unjudged)}" if outcome.unjudged else ""
    return f"**missed**{others}{unjudged}"


def _correct_table(outcomes: Iterable[CorrectOutcome]) -> str:
    found = {outcome.server: outcome for outcome in outcomes}
    rows = [["server", "difference", "verdict"]]
    for server in CORRECT_SERVERS:
        if server.name in found:
            outcome = found[server.name]
            verdict = f"**wrongly failed**: {'; '.join(outcome.findings)}" if outcome.findings else "conforms"
            rows.append([server.name, server.difference, verdict])
    return _table(rows)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join(_lines([head, ["---"] * len(head), *body])) + "\n"


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        cells = (cell.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;") for cell in row)
        yield f"| {' | '.join(cells)} |"
