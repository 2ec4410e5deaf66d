"""The OpenAPI document: its location, its statements and their evidence, and validation of values."""

from __future__ import annotations

from dataarts_datamap_contract.specification.loader import (
    load_specification,
    specification_of,
    specification_path,
)

__all__ = ["load_specification", "specification_of", "specification_path"]
