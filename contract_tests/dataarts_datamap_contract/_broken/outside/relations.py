"""What the servers of this cohort break, in words, and which checks watch over it.

The servers name a relation and no check: their author had not seen the checks. Who has seen them fills in their ids
here, once, before the suite meets the servers.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Relation: TypeAlias = Literal[
    "pages are slices of one list",
    "one total for one question",
    "total counts the runs",
    "a run once in a window",
    "runs lie inside the window",
    "windows add up",
    "a filter takes what is named",
    "one content of a run",
    "times fit the status",
    "counts of a run fit",
    "a run names its operator",
    "page document",
    "envelope",
    "text is JSON and UTF-8",
    "valid requests succeed",
    "invalid requests are refused",
    "error responses",
    "asked again the same",
    "side by side",
    "request ids differ",
    "http",
    "token",
    "signature",
    "tenant",
    "operators of a table",
    "search pages",
    "search filter",
    "assets agree",
    "bulk pages",
    "lineage agrees",
]
"""What a right server keeps."""

CHECKS: Final[dict[Relation, frozenset[str]]] = {
    "pages are slices of one list": frozenset(),
    "one total for one question": frozenset(),
    "total counts the runs": frozenset(),
    "a run once in a window": frozenset(),
    "runs lie inside the window": frozenset(),
    "windows add up": frozenset(),
    "a filter takes what is named": frozenset(),
    "one content of a run": frozenset(),
    "times fit the status": frozenset(),
    "counts of a run fit": frozenset(),
    "a run names its operator": frozenset(),
    "page document": frozenset(),
    "envelope": frozenset(),
    "text is JSON and UTF-8": frozenset(),
    "valid requests succeed": frozenset(),
    "invalid requests are refused": frozenset(),
    "error responses": frozenset(),
    "asked again the same": frozenset(),
    "side by side": frozenset(),
    "request ids differ": frozenset(),
    "http": frozenset(),
    "token": frozenset(),
    "signature": frozenset(),
    "tenant": frozenset(),
    "operators of a table": frozenset(),
    "search pages": frozenset(),
    "search filter": frozenset(),
    "assets agree": frozenset(),
    "bulk pages": frozenset(),
    "lineage agrees": frozenset(),
}
