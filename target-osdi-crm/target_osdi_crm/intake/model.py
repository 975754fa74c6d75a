"""The border of the shared model: records of `model: osdi` become the vendor's here, and go on as its own do."""

from __future__ import annotations

import re
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.settings import ByStream
from osdi_crm_schemas import fold
from osdi_crm_schemas.crosswalk import KEYS, Crosswalk, shared_streams
from typing_extensions import override

from target_osdi_crm.intake.columns import ALIKE
from target_osdi_crm.intake.shaping import Shape
from target_osdi_crm.intake.values import is_blank, key
from target_osdi_crm.rejects import Rejection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from osdi_crm_client.account import Account

    from target_osdi_crm.settings import TargetSettings
    from target_osdi_crm.vendor import Shaped, Stream


class Offer:
    """The streams that may come in, and the vendor's that they are written to.

    Attributes:
        source: The name under which the journal keeps what comes in so.
        other: The one that it would have with the other model.
    """

    def __init__(self, account: Account, settings: TargetSettings, streams: Mapping[str, Stream]) -> None:
        """Offer the streams of the model that the settings name.

        Raises:
            ConfigurationError: If the vendor has none of them.
        """
        self._vendor = account.vendor.name
        self._settings = settings
        shared = shared_streams(self._vendor)
        sources = (settings.source, f"{settings.source} (osdi)")
        if account.settings.model == "osdi":
            self._shared = {theirs: name for name, theirs in shared.items() if theirs in streams}
            if not self._shared:
                title = account.vendor.title
                raise ConfigurationError(f"The setting 'model' is 'osdi', of which {title} has no streams.")
            self._streams = {name: streams[theirs] for theirs, name in self._shared.items()}
            self.other, self.source = sources
        else:
            self._shared = {}
            self._streams = dict(streams)
            self.source, self.other = sources

        self._names = {fold(each): each for each in self._streams}

    def stream(self, name: str) -> Stream | None:
        """The vendor's stream for one that comes in, however that is spelled; None where there is none.

        A warehouse folds names, and its tap puts the schema before them: `PEOPLE`, `public-people`, `marts.people`.
        """
        if name in self._streams:
            return self._streams[name]
        *_, table = re.split("[-.]", name)
        known = self._names.get(fold(name)) or self._names.get(fold(table))
        return self._streams[known] if known else None

    @property
    def streams(self) -> Mapping[str, Stream]:
        """The vendor's streams, by the names under which they come in."""
        return self._streams

    def leaves_out(self, name: str) -> bool:
        """Whether this is a stream of the shared model that the vendor does not have."""
        return bool(self._shared) and name in KEYS and self.stream(name) is None

    def meant(self, name: str) -> str | None:
        """The stream that one was probably meant to be which nobody knows."""
        *_, table = re.split("[-.]", name)
        alike = get_close_matches(fold(table), self._names, n=1, cutoff=ALIKE)
        return self._names[alike[0]] if alike else None

    def shape(self, stream: Stream) -> Shape:
        """What shapes the records for one of the vendor's streams."""
        if name := self._shared.get(stream.name):
            return SharedShape(self._vendor, stream, self._settings, Crosswalk(self._vendor, name))
        return Shape(self._vendor, stream, self._settings)


class SharedShape(Shape):
    """Shapes the records of a shared stream: first the crosswalk, then as any record of the vendor's."""

    def __init__(self, vendor: str, stream: Stream, settings: TargetSettings, crosswalk: Crosswalk) -> None:
        """Read the table; raises as any shape does."""
        super().__init__(vendor, stream, settings)
        self._crosswalk = crosswalk
        self._settings = settings
        refers = {name for name, each in crosswalk.properties.items() if "x-refers-to" in each}
        self._ids = {fold(name) for name in {"id", *refers}}

    @override
    def __call__(self, record: Mapping[str, Any], keep: Collection[str] | None = ()) -> Shaped:
        theirs, left = self._crosswalk.write(record)
        shaped = super().__call__(theirs, keep)
        shaped.withheld += dict.fromkeys(left)
        return shaped

    @override
    def told_apart(self, record: dict[str, Any]) -> dict[str, Any]:
        named = {fold(name): name for name in record}
        vendor, account = (record.get(named.get(each, "")) for each in ("vendor", "account"))
        if is_blank(vendor) or self._settings.ids_are_this_accounts:
            return record
        system = str(vendor) if is_blank(account) else f"{vendor}-{account}"
        ids = {named[each]: _id(record[named[each]]) for each in self._ids & named.keys()}
        return record | {name: f"{system}:{found}" for name, found in ids.items() if found}

    @override
    def newly_read(self, record: Mapping[str, Any]) -> bool:
        return False


def _id(value: Any) -> str | None:
    try:
        return key("id", value)
    except Rejection:
        return None


def in_vendors_names(account: Account, settings: TargetSettings) -> TargetSettings:
    """The settings with the vendor's streams in the place of shared ones."""
    if account.settings.model != "osdi":
        return settings
    vendor = account.vendor.name
    theirs = shared_streams(vendor)

    def named(given: Mapping[str, Any]) -> dict[str, Any]:
        return {theirs.get(name, name): each for name, each in given.items()}

    empty_fields = {
        theirs.get(name, name): [each for place in places for each in Crosswalk(vendor, name).names_of(place)]
        if name in theirs
        else places
        for name, places in settings.empty_fields.items()
    }
    return replace(
        settings,
        empty_fields=empty_fields,
        match_keys=named(settings.match_keys),
        mirror=tuple(theirs.get(name, name) for name in settings.mirror),
        on_delete=ByStream(settings.on_delete.all, named(settings.on_delete.named)),
        on_vanished=ByStream(settings.on_vanished.all, named(settings.on_vanished.named)),
    )
