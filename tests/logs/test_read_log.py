"""The log of a run: found, read from its end or piece by piece, over a real socket."""

from __future__ import annotations

import gzip
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataarts_datamap import (
    AccessKeyCredentials,
    AnswerTooLargeError,
    DataMapClient,
    InvalidArgumentError,
    LogChangedError,
    LogError,
    LogNotFoundError,
    PasswordCredentials,
    RequestTimeoutError,
    Retry,
    Run,
    RunLog,
    RunState,
    TransportError,
)
from dataarts_datamap_contract.mock import FakeService, MockConfig
from support.log_faces import BUCKET, logged_run, run_at, settings_of
from support.scripted_server import Answer, Asked, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataarts_datamap import Credentials
    from support.log_faces import LogFace

TEXT = "first line\n订单 ETL 📊\nERROR: relation orders does not exist\n"
ODD_KEY = "b88c/ETL Job/2024-01-11_09_01_47.000/订单 📊 +&=%2F~'()/..../订单.job"
LARGE = "".join(f"line {number} 订单\n" for number in range(150_000))


def storage_requests(service: FakeService) -> list[dict[str, Any]]:
    """The requests that went to object storage."""
    return [one for one in service.requests if "date" in one["headers"]]


def test_small_log_is_whole(logs: LogFace, service: FakeService) -> None:
    """A log that is shorter than the tail comes whole, under any key, and says where it lies, and of when it is."""
    run = logged_run(service, TEXT, key=ODD_KEY)

    found = logs.read(settings_of(service), run)

    assert TEXT == found.text
    assert (0, len(TEXT.encode()), True) == (found.start, found.size, found.is_whole)
    assert f"obs://{BUCKET}/{ODD_KEY}" == found.path
    assert found.last_modified is not None
    assert [206] == [one["status"] for one in storage_requests(service)]


def test_tail_of_a_large_log(logs: LogFace, service: FakeService) -> None:
    """Of a large log the last 64 KiB come, or as many bytes as are asked for, and it says that there is more."""
    run = logged_run(service, LARGE)

    found, short = logs.read(settings_of(service), run), logs.read(settings_of(service), run, tail=100)

    assert LARGE.encode()[-65_536:] == found.content
    assert (len(LARGE.encode()) - 65_536, len(LARGE.encode()), False) == (found.start, found.size, found.is_whole)
    assert LARGE.encode()[-100:] == short.content


def test_whole_log(logs: LogFace, service: FakeService) -> None:
    """All of a log is read at once where that is asked for, as far as a response may be long."""
    run = logged_run(service, LARGE)

    assert LARGE == logs.read(settings_of(service), run, tail=None).text
    with pytest.raises(AnswerTooLargeError):
        logs.read(settings_of(service, max_answer_size=1_000), run, tail=None)


def test_log_piece_by_piece(logs: LogFace, service: FakeService) -> None:
    """A log that is longer than a response may be is read in pieces of a megabyte."""
    run = logged_run(service, LARGE)

    pieces = logs.read_pieces(settings_of(service, max_answer_size=1_100_000), run)

    assert LARGE.encode() == b"".join(pieces)
    assert {1024 * 1024} == {len(piece) for piece in pieces[:-1]}


def test_empty_log(logs: LogFace, service: FakeService) -> None:
    """An empty log is one, and not an error."""
    run = logged_run(service, "")

    found = logs.read(settings_of(service), run)

    assert ("", 0, True) == (found.text, found.size, found.is_whole)
    assert [] == logs.read_pieces(settings_of(service), run)


def test_following_a_log(logs: LogFace, service: FakeService) -> None:
    """A reader at the end of a log reads on once more was written."""
    run_id = service.add_run(status="running", execution_log_path=run_at("grows.job").execution_log_path)
    service.set_log(run_id, "one\n")

    def grow() -> None:
        service.set_log(run_id, "one\ntwo\n")

    assert [b"one\n", b"two\n"] == logs.read_pieces(settings_of(service), run_at("grows.job"), grow)


def test_read_that_fails_loses_nothing(service: FakeService) -> None:
    """What was read before an error is in the result of the next read, and only then counts as read."""
    run = logged_run(service, LARGE)
    with DataMapClient(**settings_of(service, retry=Retry(attempts=1))) as client:
        reader = client.open_log(run)
        assert LARGE.encode()[:10] == reader.read(10)
        service.fail("reset")
        with pytest.raises(TransportError):
            reader.read()
        service.fail()

        assert 10 == reader.position
        assert LARGE.encode()[10:] == reader.read()


def test_log_of_more_than_two_gibibytes(service: FakeService) -> None:
    """Its end is read from its position on, beyond the integers of 32 bits."""
    before = 3 << 30

    def answer(asked: Asked) -> Answer:
        assert asked.headers["range"].startswith(f"bytes={before}-")
        return Answer(b"end", 206, {"ETag": "e", "Content-Range": f"bytes {before}-{before + 2}/{before + 3}"})

    with ScriptedServer(answer) as server, DataMapClient(**settings_of(service, obs_endpoint=server.url)) as client:
        reader = client.open_log(run_at("k"), position=before)
        assert (b"end", before + 3) == (reader.read(3), reader.position)


def test_log_that_begins_anew(logs: LogFace, service: FakeService) -> None:
    """A log that is replaced by a shorter one is not read on as if it were the same."""
    run = logged_run(service, "a" * 100)

    def replace() -> None:
        service.set_log(run_id_of(service), "b" * 10)

    with pytest.raises(LogChangedError, match="read it again"):
        logs.read_pieces(settings_of(service), run, replace)


@pytest.mark.parametrize("most", [None, 100], ids=["all at once", "a few bytes at once"])
def test_log_that_is_replaced_by_a_longer_one(logs: LogFace, service: FakeService, most: int | None) -> None:
    """Nor is one that is replaced by a longer one, however few bytes a server sends at once; one that grows is."""
    content = [b"first attempt " * 30]

    def answer(asked: Asked) -> Answer:
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        part = content[0][int(first) : int(last) + 1][:most]
        if not part:
            return Answer(b"", 416, {"Content-Range": f"bytes */{len(content[0])}"})
        said = f"bytes {first}-{int(first) + len(part) - 1}/{len(content[0])}"
        return Answer(part, 206, {"ETag": "e", "Content-Range": said})

    def put(text: bytes) -> Callable[[], None]:
        return lambda: content.__setitem__(0, text)

    with ScriptedServer(answer) as server:
        settings = settings_of(service, obs_endpoint=server.url)
        grown = content[0] + b"goes on"
        assert [content[0], b"goes on"] == logs.read_pieces(settings, run_at("k"), put(grown))
        with pytest.raises(LogChangedError, match="was replaced while it was read: read it again"):
            logs.read_pieces(settings, run_at("k"), put(b"second attempt " * 60))


def test_log_that_is_stored_compressed(logs: LogFace, service: FakeService) -> None:
    """Parts of it cannot be read: the whole is asked for, and its end shown, or all of it."""
    stored = gzip.compress(LARGE.encode())

    def answer(asked: Asked) -> Answer:
        headers = {"ETag": "e", "Content-Encoding": "gzip"}
        if "range" not in asked.headers:
            return Answer(stored, 200, headers)
        first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
        start, end = (int(first), int(last) + 1) if first else (max(0, len(stored) - int(last)), len(stored))
        part = stored[start:end]
        if not part:
            return Answer(b"", 416, {"Content-Range": f"bytes */{len(stored)}"})
        said = f"bytes {start}-{start + len(part) - 1}/{len(stored)}"
        return Answer(part, 206, {**headers, "Content-Range": said})

    with ScriptedServer(answer) as server:
        settings = settings_of(service, obs_endpoint=server.url)
        found = logs.read(settings, run_at("k"), tail=100)
        pieces = logs.read_pieces(settings, run_at("k"))

    assert (LARGE.encode()[-100:], len(LARGE.encode())) == (found.content, found.size)
    assert LARGE.encode() == b"".join(pieces)


def test_log_that_comes_whole_each_time(logs: LogFace) -> None:
    """Where ranges are not understood, what came is not asked for again: once, and once more for its end."""
    with FakeService(MockConfig(log_ranges="none")) as service:
        run = logged_run(service, LARGE)
        assert LARGE.encode() == b"".join(logs.read_pieces(settings_of(service), run))
        assert 2 == len(storage_requests(service))


def run_id_of(service: FakeService) -> int:
    """The id of the only run."""
    with DataMapClient(**settings_of(service)) as client:
        (run,) = client.list_table_runs(service.table_guid, since=timedelta(hours=2))
        assert run.run_id is not None
        return run.run_id


def test_log_below_its_path(logs: LogFace) -> None:
    """Where the path of a log is that of a folder, the object in it that was written last is read, others are named."""
    with FakeService(MockConfig(log_objects="prefix")) as service:
        path = run_at("a/b.job").execution_log_path
        early = service.add_run(status="fail", execution_log_path=path, log="early")
        late = service.add_run(status="fail", execution_log_path=path, log="late")
        service.add_run(status="fail", execution_log_path=f"{path}2", log="another job's")

        found = logs.read(settings_of(service), run_at("a/b.job"))
        pieces = logs.read_pieces(settings_of(service), run_at("a/b.job"))

    assert ("late", f"{path}/{late}.log", (f"{path}/{early}.log",)) == (found.text, found.path, found.other_paths)
    assert [b"late"] == pieces


def listing(keys: list[str], *, is_cut: bool) -> Answer:
    """A list of objects; each was written a second after the one before."""
    contents = "".join(
        f"<Contents><Key>{key}</Key><LastModified>2026-11-30T00:{number // 60:02}:{number % 60:02}.000Z</LastModified>"
        "</Contents>"
        for number, key in enumerate(keys)
    )
    cut = str(is_cut).lower()
    document = f"<ListBucketResult><IsTruncated>{cut}</IsTruncated>{contents}</ListBucketResult>"
    return Answer(document.encode(), 200, {"Content-Type": "application/xml"})


def test_the_newest_of_many_parts_is_read(logs: LogFace, service: FakeService) -> None:
    """A list that goes on is read on, after the last key where it does not say where."""
    pages = [["k/1.log", "k/2.log"], ["k/3.log", "k/4.log", "k/5.log"]]

    def answer(asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        if url.path == "/":
            after = parse_qs(url.query).get("marker")
            assert after in (None, ["k/2.log"])
            return listing(pages[after is not None], is_cut=after is None)
        if url.path == "/k":
            return Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404, {"Content-Type": "application/xml"})
        return Answer(url.path.encode(), 200, {"ETag": "e"})

    with ScriptedServer(answer) as server:
        found = logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert ("/k/5.log", f"obs://{BUCKET}/k/5.log") == (found.text, found.path)
    assert 4 == len(found.other_paths)


def test_a_list_without_an_end_is_an_error(logs: LogFace, service: FakeService) -> None:
    """Ten pages are read, and what was not seen may be newer than what was."""

    def answer(asked: Asked) -> Answer:
        if urlsplit(asked.target).path == "/":
            return listing([f"k/{number}.log" for number in range(1000)], is_cut=True)
        return Answer(b"<Error><Code>NoSuchKey</Code></Error>", 404, {"Content-Type": "application/xml"})

    with ScriptedServer(answer) as server, pytest.raises(LogError, match=r"more than 10,000 objects lie below"):
        logs.read(settings_of(service, obs_endpoint=server.url), run_at("k"))

    assert 11 == len(server.asked)


def test_nothing_below_the_path(logs: LogFace, service: FakeService) -> None:
    """Another job's log, whose key begins with that of a log that is not there, is not taken for it."""
    logged_run(service, "another job's", key="a/b.job2")

    with pytest.raises(LogNotFoundError):
        logs.read(settings_of(service), run_at("a/b.job"))


@pytest.mark.parametrize("ranges", ["from-start", "none"])
def test_range_that_is_not_understood(logs: LogFace, ranges: Any) -> None:
    """Where the end of a log cannot be asked for, all of it comes, as documented: its end is shown all the same."""
    with FakeService(MockConfig(log_ranges=ranges)) as service:
        run = logged_run(service, TEXT * 100)

        found = logs.read(settings_of(service), run, tail=20)
        pieces = logs.read_pieces(settings_of(service), run)

    assert (TEXT * 100).encode()[-20:] == found.content
    assert (len((TEXT * 100).encode()) - 20, len((TEXT * 100).encode())) == (found.start, found.size)
    assert (TEXT * 100).encode() == b"".join(pieces)


def test_large_log_whose_end_cannot_be_asked_for(logs: LogFace) -> None:
    """A log that comes whole, and is too large for that, is cut off, and asked for from a position on."""
    with FakeService(MockConfig(log_ranges="from-start")) as service:
        run = logged_run(service, LARGE)

        found = logs.read(settings_of(service, max_answer_size=100_000), run)

        assert LARGE.encode()[-65_536:] == found.content
        assert [200, 206, 206] == [one["status"] for one in storage_requests(service)]


def test_ignored_ranges_are_bounded(logs: LogFace) -> None:
    """A server that sends all of a huge log whatever is asked for is cut off."""
    with FakeService(MockConfig(log_ranges="none")) as service:
        run = logged_run(service, LARGE)

        with pytest.raises(AnswerTooLargeError):
            logs.read(settings_of(service, max_answer_size=100_000), run)


KINDS: dict[str, Callable[[FakeService], Credentials]] = {
    "access key": lambda service: AccessKeyCredentials(service.access_key, service.secret_key),
    "password": lambda service: PasswordCredentials(
        "mock-user", "mock-password", "mock-account", project_id=service.project_id, iam_endpoint=service.url
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_credentials(logs: LogFace, service: FakeService, kind: str) -> None:
    """An access key signs as it is, and a password's token leads to a temporary key."""
    run = logged_run(service, TEXT)

    assert TEXT == logs.read(settings_of(service, credentials=KINDS[kind](service)), run).text


def test_one_temporary_key_for_all_logs(service: FakeService) -> None:
    """A token is changed for a temporary key when the first log is read, and once for all of them."""
    run = logged_run(service, TEXT)
    with DataMapClient(**settings_of(service)) as client:
        client.list_operators(service.table_guid)
        before = key_requests(service)
        for _ in range(3):
            client.read_log(run)

    assert (0, 1) == (before, key_requests(service))


def key_requests(service: FakeService) -> int:
    """How many temporary keys were asked for."""
    return sum(one["target"] == "/v3.0/OS-CREDENTIAL/securitytokens" for one in service.requests)


def test_mock_server_is_its_own_object_storage(logs: LogFace, service: FakeService) -> None:
    """A service on this machine is asked for logs and keys itself, where nothing says otherwise."""
    run = logged_run(service, TEXT)

    assert TEXT == logs.read(settings_of(service, obs_endpoint=None, iam_endpoint=None), run).text


@pytest.mark.parametrize("fault", ["reset", "truncated", "502"])
def test_fault_on_the_way(logs: LogFace, service: FakeService, fault: str) -> None:
    """What goes wrong on the way, and may go right the next time, is tried again, each time with a date of its own."""
    run = logged_run(service, TEXT)
    service.fail(f"{fault}:every=2")

    assert TEXT == logs.read(settings_of(service), run).text
    assert 3 == len(service.requests)


def test_timeout(logs: LogFace, service: FakeService) -> None:
    """Object storage that does not respond is given up when the client's time-out is over."""
    run = logged_run(service, TEXT)
    settings = settings_of(service, credentials=KINDS["access key"](service), timeout=0.2, retry=Retry(attempts=1))
    service.fail("slow:seconds=2")

    with pytest.raises(RequestTimeoutError):
        logs.read(settings, run)


def test_run_of_a_large_history() -> None:
    """The failures of a made-up history of any size have logs, too."""
    with FakeService() as service:
        service.invent(size=1000)
        with DataMapClient(**settings_of(service)) as client:
            runs = client.list_table_runs(service.table_guid, since=timedelta(days=3))
            failed = next(run for run in runs if run.state is RunState.FAILED)

            assert "ERROR" in client.read_log(failed).text


def test_virtual_host_below_a_name(logs: LogFace, service: FakeService) -> None:
    """An endpoint with a name is asked at a host of the bucket's own, through the proxy that was given."""
    run = logged_run(service, TEXT)
    settings = settings_of(service, obs_endpoint="http://obs.eu-west-101.myhuaweicloud.eu", allow_http=True)

    assert TEXT == logs.read({**settings, "proxy": service.url}, run).text


@pytest.mark.parametrize("run", [None, "obs://b/k", 7])
def test_what_is_no_run(service: FakeService, run: Any) -> None:
    """Only a run leads to a log."""
    with DataMapClient(**settings_of(service)) as client:
        with pytest.raises(InvalidArgumentError, match="run must be a Run"):
            client.read_log(run)
        with pytest.raises(InvalidArgumentError, match="run must be a Run"):
            client.open_log(run)


@pytest.mark.parametrize("tail", [0, -1, 1.5, "64k", True])
def test_what_is_no_tail(service: FakeService, tail: Any) -> None:
    """A tail has a byte at least."""
    with DataMapClient(**settings_of(service)) as client, pytest.raises(InvalidArgumentError, match="tail"):
        client.read_log(run_at("k"), tail=tail)


@given(st.text(max_size=20), st.integers(1, 100))
def test_text_of_a_cut_log(text: str, tail: int) -> None:
    """The text of a log that was cut begins with a whole character, and is else the text of its bytes."""
    content = text.encode(errors="replace")
    cut = content[-tail:]
    found = RunLog(path="obs://b/k", content=cut, start=len(content) - len(cut), size=len(content))

    assert content.decode().endswith(found.text)
    assert len(cut) - len(found.text.encode()) <= 3


def test_repr_shows_no_content() -> None:
    """What a log holds is in no repr: it can be SQL or a password."""
    found = RunLog(path="obs://b/k", content=b"password=Zq", start=0, size=11)

    assert "Zq" not in repr(found)
    assert "11 bytes" in repr(found)


def test_run_without_a_log_sends_nothing(service: FakeService) -> None:
    """A run that names no log is not asked for, nor is a temporary key for it."""
    with DataMapClient(**settings_of(service)) as client, pytest.raises(Exception, match="has no log path"):
        client.read_log(Run())

    assert [] == service.requests
