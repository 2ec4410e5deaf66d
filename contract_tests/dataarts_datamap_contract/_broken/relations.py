"""The relations that servers of the fleet break, and the checks of each.

An author who has not seen the checks declares a relation. Someone who has seen them enters here, once, the ids of those
that judge it, before the suite is first run on the servers.
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
"""What holds on a correct server."""

TOTALS = frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up", "B-total-covers-rows"})
"""Checks that totals agree with each other and with the runs."""
PAGES = frozenset({"C-offset-slice", "C-limit-underfilled", "C-walk-complete", "C-walk-duplicate"})
"""Checks that each page is a slice of one list, whatever offset and limit are."""
CONTENT = frozenset({"C-run-content", "C-run-id-unique", "C-replay"})
"""Checks that a run is the same run wherever it is shown."""
WINDOWS = frozenset({"C-window-adds-up"})
"""The check that a window is the union of its parts."""
FILTERS = frozenset(
    {"C-workspace-same", "C-workspace-other", "C-rows-of-workspace", "C-rows-of-job", "E-optional-refused"}
)
"""Checks that a filter leaves out exactly what does not match it."""
OPERATORS = frozenset({"C-nodes-operator", "C-nodes-chain"})
"""Checks that ShowNodes lists the operators of a table, and that each of them can be requested."""
TRAVEL = frozenset({"C-replay", "D-signature-accepted"})
"""Checks that the response does not depend on how a request is written, signed and sent."""
ARITHMETIC = frozenset({"B-fields-agree", "B-time-order", "B-count-range", "B-row-shape"})
"""Checks that the fields of a run agree with each other."""
CHECKS: Final[dict[Relation, frozenset[str]]] = {
    "pages are slices of one list": frozenset(
        {
            "C-offset-slice",
            "C-limit-exceeded",
            "C-limit-underfilled",
            "C-offset-beyond-end",
            "C-walk-complete",
            "C-walk-duplicate",
            "C-window-adds-up",
            "C-replay",
        }
    ),
    "one total for one question": frozenset({"C-total-constant", "C-walk-complete", "C-window-adds-up"}),
    "total counts the runs": frozenset(
        {
            "C-walk-complete",
            "C-window-adds-up",
            "C-total-constant",
            "C-offset-slice",
            "C-limit-underfilled",
            "B-total-covers-rows",
        }
    ),
    "a run once in a window": frozenset(
        {"C-walk-duplicate", "C-run-id-unique", "C-window-adds-up", "C-offset-slice", "C-walk-complete"}
    ),
    "runs lie inside the window": frozenset({"C-window-start", "C-window-end", "C-window-adds-up", "C-run-content"}),
    "windows add up": frozenset(
        {
            "C-window-adds-up",
            "C-walk-complete",
            "C-total-constant",
            "E-maximum-unserved",
            "E-minimum-refused",
            "E-valid-refused",
        }
    ),
    "a filter takes what is named": frozenset(
        {
            "C-job-name-other",
            "C-job-name-prefix",
            "C-job-name-case",
            "C-job-name-wildcard",
            "C-job-name-unusual",
            "C-task-id-other",
            "C-workspace-other",
            "C-workspace-same",
            "C-rows-of-task",
            "C-rows-of-job",
            "C-rows-of-workspace",
        }
    ),
    "one content of a run": frozenset({"B-fields-agree", "C-run-content", "C-replay", "C-workspace-same"}),
    "times fit the status": frozenset({"B-fields-agree", "B-time-order", "B-time-unit"}),
    "counts of a run fit": frozenset({"B-fields-agree", "B-count-range"}),
    "a run names its operator": frozenset(
        {"C-rows-of-job", "C-rows-of-task", "C-rows-of-workspace", "C-job-name-unusual"}
    ),
    "page document": frozenset({"B-page-shape", "B-row-shape", "B-success-agrees", "B-body-json"}),
    "envelope": frozenset(
        {"A-envelope-shape", "A-envelope-status", "A-header-map", "C-offset-beyond-end", "E-valid-refused"}
    ),
    "text is JSON and UTF-8": frozenset(
        {"A-json", "A-answer-whole", "B-body-json", "B-running-data", "B-running-param"}
    ),
    "valid requests succeed": frozenset(
        {
            "E-valid-refused",
            "E-maximum-unserved",
            "E-minimum-refused",
            "E-optional-refused",
            "A-server-error",
            "A-status-documented",
            "B-success-agrees",
            "C-offset-beyond-end",
            "C-replay",
        }
    ),
    "invalid requests are refused": frozenset(
        {
            "E-missing-parameter",
            "E-below-minimum",
            "E-above-maximum",
            "E-wrong-type",
            "E-fraction",
            "E-not-listed",
            "E-body-invalid",
            "D-instance-other",
        }
    ),
    "error responses": frozenset(
        {"A-error-shape", "A-status-documented", "A-envelope-status", "A-envelope-shape", "A-json", "A-content-type"}
    ),
    "asked again the same": frozenset(
        {
            "C-replay",
            "C-run-content",
            "C-total-constant",
            "C-offset-slice",
            "C-walk-complete",
            "C-window-adds-up",
            "C-nodes-unique",
            "C-search-finds",
            "C-search-pages",
        }
    ),
    "side by side": frozenset({"C-replay", "A-server-error"}),
    "request ids differ": frozenset({"A-request-id"}),
    "http": frozenset({"A-answer-whole", "A-content-type", "A-status-documented", "C-replay", "E-valid-refused"}),
    "token": frozenset(
        {
            "D-missing",
            "D-token-other",
            "D-token-prefix",
            "D-token-longer",
            "D-token-case",
            "D-token-blank",
            "D-token-query",
            "A-undeclared-path",
        }
    ),
    "signature": frozenset(
        {
            "D-signature-accepted",
            "D-signature-wrong",
            "D-signature-tampered",
            "D-signature-stale",
            "D-signature-undated",
            "D-access-key-other",
        }
    ),
    "tenant": frozenset({"D-project-other", "D-instance-other", "D-tenant-isolated"}),
    "operators of a table": frozenset(
        {"C-nodes-operator", "C-nodes-unique", "C-nodes-chain", "C-table-other", "C-lineage-agrees", "C-replay"}
    ),
    "search pages": frozenset({"C-search-pages", "C-search-narrows"}),
    "search filter": frozenset({"C-search-pages", "C-search-finds", "C-search-narrows"}),
    "assets agree": frozenset({"C-asset-agrees", "C-details-batch"}),
    "bulk pages": frozenset(
        {"C-bulk-pages", "C-nodes-operator", "E-maximum-unserved", "E-valid-refused", "E-optional-refused"}
    ),
    "lineage agrees": frozenset(
        {
            "C-lineage-mirror",
            "C-lineage-agrees",
            "C-lineage-connected",
            "C-lineage-category",
            "C-nodes-operator",
            "C-nodes-chain",
            "C-bulk-pages",
        }
    ),
}
