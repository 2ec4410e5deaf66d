"""What is offered to the pipelines of others is whole: it parses, wastes no input, and runs what is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import yaml

from dataarts_datamap.cli._verbs.conform import conform
from dataarts_datamap_contract.mock import TABLE_GUID, MockServer

if TYPE_CHECKING:
    from collections.abc import Iterable

CHECKOUT = Path(__file__).resolve().parents[2]
ACTION = CHECKOUT / ".github" / "actions" / "conform" / "action.yml"
WORKFLOW = CHECKOUT / "examples" / "github" / "conform.yml"
TEMPLATE = CHECKOUT / "examples" / "gitlab" / "conform.yml"
BASH = shutil.which("bash")

needs_bash = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="there is no bash of POSIX here")


def read(path: Path) -> dict[str, Any]:
    """The document of a file."""
    return cast("dict[str, Any]", yaml.safe_load(path.read_text(encoding="utf-8")))


def run_in(folder: Path, lines: Iterable[str], variables: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run shell lines as a runner does, in a folder of their own, with nothing of ours but the installed command."""
    assert BASH is not None
    kept = {name: os.environ[name] for name in ("HOME", "SYSTEMROOT") if name in os.environ}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", "\n".join(lines)],
        cwd=folder,
        env={**kept, "PATH": path, **variables},
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=300,
    )


def credentials(server: MockServer) -> dict[str, str]:
    """What a pipeline keeps as secrets, and where the server is."""
    config = server.config
    return {
        "DATAMAP_TOKEN": config.token,
        "DATAMAP_PROJECT_ID": config.project_id,
        "DATAMAP_INSTANCE_ID": config.instance_id,
    }


def secrets(server: MockServer) -> dict[str, str]:
    """What an account has to set: an access key, which is valid for longer than a night."""
    return {"HUAWEICLOUD_SDK_AK": server.config.access_key, "HUAWEICLOUD_SDK_SK": server.config.secret_key}


def as_region(server: MockServer) -> dict[str, str]:
    """What makes a server the one of the region in the examples."""
    return {
        "HUAWEICLOUD_SDK_REGION_DATAARTSSTUDIO_EU_WEST_101": server.url,
        "HUAWEICLOUD_SDK_IAM_ENDPOINT": server.url,
    }


def test_every_input_of_the_action_is_used() -> None:
    """Each input is told of, reaches the script as a variable, and is read there; none is pasted into the script."""
    action = read(ACTION)
    (step,) = action["runs"]["steps"]

    assert "composite" == action["runs"]["using"]
    assert [] == [name for name, each in action["inputs"].items() if not each["description"] or "default" not in each]
    assert {f"${{{{ inputs.{name} }}}}" for name in action["inputs"]} == set(step["env"].values())
    assert [] == [name for name in step["env"] if f'"${name}"' not in step["run"]]
    assert "${{" not in step["run"]


@needs_bash
@pytest.mark.parametrize(("levels", "code", "written"), [("AB", 0, True), ("X", 3, False)])
@pytest.mark.begins_first
def test_the_action_runs_what_is_installed(tmp_path: Path, levels: str, code: int, written: bool) -> None:  # noqa: FBT001
    """The action's script judges a server, writes what it promises, and ends with the command's own exit code."""
    action = read(ACTION)
    (step,) = action["runs"]["steps"]
    given = {name: each["default"] for name, each in action["inputs"].items()}
    with MockServer() as server:
        given |= {"endpoint": server.url, "table": TABLE_GUID, "levels": levels}
        variables = {name: given[value.split(".")[1].split()[0]] for name, value in step["env"].items()}
        done = run_in(tmp_path, [step["run"]], {**credentials(server), **variables})

    expected = {given[name] for name in ("junit", "html", "sarif")} if written else set[str]()
    assert code == done.returncode, done.stdout + done.stderr
    assert expected == {path.name for path in tmp_path.iterdir()}


def test_the_workflow_knows_the_action() -> None:
    """The example workflow gives the action no input that it does not have."""
    (job,) = read(WORKFLOW)["jobs"].values()
    (step,) = [step for step in job["steps"] if step.get("uses", "").endswith("/conform")]

    assert step["with"].keys() <= read(ACTION)["inputs"].keys()


@needs_bash
def test_the_workflow_needs_only_its_secrets(tmp_path: Path) -> None:
    """With the values of the example and the secrets that it names, the action judges the server."""
    action, (job,) = read(ACTION), read(WORKFLOW)["jobs"].values()
    (ours,) = action["runs"]["steps"]
    (step,) = [step for step in job["steps"] if step.get("uses", "").endswith("/conform")]
    given = {name: each["default"] for name, each in action["inputs"].items()} | step["with"] | {"levels": "A"}
    with MockServer() as server:
        kept = {f"${{{{ secrets.{name} }}}}": value for name, value in secrets(server).items()}
        own = {name: kept.get(value, value) for name, value in step["env"].items()}
        variables = {name: given[value.split(".")[1].split()[0]] for name, value in ours["env"].items()}
        done = run_in(tmp_path, [ours["run"]], {**as_region(server), **own, **variables})

    assert 0 == done.returncode, done.stdout + done.stderr


@needs_bash
def test_the_template_runs_what_is_installed(tmp_path: Path) -> None:
    """GitLab's template judges a server by its variables and an access key; its installation is left out."""
    job = read(TEMPLATE)["conform"]
    install, judge = job["script"]
    with MockServer() as server:
        quick = f"{judge} --levels A --max-examples 0"
        done = run_in(tmp_path, [quick], {**job["variables"], **as_region(server), **secrets(server)})

    assert 0 == done.returncode, done.stdout + done.stderr
    assert install.endswith("-py3-none-any.whl[cli,conform]'")
    assert job["artifacts"]["reports"]["junit"] in {path.name for path in tmp_path.iterdir()}
    assert set(re.findall(r"--[a-z]+", judge)) <= {name for each in conform.params for name in each.opts}
