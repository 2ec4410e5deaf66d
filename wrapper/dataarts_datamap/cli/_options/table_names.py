"""A table that was given by name, where a verb needs its GUID."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap.cli._options.known_names import remember_names
from dataarts_datamap.cli._printing.notices import note

if TYPE_CHECKING:
    from dataarts_datamap._client.clients import DataMapClient
    from dataarts_datamap._models.tables import Table


def table_guid_of(client: DataMapClient, table: str) -> str:
    """The GUID of a table. What does not look like one, or stands behind ``name:``, is a name and is searched for.

    Raises:
        TableNotFoundError: No table has the name.
        AmbiguousTableError: Several have it.
        DataMapError: The search failed.
    """
    return table_of(client, table).guid


def table_of(client: DataMapClient, table: str) -> Table:
    """The table of a GUID, of which nothing else is known, or of a name, which is searched for.

    Raises:
        TableNotFoundError: No table has the name.
        AmbiguousTableError: Several have it.
        DataMapError: The search failed.
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
