"""Registers ``format("datamap")`` with Spark, which imports each module whose name begins with ``pyspark_``.

Every job of the environment imports it, so it must neither fail nor be slow.
"""

from __future__ import annotations

from contextlib import suppress

with suppress(Exception):
    from dataarts_datamap.integrations.spark import DataMapDataSource as DefaultSource

    __all__ = ["DefaultSource"]
