"""What the tests of reading need to know of a vendor; the tests themselves are the same for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReadingCase:
    """One vendor as the tests of reading see it.

    Attributes:
        vendor: Its name.
        stream: A stream of people or the like, incremental where the vendor has one; `resource` is the sandbox's name.
        parents: A stream with incremental children, if any, and `children` that stream; `hang` makes a child record of
            a parent's.
        swept: A stream read in a sweep over its parents, and those: `children` and `parents`, unless said otherwise.
        key: The stream's key of a record as the sandbox holds it.
        names: The sandbox's names of streams, where they differ; None for what is no stream.
        per_page: Records a page.
        extra: Settings with which everything is read.
        many: Parents that are many.
        is_full: Whether every run reads all, and one that goes on from a killed one what that had not read.
        is_read: Whether a record of the sandbox's is among those that are read.
        faulty: Which paths faults are ordered for.
        cannot: Tests that do not apply to the vendor, by name without `test_`, and why.
    """

    vendor: str
    stream: str
    key: Callable[[dict[str, Any]], str]
    names: dict[str, str | None]
    per_page: int
    extra: dict[str, Any]
    parents: str = ""
    children: str = ""
    hang: Callable[[dict[str, Any]], dict[str, Any]] = dict
    swept: tuple[str, str] | None = None
    many: int = 2000
    is_full: bool = False
    is_read: Callable[[dict[str, Any]], bool] = bool
    faulty: str | None = None
    cannot: dict[str, str] = field(default_factory=dict)

    @property
    def sweep(self) -> tuple[str, str]:
        """A stream read in a sweep, and its parents."""
        return self.swept or (self.children, self.parents)

    def resource(self, stream: str) -> str:
        """The sandbox's name of a stream."""
        return next((name for name, other in self.names.items() if other == stream), stream)


NO_TIMES = dict.fromkeys(
    (
        "a_second_run_moves_only_what_changed_and_a_third_nothing",
        "the_overlap_is_read_again",
        "a_bookmark_never_lies_beyond_the_servers_time_or_the_index",
        "a_killed_run_goes_on_from_its_last_finished_slice",
    ),
    "nothing tells when a record changed, so every run reads all",
)
NO_CHILDREN = dict.fromkeys(
    (
        "children_of_parents_that_change_meanwhile_come_too",
        "children_of_parents_that_come_after_the_parents_were_read_come_next_time",
        "a_sweep_that_asked_for_changes_is_not_finished_by_one_for_all",
    ),
    "no stream of children is incremental",
)
