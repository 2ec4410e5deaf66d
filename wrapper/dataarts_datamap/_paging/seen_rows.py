"""Which runs were read: known by their ids and planned times, which no run changes."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Final, TypeAlias

from msgspec import json

from dataarts_datamap._errors import InvalidBodyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dataarts_datamap._models.runs import Run

RowKey: TypeAlias = tuple[int, int]
"""What a run is known by: its id and its planned time in milliseconds, 0 for none.

One id with two planned times is two runs: the ids of this server are not unique. Where a run has no id, a negative
digest of all that was sent of it stands for one, so that it has another key when it has changed.
"""

_UNKNOWN: Final = 0  # the content of a run of which a resume token alone is left
_MOST_LOOSE: Final = 20_000


class AmbiguousRunError(Exception):
    """Which of several runs was read cannot be told: they share a key, or one had no id and changed."""


def row_keys(runs: Iterable[Run]) -> list[RowKey]:
    """The keys of runs."""
    return [(run.run_id or _digest(run), run._plan_time or 0) for run in runs]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integer


def _digest(run: Run) -> int:
    try:
        content = json.encode(run.raw, order="sorted")
    except InvalidBodyError:
        content = repr(run).encode()
    return -int.from_bytes(sha256(content).digest()[:7], "big")


class SeenRows:
    """The runs of a slice that were read: for each key, a hash of what each of its runs held.

    Args:
        keys: Runs of which no more is known.

    Attributes:
        has_twins: Whether several runs share a key.
    """

    def __init__(self, keys: Sequence[RowKey] = ()) -> None:
        self._contents: dict[RowKey, tuple[int, ...]] = {}
        self._nameless = Counter[int]()
        self.has_twins = False
        self.add(keys, [_UNKNOWN] * len(keys))

    def add(self, keys: Sequence[RowKey], contents: Sequence[int]) -> None:
        """Runs were read that were not read before."""
        known = self._contents
        for key, content in zip(keys, contents, strict=True):
            is_twin = key in known
            known[key] = (*known[key], content) if is_twin else (content,)
            self.has_twins |= is_twin
            if key[0] < 0:
                self._nameless[key[1]] += 1

    def has_any(self, keys: Iterable[RowKey]) -> bool:
        """Whether a run of one of the keys was read."""
        return not self._contents.keys().isdisjoint(keys)

    def changed_among(self, keys: Sequence[RowKey], contents: Sequence[int]) -> int:
        """How many of the runs hold something else than when they were read."""
        return sum(
            content not in (known := self._contents[key]) and _UNKNOWN not in known
            for key, content in zip(keys, contents, strict=True)
        )

    def new_among(
        self, keys: Sequence[RowKey], contents: Sequence[int], read_before: Callable[[RowKey], int]
    ) -> tuple[list[int], int]:
        """Indexes of the runs that were not read yet, and how many of the others have changed.

        Of several runs with one key, as many are new as there are more than were read: so all that have the key must
        be among those given.

        Args:
            keys: Keys of runs that were read at one moment.
            contents: A hash of each run.
            read_before: How many runs of a key were read in other slices.

        Raises:
            AmbiguousRunError: That cannot be told of a run without an id, or of some that share a key.
        """
        places: dict[RowKey, list[int]] = {}
        for index, key in enumerate(keys):
            places.setdefault(key, []).append(index)
        gone = self._nameless_gone(places)
        new: list[int] = []
        changed = 0
        for key, indexes in places.items():
            known = self._contents.get(key, ())
            added = max(len(indexes) - max(len(known), read_before(key)), 0)
            if added and (gone[key[1]] > 0 or _UNKNOWN in known):
                raise AmbiguousRunError
            unlike = [index for index in indexes if contents[index] not in known]
            alike = [index for index in indexes if contents[index] in known]
            new += [*unlike, *alike][:added]
            if known and _UNKNOWN not in known:
                changed += max(len(unlike) - added, 0)
        return sorted(new), changed

    def _nameless_gone(self, places: dict[RowKey, list[int]]) -> Counter[int]:
        """How many runs without an id were read and are not there any more as they were, by planned time."""
        if not self._nameless:
            return Counter()
        gone = Counter({planned: self._nameless[planned] for _, planned in places})
        for key, indexes in places.items():
            if key[0] < 0:
                gone[key[1]] -= min(len(indexes), len(self._contents.get(key, ())))
        return gone


class FinishedSlices:
    """The runs of the slices that were read, eight bytes for each.

    Args:
        loose: Runs that slices to come can hold, too.

    Attributes:
        has_dropped: Whether there were more loose runs than are kept.
    """

    def __init__(self, loose: Sequence[RowKey] = ()) -> None:
        self.has_dropped = False
        self._loose = Counter[RowKey]()
        self._hashes: list[array[int]] = []
        if loose:
            self.add(loose, loose)

    def __bool__(self) -> bool:
        return bool(self._hashes)

    @property
    def loose(self) -> list[RowKey]:
        """The loose runs of all slices that were read, 20,000 of them at the most."""
        return list(self._loose.elements())

    def loose_with(self, more: Iterable[RowKey]) -> list[RowKey]:
        """The same, with those of a slice that is read."""
        return list((self._loose | Counter(more)).elements())

    def add(self, keys: Iterable[RowKey], loose: Iterable[RowKey]) -> None:
        """A slice was read."""
        self._hashes.append(array("q", sorted(map(hash, keys))))
        self._loose |= Counter(loose)
        if self._loose.total() > _MOST_LOOSE:
            self.has_dropped = True
            self._loose = Counter(self.loose[-_MOST_LOOSE:])

    def loose_among(self, keys: Sequence[RowKey]) -> Sequence[int]:
        """Indexes of the keys of loose runs: one that waited may have started since, well inside a later slice."""
        if self.has_dropped:
            return range(len(keys))
        return [index for index, key in enumerate(keys) if key in self._loose] if self._loose else ()

    def count(self, key: RowKey) -> int:
        """How many runs of the key were read."""
        hashed = hash(key)
        return max((bisect_right(one, hashed) - bisect_left(one, hashed) for one in self._hashes), default=0)
