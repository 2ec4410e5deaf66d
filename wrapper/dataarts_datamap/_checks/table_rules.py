"""The rule for a table: its maximum age or due time, how many rows it must get, and the operators that write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from dataarts_datamap._arguments import any_text, instance, instances, path_segment
from dataarts_datamap._checks.due_times import DueTime
from dataarts_datamap._errors import InvalidArgumentError
from dataarts_datamap._models.tables import Table
from dataarts_datamap._monitoring.freshness import checked_span
from dataarts_datamap._monitoring.table_names import NAME_PREFIX, name_of
from dataarts_datamap._text import shown

if TYPE_CHECKING:
    from datetime import timedelta


class TableRule(Struct, frozen=True, kw_only=True):
    """A table, and the rule for it. Without ``max_age`` and ``due``, its latest outcome must be a success.

    Attributes:
        name: Its name, such as ``sales.orders``, as for ``find_table``; None if ``guid`` is given.
        guid: Its GUID; None if ``name`` is given.
        label: Its display name; the name or the GUID if left out.
        owner: The person or team responsible for it.
        severity: Its importance: any text; the outputs contain it unchanged.
        max_age: The maximum age of its last success.
        due: The time by which a run planned for the day must have succeeded, instead of ``max_age``.
        min_rows: The minimum number of rows written by the latest success of each producer, if the service reports it.
        rows_drop: The fraction by which the rows may fall below their usual number: 0.5 for half.
        producers: The operators that write it, by job name, ``workspace/job_name`` or task id; if left out, those that
            lineage names, else all that the service lists.

    Raises:
        InvalidArgumentError: Neither or both of ``name`` and ``guid`` are given, both ``max_age`` and ``due`` are
            given, or a value is invalid.
    """

    name: str | None = None
    guid: str | None = None
    label: str | None = None
    owner: str | None = None
    severity: str | None = None
    max_age: timedelta | None = None
    due: DueTime | None = None
    min_rows: int | None = None
    rows_drop: float | None = None
    producers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.name is None) is (self.guid is None):
            raise InvalidArgumentError("give either the name or the guid of a table")
        if self.guid is not None:
            path_segment("guid", self.guid)
        else:
            name_of(self.name)
        if self.max_age is not None and self.due is not None:
            raise InvalidArgumentError("give either max_age or due, not both")
        if self.max_age is not None:
            checked_span("max_age", self.max_age)
        for field in ("label", "owner", "severity"):
            if (text := getattr(self, field)) is not None:
                any_text(field, text)
        if self.due is not None:
            instance("due", self.due, DueTime, "a DueTime")
        if self.min_rows is not None and instance("min_rows", self.min_rows, int, "a number from 1") < 1:
            raise InvalidArgumentError(f"min_rows must be a number from 1, not {shown(self.min_rows)}")
        if self.rows_drop is not None and not 0 < instance("rows_drop", self.rows_drop, (int, float), "a number") < 1:
            raise InvalidArgumentError(f"rows_drop must lie between 0 and 1, not {shown(self.rows_drop)}")
        instance("producers", self.producers, (tuple, list), "a tuple")
        instances("producers", self.producers, str, "names of operators")

    @property
    def title(self) -> str:
        """The display name of the table: its label, else its name or GUID."""
        return self.label or self.name or self.guid or ""

    @property
    def subject(self) -> Table | str:
        """The table to find: a ``Table`` with its GUID, or its name with the prefix ``name:``."""
        if self.guid is not None:
            return Table(guid=self.guid)
        name = self.name or ""
        return name if name.startswith(NAME_PREFIX) else f"{NAME_PREFIX}{name}"
