"""The reference mock server: the operations of the specification over seeded, invented data."""

from __future__ import annotations

from dataarts_datamap_contract.mock._config import MockConfig
from dataarts_datamap_contract.mock._data.dataset import TABLE_GUID
from dataarts_datamap_contract.mock._fake import FakeService
from dataarts_datamap_contract.mock._serving.app import create_app
from dataarts_datamap_contract.mock._serving.server import MockServer, serve
from dataarts_datamap_contract.mock._web.faults import Fault

__all__ = ["TABLE_GUID", "FakeService", "Fault", "MockConfig", "MockServer", "create_app", "serve"]
