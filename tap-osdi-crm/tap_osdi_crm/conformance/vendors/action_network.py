"""Action Network: documented well; what is asked is what its documents leave open."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from osdi_crm_client import times
from osdi_crm_client.errors import VendorError
from osdi_crm_client.reading.source import Part
from osdi_crm_client.vendors import action_network as wire
from osdi_crm_client.wire import Window

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.shared import missing, order_holds, untried, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {"action_network_taggings_of": ["*"], "action_network_items_of": ["*"]}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ()
"""Settings worth a try where signing in is refused."""

PAGING = Paging("page", "page", "per_page")
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {}
"""By stream, overrides worth a try."""

MOST_PARENTS = 3
"""Parents of a stream whose counters are compared with their children."""


def _filters(bench: Bench) -> Finding:
    """Return whether two conditions joined by `and` both hold of what comes."""
    source = bench.sample("people").source
    found = sorted(filter(None, (source.changed_at(row) for row in bench.sample("people").rows)))
    if len(found) < 2 or found[0] == found[-1]:
        return not_tried("fewer than two people of different dates came")
    window = Window(found[0], found[0] + (found[-1] - found[0]) / 2 + timedelta(seconds=1))
    rows = source.page(Part("people", Window(window.since, window.until and window.until.replace(microsecond=0)))).rows
    came = [times.instant(times.utc(row.get("modified_date"))) for row in rows]
    if came and all(each and window.since <= each < window.until for each in came if window.since and window.until):
        return as_assumed("they do")
    if not came:
        return otherwise("nobody came, though somebody fits")
    return otherwise("people came whom one of the conditions leaves out")


def _unknown_filter(bench: Bench) -> Finding:
    try:
        response = bench.account.call("GET", "people", params={"filter": "no_such_field eq 'x'"}, repeatable=False)
    except VendorError as error:
        return as_assumed(f"it is answered with HTTP {error.status}" if error.status else "no JSON comes")
    rows = wire.rows("people", response.json())
    return otherwise(f"{len(rows)} people come: it is passed over") if rows else as_assumed("nobody comes")


def _page_size(bench: Bench) -> Finding:
    body = bench.account.call("GET", "people", params={"per_page": 100}, repeatable=True).json()
    came, told = len(wire.rows("people", body)), body.get("per_page")
    total = body.get("total_records")
    if came > wire.PAGE_SIZE:
        return otherwise(f"{came} came")
    if isinstance(total, int) and total > wire.PAGE_SIZE and came < wire.PAGE_SIZE:
        return otherwise(f"{came} came of {total}")
    return as_assumed(f"{came} came, and the answer says {told if isinstance(told, int) else 'nothing'}")


def _next_page(bench: Bench) -> Finding:
    body = bench.account.call("GET", "people", params={"per_page": 1}, repeatable=True).json()
    link = wire.href(body, "next")
    if not link:
        return not_tried("the first page names no next one")
    own = bench.account.base_url.split("/")[:3]
    if str(link).split("/")[:3] == own:
        return as_assumed("it does")
    return otherwise("it leads to another host, which is not followed: the address of the API is that host's")


def _counters(bench: Bench) -> Finding:
    """Return whether what parents count is as many as their children are."""
    compared = 0
    for resource in bench.sources.resources.values():
        counter = resource.counter
        if counter is None:
            continue
        for row in bench.sample(resource.parents[0]).rows[:MOST_PARENTS]:
            number = row.get(counter.name)
            page = bench.sources.make(resource.name).page(Part(f"{resource.parents[0]}/{row['id']}/{resource.path}"))
            if page.total is None or (counter.counts and page.total > len(page.rows)):
                continue
            if not isinstance(number, int):
                return otherwise("parents have no '{}': all are asked on each run", counter.name)
            compared += 1
            counted = sum(map(counter.counts, page.rows)) if counter.counts else page.total
            if number != counted:
                return otherwise(
                    f"'{{}}' says {number}, and there are {counted}", counter.name, settings={"full_sweep_hours": 0}
                )
    return as_assumed(f"{compared} counters agree") if compared else not_tried("no parents with counters came")


def _own_ids(bench: Bench) -> Finding:
    rows = [row for name in ("people", "petitions", "events") for row in bench.sample(name).rows]
    if not rows:
        return not_tried("no records came")
    bare = [row for row in rows if not any(str(each).startswith(wire.ID) for each in row.get("identifiers") or ())]
    if not bare:
        return as_assumed("it does")
    return otherwise(f"{len(bare)} of {len(rows)} records have it in their own link alone, where it is read, too")


def _taggings(bench: Bench) -> Finding:
    sample = bench.sample("taggings")
    pairs = [(row["id"], wire.link_id(row, "osdi:person")) for row in sample.rows]
    if not pairs:
        return not_tried("no taggings came")
    if any(own != person for own, person in pairs):
        return as_assumed("it is")
    return otherwise("each is its person's; the key of 'taggings' holds the tag's, too, so that none is lost")


def _key_of_attendances(bench: Bench) -> Finding:
    bench.latest = None
    source = bench.sample("attendances").source
    for row in bench.sample("events").rows:
        if source.page(Part(f"events/{row['id']}/attendances")).rows:
            body = bench.body()
            embedded = body.get("_embedded") if isinstance(body, dict) else None
            names = list(embedded) if isinstance(embedded, dict) else []
            if "osdi:attendances" in names:
                return as_assumed("they do")
            return otherwise("they stand under '{}', where they are read, too", *names[:1] or ["?"])
    return not_tried("no attendances came")


def _campaign_link(bench: Bench) -> Finding:
    rows = [row for row in bench.sample("events").rows if row.get("action_network:event_campaign_id")]
    if not rows:
        return not_tried("no event of a campaign came")
    if all(wire.link_id(row, "action_network:event_campaign") for row in rows):
        return as_assumed("it does")
    return otherwise("it does not; its property tells the campaign, and is read")


STAYS = "it would leave something that the API cannot take away again"

_CHANNEL = ("subscribed", "unsubscribed", "bouncing", "previous bounce", "spam complaint", "previous spam complaint")

PROBES = (
    Probe("filters_joined", "Do conditions of a filter that are joined by 'and' both hold of what comes?", _filters),
    Probe("unknown_filter", "Is a filter by a field that there is not told from one that finds all?", _unknown_filter),
    Probe("most_per_page", "Are there never more than 25 records on a page?", _page_size),
    Probe("next_page", "Does the link to the next page lead to the same host?", _next_page),
    Probe("counters", "Do the counters of actions say how many people did something there?", _counters),
    Probe("own_identifier", "Does the vendor's own id stand among the identifiers of a record?", _own_ids),
    Probe("key_of_attendances", "Do attendances stand under 'osdi:attendances'?", _key_of_attendances),
    Probe("campaign_link", "Does an event of a campaign link to it by the name assumed?", _campaign_link),
    order_holds("people"),
    untried("repeated_action", "Does somebody's second signature get an id of its own?", STAYS),
    untried(
        "undo_bouncing", "Does 'subscribed' leave an address that bounces as it is?", "no address can be made to bounce"
    ),
    untried("write_donation", "Are changes of donations refused?", STAYS),
    untried("background", "Is a request in the background done at once?", "the plugins make none"),
    missing("missing", "people/00000000-0000-4000-8000-000000000000", "a person"),
    words("people", "email_addresses[].status", *_CHANNEL),
    words("people", "phone_numbers[].status", *_CHANNEL),
    words("attendances", "status", "accepted", "declined", "tentative", "attended", "needs action"),
    words("events", "status", "confirmed", "tentative", "cancelled", "pending_approval"),
    Probe("own_tagging_id", "Is the id of a tagging its own, and not the person's?", _taggings),
    untried("write_action", "Which fields of an action can be set, when it is made and later?", STAYS),
    untried("replace_unique_ids", "Does a PUT to a list of unique ids replace its members?", STAYS),
    untried("unknown_custom_field", "Is a custom field that the group lacks made, or passed over?", STAYS),
    untried("unit_of_duration", "Is the duration of an outreach told in seconds?", STAYS),
)
