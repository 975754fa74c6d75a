"""What a vendor offers to read, as data: a row for each resource, which says all that is peculiar to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from osdi_crm_client.reading.reading import Reading
    from osdi_crm_client.reading.source import Counter, Parent, Part
    from osdi_crm_client.wire import Collection, RawRow


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource of a vendor, as data; the functions take the vendor's `Source` of it first.

    Attributes:
        name: The stream's name: the resource's, in snake_case.
        path: Its path; of a child, the path below its parent, or the whole one with `{id}` for the parent's.
        keys: The properties that together are a record's key.
        replication_key: The property that tells when a record last changed, where a run can leave out what did not.
        reading: How its records are read.
        collection: Returns the collection that a part of it is, where that is not the vendor's usual way.
        fields: Completes a record of a part with what only its place tells, after what the vendor's source does.
        parents: The streams whose records this resource hangs on.
        parent_key: The vendor's name of the property that holds the parent's id, where a record may lack it.
        counter: What its parents tell of how many records of this resource they have.
        chosen_by: The vendor's own setting that names the parents whose records are read; `*` names all.
        find_parents: Returns what it hangs on, where that is not records of other streams.
        as_parents: Yields what others hang on in its records, where that is not one thing in each.
        also_below: Streams below each record of which a further collection of this resource stands, at the same path.
        ids: Returns the ids of all records, where they are read one by one.
        within: The stream whose records hold the records of this one; both are read together, by the same calls.
        items: Returns the records of this resource that a record of the stream it is within holds.
        is_default: Whether it is read where nobody selects.
        unconfirmed: Whether nobody could confirm that the vendor has it; read with `unconfirmed_streams` only.
        assumption: What is assumed about how it is read, in one sentence; `stream_overrides` can correct it. Of an
            unconfirmed one the schema says it.
        method: The HTTP method that reads it.
        records: The vendor's name of the list of records in an answer, or in the record that holds them.
        key_name: The vendor's name of the property that holds the last of the keys, where it is not the schema's.
        paging: How it is paged, where that is not the vendor's usual way.
        page_parameter: The parameter that asks for a page, where it is not the vendor's usual one.
        size_parameter: The parameter that asks for so many records, where it is not the vendor's usual one.
    """

    name: str
    path: str
    keys: tuple[str, ...] = ("id",)
    replication_key: str | None = None
    reading: type[Reading]
    collection: Callable[[Any, Part], Collection] | None = None
    fields: Callable[[Any, RawRow, Part], RawRow] | None = None
    parents: tuple[str, ...] = ()
    parent_key: str | None = None
    counter: Counter | None = None
    chosen_by: str | None = None
    find_parents: Callable[[Any], Iterable[Parent]] | None = None
    as_parents: Callable[[Any], Iterator[Parent]] | None = None
    also_below: tuple[str, ...] = ()
    ids: Callable[[Any], Iterable[str]] | None = None
    within: str | None = None
    items: Callable[[Any, RawRow], Iterable[RawRow]] | None = None
    is_default: bool = True
    unconfirmed: bool = False
    assumption: str = ""
    method: str = "GET"
    records: str = ""
    key_name: str | None = None
    paging: str | None = None
    page_parameter: str | None = None
    size_parameter: str | None = None
