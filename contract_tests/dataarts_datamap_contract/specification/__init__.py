"""The OpenAPI document: where it is, what it states, and whether a value is as it says."""

from __future__ import annotations

from dataarts_datamap_contract.specification.loader import (
    load_specification,
    specification_of,
    specification_path,
)

__all__ = ["load_specification", "specification_of", "specification_path"]
