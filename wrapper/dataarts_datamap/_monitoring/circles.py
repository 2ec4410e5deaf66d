"""Where chains of blame end: in a table that nothing else explains, or in a circle of such that explain each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def last_circles(blame: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The tables that explain each other, or stand alone, and that nothing else explains."""
    circles = _circles(blame)
    circle_of = {guid: index for index, circle in enumerate(circles) for guid in circle}
    return [
        circle
        for index, circle in enumerate(circles)
        if all(circle_of[other] == index for guid in circle for other in blame[guid])
    ]


def _circles(blame: Mapping[str, Iterable[str]]) -> list[list[str]]:
    """The strongly connected parts of a graph, by Tarjan's algorithm, without recursion: chains can be long."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: dict[str, None] = {}
    circles: list[list[str]] = []

    def enter(guid: str) -> tuple[str, Iterable[str]]:
        order[guid] = lowest[guid] = len(order)
        stack[guid] = None
        return guid, iter(blame[guid])

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


def _popped(stack: dict[str, None], until: str) -> list[str]:
    circle: list[str] = []
    while not circle or circle[-1] != until:
        circle.append(stack.popitem()[0])
    return circle
