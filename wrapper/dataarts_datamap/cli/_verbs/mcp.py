"""``datamap mcp``."""

from __future__ import annotations

from typing import Any

import click

from dataarts_datamap.cli._options.connection import connection_options, given
from dataarts_datamap.cli._options.values import file_option


@click.command(short_help="Serve tools for an agent.")
@file_option("--tables", "file", help="The tables for check_tables, such as datamap.toml; none if left out")
@click.option("--logs", is_flag=True, help="Also offer the ends of logs, which can contain SQL and secrets.")
@connection_options
def mcp(*, file: str | None, logs: bool, **settings: Any) -> None:  # noqa: ANN401
    """Serve tools for an agent over stdin and stdout, by the Model Context Protocol, until stdin ends.

    The tools find tables, check whether they are fresh and why not, list runs, and check all tables of a file. They
    only read. Put this command, and the variables for the service, into the settings of the agent.

    \b
    Examples:
      datamap mcp
      datamap mcp --tables /etc/datamap.toml --logs
    """  # noqa: D301  click reads \b
    from dataarts_datamap._extras import load_extra

    load_extra("mcp", extra="mcp")
    import asyncio

    from dataarts_datamap._client.clients import AsyncDataMapClient
    from dataarts_datamap.integrations.mcp import make_server

    async def serve() -> None:
        async with AsyncDataMapClient.from_env(**given(**settings)) as client:
            await make_server(client, table_file=file, logs=logs).run_stdio_async()

    asyncio.run(serve())
