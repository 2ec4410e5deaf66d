"""The causes that explain the tables of an overview, those that explain the most tables first. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dataarts_datamap._monitoring.explanation import Link  # noqa: TC001  msgspec reads the annotations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dataarts_datamap._report.overview.table_days import OverviewRow


class SharedCause(Struct, frozen=True, kw_only=True):
    """A cause, and the tables whose trouble it explains.

    Attributes:
        link: The table in trouble that no other table explains, and the run that shows its trouble.
        rows: Indexes of the rows of the tables that it explains; its own table can be one of them.
    """

    link: Link
    rows: tuple[int, ...]


def shared_causes(rows: Sequence[OverviewRow]) -> list[SharedCause]:
    """The causes of all tables, sorted by the number of tables that they explain, then in the order of the tables."""
    links: dict[tuple[str, int | None], Link] = {}
    explained: dict[tuple[str, int | None], list[int]] = {}
    for number, row in enumerate(rows):
        for link in () if row.check.explanation is None else row.check.explanation.causes:
            key = link.table.guid, None if link.run is None else link.run.run_id
            links.setdefault(key, link)
            explained.setdefault(key, []).append(number)
    found = [SharedCause(link=link, rows=tuple(explained[key])) for key, link in links.items()]
    return sorted(found, key=lambda one: -len(one.rows))
