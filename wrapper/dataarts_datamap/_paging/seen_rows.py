"""The runs that were read, identified by their ids and planned times, which never change."""

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
"""The key of a run: its id and its planned time in milliseconds, 0 for none.

One id with two planned times means two runs, since ids are not known to be unique. A run without an id has a negative
digest of its row instead of the id: its key changes when the row changes.
"""

_UNKNOWN: Final = 0  # the content of a run that is only known from a resume token
_MOST_LOOSE: Final = 20_000


class AmbiguousRunError(Exception):
    """It is unknown which of several runs were read: they share a key, or one had no id and changed."""


def row_keys(runs: Iterable[Run]) -> list[RowKey]:
    return [(run.run_id or _digest(run), run._plan_time or 0) for run in runs]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  the model's own integer


def _digest(run: Run) -> int:
    try:
        content = json.encode(run.raw, order="sorted")
    except InvalidBodyError:
        content = repr(run).encode()
    return -int.from_bytes(sha256(content).digest()[:7], "big")


class SeenRows:
    """The runs of a slice that were read: for each key, a hash of the content of each of its runs.

    Args:
        keys: Keys of runs that were read before; nothing else is known of them.

    Attributes:
        has_twins: Whether several runs share a key.
    """

    def __init__(self, keys: Sequence[RowKey] = ()) -> None:
        self._contents: dict[RowKey, int | tuple[int, ...]] = {}  # a tuple if several runs share a key
        self._nameless = Counter[int]()
        self.has_twins = False
        self.add(keys, [_UNKNOWN] * len(keys))

    def add(self, keys: Sequence[RowKey], contents: Sequence[int]) -> None:
        """Note new runs that were read."""
        known = self._contents
        for key, content in zip(keys, contents, strict=True):
            if key in known:
                known[key] = (*self._contents_of(key), content)
                self.has_twins = True
            else:
                known[key] = content
            if key[0] < 0:
                self._nameless[key[1]] += 1

    def _contents_of(self, key: RowKey) -> tuple[int, ...]:
        known = self._contents.get(key, ())
        return known if isinstance(known, tuple) else (known,)

    def has_any(self, keys: Iterable[RowKey]) -> bool:
        return not self._contents.keys().isdisjoint(keys)

    def changed_among(self, keys: Sequence[RowKey], contents: Sequence[int]) -> int:
        """The number of these runs, all of them read before, whose content has changed since.

        A run that is only known from a resume token counts as unchanged.
        """
        return sum(
            content not in (known := self._contents_of(key)) and _UNKNOWN not in known
            for key, content in zip(keys, contents, strict=True)
        )

    def new_among(
        self, keys: Sequence[RowKey], contents: Sequence[int], read_before: Callable[[RowKey], int]
    ) -> tuple[list[int], int]:
        """Indexes of the runs that were not read yet, and the number of runs that have changed since they were read.

        If several of the runs share a key, those that exceed the number already read are new. So the given runs must
        include all runs with that key.

        Args:
            keys: Keys of runs that were read at one moment.
            contents: A hash of each run.
            read_before: Returns how many runs with a key were read in other slices.

        Raises:
            AmbiguousRunError: It is unknown whether a run is new: a run without an id that had its planned time is
                gone, or another run with its key is only known from a resume token.
        """
        places: dict[RowKey, list[int]] = {}
        for index, key in enumerate(keys):
            places.setdefault(key, []).append(index)
        gone = self._nameless_gone(places)
        new: list[int] = []
        changed = 0
        for key, indexes in places.items():
            known = self._contents_of(key)
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
        """For each planned time, the number of runs without an id that were read, and are gone or changed."""
        if not self._nameless:
            return Counter()
        gone = Counter({planned: self._nameless[planned] for _, planned in places})
        for key, indexes in places.items():
            if key[0] < 0:
                gone[key[1]] -= min(len(indexes), len(self._contents_of(key)))
        return gone


class FinishedSlices:
    """The runs of finished slices, eight bytes for each.

    Args:
        loose: Runs that later slices can also hold.

    Attributes:
        has_dropped: Whether some loose runs were dropped because there were too many.
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
        """The loose runs of all finished slices, at most 20,000 of them."""
        return list(self._loose.elements())

    def loose_with(self, more: Iterable[RowKey]) -> list[RowKey]:
        """The loose runs of all finished slices, and ``more``, which are those of the current slice."""
        return list((self._loose | Counter(more)).elements())

    def add(self, keys: Iterable[RowKey], loose: Iterable[RowKey]) -> None:
        """Note a finished slice."""
        self._hashes.append(array("q", sorted(map(hash, keys))))
        self._loose |= Counter(loose)
        if self._loose.total() > _MOST_LOOSE:
            self.has_dropped = True
            self._loose = Counter(self.loose[-_MOST_LOOSE:])

    def loose_among(self, keys: Sequence[RowKey]) -> Sequence[int]:
        """Indexes of the keys of loose runs; all indexes if loose runs were dropped.

        A run that waited when it was read may have started since: then it can lie in the middle of a later slice.
        """
        if self.has_dropped:
            return range(len(keys))
        return [index for index, key in enumerate(keys) if key in self._loose] if self._loose else ()

    def count(self, key: RowKey) -> int:
        """The number of runs with the key: the largest number in any one finished slice, since slices overlap."""
        hashed = hash(key)
        return max((bisect_right(one, hashed) - bisect_left(one, hashed) for one in self._hashes), default=0)
