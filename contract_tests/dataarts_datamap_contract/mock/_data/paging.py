"""Which rows a page holds: where servers of this family are known, or thought, to differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.dataset import RunHistory


class PagingRules:
    """What a window, an offset and a limit mean on this server."""

    def __init__(self, config: MockConfig) -> None:
        self._config = config

    def window(self, history: RunHistory, start: int, end: int) -> range:
        """The positions of the runs in a window, in the order in which pages show them."""
        config = self._config
        within = history.within(start + (not config.window_includes_start), end - (not config.window_includes_end))
        return within[::-1] if config.order == "newest-first" else within

    def page(self, found: range, offset: int, limit: int) -> range:
        """The positions on one page of what was found."""
        rows = min(limit, self._config.max_limit or limit)
        first = self._first_row(offset, rows)
        return found[first : first + rows]

    def _first_row(self, offset: int, rows: int) -> int:
        config = self._config
        if config.offset_unit == "page":
            return max(offset - config.first_page, 0) * rows
        return offset - offset % rows if config.round_offset else offset
