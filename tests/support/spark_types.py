"""Types of Spark, written as text."""

from __future__ import annotations

from typing import cast

from pyspark.sql.types import StructType


def fields_of(columns: str) -> StructType:
    """A schema, such as ``run_id BIGINT, state STRING``."""
    return cast("StructType", StructType.fromDDL(columns))
