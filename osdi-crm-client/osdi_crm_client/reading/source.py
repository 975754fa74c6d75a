"""What a reading stands on: the records that it reads, and what it remembers from run to run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from osdi_crm_client.wire import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
    from datetime import datetime

    from osdi_crm_client.account import Account
    from osdi_crm_client.reading.store import Store
    from osdi_crm_client.wire import Ids, Page, RawRow, Token


@dataclass(frozen=True)
class Counter:
    """What a parent tells of how many children it has. Nobody could confirm that it moves with each: it is a hint.

    Attributes:
        name: The vendor's name of the parent's property.
        created: The vendor's name of the child's property that tells when it came to be.
        counts: Whether it counts a child, where it does not count all.
    """

    name: str
    created: str = "created_date"
    counts: Callable[[RawRow], bool] | None = None


@dataclass(frozen=True)
class Parent:
    """A record that others hang on, or something that a setting names; then `stream` is empty.

    Attributes:
        stream: Whose record it is.
        id: Its id.
        path: Where it lives.
        name: What people call it.
        changed: When it changed, where it tells.
        counters: What it tells of the number of its children, by the names of the counters, where it has any.
    """

    stream: str
    id: str
    path: str
    name: str | None
    changed: str | None = field(default=None, compare=False)
    counters: Mapping[str, int] | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """Where it stands among all parents, in the order in which they are read."""
        return f"{self.stream}/{self.id}"


@dataclass(frozen=True)
class Part:
    """What one worker reads alone: the records at a path, of a window of time, of one parent.

    Where it is sorted, they come in the order of change, or with `ids` in the order of their ids.
    """

    path: str
    window: Window = field(default_factory=Window)
    parent: Parent | None = None
    ids: Ids | None = None
    is_sorted: bool = False


class Source(Protocol):
    """Records of one kind at an account; what a reading asks for, by parts and pages.

    Attributes:
        name: What they are called, for log lines.
        path: Where they live, or how below their parent's path.
        account: The account.
        page_size: How many a full page holds.
        change_key: The vendor's name of the property that tells when a record changed, where there is one.
        counter: What its parents tell of how many records of this kind they have, where they do.
        parents_as_of: When the first parents of this run were read: those that came later may be missing among them.
    """

    name: str
    path: str
    account: Account
    page_size: int
    change_key: str | None
    counter: Counter | None

    @property
    def parents_as_of(self) -> datetime | None: ...  # noqa: D102

    def pages(self, part: Part) -> Iterator[Page]:
        """Yield the pages of a part that hold any records, until it ends; none where the place of the part is gone."""

    def miss(self) -> None:
        """Note that records that are there may be missing from what was read."""

    def page(self, part: Part, token: Token | None = None) -> Page:
        """Return one page of a part; without a token its first one."""

    def key(self, row: RawRow) -> Hashable:
        """Return the key of a record."""

    def changed_at(self, row: RawRow) -> datetime | None:
        """Return when a record changed, where it tells."""

    def position(self, row: RawRow, part: Part) -> Any:
        """Return what a record is sorted by in a part: its time of change, in whole seconds, or its id."""

    def other_paths(self) -> Iterable[str]:
        """Return the paths of further collections with records of this kind, which `path` may lack."""

    def parents(self) -> Iterable[Parent]:
        """Return the records these hang on, unsorted."""

    def parent_now(self, parent: Parent) -> Parent:
        """Return one of the records these hang on as it is now."""

    def ids(self) -> Iterable[str]:
        """Return the ids of all records, each once, where they are read one by one."""


class State(Protocol):
    """What is known from earlier runs, and noted for later ones.

    Attributes:
        is_incremental: Whether only what changed since the bookmark is wanted.
        overlap: How long before its bookmark a run begins to read.
        seconds_between: Seconds that pass between two notes of how far a sweep is.
        full_sweep: How long after it was asked a parent is asked again at the latest, whatever its counter shows.
        store: What is remembered of single records, where anything is.
    """

    is_incremental: bool
    overlap: timedelta
    seconds_between: float
    full_sweep: timedelta
    store: Store | None

    def since(self) -> datetime | None:
        """Return the time from which changes are wanted, the overlap included; None for everything."""

    def noted(self, name: str) -> list[Any]:
        """Return what stands under a name, once for each stream that is read by these calls."""

    def note(self, bookmark: datetime | None = None, **noted: Any) -> None:
        """Write a bookmark, if one is given, and under each of these names what is given; None takes it away."""


class Stateless:
    """The state of a reading of everything there is, of which nothing is remembered."""

    is_incremental = False
    overlap = timedelta()
    seconds_between = 0.0
    full_sweep = timedelta()
    store: Store | None = None

    def since(self) -> datetime | None:
        """Want everything."""
        return None

    def noted(self, name: str) -> list[Any]:  # noqa: ARG002
        """Know nothing."""
        return [None]

    def note(self, bookmark: datetime | None = None, **noted: Any) -> None:
        """Forget it."""
