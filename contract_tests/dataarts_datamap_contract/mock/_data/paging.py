"""The rows of a page: servers of related APIs are known, or suspected, to differ here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dataarts_datamap_contract.mock._web.responses import HttpError

if TYPE_CHECKING:
    from dataarts_datamap_contract.mock._config import MockConfig
    from dataarts_datamap_contract.mock._data.dataset import RunHistory


class PagingRules:
    """The meaning of window, offset and limit on this server."""

    def __init__(self, config: MockConfig) -> None:
        self._config = config

    def window(self, history: RunHistory, start: int, end: int) -> range:
        """The positions of the runs in a window, in the order in which pages show them."""
        config = self._config
        within = history.within(start + (not config.window_includes_start), end - (not config.window_includes_end))
        return within[::-1] if config.order == "newest-first" else within

    def checked_limit(self, limit: int) -> int:
        """The limit, if the server accepts it.

        Raises:
            HttpError: It is above the cap, and the server refuses such a limit.
        """
        most = self._config.max_limit
        if most is not None and limit > most and self._config.over_limit == "refused":
            raise HttpError(400, "APIGW.0106", f"Invalid query parameter limit: {limit} is more than {most}")
        return limit

    def page(self, found: range, offset: int, limit: int) -> range:
        """The positions of one page of the runs found."""
        rows = min(limit, self._config.max_limit or limit)
        first = self._first_row(offset, rows)
        return found[first : first + rows]

    def _first_row(self, offset: int, rows: int) -> int:
        config = self._config
        if config.offset_unit == "page":
            return max(offset - config.first_page, 0) * rows
        return offset - offset % rows if config.round_offset else offset
