"""Reading each record by itself, in the order of the ids; the last finished id is the cursor.

Needs a source that gives the ids of all records, each once, and a record by its id. Promises every record whose id was
given and that is still there when it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.reading.reading import Reading
from osdi_crm_client.reading.source import Parent
from osdi_crm_client.reading.sweep import Sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Part
    from osdi_crm_client.wire import RawRow


class OneByOne(Sweep):
    """Reads record by record, as a sweep over parents that are the records themselves."""

    @override
    def read(self, part: Part) -> Iterator[list[RawRow]]:
        return Reading.read(self, part)

    @override
    def _parents(self) -> list[Parent]:
        return [Parent(self.source.name, each, self.source.path, None) for each in sorted(self.source.ids())]
