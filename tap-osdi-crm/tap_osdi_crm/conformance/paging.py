"""Whether a stream comes in pages as assumed, and by what it does where not: a page of one record tells.

All usual ways are tried at the first stream, and where as many records came as a page may hold; elsewhere those found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance.probe import Finding, as_assumed, not_tried, otherwise

if TYPE_CHECKING:
    from tap_osdi_crm.conformance.bench import Bench, Sample


@dataclass(frozen=True)
class Paging:
    """A way in which an API may page.

    Attributes:
        by: `page`, `offset`, or `none`.
        parameter: What asks for a page.
        size: What asks for so many records.
        first: The number of the first page.
    """

    by: str = "none"
    parameter: str = ""
    size: str = ""
    first: int = 1

    @property
    def second_of_one(self) -> dict[str, Any]:
        """The parameters that ask for the second record alone."""
        return {self.parameter: self.first + 1 if self.by == "page" else 1, self.size: 1}

    @property
    def change(self) -> dict[str, str]:
        """What `stream_overrides` says to page so."""
        if self.by == "none":
            return {"paging": "none"}
        return {"paging": self.by, "page_parameter": self.parameter, "size_parameter": self.size}


USUAL = tuple(
    Paging(by, parameter, size)
    for by, parameter, size in (
        ("page", "page", "pageSize"),
        ("offset", "skip", "take"),
        ("offset", "offset", "limit"),
        ("page", "pageNumber", "pageSize"),
        ("page", "page", "per_page"),
        ("page", "page", "limit"),
        ("offset", "start", "count"),
        ("offset", "$skip", "$top"),
        ("offset", "from", "size"),
    )
)
"""Ways in which many APIs page."""


def tried(bench: Bench, stream: str, sample: Sample, assumed: Paging) -> Finding:
    """Return whether a stream pages as assumed; where not, from now on it is read as it does."""
    keys = sample.keys
    if len(keys) < 2 or sample.part is None:
        return not_tried("fewer than two records came, so that pages could not be told")
    if assumed.by != "none" and _answers(bench, sample, assumed):
        return as_assumed("a page of one record was given")
    is_suspect = bench.is_new or len(keys) % 10 == 0
    bench.is_new = False
    for each in dict.fromkeys([*_found(bench, assumed), *(_usual(assumed) if is_suspect else ())]):
        if each != assumed and _answers(bench, sample, each):
            change = {**sample.change, **each.change}
            if (again := bench.try_change(stream, change)) is not None:
                bench.accept(stream, again)
                return otherwise(
                    "the list is paged by '{}', and takes its size by '{}'",
                    each.parameter,
                    each.size,
                    settings={"stream_overrides": {stream: change}},
                )
            return otherwise("the list is paged by '{}', and takes its size by '{}'", each.parameter, each.size)
    if assumed.by == "none":
        return as_assumed("the list came whole")
    return otherwise("a page of one record was asked for, and another came; no other usual parameter pages the list")


def _usual(assumed: Paging) -> list[Paging]:
    return [replace(each, first=assumed.first) for each in USUAL]


def _found(bench: Bench, assumed: Paging) -> list[Paging]:
    """Return the ways in which other streams were found to page."""
    return [
        Paging(change["paging"], change["page_parameter"], change["size_parameter"], assumed.first)
        for change in bench.found.values()
        if "page_parameter" in change and "size_parameter" in change and change.get("paging", "none") != "none"
    ]


def _answers(bench: Bench, sample: Sample, way: Paging) -> bool:
    """Whether the second record comes alone when it is asked for so."""
    source, part = sample.source, sample.part
    if part is None:
        return False
    rows = bench.rows_of(source, part, None, **way.second_of_one)
    return rows is not None and [str(row.get(source.own_key)) for row in rows] == sample.keys[1:2]
