"""Credentials, quotas, gateways and proxies: what is the environment's is not held against the server."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from dataarts_datamap_contract.mock import MockConfig, MockServer
from dataarts_datamap_contract.suite import Report, TargetError, run_suite
from dataarts_datamap_contract.suite._http.proxies import environment_proxy, is_named_in
from dataarts_datamap_contract.suite.reports import write_sarif
from dataarts_datamap_contract.suite.target_discovery import DiscoveryError, discover_target
from support.mock_target import CONFIG, mock_target
from support.scripted_server import Answer, Asked, ScriptedServer
from support.small_service import ERROR, TOKEN, answer_well, json_answer, small_target

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENDED = {"error_code": "APIGW.0307", "error_msg": "The token must be updated."}
VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def ending(number: int, answer: Answer) -> Callable[[Asked], Answer]:
    """A service that is right, and after so many requests answers good credentials otherwise."""
    seen = [0]

    def script(asked: Asked) -> Answer:
        seen[0] += 1
        return answer if seen[0] > number and asked.headers.get("x-auth-token") == TOKEN else answer_well(asked)

    return script


def judged(
    script: Callable[[Asked], Answer],
    *,
    levels: str = "ABCDE",
    max_examples: int = 0,
    tell: Callable[[str], object] = str,
) -> tuple[Report, int]:
    """The report on a service, and how many requests it got."""
    with ScriptedServer(script) as server:
        report = run_suite(small_target(server.url), levels=levels, max_examples=max_examples, tell=tell)
        return report, len(server.asked)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (json_answer(401, ENDED), "the credentials ended"),
        (json_answer(403, ERROR), "the credentials ended"),
        (json_answer(502, ERROR), "the gateway fails"),
    ],
)
def test_what_ends_in_the_middle_is_no_failure(answer: Answer, cause: str) -> None:
    """A run whose credentials or gateway end stops at once, cannot be judged, and says what happened."""
    report, asked = judged(ending(60, answer))

    assert [] == list(report.failures)
    assert 2 == report.exit_code()
    told = rf"{cause} after 6\d requests: one that was served before is answered {answer.status}: APIGW"
    assert re.match(told, report.shortcomings[0])
    assert asked <= 70


def locking(asked: Asked, locked: list[int]) -> Answer:
    """The response of a service that refuses the right token twice after a wrong one."""
    token = asked.headers.get("x-auth-token")
    if token not in {None, TOKEN}:
        locked[:] = [2]
    if token != TOKEN or not locked[0]:
        return answer_well(asked)
    locked[0] -= 1
    return json_answer(401, ENDED)


def test_a_wrong_token_must_not_shut_out_the_right_one() -> None:
    """A good request that is only refused soon after a wrong token is a failure, shown with the wrong request."""
    locked = [0]
    report, _ = judged(lambda asked: locking(asked, locked), levels="DE")

    (failure,) = (each for each in report.failures if each.check == "E-valid-refused")
    assert "a good request is refused soon after a wrong token" in failure.reason
    assert 2 == str(failure.curl).count("curl ")


def test_what_ends_among_random_requests_is_no_failure() -> None:
    """Random requests are held to the same: the run stops, and the error's own words are in the report."""
    _, before = judged(answer_well, levels="E")
    report, asked = judged(ending(before + 1, json_answer(401, ENDED)), levels="E", max_examples=5)

    assert [] == list(report.failures)
    assert 2 == report.exit_code()
    assert "APIGW.0307 The token must be updated." in report.shortcomings[0]
    assert asked <= before + 10


def test_a_throttle_that_does_not_end_is_told() -> None:
    """A run that waits says what for, and one that waits in vain is not judged."""
    told: list[str] = []
    throttled = replace(json_answer(429, ERROR), headers={"Content-Type": "application/json", "Retry-After": "0"})
    report, _ = judged(ending(40, throttled), tell=told.append)

    assert "waiting 0 s: the service throttles (429)" == told[0]
    assert 2 == report.exit_code()
    assert report.shortcomings[0].startswith("the quota is spent after ")


def test_a_server_that_refuses_one_thing_is_judged() -> None:
    """What a server refuses, while it serves what it served before, is its own doing."""

    def firewall(asked: Asked) -> Answer:
        return json_answer(403, ERROR) if "limit=1&" in f"{asked.target}&" else answer_well(asked)

    report, _ = judged(firewall, levels="E")

    assert "E-valid-refused" in [verdict.check for verdict in report.failures]
    assert 1 == report.exit_code()


def test_discovery_ends_too() -> None:
    """A target whose gateway fails while it is discovered is not judged."""
    with ScriptedServer(json_answer(502, ERROR)) as server, pytest.raises(DiscoveryError, match="502"):
        discover_target(small_target(server.url))


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def test_goes_through_a_proxy(no_proxies: pytest.MonkeyPatch) -> None:
    """Every request of a run, the random ones included, goes through the environment's proxy, with its password."""

    def forward(asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        return answer_well(replace(asked, target=f"{url.path}?{url.query}" if url.query else url.path))

    with ScriptedServer(forward) as proxy:
        no_proxies.setenv("http_proxy", proxy.url.replace("//", "//user:pass%40word@"))
        report = run_suite(small_target("http://datamap.example"), levels="E", max_examples=3)

    assert [] == list(report.failures)
    assert 0 == report.exit_code()
    assert report.evidence.requests <= len(proxy.asked)
    assert {"Basic dXNlcjpwYXNzQHdvcmQ="} == {asked.headers.get("proxy-authorization") for asked in proxy.asked}
    assert all(asked.target.startswith("http://datamap.example/") for asked in proxy.asked)


def test_this_machine_is_reached_without_a_proxy(no_proxies: pytest.MonkeyPatch) -> None:
    """A server on this machine is asked directly, whatever the environment says, and so is one of NO_PROXY."""
    no_proxies.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    no_proxies.setenv("NO_PROXY", ".corp.example")

    assert environment_proxy("http://localhost:8080") is None
    assert environment_proxy("http://[::1]:8080") is None
    assert environment_proxy("http://data.corp.example") is None
    assert "Proxy(address='http://127.0.0.1:9')" == repr(environment_proxy("http://datamap.example"))
    assert environment_proxy("https://datamap.example") is None


@pytest.mark.parametrize(
    ("proxy", "told"),
    [
        ("socks5://127.0.0.1:7891", "all_proxy names a SOCKS proxy"),
        ("http://user:hunter2@proxy:no-port", "all_proxy is not an address such as http"),
    ],
)
def test_refuses_a_proxy_that_it_cannot_use(no_proxies: pytest.MonkeyPatch, proxy: str, told: str) -> None:
    """A proxy that cannot be used is named by its variable, and its password is not shown."""
    no_proxies.setenv("all_proxy", proxy)

    with pytest.raises(TargetError, match=told) as caught:
        run_suite(small_target("https://datamap.example"))

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("entry", "host", "expected"),
    [
        ("*", "a.example", True),
        ("a.example", "A.example.", True),
        (".example", "a.example", True),
        ("example", "notexample", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.1.2.3:8080", "10.1.2.3", False),
        ("[fd00::1]:443", "fd00::1", True),
        ("nothing, a.example:443", "a.example", True),
    ],
)
def test_reads_no_proxy(entry: str, host: str, *, expected: bool) -> None:
    """An entry names a host, a domain, an address or a network, with a port or without."""
    assert expected == is_named_in(entry, host, 443)


def test_sarif_of_a_good_server_is_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Code scanning gets no alert of a server without a fault, and of another one where the user's file is."""
    monkeypatch.chdir(tmp_path)
    described = tmp_path / "datamap target.toml"
    described.write_text("", encoding="utf-8")
    with MockServer(CONFIG) as server:
        write_sarif(run_suite(mock_target(server), levels="A", max_examples=0), tmp_path / "good.sarif")
    with ScriptedServer(Answer(b"<html>", headers={"Content-Type": "text/html"})) as server:
        report = run_suite(small_target(server.url), levels="A", max_examples=0)
        write_sarif(report, tmp_path / "bad.sarif", described_in=described)
    texts = ((tmp_path / name).read_text(encoding="utf-8") for name in ("good.sarif", "bad.sarif"))
    good, bad = (json.loads(text)["runs"][0] for text in texts)

    assert [] == good["results"]
    assert {"error"} == {result["level"] for result in bad["results"]}
    assert {"datamap%20target.toml"} == {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in bad["results"]
    }
    assert MockConfig().token not in json.dumps(bad)
