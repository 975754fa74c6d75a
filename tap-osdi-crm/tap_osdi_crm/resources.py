"""What a vendor offers to read, as data: its resources, and the parts in which they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from tap_osdi_crm.readings import Reading


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a vendor, as data.

    Attributes:
        name: The stream's name: the resource's, in snake_case.
        path: Its path; of a child, the path below its parent.
        records: The vendor's name of the collection in an answer.
        keys: The properties that together are a record's key.
        replication_key: The property that tells when a record last changed, where the vendor filters by it.
        parents: The streams whose records this resource hangs on.
        reading: How its records are read.
        unconfirmed: Whether nobody could confirm that the vendor has it; read with `unconfirmed_streams` only.
    """

    name: str
    path: str
    records: str = ""
    keys: tuple[str, ...] = ("id",)
    replication_key: str | None = None
    parents: tuple[str, ...] = ()
    reading: type[Reading]
    unconfirmed: bool = False


@dataclass(frozen=True)
class Window:
    """Records changed at `since` or later and before `until`; None leaves a side open. Whole seconds, UTC."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Ids:
    """Records whose id is `since` or higher and below `until`; None leaves a side open."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Parent:
    """A record that others hang on."""

    stream: str
    id: str
    path: str
    name: str | None

    @property
    def place(self) -> str:
        """Where it stands among all parents, in the order in which they are read."""
        return f"{self.stream}/{self.id}"


@dataclass(frozen=True)
class Part:
    """What one worker reads alone: the records at a path, of a window of time, of one parent.

    Where the vendor sorts, they come in the order of change, or with `ids` in the order of their ids.
    """

    path: str
    window: Window = Window()
    parent: Parent | None = None
    ids: Ids | None = None
