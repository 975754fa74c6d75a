"""By what a run tells that it would treat a record otherwise than the run before: hashes of settings, and a time."""

from __future__ import annotations

import hashlib
import math
import time
from typing import TYPE_CHECKING, Any

import msgspec

from target_osdi_crm.vendors import vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_osdi_crm.settings import TargetSettings

_SHAPING = ("ids_are_this_accounts", "default_country", "allow_resubscribe")
"""Settings that change what is sent for a record, beside the vendor's."""

_DECIDING = (*_SHAPING, "mode", "match_keys", "new_person_consent", "allow_delete", "max_field_bytes")
"""Settings that decide whether a record is sent or rejected, beside the vendor's."""

_SHAPING_SINCE: Mapping[str, Any] = {"unkept_opt_outs": "withhold", "source_time_zone": None, "empty_fields": {}}
_DECIDING_SINCE: Mapping[str, Any] = {**_SHAPING_SINCE, "on_delete": None, "on_vanished": None, "shared_address": {}}
"""Those that came after the first release, with their defaults, which leave the hashes of earlier journals alone."""


def shaping(config: Mapping[str, Any]) -> bytes:
    """A hash of the settings that change what is sent for a record."""
    of = vendor(config["vendor"])
    since = {**_SHAPING_SINCE, "allow_delete": False} if of.deletes_parts else _SHAPING_SINCE
    return _hash(config, (*_SHAPING, *of.shaping_settings), since)


def deciding(config: Mapping[str, Any]) -> bytes:
    """A hash of the settings that decide whether a record is sent or rejected."""
    return _hash(config, (*_DECIDING, *vendor(config["vendor"]).deciding_settings), _DECIDING_SINCE)


def _hash(config: Mapping[str, Any], names: tuple[str, ...], since: Mapping[str, Any]) -> bytes:
    of = vendor(config["vendor"])
    since = {**since, **{f"{of.name}_{name}": default for name, default in of.since.items()}}
    later = (name for name, default in since.items() if config.get(name, default) != default)
    at_first = (name for name in names if name not in since)
    chosen = [of.name, of.version, [(name, config.get(name)) for name in (*at_first, *later)]]
    return hashlib.blake2b(msgspec.json.encode(chosen, order="deterministic"), digest_size=16).digest()


def fresh_after(settings: TargetSettings) -> float:
    """The time, in seconds since 1970, before which an acknowledgement does not spare a record from being sent."""
    if settings.resend:
        return math.inf
    days = settings.resend_after_days
    return -math.inf if days is None else time.time() - days * 86400
