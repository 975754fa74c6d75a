"""NationBuilder: an OpenAPI says what there is; what is asked is how it behaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_osdi_crm.conformance.paging import Paging
from tap_osdi_crm.conformance.probe import Finding, Probe, not_tried

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


def _writes(_: Bench) -> Finding:
    return not_tried("only writing answers it")


PROBES = (Probe("merge_custom_values", "Do custom fields that a change does not send keep their values?", _writes),)
