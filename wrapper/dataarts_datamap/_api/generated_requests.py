"""Builds requests: the one module that touches the generated client.

The generated builders are private names of generated code, so this module holds their only use; a test pins their
signatures. They quote path segments, but they check nothing: each operation's own module refuses what could bend a
request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, ParamSpec

from dataarts_datamap._messages import Request
from dataarts_datamap_client.api.data_map import show_instance_infos, show_nodes
from dataarts_datamap_client.types import UNSET

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SHOW_INSTANCE_INFOS", "SHOW_NODES", "UNSET", "build_request"]

P = ParamSpec("P")

SHOW_NODES: Final = show_nodes._get_kwargs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  see the docstring
SHOW_INSTANCE_INFOS: Final = show_instance_infos._get_kwargs  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  as above


def build_request(
    operation: Callable[P, dict[str, Any]], endpoint: str, *arguments: P.args, **parameters: P.kwargs
) -> Request:
    """The request of an operation, with the parameters that its generated builder has."""
    kwargs = operation(*arguments, **parameters)
    return Request(
        method=kwargs["method"].upper(),
        endpoint=endpoint,
        path=kwargs["url"],
        query=tuple((name, str(value)) for name, value in kwargs.get("params", {}).items()),
        # The page names neither. Another service's gateway refuses a GET without Content-Type, and sibling pages ask
        # for X-Project-Id where a key can see several projects; the official SDK sends both.
        headers={
            "Content-Type": "application/json",
            "X-Project-Id": str(parameters["project_id"]),
            **kwargs["headers"],
        },
    )
