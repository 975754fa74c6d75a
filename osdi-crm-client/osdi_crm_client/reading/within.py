"""Reading records that other records hold: nothing is asked for, they come with the pages of those.

Needs a source that can take them out of the rows of the other one; promises what that one's reading promises.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from osdi_crm_client.reading.reading import Reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from osdi_crm_client.reading.source import Part


class Within(Reading):
    """Reads nothing by itself."""

    @override
    def parts(self) -> Iterator[Part]:
        yield from ()

    parts_of_sample = parts

    @override
    def calls(self) -> int | None:
        return 0
