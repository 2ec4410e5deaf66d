"""The workflows: what they run is a verb of the Makefile or is run here, and what they use is pinned."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKOUT: Final = Path(__file__).resolve().parents[2]
FOLDER: Final = CHECKOUT / ".github" / "workflows"
OPEN_ISSUE: Final = CHECKOUT / ".github" / "actions" / "open-issue" / "action.yml"
PATHS: Final = sorted(FOLDER.glob("*.yml"))
PULL_REQUEST: Final = ("spec-watch.yml", "compare", "Open a pull request")
MAKING: Final = {
    *("bench", "build", "changelog", "clean", "demo", "docs", "evidence", "faults", "format", "generate", "help"),
    *("screenshots", "setup", "translations"),
}
PARTS: Final = {"contract", "prism", "spec-diff", "spec-tools"}  # of ``prove`` and ``lint``
NOTES: Final = ("release.yml", "notes", "gh release create")

BASH: Final = shutil.which("bash")

needs_bash = pytest.mark.skipif(BASH is None or sys.platform == "win32", reason="there is no bash of POSIX here")


def read(path: Path) -> dict[str, Any]:
    """The document of a file."""
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def steps() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Each step of each workflow, with its file and job."""
    for path in PATHS:
        for name, job in read(path)["jobs"].items():
            yield from ((path.name, name, step) for step in job["steps"])


def script(file: str, job: str, step: str) -> str:
    """The script of a step that is known by its name, or else by how its script begins."""
    (found,) = [
        each["run"]
        for where, of, each in steps()
        if (where, of) == (file, job) and (each.get("name") == step or each.get("run", "").startswith(step))
    ]
    assert isinstance(found, str)
    return found


def verbs_of_make() -> set[str]:
    """The verbs of the Makefile."""
    return set(re.findall(r"^([a-z-]+):.*##", (CHECKOUT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_every_line_is_a_verb_or_is_run_here() -> None:
    """What a step runs is one verb of the Makefile, or a script that a test of this module runs."""
    verbs = verbs_of_make()
    tested = {script(*PULL_REQUEST), script(*NOTES), 'make "$VERB"'}
    scripts = [step["run"] for _, _, step in steps() if "run" in step and step["run"] not in tested]
    called = [
        re.fullmatch(r"make ([a-z-]+)(?: TAG=\"\$GITHUB_REF_NAME\")?(?: > build/[a-z.]+)?", run) for run in scripts
    ]

    assert [] == [run for run, verb in zip(scripts, called, strict=True) if verb is None]
    assert set() == {verb[1] for verb in called if verb} - verbs


def test_verbs_of_a_matrix() -> None:
    """What is run by the name of a variable are verbs of the Makefile, from a list in the same job."""
    jobs = [job for path in PATHS for job in read(path)["jobs"].values()]
    named = [job for job in jobs if 'make "$VERB"' in [step.get("run") for step in job["steps"]]]

    assert [{"VERB": "${{ matrix.verb }}"}] == [job["env"] for job in named]
    assert set() == {verb for job in named for verb in job["strategy"]["matrix"]["verb"]} - verbs_of_make()


def test_each_action_of_ours_is_tested() -> None:
    """The scripts of actions are run by tests: the one by this module, the other by that of conformance in CI."""
    folder = CHECKOUT / ".github" / "actions"

    assert {"conform", "open-issue"} == {path.parent.name for path in folder.glob("*/action.yml")}


def test_every_proof_is_run() -> None:
    """Each verb that proves something is run by a workflow; the others make something, or are parts of these."""
    jobs = [job for path in PATHS for job in read(path)["jobs"].values()]
    called = {verb for _, _, step in steps() for verb in re.findall(r"^make ([a-z-]+)", step.get("run", ""))}
    listed = {verb for job in jobs for verb in job.get("strategy", {}).get("matrix", {}).get("verb", [])}

    assert MAKING | PARTS == verbs_of_make() - called - listed


def test_what_is_used_is_pinned() -> None:
    """An action of others is pinned by a hash, with its version beside it."""
    texts = [path.read_text(encoding="utf-8") for path in PATHS]
    used = {line for text in texts for line in re.findall(r"uses: (.+)", text) if not line.startswith("./")}

    assert len(used) > 5
    assert set() == {line for line in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line)}


def test_one_version_of_an_action() -> None:
    """All workflows use the same version of an action."""
    used = {step["uses"] for _, _, step in steps() if "uses" in step}

    assert len({name.split("@")[0] for name in used}) == len(used)


def test_nothing_of_an_event_is_pasted_into_a_script() -> None:
    """What others can choose, such as the name of a branch, reaches a script as a variable alone."""
    (step,) = read(OPEN_ISSUE)["runs"]["steps"]

    assert [] == [each["run"] for _, _, each in steps() if "${{" in each.get("run", "")]
    assert "${{" not in step["run"]


def test_every_job_ends() -> None:
    """Each job has a limit of time, and each workflow says what it may do."""
    documents = [read(path) for path in PATHS]

    assert [] == [name for each in documents for name, job in each["jobs"].items() if "timeout-minutes" not in job]
    assert [{"contents": "read"}] * len(documents) == [each["permissions"] for each in documents]


class Desk:
    """A folder with a ``gh`` that writes down how it was called."""

    def __init__(self, folder: Path, *, printing: str = "") -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self._called = folder / "called"
        tools = folder / "tools"
        tools.mkdir()
        (folder / "printed").write_text(printing, encoding="utf-8")
        gh = tools / "gh"
        gh.write_text(
            f"#!/bin/sh\nprintf '%s\\n' \"$@\" >> '{self._called}'\n"
            f"case \"$2\" in list) cat '{folder}/printed';; esac\n",
            encoding="utf-8",
        )
        gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
        self._path = os.pathsep.join((str(tools), os.environ["PATH"]))

    def run(self, lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a script as a runner does."""
        assert BASH is not None
        return subprocess.run(
            [BASH, "--noprofile", "--norc", "-eo", "pipefail", "-c", lines],
            check=False,
            cwd=self.folder,
            env={"PATH": self._path, "HOME": str(self.folder), "LANG": "C.UTF-8", **variables},
            capture_output=True,
            encoding="utf-8",
        )

    def called(self) -> list[str]:
        """All arguments of all calls, in their order."""
        return self._called.read_text(encoding="utf-8").splitlines() if self._called.exists() else []


@needs_bash
@pytest.mark.parametrize(("open_titles", "is_told"), [("", True), ("Another\n", True), ("It broke.\n", False)])
def test_open_issue(tmp_path: Path, open_titles: str, is_told: bool) -> None:  # noqa: FBT001
    """A run that failed is reported once: where an open issue has the title, there is no second one."""
    (step,) = read(OPEN_ISSUE)["runs"]["steps"]
    desk = Desk(tmp_path, printing=open_titles)
    done = desk.run(step["run"], IN_TITLE="It broke.", RUN="https://forge.example/runs/1")

    expected = ["issue", "create", "--title", "It broke.", "--body", "https://forge.example/runs/1 failed."]
    assert 0 == done.returncode, done.stderr
    assert is_told == (expected == desk.called()[-len(expected) :])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A clone of a repository with one pin, and a text for a pull request."""
    made = Desk(tmp_path)
    done = made.run(
        "git init --quiet --bare --initial-branch main ../origin.git; git clone --quiet ../origin.git . 2>/dev/null\n"
        "git config user.name a; git config user.email a@b.example; git switch --quiet --create main\n"
        "echo sdk==1 > pins; echo build > .gitignore; git add .; git commit --quiet --message pins\n"
        "git push --quiet origin main; mkdir build; printf 'The SDK is 2\\n\\nIt says the same.\\n' > build/spec-sdk.md"
    )
    assert 0 == done.returncode, done.stderr
    return made


@needs_bash
def test_nothing_new(desk: Desk) -> None:
    """The same SDK that says the same asks for no pull request."""
    done = desk.run(script(*PULL_REQUEST), COMPARED="success", GITHUB_RUN_ID="7")

    assert (0, "Nothing new.\n", []) == (done.returncode, done.stdout, desk.called())


@needs_bash
@pytest.mark.parametrize(("compared", "pin"), [("success", "sdk==2"), ("failure", "sdk==2"), ("failure", "sdk==1")])
def test_pull_request(desk: Desk, compared: str, pin: str) -> None:
    """A newer SDK, or one that says otherwise, is a branch with its pin, and a pull request with the text."""
    (desk.folder / "pins").write_text(f"{pin}\n", encoding="utf-8")
    done = desk.run(script(*PULL_REQUEST), COMPARED=compared, GITHUB_RUN_ID="7")
    pushed = desk.run(
        "git --git-dir ../origin.git show spec-sdk/7:pins; git --git-dir ../origin.git log -1 --format=%s spec-sdk/7"
    )

    title = ["--title", "The SDK is 2"]
    assert 0 == done.returncode, done.stderr
    assert ["pr", "create", "--head", "spec-sdk/7", *title, "--body-file", "build/spec-sdk.md"] == desk.called()
    assert f"{pin}\nThe SDK is 2\n" == pushed.stdout


@needs_bash
def test_what_could_not_be_compared_opens_nothing(desk: Desk) -> None:
    """Where the comparison failed, the workflow fails, and no pull request says that nothing was found."""
    (desk.folder / "build" / "spec-sdk.md").unlink()
    done = desk.run(script(*PULL_REQUEST), COMPARED="failure", GITHUB_RUN_ID="7")

    assert 0 != done.returncode
    assert [] == desk.called()


@needs_bash
def test_release_of_the_forge(tmp_path: Path) -> None:
    """The tag's release has the notes, and the files that were published."""
    desk = Desk(tmp_path)
    for name in ("dist/a.whl", "dist/a.tar.gz", "about/notes.md", "about/sbom.cdx.json", "about/licences.md"):
        (desk.folder / name).parent.mkdir(exist_ok=True)
        (desk.folder / name).touch()
    done = desk.run(script(*NOTES), GITHUB_REF_NAME="v1.2.3")

    files = ["dist/a.tar.gz", "dist/a.whl", "about/sbom.cdx.json", "about/licences.md"]
    options = ["--verify-tag", "--title", "v1.2.3", "--notes-file", "about/notes.md"]
    assert 0 == done.returncode, done.stderr
    assert ["release", "create", "v1.2.3", *options, *files] == desk.called()
