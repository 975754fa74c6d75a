"""Rally Congress: half of its documents are not published, and no answer is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, not_tried

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


def _writes(_: Bench) -> Finding:
    return not_tried("only writing answers it")


PROBES = (Probe("set_optin", "Can a client set the opt-in of a supporter?", _writes),)
