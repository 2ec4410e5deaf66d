"""Why a table is not fresh: each trouble by itself, and 500 worlds with causes put into them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pytest

from dataarts_datamap import NotFoundError, Operator, PermissionDeniedError, Run, ServerError, Verdict
from dataarts_datamap._monitoring.causes import Bounds, explain
from dataarts_datamap._monitoring.examination import Sources
from dataarts_datamap._monitoring.explanation import Explanation, LineageKnowledge, Link, Trouble
from dataarts_datamap._monitoring.upstream import examine_upstream
from support.lineage_worlds import (
    DAY,
    FAIL,
    MAX_AGE,
    NOW,
    RUNNING,
    SKIPPED,
    SUCCESS,
    WAITING,
    Job,
    World,
    brute_force,
    draw_world,
    numbers,
)

if TYPE_CHECKING:
    from dataarts_datamap._messages import Steps


T = TypeVar("T")


def finished(steps: Steps[T]) -> T:
    """What steps that send nothing return."""
    try:
        next(steps)
    except StopIteration as stop:
        value: T = stop.value
        return value
    raise AssertionError("the steps sent something")


def explained(world: World, *, bounds: Bounds | None = None, asked: list[str] | None = None) -> Explanation:
    """The explanation of the root of a world."""
    root, lineage = world.table(world.root), world.lineage()
    how = {} if bounds is None else {"bounds": bounds}
    return finished(explain(root, lineage, world.sources(asked), now=NOW, max_age=world.max_age, **how))


def job(number: int, *inputs: int, today: str | None = SUCCESS, hours: float = 5.0, index: int = 0) -> Job:
    """A job that writes a table each day; with ``today`` as None, the last run is of three days ago."""
    operator = Operator(task_id=str(number * 10 + index + 1), job_name=f"job {number}/{index}", workspace_id="w")
    last = NOW - timedelta(hours=hours)
    runs = [(last - DAY * back, SUCCESS) for back in range(6, 0 if today else 2, -1)]
    return Job(operator, list(inputs), [*runs, *([(last, today)] if today else [])])


def chain(*jobs: Job) -> World:
    """A world in which each table is written by one job; the last one is explained."""
    return World([[one] for one in jobs], len(jobs) - 1, set(), MAX_AGE)


def only(explanation: Explanation) -> Link:
    """The only cause."""
    (cause,) = explanation.causes
    return cause


@pytest.mark.parametrize(
    ("status", "trouble", "sentence"),
    [
        (FAIL, Trouble.FAILED, "db.t0 failed in run 7 of job 0/0, planned at 2026-03-10T03:00:00Z"),
        (RUNNING, Trouble.RUNNING, "db.t0 is still being written by run 7 of job 0/0, planned at 2026-03-10T03:00:00Z"),
        (
            WAITING,
            Trouble.LATE,
            "db.t0 waits for run 7 of job 0/0, planned at 2026-03-10T03:00:00Z, which has not started",
        ),
        (SKIPPED, Trouble.SKIPPED, "db.t0 was skipped in run 7 of job 0/0, planned at 2026-03-10T03:00:00Z"),
        (
            None,
            Trouble.NOT_PLANNED,
            "db.t0 has had no run of job 0/0 planned since its last success, planned at 2026-03-07T03:00:00Z",
        ),
    ],
)
def test_each_trouble_is_told_apart(status: str | None, trouble: Trouble, sentence: str) -> None:
    """The farthest table is named with its operator, its run and one sentence, two steps upstream."""
    world = chain(job(0, today=status), job(1, 0, today=SKIPPED, hours=4), job(2, 1, today=WAITING, hours=3))
    explanation = explained(world)
    cause = only(explanation)
    assert (trouble, "db.t0", "job 0/0") == (
        cause.trouble,
        cause.table.full_name,
        cause.operator and cause.operator.job_name,
    )
    assert f"db.t2 is stale: {sentence}; no table upstream of it is known." == (explanation.sentence)
    assert ["db.t2", "db.t1", "db.t0"] == [link.table.full_name for link in explanation.chain(cause)]
    if status is not None:
        assert cause.run is not None
        assert (status, "obs://logs/job 0/0/1773111600000.job") == (cause.run.status, cause.run.execution_log_path)


RUN_7 = "run 7 of job 0/0, planned at 2026-03-10T03:00:00Z"
SAYING_MORE = [
    ("manual-stop", f"db.t0 failed in {RUN_7}, with the status manual-stop"),
    ("pause", f"db.t0 is still being written by {RUN_7}, with the status pause"),
    ("freeze", f"db.t0 was skipped in {RUN_7}, with the status freeze"),
    ("odd\x1b", f"db.t0 depends on {RUN_7}, with the status odd\\x1b, which is not a known one"),
    ("", f"db.t0 depends on {RUN_7}, which came without a status"),
]


@pytest.mark.parametrize(("status", "sentence"), SAYING_MORE)
def test_a_status_that_says_more_is_named(status: str, sentence: str) -> None:
    """Somebody stopped it by hand, it is paused, its job is frozen, or nobody knows what it means."""
    odd = job(0)
    odd.runs[-1] = (odd.runs[-1][0], status)
    explanation = explained(chain(odd, job(1, 0, today=FAIL, hours=4)))
    assert f"{sentence}; no table upstream of it is known." == only(explanation).sentence


def test_a_table_whose_inputs_are_fresh_failed_itself() -> None:
    """Then nothing upstream is a cause."""
    explanation = explained(chain(job(0), job(1, 0, today=FAIL, hours=4)))
    assert "db.t1 is stale: db.t1 failed in run 7 of job 1/0, planned at 2026-03-10T04:00:00Z." == explanation.sentence
    assert () == only(explanation).blamed_on


TOO_LATE = "; its input db.t0 was written at 2026-03-10T07:11:00Z, too late for that run: run it again."
RECOVERED = [
    (FAIL, 5.0, 1.0, TOO_LATE),
    (FAIL, 4.0, 1.0, TOO_LATE),
    (FAIL, 4.0, 3.95, "."),  # both were due at once, and the input took a little longer
    (FAIL, 3.0, 1.0, "."),  # it was due after the run that failed
    (FAIL, 5.0, 4.9, "."),  # it was in time
    (SKIPPED, 4.0, 1.0, TOO_LATE),
    (SKIPPED, 5.0, 4.9, "."),
    ("freeze", 5.0, 1.0, ", with the status freeze."),  # the input has nothing to do with it
]


@pytest.mark.parametrize(("status", "due", "started", "said"), RECOVERED)
def test_a_run_whose_input_came_too_late_is_to_be_run_again(status: str, due: float, started: float, said: str) -> None:
    """Its input is fresh by now, so that nothing upstream is a cause: nobody has run it since."""
    world = chain(job(0, hours=due), job(1, 0, today=status, hours=4))
    sources = world.sources()
    start = int((NOW - timedelta(hours=started)).timestamp() * 1000)

    def runs(operator: Operator) -> Steps[list[Run]]:
        found = yield from sources.runs(operator)
        if operator.job_name == "job 0/0":
            found[-1] = Run.from_raw({**found[-1].raw, "startTime": start, "endTime": start + 660_000})
        return found

    explanation = finished(
        explain(world.table(1), world.lineage(), Sources(sources.operators, runs), now=NOW, max_age=MAX_AGE)
    )
    cause = only(explanation)
    assert ("db.t1", said) == (cause.table.full_name, cause.sentence[cause.sentence.index("04:00:00Z") + 9 :])
    assert ((world.table(0).guid,) if "again" in said else ()) == cause.late_inputs


@pytest.mark.parametrize("end", [253_402_300_799_999, int(NOW.timestamp())])
def test_a_success_whose_end_cannot_be_read_ended_at_its_latest_time(end: int) -> None:
    """An end in the year 9999, or in seconds, is none: the success is as old as its start."""
    world = chain(job(0))
    sources = world.sources()

    def runs(operator: Operator) -> Steps[list[Run]]:
        return [Run.from_raw({**run.raw, "endTime": end}) for run in (yield from sources.runs(operator))]

    for max_age, troubles in ((timedelta(hours=6), 0), (timedelta(hours=4), 1), (timedelta.max, 0)):
        upstream = finished(
            examine_upstream(
                world.table(0),
                world.lineage(),
                Sources(sources.operators, runs),
                now=NOW,
                max_age=max_age,
                depth=1,
                tables=9,
            )
        )
        assert troubles == sum(one.trouble is Trouble.NOT_PLANNED for one in upstream.tables)


def test_a_failure_that_is_run_again_says_so() -> None:
    """Who is called at night sees that somebody is at it."""
    again = job(0, today=FAIL)
    again.runs.append((NOW - timedelta(hours=5), RUNNING))
    cause = only(explained(chain(again)))
    assert f"db.t0 failed in {RUN_7}; a newer run 8 is going on." == cause.sentence
    assert cause.newer_run is not None
    assert (7, 8) == (cause.to_dict()["run_id"], cause.to_dict()["newer_run_id"])


def test_links_between_say_whom_they_wait_for() -> None:
    """Each link on the way has a sentence of its own."""
    world = chain(job(0, today=FAIL), job(1, 0, today=SKIPPED, hours=4), job(2, 1, today=WAITING, hours=3))
    sentences = [link.sentence for link in explained(world).links]
    assert [
        "db.t2 waits for run 7 of job 2/0, planned at 2026-03-10T05:00:00Z, which has not started, because of db.t1.",
        "db.t1 was skipped in run 7 of job 1/0, planned at 2026-03-10T04:00:00Z, because of db.t0.",
    ] == sentences[:2]


def test_a_fresh_table_has_no_cause_and_costs_no_upstream() -> None:
    """Its own operators and runs are read alone."""
    asked: list[str] = []
    explanation = explained(chain(job(0, today=FAIL), job(1, 0, hours=4)), asked=asked)
    assert (Verdict.FRESH, ()) == (explanation.verdict, explanation.causes)
    assert "db.t1 is fresh: it last succeeded at 2026-03-10T04:11:00Z." == explanation.sentence
    assert [f"operators {1:032x}", "runs job 1/0"] == asked


def test_a_reader_makes_no_table_fresh() -> None:
    """An operator that only reads a table succeeds, and does not hide that its producer failed."""
    world = World([[job(0, today=FAIL)], [job(1, 0, hours=1)]], 0, set(), MAX_AGE)
    explanation = explained(world)
    assert (Verdict.STALE, ["job 0/0"]) == (
        explanation.verdict,
        [one.job_name for one in explanation.status.operators],
    )


def test_what_was_planned_later_explains_nothing() -> None:
    """An input whose run goes on now was planned after the run that failed hours ago."""
    world = chain(job(0, today=RUNNING, hours=0.1), job(1, 0, today=FAIL, hours=4))
    assert "db.t1" == only(explained(world)).table.full_name


def test_a_failure_of_its_own_is_not_hidden_by_that_of_an_input() -> None:
    """A table with two operators, one of which waits for an input, and the other failed: both are causes."""
    own = job(1, today=FAIL, hours=4.5, index=1)
    world = World(
        [[job(0, today=FAIL)], [job(1, 0, today=SKIPPED, hours=4.8), own], [job(2, 1, today=WAITING, hours=3)]],
        2,
        set(),
        MAX_AGE,
    )
    explanation = explained(world)
    assert {0, 1} == numbers(link.table for link in explanation.causes)
    (cause,) = (one for one in explanation.causes if one.table.full_name == "db.t1")
    assert own.operator == cause.operator
    assert (
        "db.t1 failed in run 7 of job 1/1, planned at 2026-03-10T03:30:00Z; another of its operators is in trouble "
        "because of db.t0."
    ) == cause.sentence
    assert ["db.t2", "db.t1", "db.t0"] == [one.table.full_name for one in explanation.chain(explanation.causes[1])]
    assert {0, 1} == brute_force(world)


def test_what_an_operator_waits_for_that_came_later_explains_nothing() -> None:
    """Of a table with two operators, the one that failed in time explains; what the other waits for since does not."""
    world = World(
        [
            [job(0, today=RUNNING, hours=1)],
            [job(1, today=FAIL), job(1, 0, today=WAITING, hours=0.5, index=1)],
            [job(2, 1, today=WAITING, hours=3)],
        ],
        2,
        set(),
        MAX_AGE,
    )
    assert {1} == numbers(link.table for link in explained(world).causes) == brute_force(world)


def test_in_a_circle_the_first_trouble_is_the_cause() -> None:
    """Two tables are made of each other: the one whose run was planned first broke the other."""
    world = World([[job(0, 1, today=FAIL)], [job(1, 0, today=FAIL, hours=4)]], 1, set(), MAX_AGE)
    assert "db.t0" == only(explained(world)).table.full_name
    world.jobs[0][0].runs, world.jobs[1][0].runs = world.jobs[1][0].runs, world.jobs[0][0].runs
    assert "db.t1" == only(explained(world)).table.full_name


def test_a_job_that_reads_what_it_writes_is_its_own_cause() -> None:
    """INSERT INTO t SELECT FROM t is no circle without an end."""
    assert "db.t0" == only(explained(chain(job(0, 0, today=FAIL)))).table.full_name


def test_a_dead_edge_is_no_failure() -> None:
    """A job without a run in the time range is named, and left out."""
    dead = Job(job(0).operator, [])
    explanation = explained(chain(dead, job(1, 0, today=FAIL, hours=4)))
    assert "db.t1" == only(explanation).table.full_name
    assert ("job 0/0, which writes db.t0, has no run in the time range: this job is not judged",) == explanation.notes


def test_a_weekly_input_is_not_overdue() -> None:
    """Its own rhythm counts, where that is slower than the age that is asked for."""
    weekly = Job(job(0).operator, [], [(NOW - 3 * DAY - 7 * DAY * back, SUCCESS) for back in range(3, -1, -1)])
    assert "db.t1" == only(explained(chain(weekly, job(1, 0, today=FAIL, hours=4)))).table.full_name


def test_an_input_with_too_few_runs_to_know_its_rhythm_is_not_overdue() -> None:
    """A week holds one run of a weekly input: nobody can tell that it is late, and a note says how to find out."""
    weekly = Job(job(0).operator, [], [(NOW - 3 * DAY, SUCCESS)])
    explanation = explained(chain(weekly, job(1, 0, today=FAIL, hours=4)))
    assert "db.t1" == only(explanation).table.full_name
    (note,) = explanation.notes
    assert (
        "db.t0 was last written at 2026-03-07T08:11:00Z; whether that is late is unknown, as job 0/0 has too few runs "
        "to infer its schedule. To read more runs, set an earlier beginning (--since 30d)"
    ) == note


def test_runs_of_one_plan_are_one_step_of_a_rhythm() -> None:
    """A weekly input whose runs fail and are run again for the same plan is weekly all the same."""
    plans = [NOW - 3 * DAY - 7 * DAY * back for back in range(3, -1, -1)]
    weekly = Job(job(0).operator, [], [(plan, status) for plan in plans for status in (FAIL, SUCCESS)])
    explanation = explained(chain(weekly, job(1, 0, today=FAIL, hours=4)))
    assert ("db.t1", ()) == (only(explanation).table.full_name, explanation.notes)


@pytest.mark.parametrize("max_age", [MAX_AGE, None])
def test_a_table_without_runs_says_so(max_age: timedelta | None) -> None:
    """Of a last success, nothing is known."""
    explanation = explained(World([[Job(job(0).operator, [])]], 0, set(), max_age))
    assert (
        "The state of db.t0 is unknown: db.t0 has had no run of job 0/0 in the time range; no table upstream "
        "of it is known."
    ) == explanation.sentence


def test_two_causes_are_both_named() -> None:
    """The first one in full, the other as a number; both in the list."""
    world = World(
        [[job(0, today=FAIL)], [job(1, today=RUNNING)], [job(2, 0, 1, today=WAITING, hours=3)]], 2, set(), MAX_AGE
    )
    explanation = explained(world)
    assert {0, 1} == numbers(link.table for link in explanation.causes)
    assert "; and 1 more cause" in explanation.sentence


def test_trouble_operator_and_beginning_belong_together() -> None:
    """Of a table upstream with two operators in trouble, all that is shown is of the worse one."""
    late = job(0, today=RUNNING, hours=9)
    world = World([[late, job(0, today=FAIL, hours=4, index=1)], [job(1, 0, today=FAIL)]], 1, set(), MAX_AGE)
    upstream = finished(
        examine_upstream(world.table(1), world.lineage(), world.sources(), now=NOW, max_age=MAX_AGE, depth=1, tables=9)
    )
    table = upstream.tables[1]
    assert (Trouble.FAILED, "job 0/1", NOW - timedelta(hours=4)) == (
        table.trouble,
        table.operator and table.operator.job_name,
        table.since,
    )


def test_without_lineage_the_table_is_explained_alone() -> None:
    """All operators count, and what could not be told is said."""
    world = chain(job(0, today=FAIL), job(1, 0, today=FAIL, hours=4))
    refused = finished(explain(world.table(1), None, world.sources(), now=NOW, max_age=MAX_AGE))
    assert (LineageKnowledge.REFUSED, "db.t1") == (refused.lineage, only(refused).table.full_name)
    assert ("lineage cannot be read: readers count as producers, and no table upstream was examined",) == refused.notes
    unparsed = World([[]], 0, set(), MAX_AGE)
    nothing = explained(unparsed)
    assert (LineageKnowledge.UNKNOWN, Verdict.UNKNOWN) == (nothing.lineage, nothing.verdict)
    said = "The state of db.t0 is unknown: no operator of db.t0 shows its state; no table upstream of it is known"
    assert said in nothing.sentence


def test_operators_that_do_not_join_are_named() -> None:
    """Upstream none of them counts then; of the table itself, all do."""
    world = chain(job(0, today=FAIL), job(1, 0, today=FAIL, hours=4))
    world.jobs[0][0].is_listed = False
    explanation = explained(world)
    assert "db.t1" == only(explanation).table.full_name
    assert "lineage says that job 0/0 writes db.t0, but the service does not list it" in explanation.notes
    assert "it is unknown which operators write db.t0: none of them count" in explanation.notes


def test_a_producer_that_lineage_knows_by_another_name_counts() -> None:
    """Its failure is not hidden by the success of another; an operator that lineage knows as a reader counts not."""
    failed = job(0, today=FAIL, index=1)
    world = World([[job(0), failed], [job(1, 0, today=FAIL, hours=1)]], 0, set(), None)
    lineage = world.lineage()
    failed.operator = msgspec.structs.replace(failed.operator, job_name="JOB 0/1")
    explanation = finished(explain(world.table(0), lineage, world.sources(), now=NOW))

    assert (Verdict.FAILED, "db.t0", failed.operator) == (
        explanation.verdict,
        only(explanation).table.full_name,
        only(explanation).operator,
    )
    assert {"job 0/0", "JOB 0/1"} == {one.job_name for one in explanation.status.operators}
    assert "JOB 0/1 may have another name in lineage, and write db.t0: it counts" in explanation.notes


def test_what_cannot_be_read_upstream_is_a_note() -> None:
    """A table that is gone, and an operator whose runs end in an error; of the table itself, the error is raised."""
    world = chain(job(0), job(1, 0, today=FAIL, hours=4))
    world.gone = {0}
    assert ("db.t0 is no longer known to the service: its state is unknown",) == explained(world).notes
    world.gone = {1}
    with pytest.raises(NotFoundError):
        explained(world)

    def broken(operator: Operator) -> Steps[list[Run]]:
        yield from ()
        raise ServerError(f"no runs of {operator.job_name}")

    world.gone = set()
    sources = world.sources()

    def broken_upstream(operator: Operator) -> Steps[list[Run]]:
        return (yield from (broken if operator.job_name == "job 0/0" else sources.runs)(operator))

    found = finished(
        explain(world.table(1), world.lineage(), Sources(sources.operators, broken_upstream), now=NOW, max_age=MAX_AGE)
    )
    assert ("the runs of job 0/0 could not be read: no runs of job 0/0",) == found.notes
    assert only(found).sentence.endswith("planned at 2026-03-10T04:00:00Z; the state of 1 of its inputs is unknown.")


def test_a_table_that_may_not_be_looked_at_hides_no_other() -> None:
    """One in another workspace, say: it is named, and the search goes on beside it."""
    world = World(
        [[job(0, today=FAIL)], [job(1, today=FAIL)], [job(2, 0, 1, today=SKIPPED, hours=4)]], 2, set(), MAX_AGE
    )
    sources = world.sources()

    def operators(guid: str) -> Steps[list[Operator]]:
        if int(guid, 16) == 0:
            raise PermissionDeniedError("not yours")
        return (yield from sources.operators(guid))

    def explanation_of(number: int) -> Explanation:
        reads = Sources(operators, sources.runs)
        return finished(explain(world.table(number), world.lineage(), reads, now=NOW, max_age=MAX_AGE))

    found = explanation_of(2)
    assert "db.t1" == only(found).table.full_name
    assert ("the operators of db.t0 could not be read, so its state is unknown: not yours",) == found.notes
    with pytest.raises(PermissionDeniedError):
        explanation_of(0)


def test_reads_that_fail_one_after_the_other_end_the_search() -> None:
    """A service that is down costs no time-out for each of two hundred tables."""
    world = World([*([job(n)] for n in range(20)), [job(20, *range(20), today=FAIL, hours=4)]], 20, set(), MAX_AGE)
    sources, asked = world.sources(), list[str]()

    def operators(guid: str) -> Steps[list[Operator]]:
        asked.append(guid)
        if int(guid, 16) < 20:
            raise ServerError("down")
        return (yield from sources.operators(guid))

    found = finished(
        explain(world.table(20), world.lineage(), Sources(operators, sources.runs), now=NOW, max_age=MAX_AGE)
    )
    assert 4 == len(asked)
    assert only(found).sentence.endswith("planned at 2026-03-10T04:00:00Z; the state of 20 of its inputs is unknown.")
    assert "the search ended after 3 failed reads in a row" == found.notes[-1]


def test_bounds_end_the_search_and_are_told() -> None:
    """A chain of 300 tables is followed as far as the bound, and each table and operator is asked for once."""
    world = chain(*(job(n, *([n - 1] if n else []), today=FAIL, hours=9 - n / 100) for n in range(300)))
    asked: list[str] = []
    explanation = explained(world, bounds=Bounds(depth=10), asked=asked)
    assert ("the search ended after 10 steps upstream",) == explanation.notes
    assert (11, 22) == (explanation.tables_examined, len(asked))
    assert ("the search ended after 5 tables",) == explained(world, bounds=Bounds(tables=5)).notes
    assert {0} == numbers(link.table for link in explained(world, bounds=Bounds(depth=400, tables=400)).causes)


def test_requests_stay_below_their_bound() -> None:
    """12 upstream tables and 20 operators cost a list of operators a table, and one read of runs an operator."""
    world = World([[] for _ in range(13)], 12, set(), MAX_AGE)
    for number in range(13):
        inputs = list(range(number)) if number == 12 else [number - 1] if number else []
        count = 2 if number < 7 else 1
        world.jobs[number] = [job(number, *inputs, today=FAIL, hours=6 - number / 10, index=n) for n in range(count)]
    asked: list[str] = []
    explained(world, asked=asked)
    assert 20 == sum(map(len, world.jobs))
    assert 13 == sum(one.startswith("operators ") for one in asked)
    assert 20 == sum(one.startswith("runs ") for one in asked)


def test_an_explanation_is_plain_json() -> None:
    """Times are text, and nothing of the page's own classes is left."""
    import json  # noqa: PLC0415  for this test alone

    world = chain(job(0, today=FAIL), job(1, 0, today=SKIPPED, hours=4))
    plain = json.loads(json.dumps(explained(world).to_dict()))
    assert ("stale", "known", 2) == (plain["verdict"], plain["lineage"], plain["tables_examined"])
    (cause,) = plain["causes"]
    assert ("failed", "job 0/0", 7, "fail") == tuple(
        cause[name] for name in ("trouble", "job_name", "run_id", "status")
    )
    assert "2026-03-10T03:00:00Z" == cause["plan_time"]


def check_worlds(first: int, count: int) -> None:
    """Explain worlds; each names what was put in and nothing else, and so does the brute force."""
    for seed in range(first, first + count):
        world = draw_world(seed)
        explanation = explained(world, bounds=Bounds(depth=300, tables=300))
        named = numbers(link.table for link in explanation.causes)
        assert (seed, world.causes) == (seed, named)
        assert (seed, world.causes) == (seed, brute_force(world))
        assert all(explanation.chain(cause) for cause in explanation.causes)


def test_five_hundred_worlds() -> None:
    """In circles, diamonds and dead edges, each cause that was put in is named and nothing else."""
    check_worlds(0, 500)


@pytest.mark.prove
def test_five_thousand_worlds() -> None:
    """As above, ten times as many."""
    check_worlds(500, 5_000)
