"""What a mock server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class MockConfig:
    """Whom a mock server knows and which data it invents.

    The same ``seed`` and ``now`` give the same data, byte for byte. The default ids are those of the documentation
    (the instance id is abridged there; its first and last four digits are the documented ones).

    Attributes:
        project_id: The one project the server knows.
        instance_id: The one DataArts Studio tenancy it knows.
        token: The one value of ``X-Auth-Token`` it accepts.
        seed: Seed of the invented runs.
        now: An aware time, the present of the data; None is the clock when the app is created.

    Raises:
        ValueError: ``now`` is naive, or an id or the token is blank.
    """

    project_id: str = "0833a5737480d53b2f25c010dc1a7b88"
    instance_id: str = "6b884d52f8a74d5e9e0f24c5a7a62688"
    token: str = field(default="mock-token", repr=False)
    seed: int = 0
    now: datetime | None = None

    def __post_init__(self) -> None:
        for name in ("project_id", "instance_id", "token"):
            if not getattr(self, name).strip():
                raise ValueError(f"{name} is blank: no request could name it; leave it out to get the default")
        if self.now is not None and self.now.utcoffset() is None:
            raise ValueError(
                f"now has no time zone: {self.now!r}; give it one, as in now.replace(tzinfo=datetime.UTC),"
                " or use datetime.now(UTC)"
            )
