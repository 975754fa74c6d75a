"""i360: nearly all of it is assumed; where else streams may stand, and how searches behave."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.reading.source import Part, Stateless
from osdi_crm_client.vendors import i360 as wire

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.shared import missing, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {"i360_list_type": "my_data", "i360_states": ["47"], "i360_record_limit": 100}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ({"i360_scope": "openid profile sample"},)
"""Settings worth a try where signing in is refused."""

PAGING = Paging()
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "volunteers": (
        {"method": "GET"},
        {"path": "Volunteers", "method": "GET"},
    ),
    "users": ({"path": "Coordinators"},),
    "coordinators": ({"path": "Coordinators"},),
    "tag_groups": ({"path": "TagGroups"},),
    "script_templates": ({"path": "ScriptTemplates"},),
    "caller_ids": ({"path": "CallerIds"},),
    "voice_mail_messages": ({"path": "VoiceMailMessages"},),
}
"""By stream, overrides worth a try."""


def _spelling(bench: Bench) -> Finding:
    """Return whether names come in Pascal case; the tap reads others as well."""
    sample = bench.sample("volunteers")
    body = bench.body()
    rows = wire.rows(body, name="volunteers", key="VolunteerID") if isinstance(body, dict | list) else []
    names = [name for row in rows[:1] for name in row]
    if not names or not sample.rows:
        return not_tried("no volunteers came")
    if all(name[:1].isupper() for name in names):
        return as_assumed("they do")
    return otherwise("names come as '{}'; they are read all the same", names[0])


def _criteria(bench: Bench) -> Finding:
    """Return whether a search finds one person alone."""
    sample = bench.sample("volunteers")
    emails = [row["Email"] for row in sample.rows if row.get("Email")]
    if len(sample.rows) < 2 or not emails:
        return not_tried("fewer than two volunteers came, or none with an address")
    found = _volunteers(bench, {"Email": emails[0]})
    if [row.get("Email") for row in found] == [emails[0]]:
        return as_assumed("it found one volunteer of them all")
    return otherwise(f"it found {len(found)} volunteers; the target checks each, and creates nobody in doubt")


def _volunteers(bench: Bench, criteria: Mapping[str, str]) -> list[Any]:
    source = bench.sample("volunteers").source
    response = bench.account.call(source.resource.method, source.path, json=dict(criteria), repeatable=True)
    return [source.fields(row, Part("")) for row in wire.rows(response.json(), name="volunteers", key="VolunteerID")]


def _credentials(bench: Bench) -> Finding:
    """Return whether answers carry what signs somebody in."""
    bench.latest = None
    source = bench.sample("volunteers").source
    bench.account.call(source.resource.method, source.path, json={}, repeatable=True)
    rows = wire.rows(bench.body(), name="volunteers", key="VolunteerID")
    found = sorted({name for row in rows for name in row if wire.is_credentials(name)})
    if not found:
        return as_assumed("none was seen")
    return otherwise("'{}' comes, and is dropped when read", found[0])


def _limit(bench: Bench) -> Finding:
    """Return whether a search brings as many as there are, up to the limit that it was asked for."""
    source = bench.sample("contacts").source
    part = next(iter(source.resource.reading(source, Stateless()).parts_of_sample()), None)
    if part is None:
        return not_tried("no state is set")
    search = {**(source.asked(part).body or {}), "RecordLimit": 5000}
    counts = bench.account.call(
        "POST",
        "Searches/Counts",
        json={"Criteria": search["Criteria"], "Email": True, "Phones": True},
        repeatable=True,
    ).json()
    at_least = max((value for value in counts.values() if isinstance(value, int)), default=0)
    response = bench.account.call("POST", source.path, json=search, repeatable=True)
    rows = wire.rows(response.json(), name="contacts", key=source.own_key)
    if len(rows) >= min(at_least, 5000):
        return as_assumed(f"it brought {len(rows)}, of at least {at_least}")
    return otherwise(
        f"it brought {len(rows)}, though at least {at_least} fit: the vendor has a limit of its own",
        settings={"i360_record_limit": len(rows)},
    )


PROBES = (
    Probe("spelling", "Do names come in Pascal case?", _spelling),
    Probe("search_by_address", "Does Volunteers/Search find by an e-mail address that person alone?", _criteria),
    Probe("no_credentials", "Are log-ins and passwords left out of answers?", _credentials),
    Probe("record_limit", "Does a search for contacts bring as many as fit, up to its RecordLimit?", _limit),
    missing("missing", "NothingOfThisName", "an address"),
    words("volunteers", "Status", "active", "inactive"),
    words("imports", "Status", "queued", "processing", "completed", "failed"),
)
