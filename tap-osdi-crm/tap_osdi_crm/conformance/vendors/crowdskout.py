"""Crowdskout: what its reference and its examples say otherwise than each other, and what they do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import VendorError
from osdi_crm_client.vendors import crowdskout as wire

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.shared import missing, words
from tap_osdi_crm.vendors.crowdskout import COLLECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {
    "crowdskout_options_of": ["Gender"],
    "crowdskout_collections": [name for name in COLLECTIONS if name != "PaymentCards"],
}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ()
"""Settings worth a try where signing in is refused."""

PAGING = Paging("offset", "offset", "limit")
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {"attributes": ({"path": "attributes"},)}
"""By stream, overrides worth a try."""

MOST_BATCHES = 5
"""Batches of a scan that are asked for."""


def _batch(bench: Bench, **query: str) -> wire.Batch:
    asked = {"query": bench.sources.own.segment_query, **query}
    return wire.batch(bench.account.call("PUT", wire.SCAN, params=asked, repeatable=True).json())


def _scan(bench: Bench) -> Finding:
    """Return whether a scan ends with an empty batch, once all have come."""
    first = batch = _batch(bench)
    found = set(batch.ids)
    for _ in range(MOST_BATCHES):
        if not batch.ids:
            break
        batch = _batch(bench, token=batch.token)
        found.update(batch.ids)
    if batch.ids:
        return not_tried(f"there are more than {MOST_BATCHES} batches")
    if len(found) < first.total:
        return otherwise(f"{len(found)} came of {first.total}: the tap scans again, and then ends with an error")
    return as_assumed(f"it did, with {len(first.ids)} in the first batch")


def _token(bench: Bench) -> Finding:
    first = _batch(bench)
    second = _batch(bench, token=first.token)
    return as_assumed("it does") if first.token == second.token else otherwise("it changes; the newest is sent")


def _external(bench: Bench) -> Finding:
    path = wire.external_ids_path("osdi-crm conformance", "none of this id")
    try:
        found = wire.profile_ids(bench.account.call("GET", path, repeatable=True).json())
    except VendorError as error:
        return otherwise(f"it is answered with HTTP {error.status}")
    return as_assumed("it is") if not found else otherwise(f"{len(found)} profiles are said to have it")


def _unknown_collection(bench: Bench) -> Finding:
    rows = bench.sample("profiles").rows
    if not rows:
        return not_tried("no profiles came")
    path = f"profile/{rows[0]['id']}"
    try:
        answer = bench.account.call("GET", path, params={"collections": "Names,NoSuchCollection"}, repeatable=False)
    except VendorError as error:
        return otherwise(f"it is answered with HTTP {error.status}: one name that is gone bars the whole profile")
    return (
        as_assumed("it is") if "Names" in (wire.data(answer.json()) or {}) else otherwise("nothing comes of the others")
    )


def _empty(bench: Bench) -> Finding:
    rows = bench.sample("profiles").rows
    if not rows:
        return not_tried("no profiles came")
    asked = set(bench.sources.own.collections)
    lacking = [name for row in rows for name in sorted(asked - row.keys())]
    if not lacking:
        return as_assumed("they do")
    return otherwise("'{}' is left out of a profile that has none, and is read as empty", lacking[0])


def _scalars(bench: Bench) -> Finding:
    rows = bench.sample("profiles").rows
    if not rows:
        return not_tried("no profiles came")
    others = sorted(
        {name for row in rows for name, value in row.items() if name != "id" and not isinstance(value, list)}
    )
    return otherwise("'{}' is none, and is kept in 'additional_fields'", others[0]) if others else as_assumed("it is")


PROBES = (
    Probe("scan", "Does a scan of the segment end with an empty batch, once as many came as it counts?", _scan),
    Probe("scan_token", "Does the token of a scan stay the same?", _token),
    Probe("unknown_external_id", "Is an external id that nobody has answered with an empty list?", _external),
    Probe("unknown_collection", "Is a collection that there is not passed over?", _unknown_collection),
    Probe("empty_collections", "Do collections without items come as empty lists?", _empty),
    Probe("collections_alone", "Is everything in a profile beside its id a collection?", _scalars),
    missing("missing", "profile/999999999?collections=Names", "a profile"),
    words("profiles", "EmailAddresses[].EmailUsable.value", "usable", "unusable"),
    words("profiles", "PhoneNumbers[].PhoneNumberCallUsable.value", "usable", "unusable"),
)
