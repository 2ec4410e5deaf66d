"""What a mock server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_NAMES = (
    *("project_id", "instance_id", "token", "access_key", "secret_key", "security_token"),
    *("user", "password", "account", "region", "workspace_id"),
)


def _real_clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class MockConfig:
    """Whom a mock server knows and which data it invents.

    The same ``seed`` and ``now`` give the same data, byte for byte. The default ids are those of the documentation
    (the instance id is abridged there; its first and last four digits are the documented ones).

    Attributes:
        project_id: The one project the server knows.
        instance_id: The one DataArts Studio tenancy it knows.
        token: The value of ``X-Auth-Token`` that it accepts at any time.
        access_key: The one access key it knows.
        secret_key: What requests of that access key are signed with.
        security_token: The ``X-Security-Token`` that goes with the access key; None if the key is a permanent one.
        user: The one user that IAM knows.
        password: That user's password.
        account: The account (domain) that the user belongs to.
        region: The region; the name of the one project, as it is of each region's built-in project.
        token_lifetime: How long a token that IAM hands out is good for.
        workspace_id: The only workspace in the list of workspaces; None lists all those of the data.
        seed: Seed of the invented runs.
        now: An aware time, the present of the data; None is the real time when the app is created.
        clock: Gives the present of signatures, tokens and locks, as an aware time.

    Raises:
        ValueError: ``now`` is naive, or an id, the token, a key, the password or a name is blank.
    """

    project_id: str = "0833a5737480d53b2f25c010dc1a7b88"
    instance_id: str = "6b884d52f8a74d5e9e0f24c5a7a62688"
    token: str = field(default="mock-token", repr=False)
    access_key: str = "MOCKACCESSKEY0000001"
    secret_key: str = field(default="mock-secret-key", repr=False)
    security_token: str | None = field(default=None, repr=False)
    user: str = "mock-user"
    password: str = field(default="mock-password", repr=False)
    account: str = "mock-account"
    region: str = "eu-west-101"
    token_lifetime: timedelta = timedelta(hours=24)
    workspace_id: str | None = None
    seed: int = 0
    now: datetime | None = None
    clock: Callable[[], datetime] = field(default=_real_clock, repr=False)

    def __post_init__(self) -> None:
        for name in _NAMES:
            value = getattr(self, name)
            if value is not None and not value.strip():
                raise ValueError(f"{name} is blank: no request could name it; leave it out to get the default")
        if self.now is not None and self.now.utcoffset() is None:
            raise ValueError(
                f"now has no time zone: {self.now!r}; give it one, as in now.replace(tzinfo=datetime.UTC),"
                " or use datetime.now(UTC)"
            )
