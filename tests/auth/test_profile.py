"""The profile file: whatever is at its place, it is read or refused, and never waited for."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from dataarts_datamap import AccessKeyCredentials, CredentialsError, find_credentials
from support.marks import needs_posix

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VARIABLE = "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
GOOD = "[basic]\nak = a\nsk = Zq-secret\n"


def refused(path: Path | str) -> str:
    """The text with which a named file is refused."""
    with pytest.raises(CredentialsError) as caught:
        find_credentials(environ={VARIABLE: str(path)})
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, OSError)
    assert "Zq-secret" not in str(caught.value)
    return str(caught.value)


@needs_posix
def test_pipe(tmp_path: Path) -> None:
    """A pipe is refused at once, whether somebody writes to it or not."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    assert f"{path} is a pipe, not a file" in refused(path)

    reader, writer = os.pipe()
    os.write(writer, GOOD.encode())
    assert "is a pipe, not a file" in refused(f"/dev/fd/{reader}")
    os.close(reader)
    os.close(writer)


@needs_posix
@pytest.mark.parametrize("path", ["/dev/zero", "/dev/null", "/dev/random"])
def test_device(path: str) -> None:
    """A device is refused, though it can be read without end."""
    assert f"{path} is a device, not a file" in refused(path)


@needs_posix
def test_socket(tmp_path: Path) -> None:
    """A socket is refused."""
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        assert f"{path} cannot be read" in refused(path)


def test_folder(tmp_path: Path) -> None:
    """A folder is refused as what it is; Windows does not open it at all."""
    why = "cannot be read" if os.name == "nt" else "is a folder, not a file: write the credentials to a file"
    assert f"{tmp_path} {why}" in refused(tmp_path)


def test_size(tmp_path: Path) -> None:
    """A file of more than 1 MiB is refused; one of that size is read."""
    path = tmp_path / "credentials"
    path.touch(0o600)
    path.write_text(f"{GOOD}{'#' * 1024 * 1024}", encoding="utf-8")
    assert f"{path} is not a profile file: it is larger than 1 MiB" in refused(path)

    path.write_text(f"{GOOD}#".ljust(1024 * 1024, "#"), encoding="utf-8")
    assert AccessKeyCredentials("a", "Zq-secret") == find_credentials(environ={VARIABLE: str(path)})


@needs_posix
def test_loop_of_links(tmp_path: Path) -> None:
    """A link that leads to itself is refused, and one that leads to a file is followed."""
    loop, link, file = tmp_path / "loop", tmp_path / "link", tmp_path / "file"
    loop.symlink_to(loop)
    link.symlink_to(file)
    file.touch(0o600)
    file.write_text(GOOD, encoding="utf-8")

    assert f"{loop} cannot be read" in refused(loop)
    assert AccessKeyCredentials("a", "Zq-secret") == find_credentials(environ={VARIABLE: str(link)})


def test_name_that_is_none(tmp_path: Path) -> None:
    """A name that no file can have is refused."""
    assert "cannot be read" in refused(f"{tmp_path}/a\0b")
    assert "cannot be read" in refused(tmp_path / ("a" * 10_000))


def make_file_for_home(path: Path) -> None:
    """Where the home folder should be, there is a file."""
    path.touch()


def make_broken_link(path: Path) -> None:
    """The profile's folder is a link to itself."""
    path.mkdir()
    (path / ".huaweicloud").symlink_to(path / ".huaweicloud")


def make_pipe(path: Path) -> None:
    """The profile is a pipe."""
    (path / ".huaweicloud").mkdir(parents=True)
    os.mkfifo(path / ".huaweicloud" / "credentials")


@needs_posix
@pytest.mark.parametrize("make", [make_file_for_home, make_broken_link, make_pipe, lambda _: None])
def test_odd_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None]) -> None:
    """What is wrong with the home folder is one of the reasons why there are no credentials."""
    home = tmp_path / "home"
    make(home)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    with pytest.raises(CredentialsError, match=r"^no credentials: DATAMAP_TOKEN is not set; |is a pipe"):
        find_credentials(environ={})


_NOBODY = """
import os, pwd
def gone(uid): raise KeyError(f"getpwuid(): uid not found: {uid}")
pwd.getpwuid = gone
os.environ.pop("HOME", None)
"""


_FINDING = """
from dataarts_datamap import find_credentials, CredentialsError
try: find_credentials()
except CredentialsError as error: raise SystemExit(str(error))
"""


@needs_posix
@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("from dataarts_datamap.cli import main; main(['operators', 'a-table'])", 2),
        ("from dataarts_datamap.cli import main; main(['doctor', '--output', 'ndjson'])", 1),
        (_FINDING, 1),
    ],
    ids=["verb", "doctor", "Python"],
)
def test_no_home_folder(code: str, exit_code: int) -> None:
    """Without HOME and without an entry of the user, the reason is told beside the others; nothing is raised raw."""
    known = {"PATH": os.environ["PATH"], "DATAMAP_ENDPOINT": "http://127.0.0.1:1"}
    environ = {**known, "DATAMAP_PROJECT_ID": "p", "DATAMAP_INSTANCE_ID": "i"}
    ended = subprocess.run(
        [sys.executable, "-c", _NOBODY + code], env=environ, capture_output=True, text=True, check=False
    )

    shown = ended.stdout + ended.stderr
    assert exit_code == ended.returncode
    assert "Traceback" not in shown
    for reason in ("DATAMAP_TOKEN is not set", "there is no home folder"):
        assert reason in shown
