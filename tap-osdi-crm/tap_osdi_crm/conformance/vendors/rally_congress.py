"""Rally Congress: half of its documents are not published, and no answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from osdi_crm_client.reading.source import Part
from osdi_crm_client.vendors import rally_congress as wire

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, as_assumed, not_tried, otherwise
from tap_osdi_crm.conformance.shared import missing, untried, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.bench import Bench

SETTINGS: Mapping[str, Any] = {"rally_congress_zipcode": "20002"}
"""What it takes to read a little of everything, where the settings do not say it."""

SIGNING_IN: tuple[Mapping[str, Any], ...] = ()
"""Settings worth a try where signing in is refused."""

PAGING = Paging("page", "page", "pagesize", first=0)
"""How lists are assumed to be paged."""

ELSEWHERE: Mapping[str, tuple[Mapping[str, Any], ...]] = {
    "supporters": ({"path": "supporter"}, {"path": "contacts"}, {"path": "advocates"}, {"path": "people"}),
}
"""By stream, overrides worth a try."""

FAR = "2999-01-01T00:00:00Z"
"""A time after which nothing has changed."""


def _found(bench: Bench, **query: str) -> list[Any]:
    """Return the first page of a search for supporters."""
    sample = bench.sample("supporters")
    return bench.rows_of(sample.source, Part(sample.source.path), None, **query) or []


def _since(bench: Bench) -> Finding:
    if not bench.sample("supporters").rows:
        return not_tried("no supporters came")
    if not _found(bench, updatedSince=FAR):
        return as_assumed("nobody came who had changed after a time to come")
    return otherwise("supporters came of a time to come: it is passed over, and every run reads all")


def _by(name: str, bench: Bench) -> Finding:
    known = [str(row[name]) for row in bench.sample("supporters").rows if row.get(name)]
    if len(bench.sample("supporters").rows) < 2 or not known:
        return not_tried("no two supporters came, or none has '{}'", name)
    found = _found(bench, **{name: known[0]})
    if [str(row.get(name)) for row in found] == [known[0]]:
        return as_assumed("it does")
    return otherwise(f"{len(found)} came; the target looks at each, and sends nothing in doubt")


def _by_email(bench: Bench) -> Finding:
    return _by("email", bench)


def _by_custom_id(bench: Bench) -> Finding:
    return _by("customId", bench)


def _envelope(bench: Bench, size: int = 1) -> dict[str, Any]:
    path = bench.sample("supporters").source.path
    params = {"page": 0, "pagesize": size}
    return wire.envelope(bench.account.call("GET", path, params=params, repeatable=True).json())


def _links(bench: Bench) -> Finding:
    if len(bench.sample("supporters").rows) < 2:
        return not_tried("fewer than two supporters came")
    if _envelope(bench).get("nextpageuri"):
        return as_assumed("it does")
    return otherwise("a page that is not the last names no next one; pages are asked for by number then")


def _numbers(bench: Bench) -> Finding:
    around = _envelope(bench)
    lacking = [name for name in ("page", "pagesize", "totalResults") if name not in around]
    if lacking:
        return otherwise("'{}' does not come", lacking[0])
    texts = [name for name in ("page", "pagesize", "totalResults") if isinstance(around[name], str)]
    return otherwise("'{}' comes as text, and is read so", texts[0]) if texts else as_assumed("they do")


def _bare(bench: Bench) -> Finding:
    _envelope(bench)
    body = bench.body()
    if isinstance(body, dict) and list(body) == ["response"]:
        return otherwise("all stands under '{}', where it is read, too", "response")
    return as_assumed("it does")


PROBES = (
    Probe("since", "Does 'updatedSince' leave out supporters that have not changed since?", _since),
    Probe("by_email", "Does a search by 'email' bring that supporter alone?", _by_email),
    Probe("by_custom_id", "Does a search by 'customId' bring that supporter alone?", _by_custom_id),
    Probe("next_page", "Does a page name the next one?", _links),
    Probe("numbers_of_pages", "Do pages say their number, size and total as numbers?", _numbers),
    Probe("bare", "Does what is answered stand in the answer itself?", _bare),
    untried("incomplete", "Does the answer 202 tell an id and what is missing?", "nothing that is sent causes it"),
    untried("join_dates", "How is a range of join dates written?", "the plugins ask for none"),
    missing("missing", "campaigns/none-of-this-name", "a campaign"),
    words("supporters", "emailOptin", "not_collected", "no", "yes", "pending", "unsubscribed", "spam"),
    words(
        "supporters",
        "emailStatus",
        *("unknown", "validated", "opened", "hard_bounce", "soft_bounce", "dns_fail"),
    ),
)
