"""``datamap conform`` finds the service, the ids and the credentials, and writes files, as every other verb does."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap.cli._main import run
from dataarts_datamap.cli._verbs.conform import write_whole
from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AIM = ("conform", "--mock", "--discover", "--table", TABLE_GUID, "--levels", "B", "--max-examples", "0")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[MockServer]:
    """A mock server, in an environment that knows nothing of it but a profile file."""
    config = MockConfig()
    for name in ("ENDPOINT", "REGION", "PROJECT_ID", "INSTANCE_ID", "TOKEN", "TARGET", "CREDENTIALS"):
        monkeypatch.delenv(f"DATAMAP_{name}", raising=False)
    for name in ("AK", "SK", "SECURITY_TOKEN", "PROJECT_ID"):
        monkeypatch.delenv(f"HUAWEICLOUD_SDK_{name}", raising=False)
    profile = tmp_path / "credentials"
    profile.write_text(f"[basic]\nak = {config.access_key}\nsk = {config.secret_key}\n", encoding="utf-8")
    profile.chmod(0o600)
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", str(profile))
    with MockServer(config) as running:
        monkeypatch.setenv("HUAWEICLOUD_SDK_IAM_ENDPOINT", running.url)
        yield running


def test_takes_region_profile_and_found_ids(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A region, a profile file and a table are enough: project and tenancy are found."""
    region = server.config.region
    monkeypatch.setenv(f"HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_{region.replace('-', '_').upper()}", server.url)

    assert 0 == run([*AIM, "--region", region])
    assert "/v3/projects" in {request["target"].partition("?")[0] for request in server.record.requests}


def test_takes_the_ids_that_an_error_names(server: MockServer, capfd: pytest.CaptureFixture[str]) -> None:
    """For an endpoint without a region, the text names an option for the project, and the verb has it."""
    config = server.config

    assert 3 == run([*AIM, "--endpoint", server.url])
    assert "--project-id" in capfd.readouterr().err
    ids = ["--project-id", config.project_id, "--instance-id", config.instance_id]
    assert 0 == run([*AIM, "--endpoint", server.url, *ids])


def test_without_credentials_is_not_judged(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No credentials are a 2, as for every other verb, and the text says where they were looked for."""
    monkeypatch.setenv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", "nowhere")

    assert 2 == run([*AIM, "--endpoint", server.url])
    assert "nowhere, which does not exist" in capfd.readouterr().err


def test_a_variable_does_not_beat_a_file_in_silence(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a variable says in place of the file is told."""
    config = server.config
    target = tmp_path / "target.toml"
    lines = {"endpoint": server.url, "project_id": "other", "instance_id": config.instance_id}
    target.write_text("".join(f'{name} = "{value}"\n' for name, value in lines.items()), encoding="utf-8")
    monkeypatch.setenv("DATAMAP_PROJECT_ID", config.project_id)

    assert 0 == run([*AIM, "--target", str(target)])
    assert f"DATAMAP_PROJECT_ID overrides project_id in {target}" in capfd.readouterr().err


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO, errno.EFBIG])
@pytest.mark.parametrize("existed", [False, True])
def test_report_on_a_full_disk(tmp_path: Path, error: int, *, existed: bool) -> None:
    """A report that cannot be written whole leaves the older one, and the error names the file."""
    path = tmp_path / "conformance.xml"
    if existed:
        path.write_text("older", encoding="utf-8")

    def write_half(made: Path) -> None:
        made.write_text("<half", encoding="utf-8")
        raise OSError(error, os.strerror(error))

    with pytest.raises(OSError, match=os.strerror(error)) as caught:
        write_whole(path, write_half)
    assert str(path) == caught.value.filename
    assert (["older"] if existed else []) == [one.read_text(encoding="utf-8") for one in tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("said", "options", "is_refused"),
    [
        ("1", [], False),
        ("yes", [], False),
        ("", ["--allow-http"], False),
        ("0", ["--allow-http"], False),
        ("0", [], True),
        (None, [], True),
    ],
)
@pytest.mark.usefixtures("server")
def test_plain_http_by_variable(
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    said: str | None,
    options: list[str],
    *,
    is_refused: bool,
) -> None:
    """DATAMAP_ALLOW_HTTP lets the endpoint be plain http to another machine, as for every other verb."""
    monkeypatch.delenv("DATAMAP_ALLOW_HTTP", raising=False)
    for name, value in {"PROJECT_ID": "p", "INSTANCE_ID": "i", "TOKEN": "t", "ALLOW_HTTP": said}.items():
        if value is not None:
            monkeypatch.setenv(f"DATAMAP_{name}", value)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    code = run([*AIM, "--endpoint", "http://datamap.example.com", *options])

    assert (code == 3) is is_refused
    assert ("plain http to another machine" in capfd.readouterr().err) is is_refused


def test_plain_http_by_an_odd_variable(
    server: MockServer, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Anything else is wrong usage."""
    monkeypatch.setenv("DATAMAP_ALLOW_HTTP", "never")

    assert 3 == run([*AIM, "--endpoint", server.url])
    assert "DATAMAP_ALLOW_HTTP must be 1 or 0, not 'never'" in capfd.readouterr().err
