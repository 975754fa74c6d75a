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
        path: Its path; of a child, the path below its parent, or the whole one with `{id}` for the parent's.
        records: The vendor's name of the collection in an answer.
        keys: The properties that together are a record's key.
        replication_key: The property that tells when a record last changed, where the vendor filters by it.
        parents: The streams whose records this resource hangs on.
        within: The stream whose records hold the records of this one; both are read together, by the same calls.
        reading: How its records are read.
        unconfirmed: Whether nobody could confirm that the vendor has it; read with `unconfirmed_streams` only.
        assumption: What is assumed about how it is read, in one sentence; `stream_overrides` can correct it. Of an
            unconfirmed one the schema says it.
        method: The HTTP method that reads it.
        key_name: The vendor's name of the property that holds the last of the keys, where it is not the schema's.
        paging: How it is paged, where that is not the vendor's usual way.
        page_parameter: The parameter that asks for a page, where it is not the vendor's usual one.
        size_parameter: The parameter that asks for so many records, where it is not the vendor's usual one.
    """

    name: str
    path: str
    records: str = ""
    keys: tuple[str, ...] = ("id",)
    replication_key: str | None = None
    parents: tuple[str, ...] = ()
    within: str | None = None
    reading: type[Reading]
    unconfirmed: bool = False
    assumption: str = ""
    method: str = "GET"
    key_name: str | None = None
    paging: str | None = None
    page_parameter: str | None = None
    size_parameter: str | None = None


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
    """A record that others hang on, or something that a setting names; then `stream` is empty."""

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
