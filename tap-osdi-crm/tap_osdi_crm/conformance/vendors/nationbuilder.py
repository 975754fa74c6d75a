"""NationBuilder: an OpenAPI says what there is; what is asked is how it behaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client import times
from osdi_crm_client.errors import Refused
from osdi_crm_client.reading.source import Part
from osdi_crm_client.vendors import nationbuilder as wire
from osdi_crm_client.wire import Probe as One

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.shared import missing, order_holds, untried

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {"nationbuilder_extra_fields": ["*"]}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ()
"""Settings worth a try where signing in is refused."""

PAGING = Paging("page", "page[number]", "page[size]")
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {}
"""By stream, overrides worth a try."""


def _ids(bench: Bench, path: str, **query: Any) -> list[str]:
    body = bench.account.call("GET", path, params=query, repeatable=True).json()
    return [wire.id_of(row) for row in wire.rows(body)]


def _sorted(bench: Bench) -> Finding:
    """Return whether every collection comes in the order of its ids when that is asked for."""
    seen = 0
    for name, resource in bench.sources.resources.items():
        sample = bench.sample(name)
        if resource.parents or len(sample.rows) < 2:
            continue
        seen += 1
        numbers = [int(key) for key in sample.keys]
        if numbers != sorted(numbers):
            return otherwise("'{}' comes in another order: its pages may lose records", name)
    return as_assumed(f"{seen} collections do") if seen else not_tried("no collection has two records")


def _changed(bench: Bench) -> Finding:
    """Return whether a filter by the time of change leaves out what is older."""
    rows = bench.sample("signups").rows
    found = sorted({str(times.utc(row.get("updated_at"))) for row in rows if row.get("updated_at")})
    if len(found) < 2:
        return not_tried("fewer than two signups of different times came")
    middle = found[len(found) // 2]
    body = bench.account.call(
        "GET",
        "signups",
        params={"filter[updated_at][gte]": middle, "sort": "updated_at", "page[size]": 20},
        repeatable=True,
    ).json()
    came = [str(times.utc(row.get("updated_at"))) for row in wire.rows(body)]
    if not came or min(came) < middle:
        return otherwise("older signups came, or none")
    return as_assumed("it does, in that order") if came == sorted(came) else otherwise("they come in another order")


def _totals(bench: Bench) -> Finding:
    source = bench.sample("signups").source
    page = source.page(Part("signups", is_sorted=True), One(0))
    if page.total is None:
        return otherwise("no total came: the table of calls cannot be told, and the reading goes page by page")
    return as_assumed("it does")


def _unknown_filter(bench: Bench) -> Finding:
    try:
        came = _ids(bench, "signups", **{"filter[no_such_field]": "x", "page[size]": 1})
    except Refused as refusal:
        return as_assumed(f"it is, with HTTP {refusal.status}")
    return otherwise(f"{len(came)} came: it is passed over")


def _most(bench: Bench) -> Finding:
    try:
        came = _ids(bench, "signups", **{"page[size]": 101})
    except Refused as refusal:
        return as_assumed(f"it is refused with HTTP {refusal.status}")
    return otherwise(f"{len(came)} came: a page may hold more, or the size is capped")


def _pages(bench: Bench) -> Finding:
    for path in ("imports", "relationships"):
        first = _ids(bench, path, **{"page[number]": 1, "page[size]": 1, "sort": "id"})
        second = _ids(bench, path, **{"page[number]": 2, "page[size]": 1, "sort": "id"})
        if first and first == second:
            return otherwise("'{}' comes whole on every page; the tap sees that", path)
        if len(first) > 1:
            return otherwise("'{}' passes the size of a page over", path)
    return as_assumed("they do, as far as there are any")


def _extra(bench: Bench) -> Finding:
    rows = bench.sample("signups").rows
    if not rows:
        return not_tried("no signups came")
    asked = [name for name, prop in bench.sample("signups").source.properties.items() if prop.get("x-extra-field")]
    lacking = [name for name in asked if not any(name in row for row in rows)]
    if not lacking:
        return as_assumed("all do")
    return otherwise("'{}' does not come, though it is asked for", lacking[0])


def _offsets(bench: Bench) -> Finding:
    texts = [str(row["created_at"]) for row in bench.sample("signups").rows if row.get("created_at")]
    if not texts:
        return not_tried("no signups came")
    naive = [text for text in texts if not text.endswith("Z") and text[-6:-5] not in {"+", "-"}]
    return otherwise("some have none, and are taken for UTC") if naive else as_assumed("they do")


def _nulls(bench: Bench) -> Finding:
    rows = bench.account.call("GET", "signups", params={"sort": "born_at", "page[size]": 20}, repeatable=True).json()
    dates = [row.get("born_at") for row in wire.rows(rows)]
    if None not in dates or not any(dates):
        return not_tried("the first signups of that order all have a date of birth, or none has")
    return as_assumed("they do") if dates[0] is None else otherwise("they do not")


def _me(bench: Bench) -> Finding:
    body = bench.account.call("GET", "signups/me", repeatable=True).json()
    return as_assumed("it does") if wire.id_of(wire.record(body)) else otherwise("it has no id")


PROBES = (
    Probe("sorted", "Does every collection come in the order of its ids when that is asked for?", _sorted),
    Probe("changed", "Does a filter by 'updated_at' leave out what is older?", _changed),
    Probe("totals", "Does 'stats[total]=count' bring how many there are?", _totals),
    Probe("unknown_filter", "Is a filter by an attribute that there is not refused?", _unknown_filter),
    Probe("most_per_page", "Is a page of more than 100 records refused?", _most),
    Probe("pages_of_lists", "Do imports and relationships come in pages?", _pages),
    Probe("extra_fields", "Do the fields come that are given to those only who ask for them?", _extra),
    Probe("offsets", "Do times come with an offset?", _offsets),
    Probe("me", "Does 'signups/me' show whose token it is?", _me),
    Probe("nulls_first", "Do signups without a date come first when they are sorted by it?", _nulls),
    order_holds("signups"),
    untried("push", "By which keys, in which order, does a push find somebody?", "it could find somebody of yours"),
    untried("id_mismatch", "Is an id refused that is not the address's?", "it could change somebody of yours"),
    untried("repeated_action", "Does a second signature make another record?", "it would take a petition of yours"),
    untried("list_actions", "Do list actions pass over signups that there are not?", "it would take a list of yours"),
    untried("refresh", "Does a refresh leave the old access token alone?", "it would spend a token of yours"),
    missing("missing", "signups/999999999", "a signup"),
)
