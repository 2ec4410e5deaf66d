"""The ends of chains of blame: an item that nothing else explains, or a circle of items that explain each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

T = TypeVar("T", bound="Hashable")


def last_circles(blame: Mapping[T, Iterable[T]]) -> list[list[T]]:
    """The circles and single items that nothing outside them explains; ``blame`` maps an item to what explains it."""
    circles = _circles(blame)
    circle_of = {one: index for index, circle in enumerate(circles) for one in circle}
    return [
        circle
        for index, circle in enumerate(circles)
        if all(circle_of[other] == index for one in circle for other in blame[one])
    ]


def _circles(blame: Mapping[T, Iterable[T]]) -> list[list[T]]:
    """The strongly connected parts of a graph, by Tarjan's algorithm, without recursion: chains can be long."""
    order: dict[T, int] = {}
    lowest: dict[T, int] = {}
    stack: dict[T, None] = {}
    circles: list[list[T]] = []

    def enter(one: T) -> tuple[T, Iterator[T]]:
        order[one] = lowest[one] = len(order)
        stack[one] = None
        return one, iter(blame[one])

    for start in blame:
        work = [] if start in order else [enter(start)]
        while work:
            here, others = work[-1]
            new = None
            for other in others:
                if other not in order:
                    new = other
                    break
                if other in stack:
                    lowest[here] = min(lowest[here], order[other])
            if new is not None:
                work.append(enter(new))
                continue
            work.pop()
            if work:
                above = work[-1][0]
                lowest[above] = min(lowest[above], lowest[here])
            if lowest[here] == order[here]:
                circles.append(_popped(stack, here))
    return circles


def _popped(stack: dict[T, None], until: T) -> list[T]:
    circle: list[T] = []
    while not circle or circle[-1] != until:
        circle.append(stack.popitem()[0])
    return circle
