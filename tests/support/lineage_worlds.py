"""Made-up worlds of tables, operators and runs, with known causes, and a brute-force search for them."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from dataarts_datamap import LineageEdge, LineageNode, Operator, Run, Table
from dataarts_datamap._errors import NotFoundError
from dataarts_datamap._monitoring.examination import Sources
from dataarts_datamap._monitoring.lineage import Lineage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dataarts_datamap._messages import Steps

_Writer: TypeAlias = tuple[int, int]  # a table's number, and the number of its job

NOW = datetime(2026, 3, 10, 8, tzinfo=UTC)
MAX_AGE = timedelta(hours=26)
DAY = timedelta(days=1)
SUCCESS, FAIL, RUNNING, WAITING, SKIPPED = "success", "fail", "running", "waiting", "skip-by-depend"


def run_of(operator: Operator, plan: datetime, status: str, number: int = 0) -> Run:
    """A run that started a minute after its plan time and took ten minutes, if it got that far by its status."""
    plan_ms = int(plan.timestamp() * 1000)
    start = 0 if status in {WAITING, SKIPPED} else plan_ms + 60_000
    end = start + 600_000 if start and status != RUNNING else 0
    return Run.from_raw(
        {
            "taskRunningLogId": number or plan_ms % 2**31,
            "taskId": int(operator.task_id),
            "jobName": operator.job_name,
            "workspaceId": operator.workspace_id,
            "status": status,
            "planTime": plan_ms,
            "startTime": start,
            "endTime": end,
            "executionLogPath": f"obs://logs/{operator.job_name}/{plan_ms}.job",
        }
    )


@dataclass
class Job:
    """An operator that writes a table.

    Attributes:
        operator: Its name and ids.
        inputs: The tables that it reads, by number.
        runs: Its runs.
        is_listed: Whether the service lists it for its table.
    """

    operator: Operator
    inputs: list[int]
    runs: list[tuple[datetime, str]] = field(default_factory=list[tuple[datetime, str]])
    is_listed: bool = True

    @property
    def is_live(self) -> bool:
        """Whether it says anything about its table."""
        return self.is_listed and bool(self.runs)


@dataclass
class World:
    """Tables by number, the jobs that write each, and the known causes."""

    jobs: list[list[Job]]
    root: int
    causes: set[int]
    max_age: timedelta | None
    gone: set[int] = field(default_factory=set[int])

    def table(self, number: int) -> Table:
        """A table."""
        return Table(guid=f"{number:032x}", name=f"t{number}", database="db")

    def lineage(self) -> Lineage:
        """The lineage, as from the service."""
        return Lineage(self._edges())

    def _edges(self) -> Iterator[LineageEdge]:
        for target, jobs in enumerate(self.jobs):
            for job in jobs:
                name, workspace = job.operator.job_name, job.operator.workspace_id
                node = LineageNode(guid=f"n-{name}", name=name, workspace_id=workspace)
                for source in job.inputs:
                    yield LineageEdge(source=self.table(source), target=self.table(target), node=node)
                if not job.inputs:
                    yield LineageEdge(target=self.table(target), node=node)

    def sources(self, asked: list[str] | None = None) -> Sources:
        """The sources of an explanation; its requests are recorded."""
        noted: list[str] = [] if asked is None else asked
        runs = {job.operator: job.runs for jobs in self.jobs for job in jobs}

        def operators(guid: str) -> Steps[list[Operator]]:
            yield from ()
            noted.append(f"operators {guid}")
            number = int(guid, 16)
            if number in self.gone:
                raise NotFoundError("gone")
            writers = [job.operator for job in self.jobs[number] if job.is_listed]
            readers = [job.operator for jobs in self.jobs for job in jobs if number in job.inputs]
            return [*readers, *writers]

        def read(operator: Operator) -> Steps[list[Run]]:
            yield from ()
            noted.append(f"runs {operator.job_name}")
            return [run_of(operator, plan, status, index + 1) for index, (plan, status) in enumerate(runs[operator])]

        return Sources(operators, read)


def draw_world(seed: int) -> World:
    """A world of 1 to 200 tables: cycles, diamonds, jobs that read their own tables, dead jobs, readers, noise."""
    chance = random.Random(seed)
    count = chance.choice((1, 2, 3, 5, 8, 13, 30, 80, 200))
    jobs = [_draw_jobs(chance, number, count) for number in range(count)]
    root = chance.choice([number for number, written in enumerate(jobs) if any(job.is_live for job in written)])
    world = World(jobs, root, set(), chance.choice((MAX_AGE, MAX_AGE, None)))
    _put_causes(world, chance)
    for noise in range(count // 20):
        _quiet_noise(world, chance, noise)
    return world


def _draw_jobs(chance: random.Random, number: int, count: int) -> list[Job]:
    if number and chance.random() < 0.2:
        return []  # its data comes from elsewhere
    jobs = [_draw_job(chance, number, count, index) for index in range(chance.choice((1, 1, 1, 2, 3)))]
    if number == 0:
        jobs[0].is_listed = True
        jobs[0].runs = _daily(number, SUCCESS)
    return jobs


def _draw_job(chance: random.Random, number: int, count: int, index: int) -> Job:
    inputs = {chance.randrange(count) for _ in range(chance.choice((0, 1, 1, 2, 3, 4)))}
    if chance.random() < 0.8:
        inputs = {one for one in inputs if one < number}  # otherwise there may be cycles, and it may read its own table
    operator = Operator(task_id=str(number * 10 + index + 1), job_name=f"job {number}/{index}", workspace_id="w")
    job = Job(operator, sorted(inputs), _daily(number, SUCCESS))
    fate = chance.random()
    if fate < 0.08:
        job.runs = []  # no longer scheduled
    elif fate < 0.14:
        job.is_listed = False
    return job


def _daily(rank: int, today: str, *, days: int = 7) -> list[tuple[datetime, str]]:
    """A run on each of some days; the latest one was five hours ago, plus a minute for each rank."""
    first = NOW - timedelta(hours=5) + timedelta(seconds=rank)
    return [*((first - DAY * back, SUCCESS) for back in range(days - 1, 0, -1)), (first, today)]


def _live_inputs(world: World, number: int) -> set[int]:
    return {one for job in world.jobs[number] if job.is_live for one in job.inputs}


def _upstream(world: World, start: int) -> set[int]:
    seen, waiting = {start}, [start]
    while waiting:
        for one in _live_inputs(world, waiting.pop()) - seen:
            seen.add(one)
            waiting.append(one)
    return seen


def _put_causes(world: World, chance: random.Random) -> None:
    near = [one for one in sorted(_upstream(world, world.root)) if any(job.is_live for job in world.jobs[one])]
    chance.shuffle(near)
    world.causes = {near[0]}
    for other in near[1:]:
        if chance.random() < 0.5 and not _are_related(world, near[0], other):
            world.causes.add(other)
            break
    at_once = world.max_age is not None and chance.random() < 0.3  # all have the same plan time
    kinds = [FAIL, RUNNING, WAITING, SKIPPED, "not planned"] if world.max_age else [FAIL, RUNNING, SKIPPED]
    for cause in world.causes:
        job = chance.choice([job for job in world.jobs[cause] if job.is_live])
        kind = FAIL if at_once or (cause == world.root and world.max_age is None) else chance.choice(kinds)
        job.runs = (
            [run for run in _daily(0, SUCCESS) if run[0] < NOW - 3 * DAY] if kind == "not planned" else _daily(0, kind)
        )
    _spread(world, chance, at_once=at_once)


def _are_related(world: World, one: int, other: int) -> bool:
    return one in _upstream(world, other) or other in _upstream(world, one)


def _spread(world: World, chance: random.Random, *, at_once: bool) -> None:
    """Spread the trouble of a table downstream, later at each step, up to the root."""
    between = _upstream(world, world.root)
    above = {number: _upstream(world, number) for number in between}
    affected = {number for number in between if above[number] & world.causes}
    for number in affected - world.causes:
        # The more tables are upstream, the later the plan time; in a cycle, all have the same.
        rank = 0 if at_once else len(above[number] & affected)
        for job in world.jobs[number]:
            if _waits(job, affected):
                must_fail = number == world.root and world.max_age is None
                kind = FAIL if must_fail else chance.choice((WAITING, SKIPPED) if at_once else (FAIL, WAITING, SKIPPED))
                job.runs = _daily(rank * 30, kind)
    if not at_once:
        reached = _reached(world, affected)
        world.causes |= {number for number in sorted(reached) if _fails_itself(world, chance, number, affected)}


def _reached(world: World, affected: set[int]) -> set[int]:
    """The tables, except the causes, that are reached from the root's trouble."""
    seen, waiting = set[int](), {world.root} - world.causes
    while waiting:
        seen |= waiting
        inputs = {
            one for number in waiting for job in world.jobs[number] if _waits(job, affected) for one in job.inputs
        }
        waiting = (inputs & affected) - world.causes - seen
    return seen


def _waits(job: Job, affected: set[int]) -> bool:
    return job.is_live and bool(set(job.inputs) & affected)


def _fails_itself(world: World, chance: random.Random, number: int, affected: set[int]) -> bool:
    """Whether another job of an affected table fails, too, for a reason of its own."""
    apart = [job for job in world.jobs[number] if job.is_live and not _waits(job, affected)]
    if not apart or chance.random() < 0.5:
        return False
    chance.choice(apart).runs = _daily(10, FAIL)  # after the causes, and before everything that waits for it
    return True


def _quiet_noise(world: World, chance: random.Random, noise: int) -> None:
    """Give a healthy table an hourly job whose latest run is running, or a weekly one that is not due yet."""
    number = chance.randrange(len(world.jobs))
    is_healthy = all(run[1] == SUCCESS for job in world.jobs[number] for run in job.runs[-1:]) and all(
        job.runs and job.runs[-1][0] > NOW - DAY for job in world.jobs[number]
    )
    if number == world.root or number in world.causes or not is_healthy or not world.jobs[number]:
        return
    operator = Operator(task_id=str(100_000 + noise), job_name=f"noise {noise}", workspace_id="w")
    hourly = [(NOW - timedelta(minutes=2, hours=back), SUCCESS if back else RUNNING) for back in range(30, -1, -1)]
    weekly = [(NOW - 3 * DAY - 7 * back * DAY, SUCCESS) for back in range(3, -1, -1)]
    world.jobs[number].append(Job(operator, [], chance.choice((hourly, weekly))))


def brute_force(world: World) -> set[int]:
    """The causes, found by a search of every table and path, unlike the program's."""
    since: dict[_Writer, datetime] = {}
    until: dict[_Writer, datetime] = {}
    for number, jobs in enumerate(world.jobs):
        for index, job in enumerate(jobs):
            found = _span(job, world.max_age, is_root=number == world.root) if job.is_live else None
            if found is not None:
                since[number, index], until[number, index] = found
    explained: dict[_Writer, set[_Writer]] = {
        one: {
            other
            for other in since
            if other != one and other[0] in world.jobs[one[0]][one[1]].inputs and since[other] <= latest
        }
        for one, latest in until.items()
    }
    reached = {one for one in since if one[0] == world.root}
    reached = reached.union(*(_closure(explained, one) for one in reached))
    beyond = {one: _closure(explained, one) for one in reached}
    causes: set[int] = set()
    for one, others in beyond.items():
        circle = {other for other in others if one in beyond[other]} | {one}
        if others <= circle:
            first = {other for other in circle if since[other] == min(map(since.__getitem__, circle))}
            failed = {(number, index) for number, index in first if _has_failed(world.jobs[number][index])}
            causes |= {number for number, _ in failed or first}
    return causes


def _closure(explained: dict[_Writer, set[_Writer]], start: _Writer) -> set[_Writer]:
    seen: set[_Writer] = set()
    waiting = [start]
    while waiting:
        new = explained[waiting.pop()] - seen
        seen |= new
        waiting += new
    return seen


def _has_failed(job: Job) -> bool:
    missed = [status for _, status in job.runs]
    return FAIL in missed[len(missed) - missed[::-1].index(SUCCESS) if SUCCESS in missed else 0 :]


def _span(job: Job, max_age: timedelta | None, *, is_root: bool) -> tuple[datetime, datetime] | None:
    """The time when a job's trouble began, and the due time of the run that shows it; None if it has none."""
    missed: list[tuple[datetime, str]] = []
    for plan, status in reversed(job.runs):
        if status == SUCCESS:
            break
        missed.insert(0, (plan, status))
    if missed:
        worst = next(kind for kind in (FAIL, RUNNING, WAITING, SKIPPED) if kind in {status for _, status in missed})
        return missed[0][0], max(plan for plan, status in missed if status == worst)
    if max_age is None:
        return None
    last = job.runs[-1][0]
    steps = sorted(later[0] - earlier[0] for earlier, later in zip(job.runs, job.runs[1:], strict=False))
    usual = steps[len(steps) // 2] * 1.5 if steps and not is_root else timedelta(0)
    due = last + timedelta(minutes=11) + max(max_age, usual)
    return (last, due) if due < NOW else None


def numbers(tables: Iterable[Table]) -> set[int]:
    """The numbers of tables."""
    return {int(table.guid, 16) for table in tables}
