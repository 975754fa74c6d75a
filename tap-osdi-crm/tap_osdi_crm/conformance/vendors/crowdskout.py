"""Crowdskout: what its reference and its examples say otherwise than each other, and what they do not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.vendors.crowdskout import COLLECTIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_osdi_crm.conformance.probe import Probe

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

PROBES: tuple[Probe, ...] = ()
