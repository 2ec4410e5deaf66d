"""What the suite must know of a server: read from the environment and a file, or found out."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dataarts_datamap_contract.mock import TABLE_GUID, MockConfig, MockServer
from dataarts_datamap_contract.suite import KnownJob, SecondTenant, Target, TargetError, run_suite
from dataarts_datamap_contract.suite._http.signing import sign
from dataarts_datamap_contract.suite.baseline import BaselineError, read_baseline
from dataarts_datamap_contract.suite.target_discovery import DiscoveryError, discover_target
from dataarts_datamap_contract.suite.target_sources import allows_http, make_target, read_settings
from support.mock_target import mock_target
from support.scripted_server import ScriptedServer
from support.small_service import TOKEN, json_answer, small_target

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT = "https://dayu.example.com/base/"
SECRET = "s3cret"
COMPLETE = {
    "DATAMAP_ENDPOINT": ENDPOINT,
    "DATAMAP_TOKEN": SECRET,
    "DATAMAP_PROJECT_ID": "project",
    "DATAMAP_INSTANCE_ID": "instance",
    "DATAMAP_TASK_ID": "937987",
    "DATAMAP_JOB_NAME": "订单/汇总",
    "DATAMAP_TABLE_GUID": "guid",
    "DATAMAP_WINDOW_START": "1704902400000",
    "DATAMAP_WINDOW_END": "2024-01-12T00:00:00+08:00",
}
FILE = """
project_id = "from the file"
offset_unit = "pages"
window_column = "startTime"
undeclared_methods = [404, 405]
window_end = 2024-01-12T00:00:00Z
max_requests = 99

[[known_jobs]]
task_id = "1"
job_name = "a/b"

[second_tenant]
project_id = "theirs"
"""


def target_of(environment: Mapping[str, str], file: Path | None = None, **given: Any) -> Target:
    """The target that settings describe."""
    return make_target(read_settings(environment, file, **given))


def test_reads_the_environment() -> None:
    """A complete environment makes a target, whose values go by the specification's names, and is asked gently."""
    target = target_of(COMPLETE)

    assert ("https://dayu.example.com/base", 10.0) == (target.endpoint, target.rate_limit)
    assert 1704988800000 == target.window_end
    assert {"guid": "guid", "job_name": "订单/汇总", "limit": 10}.items() <= target.real_values.items()
    assert "workspace_id" not in target.real_values
    assert target_of({**COMPLETE, "DATAMAP_ENDPOINT": "http://127.0.0.1:8"}).rate_limit is None


def test_reads_a_file(tmp_path: Path) -> None:
    """A file has what has no variable; the environment goes before it, and what is given before both."""
    path = tmp_path / "target.toml"
    path.write_text(FILE, encoding="utf-8")
    target = target_of({**COMPLETE, "DATAMAP_TARGET": str(path)}, table_guid="given")

    assert ("project", "given", "pages", "startTime") == (
        *(target.project_id, target.table_guid, target.offset_unit, target.window_column),
    )
    assert ((404, 405), 99) == (target.undeclared_methods, target.max_requests)
    assert ((KnownJob(task_id="1", job_name="a/b"),), "theirs") == (
        target.known_jobs,
        target.second_tenant.project_id if isinstance(target.second_tenant, SecondTenant) else None,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('token = "s3cret"', "has a secret"),
        ('secret_key = "s3cret"', "HUAWEICLOUD_SDK_SK"),
        ('tokken = "x"', "unknown settings: tokken"),
        ("= 1", "cannot read"),
    ],
)
def test_refuses_a_wrong_file(tmp_path: Path, text: str, message: str) -> None:
    """A file with a secret, an unknown setting or no TOML is refused, and no secret is repeated."""
    path = tmp_path / "target.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(TargetError, match=message) as caught:
        target_of(COMPLETE, path)
    assert SECRET not in str(caught.value)


def test_names_no_secret_among_the_settings_of_a_file(tmp_path: Path) -> None:
    """The settings that a wrong file could have are named, without the secrets that no file may have."""
    path = tmp_path / "target.toml"
    path.write_text("colour = 1", encoding="utf-8")

    with pytest.raises(TargetError) as raised:
        read_settings({}, path)

    known = str(raised.value).partition("known are ")[2].split(", ")
    assert {"token", "secret_key", "security_token"}.isdisjoint(known)
    assert {"access_key", "endpoint", "task_id"} <= set(known)


def test_names_all_that_is_missing() -> None:
    """One text names everything that is not set, blanks included."""
    with pytest.raises(TargetError, match="set project_id, instance_id, task_id, job_name, window_start, "):
        target_of({**dict.fromkeys(COMPLETE, " "), "DATAMAP_ENDPOINT": ENDPOINT, "DATAMAP_TOKEN": SECRET})


@pytest.mark.parametrize(
    ("left_out", "told"),
    [
        (
            ("TASK_ID",),
            r"set task_id \(as DATAMAP_TASK_ID; or in a TOML file, with --target FILE; or let --discover --table GUID",
        ),
        (("PROJECT_ID",), r"set project_id \(as DATAMAP_PROJECT_ID; or in a TOML file, with --target FILE\)$"),
    ],
)
def test_tells_how_to_set_what_is_missing(left_out: tuple[str, ...], told: str) -> None:
    """The text names variable and option for what is missing, and --discover for what can be found out."""
    with pytest.raises(TargetError, match=told):
        target_of({name: text for name, text in COMPLETE.items() if name.removeprefix("DATAMAP_") not in left_out})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("TOKEN", "s3cret\n", "token has characters that no header can carry"),
        ("TOKEN", "s3cret ü", "token has characters that no header can carry"),
        ("TOKEN", '"s3cret"', "token is in quotes: leave them out"),
        ("TOKEN", "\ufeffs3cret", "token has characters that no header can carry"),
        ("INSTANCE_ID", "a\tb", "instance_id has characters that no header can carry"),
        ("PROJECT_ID", "a\n", "project_id has characters that no id has"),
        ("WORKSPACE_ID", " a", "workspace_id has characters that no id has"),
        ("TASK_ID", "1\u200b", "task_id has characters that no id has"),
        ("TABLE_GUID", "\ufeffa", "table_guid has characters that no id has"),
        ("WINDOW_START", "2024-01-11", "window_start is '2024-01-11', neither milliseconds"),
        ("WINDOW_END", "-1", "window_end is '-1', neither"),
        ("WINDOW_END", "1", "after it ends at 1"),
        ("OFFSET_UNIT", "bytes", "offset_unit is 'bytes'; choose one of rows, pages"),
        ("RATE_LIMIT", "0", "rate_limit is '0': it must be above 0"),
        ("IS_MOCK", "maybe", "is_mock is 'maybe', neither true nor false"),
        ("TOKEN", "", "no credentials"),
        ("ENDPOINT", "dayu.example.com", "not an http or https URL"),
        ("ENDPOINT", "http://[::1", "not an http or https URL"),
        ("ENDPOINT", "https://user:s3cret@example.com", "leave it out"),
        ("ENDPOINT", "http://example.com", "plain http to another machine"),
    ],
)
def test_refuses_a_wrong_value(name: str, value: str, expected: str) -> None:
    """A value that cannot be right is refused by its name, and the token is in no text."""
    with pytest.raises(TargetError) as caught:
        target_of({**COMPLETE, f"DATAMAP_{name}": value})

    assert expected in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("known_jobs = [{task_id = 1.5, job_name = 'x'}]", "known_jobs has a task_id that is 1.5, not a text"),
        ("known_jobs = [{task_id = '', job_name = 'x'}]", "known_jobs has a task_id that is empty"),
        ("known_jobs = [{task_id = '1'}]", "known_jobs has {'task_id': '1'}: set job_name, too"),
        ("known_jobs = [{task_id = '1', job_name = 'x', color = 1}]", "known_jobs has the unknown color: known are"),
        ("known_jobs = ['a']", "known_jobs has 'a': give a table with task_id, job_name, workspace_id"),
        ("known_jobs = 'a'", "known_jobs is 'a': list tables with task_id and job_name"),
        ("second_tenant = {project_id = true}", "second_tenant has a project_id that is True, not a text"),
        ("second_tenant = 'a'", "second_tenant has 'a': give a table with project_id"),
        ("workspace_id = ''", "workspace_id is '': name one, or leave it out"),
        ("access_key = ''", "access_key is '': name one, or leave it out"),
        ("max_requests = inf", "max_requests is inf: give a whole number"),
        ("max_requests = 1.9", "max_requests is 1.9: give a whole number"),
        ("max_requests = true", "max_requests is True: give a whole number"),
        ("rate_limit = 'fast'", "rate_limit is 'fast': give a number of requests a second"),
        (f"rate_limit = 1{'0' * 400}", "rate_limit is 1000"),
        ("undeclared_methods = [inf]", "undeclared_methods is [inf]: list statuses, such as 404, 405"),
        ("undeclared_methods = 405", "undeclared_methods is 405: list statuses, such as 404, 405"),
        (f"window_end = {'[' * 20_000}", "its values are nested too deeply"),
        (f"window_end = {'1' * 5_000}", "Exceeds the limit"),
    ],
)
def test_refuses_a_wrong_value_of_a_file(tmp_path: Path, text: str, expected: str) -> None:
    """A value of the wrong type, an empty one or an endless number is refused by its name, with what to do."""
    path = tmp_path / "target.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(TargetError) as caught:
        target_of({name: value for name, value in COMPLETE.items() if name != "DATAMAP_WINDOW_END"}, path)

    assert expected in str(caught.value)


def test_reads_ids_that_are_numbers(tmp_path: Path) -> None:
    """An id that a file has as a number is that number's digits."""
    path = tmp_path / "target.toml"
    path.write_text(
        "known_jobs = [{task_id = 958113, job_name = 'x'}]\nsecond_tenant = {task_id = 7}", encoding="utf-8"
    )
    target = target_of(COMPLETE, path)

    assert (KnownJob(task_id="958113", job_name="x"),) == target.known_jobs
    assert SecondTenant(task_id="7") == target.second_tenant


@pytest.mark.parametrize("name", ["token", "workspace_id", "task_id", "table_guid"])
def test_a_target_has_no_empty_value(name: str) -> None:
    """What is empty is refused at once, as no request can be made of it."""
    with pytest.raises(TargetError, match=f"{name} is ''"):
        small_target("https://dayu.example.com", **{name: ""})


@pytest.mark.parametrize(
    "endpoint", ["https://ho..st", f"https://{'a' * 64}.com", "https://host/ü", "host", "https://h:0"]
)
def test_a_target_has_a_host(endpoint: str) -> None:
    """An address that cannot be looked up is refused at once, and so it is among the settings."""
    with pytest.raises(TargetError, match="not an http or https URL"):
        small_target(endpoint)
    with pytest.raises(TargetError, match="not an http or https URL"):
        target_of({**COMPLETE, "DATAMAP_ENDPOINT": endpoint})


@pytest.mark.parametrize(
    ("endpoint", "shown"),
    [
        (f"https://host:8/?mail=a@b&token={SECRET}", "'https://host'"),
        (f"https://user:{SECRET}?x@host", "'https://user'"),
        (f"https://user:{SECRET}#x@host/", "'https://user'"),
        (f"https://host/#{SECRET}", "'https://host/'"),
        (f"https://user:a/{SECRET}@host/path", "'host/path'"),
    ],
)
def test_shows_an_endpoint_without_its_secrets(endpoint: str, shown: str) -> None:
    """Of an endpoint that is refused, neither the user, nor the query, nor the fragment is shown."""
    with pytest.raises(TargetError) as caught:
        target_of({**COMPLETE, "DATAMAP_ENDPOINT": endpoint})

    assert str(caught.value).startswith(f"cannot aim at {shown}: ")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "variable", "expected"),
    [
        ("is_mock = true", {"DATAMAP_IS_MOCK": "true"}, []),
        ("undeclared_methods = [405]", {"DATAMAP_UNDECLARED_METHODS": "405"}, []),
        ("window_end = 2024-01-12T00:00:00+08:00", {"DATAMAP_WINDOW_END": "1704988800000"}, []),
        ("is_mock = false", {"DATAMAP_IS_MOCK": "1"}, ["DATAMAP_IS_MOCK overrides is_mock in "]),
        ("max_requests = inf", {"DATAMAP_MAX_REQUESTS": "9"}, ["DATAMAP_MAX_REQUESTS overrides max_requests in "]),
    ],
)
def test_tells_of_different_values_only(
    tmp_path: Path, text: str, variable: dict[str, str], expected: list[str]
) -> None:
    """A variable that means the same as the file overrides nothing."""
    path = tmp_path / "target.toml"
    path.write_text(text, encoding="utf-8")
    told: list[str] = []
    read_settings(variable, path, tell=told.append)

    assert [f"{each}{path}" for each in expected] == told


def test_a_nested_baseline_is_refused(tmp_path: Path) -> None:
    """A file that is nested too deeply is no baseline."""
    path = tmp_path / "baseline.toml"
    path.write_text(f"a = {'[' * 20_000}", encoding="utf-8")

    with pytest.raises(BaselineError, match="its values are nested too deeply"):
        read_baseline(path)


@pytest.mark.parametrize("name", ["AK", "SK", "SECURITY_TOKEN"])
@pytest.mark.parametrize("value", ["s3cret\n", "\ufeffs3cret", "s3\u200bcret", "s3\x00cret", "s3cret ", "'s3cret'"])
def test_refuses_a_damaged_key(name: str, value: str) -> None:
    """A key that cannot be right signs nothing: a few wrong signatures lock it; it is in no text."""
    keys = {"AK": "AK", "SK": "SK", "SECURITY_TOKEN": "token", name: value}
    with pytest.raises(TargetError, match=r"has characters that|is in quotes") as caught:
        target_of({**COMPLETE, **{f"HUAWEICLOUD_SDK_{key}": text for key, text in keys.items()}})

    assert "s3" not in str(caught.value)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="this system has no such device")
def test_files_are_bounded() -> None:
    """A device without an end is no file that describes a server, or known deviations."""
    with pytest.raises(TargetError, match="cannot read the target /dev/zero: it is larger than 16 MiB"):
        target_of(COMPLETE, Path("/dev/zero"))
    with pytest.raises(BaselineError, match="cannot read the baseline /dev/zero: it is larger than 16 MiB"):
        read_baseline(Path("/dev/zero"))


@pytest.mark.parametrize(("said", "allowed"), [("1", True), ("True", True), ("on", True), ("off", False), ("", False)])
def test_plain_http_by_variable(said: str, *, allowed: bool) -> None:
    """DATAMAP_ALLOW_HTTP is read as the client reads it; anything else is refused."""
    assert allowed is allows_http({"DATAMAP_ALLOW_HTTP": said})
    with pytest.raises(TargetError, match="DATAMAP_ALLOW_HTTP must be 1 or 0, not 'never'"):
        allows_http({"DATAMAP_ALLOW_HTTP": "never"})


def test_hides_secrets() -> None:
    """Neither a repr nor a redacted text has the token or the secret key."""
    target = target_of({**COMPLETE, "HUAWEICLOUD_SDK_AK": "AK", "HUAWEICLOUD_SDK_SK": "other-s3cret"})

    assert SECRET not in repr(target)
    assert "X-Auth-Token: [Filtered], [Filtered]!" == target.redact(f"X-Auth-Token: {SECRET}, other-{SECRET}!")


def test_redacts_once() -> None:
    """A secret that is a part of what replaces secrets leaves a redacted text as it is."""
    target = small_target("https://dayu.example.com", token="Filter")

    assert "[Filtered], [Filtered]" == target.redact(target.redact("Filter, [Filtered]"))


@pytest.mark.parametrize("kept", [12, 60, 200])
def test_redacts_a_long_secret_that_was_cut(kept: int) -> None:
    """The beginning of a token that a reason quotes from a row shows no part of it; the words around it stay."""
    token = "MIIDkgYJKoZIhvcN" * 20
    target = small_target("https://dayu.example.com", token=token)

    assert "owner is '[Filtered]' here" == target.redact(f"owner is '{token[:kept]}' here")
    assert "owner is 'MIID' here" == target.redact("owner is 'MIID' here")


def test_discovers() -> None:
    """From a table alone come an operator with runs, a closed window that holds them, and operators beside it."""
    now = datetime.now(UTC)
    with MockServer(MockConfig(now=now)) as server:
        nothing = mock_target(server, task_id="-", job_name="-", workspace_id=None, known_jobs=())
        target = discover_target(nothing, now=now)
        report = run_suite(target, levels="C", max_examples=0)

    assert TABLE_GUID == target.table_guid
    assert ("937987", 7 * 86_400_000) == (target.task_id, target.window_end - target.window_start)
    assert target.window_end < now.timestamp() * 1000 - 80_000_000
    assert {"订单汇总_日报📊", "Load orders-eu"} <= {each.job_name for each in target.known_jobs}
    assert () == report.failures + report.gaps


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table_guid": "unknown"}, "ShowNodes responds with 404"),
        ({"table_guid": "e07a92b4-61c8-4d27-8f0b-3c95d4b7a6f2"}, "ShowNodes names no operator of table e07a92b4"),
        ({"endpoint": "http://127.0.0.1:1"}, "does not answer"),
        ({"max_requests": 1}, "raise max_requests, or name an operator and a window"),
    ],
)
def test_discovers_nothing(changes: dict[str, Any], message: str) -> None:
    """A server that shows too little is said to, and why."""
    with MockServer() as server, pytest.raises(DiscoveryError, match=message):
        discover_target(mock_target(server, **changes))


@pytest.mark.parametrize("padding", ["", "-" * 60])
def test_discovery_shows_no_secret(padding: str) -> None:
    """A response that is no array is shown without the token that it repeats, wherever it is cut."""
    with (
        ScriptedServer(lambda asked: json_answer(200, padding + asked.headers["x-auth-token"])) as server,
        pytest.raises(DiscoveryError, match="not with an array") as caught,
    ):
        discover_target(small_target(server.url))

    assert TOKEN[:6] not in str(caught.value)


VECTORS = json.loads((Path(__file__).parents[1] / "data" / "signing_vectors.json").read_text(encoding="utf-8"))[
    "vectors"
]
SIGNABLE = [
    vector
    for vector in VECTORS
    if "expect" in vector
    and vector["algorithm"] == "HMAC_SHA256"
    and not vector["input"].get("body_b64")
    and vector["expect"]["uri"].isascii()
    and " " not in vector["expect"]["uri"]
    and vector["expect"]["authorization"].startswith("SDK-HMAC-SHA256 ")
    and not any("_" in name or "content-sha256" in name.lower() for name in vector["expect"]["headers_out"])
    and vector["id"] not in {"q_list_numbers", "h_tab_newline"}
]


@pytest.mark.parametrize("vector", SIGNABLE, ids=lambda vector: vector["id"])
def test_signs_as_the_official_signer(vector: dict[str, Any]) -> None:
    """The suite's own signer gives what the official one gives, for every request without a body."""
    sent, expected = vector["input"], vector["expect"]
    path, _, query = expected["uri"].partition("?")
    fields = {name: value for name, value in expected["headers_out"].items() if name != "Authorization"}
    date = next(value for name, value in fields.items() if name.lower() == "x-sdk-date")
    signed = sign(sent["method"].upper(), path, query, fields, date=date, access_key=sent["ak"], secret_key=sent["sk"])

    assert expected["authorization"] == signed


def test_signs_most_vectors() -> None:
    """The vectors that apply are many, so that the test above cannot be empty."""
    assert len(SIGNABLE) > 30
