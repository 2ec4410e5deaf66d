"""What those who send their requests themselves are given of a client's settings."""

from __future__ import annotations

from typing import Final

import pytest

from dataarts_datamap import ConfigurationError, PasswordCredentials, TokenCredentials
from dataarts_datamap._client.connection import Connection, find_connection
from dataarts_datamap_contract.mock import MockServer
from support.forward_proxy import forward_proxy

FAR: Final = "http://datamap.example.com"


def test_ids_are_looked_up_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """An id that is not given is looked up as a client of the same settings does it: through its proxy, too."""
    monkeypatch.setenv("DATAMAP_WORKSPACE_ID", "auto")
    with MockServer() as server, forward_proxy(server.url) as proxy:
        known = server.config
        found = find_connection(
            endpoint=FAR,
            project_id=known.project_id,
            credentials=TokenCredentials(known.token),
            allow_http=True,
            proxy=proxy.url,
        )

    expected = Connection(endpoint=FAR, project_id=known.project_id, instance_id=known.instance_id, token=known.token)
    assert expected == found
    assert [f"GET {FAR}/v1/{known.project_id}/instances".encode()] == [head.partition(b"?")[0] for head in proxy.heads]


def test_other_credentials_are_refused() -> None:
    """Credentials that cannot be handed on as values are refused, before anything is looked up."""
    password = PasswordCredentials("ann", "a-password", "acme", region="cn-north-4")

    with pytest.raises(ConfigurationError, match="a token or an access key is needed"):
        find_connection(endpoint="https://datamap.example.com", project_id="p", credentials=password)
