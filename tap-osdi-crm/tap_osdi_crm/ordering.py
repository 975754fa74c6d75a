"""The order in which streams are read: people first, and what others refer to before them.

A target holds a record back until those that it refers to have come, so the alphabet would let it hold most of them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


def in_order(refers: Mapping[str, Collection[str]]) -> list[str]:
    """Return the names of streams, each after those that it refers to, as far as they do not refer to one another.

    The one that most refer to, which is that of the people, comes first whatever it refers to itself.

    Args:
        refers: By stream, the streams that its records refer to.
    """
    referred = Counter(each for name, others in refers.items() for each in {*others} - {name})
    order = dict.fromkeys([max(sorted(refers), key=lambda name: referred[name])] if refers else [])
    begun = set(order)

    def place(name: str) -> None:
        if name in refers and name not in begun:
            begun.add(name)
            for each in sorted(refers[name]):
                place(each)
            order[name] = None

    for name in sorted(refers):
        place(name)
    return list(order)
