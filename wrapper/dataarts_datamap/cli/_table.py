"""A table as a client reads it, for what reads it again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models import Operator, Run
    from dataarts_datamap._window import Window


@dataclass(frozen=True, slots=True)
class ClientTable:
    """A table, read by a client.

    Attributes:
        client: The client.
        guid: GUID of the table.
        how: How pages are read: keywords of ``list_table_runs``.
    """

    client: DataMapClient
    guid: str
    how: dict[str, Any]

    def list_operators(self) -> list[Operator]:
        """The operators of the table."""
        return self.client.list_operators(self.guid)

    def list_runs(self, window: Window) -> list[Run]:
        """The runs of the table in a window."""
        return self.client.list_table_runs(self.guid, start=window.start, end=window.end, **self.how).to_list()
