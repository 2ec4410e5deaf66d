from typing import Literal

ShowDatamapLineageDirection = Literal["BOTH", "IN", "OUT"]

SHOW_DATAMAP_LINEAGE_DIRECTION_VALUES: set[ShowDatamapLineageDirection] = {
    "BOTH",
    "IN",
    "OUT",
}


def check_show_datamap_lineage_direction(value: str) -> ShowDatamapLineageDirection:
    if value in SHOW_DATAMAP_LINEAGE_DIRECTION_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {SHOW_DATAMAP_LINEAGE_DIRECTION_VALUES!r}")
