"""The values that a shell suggests for options and arguments; some of these accept other values, too."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import click

    Suggest = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]

FAULTS: Final = {
    "reset": "the connection is reset before any byte",
    "truncated": "the connection is closed in the middle of the body",
    "dribble": "the body is sent in up to ten pieces",
    "slow": "nothing is sent for a while, then the whole response",
    "html": "status 200 with an HTML page",
    "500": "internal server error",
    "502": "backend unavailable",
    "503": "service unavailable",
    "504": "backend timeout",
}
LEVELS: Final = {
    "A": "envelope, status, content type",
    "B": "decoded body",
    "C": "paging, filters, window",
    "D": "credentials",
    "E": "bad input",
}
_PACES: Final = {"5s": "5 seconds", "30s": "30 seconds", "5m": "5 minutes"}
_STATUSES: Final = {
    "failed": "fail, manual-stop",
    "active": "waiting, waiting-confirm, running, pause, running-exception",
    "succeeded": "success, forceSuccess, ignoreSuccess",
    "skipped": "skip, skip-by-depend, freeze",
    "unknown": "any other status, or none",
}
_SPANS: Final = {"90m": "90 minutes", "24h": "24 hours", "7d": "7 days", "30d": "30 days"}


def _offering(choices: Mapping[str, str]) -> Suggest:
    def suggest(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
        return [CompletionItem(value, help=told) for value, told in choices.items() if value.startswith(typed)]

    return suggest


suggest_faults: Final = _offering(FAULTS)
suggest_paces: Final = _offering(_PACES)
suggest_statuses: Final = _offering(_STATUSES)
suggest_spans: Final = _offering(_SPANS)
suggest_workspaces: Final = _offering({"auto": "the only workspace"})


def suggest_levels(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The levels typed so far, and the same with each further level."""
    if not typed:
        return [CompletionItem("".join(LEVELS), help="all"), *(CompletionItem(a, help=b) for a, b in LEVELS.items())]
    further = [CompletionItem(typed + level, help=told) for level, told in LEVELS.items() if level not in typed]
    return [CompletionItem(typed), *further] if set(typed) <= set(LEVELS) else []


def suggest_zones(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    from zoneinfo import available_timezones

    return _beginning(sorted(available_timezones()), typed)


def suggest_regions(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    from dataarts_datamap._api.regions import REGIONS

    return _beginning(REGIONS, typed)


def suggest_columns(_ctx: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The columns typed so far, with each further column."""
    from dataarts_datamap._export.columns import chosen_columns

    chosen, comma, last = typed.rpartition(",")
    free = (column.name for column in chosen_columns(None, "json") if column.name not in chosen.split(","))
    return [CompletionItem(f"{chosen}{comma}{name}") for name in free if name.startswith(last)]


def suggest_tables(context: click.Context, _param: click.Parameter, typed: str) -> list[CompletionItem]:
    """The tables that verbs have seen within a day: each end of a path, such as ``schema.name``, that one table has."""
    from dataarts_datamap.cli._options.known_names import known_names

    known = known_names(context)
    ends = [".".join(name.split(".")[first:]) for name in known for first in range(name.count(".") + 1)]
    often = Counter(ends)
    return [CompletionItem(end) for end in sorted(set(ends)) if often[end] == 1 and end.startswith(typed)]


def _beginning(values: Iterable[str], typed: str) -> list[CompletionItem]:
    return [CompletionItem(value) for value in values if value.lower().startswith(typed.lower())]
