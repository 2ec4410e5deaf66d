"""A user of the mock server's IAM, and a response of IAM."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dataarts_datamap import PasswordCredentials
from dataarts_datamap_contract.mock import MockConfig
from support.answers import json_answer

if TYPE_CHECKING:
    from support.scripted_server import Answer

TOKEN = "MIIissued-token-0123456789"


def password_for(url: str, **options: Any) -> PasswordCredentials:
    """The mock server's user, at the IAM of this address."""
    config = MockConfig()
    known = {"user": config.user, "password": config.password, "account": config.account, "region": config.region}
    return PasswordCredentials(**{**known, "iam_endpoint": url, **options})


def token_answer(token: str = TOKEN, *, life: float = 86_400) -> Answer:
    """IAM's response to a valid password, without the unused fields."""
    issued = datetime(2026, 11, 1, tzinfo=UTC)
    times = {"issued_at": issued.isoformat(), "expires_at": (issued + timedelta(seconds=life)).isoformat()}
    return json_answer({"token": times}, status=201, X_Subject_Token=token)
