"""Lets Spark find ``format("datamap")`` by itself: it imports each module whose name begins with ``pyspark_``.

It does so in every job of the environment, so nothing here may fail, or take long.
"""

from __future__ import annotations

from contextlib import suppress

with suppress(Exception):
    from dataarts_datamap.integrations.spark import DataMapDataSource as DefaultSource

    __all__ = ["DefaultSource"]
