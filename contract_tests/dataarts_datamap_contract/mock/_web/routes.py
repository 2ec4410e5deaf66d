"""Paths, and the operations behind their methods."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from dataarts_datamap_contract.mock._web.requests import RequestParts
from dataarts_datamap_contract.mock._web.responses import HttpError, Reply

Operation: TypeAlias = Callable[[RequestParts], Reply]


@dataclass(frozen=True)
class Route:
    """A path with its operations by method.

    Attributes:
        pattern: Matches the path as sent; its groups are the path parameters.
        operations: By method, in upper case.
    """

    pattern: re.Pattern[bytes]
    operations: Mapping[str, Operation]

    @classmethod
    def of(cls, template: str, operations: Mapping[str, Operation]) -> Route:
        """A route from a path template, as OpenAPI writes it."""
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template))
        return cls(re.compile(pattern.encode()), operations)

    def operation(self, method: str) -> Operation:
        """The operation for a method.

        Raises:
            HttpError: The method has none; the header ``Allow`` lists the methods that have one.
        """
        if method not in self.operations:
            raise HttpError(405, "APIGW.0101", f"{method} is not allowed", {"Allow": ", ".join(self.operations)})
        return self.operations[method]
