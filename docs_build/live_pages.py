"""The pages that the command writes, as examples in the site: always the same, from fixed data of a mock server."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from dataarts_datamap import DataMapClient, TokenCredentials
from dataarts_datamap._report.contents import report_on
from dataarts_datamap._report.html_page import page
from dataarts_datamap._report.languages import texts_in
from dataarts_datamap._window import window
from dataarts_datamap.cli._overview.table_overview import write_overview
from dataarts_datamap_contract.mock import FakeService, MockConfig, MockServer
from docs_build import demo_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dataarts_datamap._report.contents import Report
    from dataarts_datamap._report.languages import Language
    from dataarts_datamap._report.texts import Texts

NOW: Final = demo_table.END
_SUFFIXES: Final[Mapping[Language, str]] = {"en": "", "zh": ".zh"}
LIVE_PAGES: Final = tuple(f"{name}{suffix}.html" for name in ("report", "overview") for suffix in _SUFFIXES.values())
"""The names of these pages, in the folder ``live`` of the site."""
_TABLES: Final = """\
[defaults]
max_age = "26h"
owner = "orders"

[[tables]]
name = "sales.dws_orders"

[[tables]]
name = "dwd.dwd_orders"

[[tables]]
name = "dwd.dim_customers"
owner = "customers"
max_age = "3h"

[[tables]]
name = "ods.ods_orders"
owner = "platform"

[[tables]]
name = "ods.ods_customers"
owner = "platform"
"""


def write_live_pages(folder: Path) -> None:
    """Write the report of a table and the page of all tables, in each language."""
    folder.mkdir()
    report = _report()
    for language, suffix in _SUFFIXES.items():
        say = texts_in(language)
        (folder / f"report{suffix}.html").write_text(page(report, say=say), encoding="utf-8", newline="\n")
    with (
        MockServer(MockConfig(scenario="upstream-failed", now=NOW)) as server,
        _client(server.url, server.config) as client,
    ):
        for language, suffix in _SUFFIXES.items():
            _write_overview(client, folder / f"overview{suffix}.html", texts_in(language))


def _client(url: str, known: MockConfig | FakeService) -> DataMapClient:
    credentials = TokenCredentials(known.token)
    return DataMapClient(
        endpoint=url, project_id=known.project_id, instance_id=known.instance_id, credentials=credentials
    )


def _report() -> Report:
    start, end = demo_table.START, demo_table.END
    with FakeService() as service:
        demo_table.fill(service)
        with _client(service.url, service) as client:
            runs = client.list_table_runs(service.table_guid, start=start, end=end).to_list()
        return report_on(
            runs,
            table_guid=service.table_guid,
            name="lake.sales.revenue_daily",
            window=window(start=start, end=end, since=None, now=NOW),
            now=NOW,
            zone=UTC,
        )


def _write_overview(client: DataMapClient, page: Path, say: Texts) -> None:
    with TemporaryDirectory() as scratch:
        tables = Path(scratch, "datamap.toml")
        tables.write_text(_TABLES, encoding="utf-8")
        write_overview(client, str(tables), page, days=30, zone=UTC, say=say, now=NOW)
