"""Finds the GUID of a table that was given by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._printing.notices import note

if TYPE_CHECKING:
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.tables import Table


def table_guid_of(client: DataMapClient, table: str) -> str:
    return table_of(client, table).guid


def table_of(client: DataMapClient, table: str) -> Table:
    """The table with the given GUID, without other attributes; or the table that is found by the given name.

    A text that does not look like a GUID, or that begins with ``name:``, is a name; stderr then shows name and GUID.
    """
    from dataarts_datamap._models.tables import Table
    from dataarts_datamap._monitoring.table_names import is_guid
    from dataarts_datamap._text import printable

    if is_guid(table):
        return Table(guid=table)
    found = client.find_table(table)
    if found.name:
        remember_names([found.full_name])
    note(f"{printable(found.full_name)} is {printable(found.guid)}")
    return found
