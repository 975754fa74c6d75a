"""What each vendor documents, and what of it is read, written, deleted, served by the sandbox and run end to end.

`documented/<vendor>.csv` is the list of a vendor's document, written down by hand: a line for each resource with its
calls, what they offer, the streams that are to do it, and why, where something is left out. The rest is told by the
plugins' own tables and the sandbox's routes. `(1.1)` marks what an earlier version of the document has, `(named)` what
it has no path of, so that the calls are assumed.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from osdi_crm_client.vendor import vendor as vendor_named
from starlette.routing import Match, Route

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTS = Path(__file__).parent / "documented"
PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"
NOTHING = "\N{EN DASH}"


@dataclass(frozen=True)
class Coverage:
    """One vendor, by the tables of the plugins and of the sandbox.

    Attributes:
        vendor: Its name.
    """

    vendor: str

    @cached_property
    def resources(self) -> dict[str, Any]:
        """What the tap reads, by stream."""
        return {each.name: each for each in import_module(f"tap_osdi_crm.vendors.{self.vendor}").RESOURCES}

    @cached_property
    def streams(self) -> dict[str, Any]:
        """What the target writes, by stream."""
        return dict(import_module(f"target_osdi_crm.vendors.{self.vendor}").VENDOR.streams)

    @cached_property
    def routes(self) -> list[Route]:
        """What the sandbox serves."""
        served = import_module(f"osdi_crm_sandbox.vendors.{self.vendor}").VENDOR
        below = {entry.replace(" ", f" {served.api}", 1): handler for entry, handler in served.routes.items()}
        entries = {**below, **served.open_routes}
        return [
            Route(entry.split(" ", 1)[1], handler, methods=[entry.split()[0]]) for entry, handler in entries.items()
        ]

    @cached_property
    def api(self) -> str:
        """What the paths of the sandbox's API begin with."""
        return str(import_module(f"osdi_crm_sandbox.vendors.{self.vendor}").VENDOR.api)

    def lines(self) -> list[Documented]:
        """What the vendor documents."""
        rows = csv.DictReader((LISTS / f"{self.vendor}.csv").read_text(encoding="utf-8").splitlines())
        return [
            Documented(
                self,
                resource=row["resource"],
                calls=tuple(_calls(row["calls"])),
                offers=frozenset(row["offers"].split()),
                names=tuple(row["streams"].split()),
                because=row["because"],
            )
            for row in rows
        ]

    def place(self, method: str, path: str) -> str | None:
        """Where the sandbox answers a call, below the vendor's name there; None where it does not."""
        for place in (f"{self.api}{path}".rstrip("/"), path):
            scope = {"type": "http", "method": method, "path": re.sub(r"{\w+}", "1", place)}
            if any(route.matches(scope)[0] is Match.FULL for route in self.routes):
                return place
        return None


@dataclass(frozen=True)
class Documented:
    """One resource of a vendor's document.

    Attributes:
        coverage: Its vendor.
        resource: What the document calls it.
        calls: Its calls, as method and path.
        offers: What these offer: `read`, `write`, `delete`.
        names: The streams that are to do it.
        because: Why something is left out.
    """

    coverage: Coverage
    resource: str
    calls: tuple[tuple[str, str], ...]
    offers: frozenset[str]
    names: tuple[str, ...]
    because: str = field(default="")

    @property
    def read(self) -> list[str]:
        """The streams that read it."""
        return [name for name in self.names if name in self.coverage.resources and "read" in self.offers]

    @property
    def written(self) -> list[str]:
        """The streams that write it."""
        return [name for name in self.names if name in self.coverage.streams and "write" in self.offers]

    @property
    def deleted(self) -> list[str]:
        """The streams that delete it."""
        return [name for name in self.names if self._is_deleted(name) and "delete" in self.offers]

    def _is_deleted(self, name: str) -> bool:
        return name in self.coverage.streams and self.coverage.streams[name].can_delete

    @property
    def lacking(self) -> set[str]:
        """What is documented and not done."""
        done = {"read": self.read, "write": self.written, "delete": self.deleted}
        return {offered for offered in self.offers if not done[offered]}

    @property
    def copied(self) -> list[str]:
        """The streams of which records go from one account into another."""
        return [name for name in self.written if name in self.coverage.resources]

    @property
    def served(self) -> list[tuple[str, str]]:
        """Those of its calls that the sandbox answers."""
        return [call for call in self.calls if self.coverage.place(*call)]


def _calls(text: str) -> Iterator[tuple[str, str]]:
    for each in filter(None, text.split("; ")):
        *methods, path = each.split()
        yield from ((method, path) for method in methods)


def vendors() -> list[str]:
    """Return the vendors whose document is written down."""
    return sorted(file.stem for file in LISTS.glob("*.csv"))


def page() -> str:
    """Return docs/coverage.md."""
    return "\n".join([INTRODUCTION, *(line for vendor in vendors() for line in _table(Coverage(vendor)))])


INTRODUCTION = f"""\
# What is covered

Each vendor's documented resources, and what becomes of them here. The lists of what is documented are written down in
[hub/documented](../hub/documented); all else is generated from the code (`make settings`), and tests compare the two:
nothing is left out without a reason in this table, and every call that is said to be served is made.

- **Read, written, deleted** name the streams; {NOTHING} stands where the document offers nothing. *Optional*
  are streams that are read only where they are selected, a setting names whose, or `unconfirmed_streams` is set.
- **Served** is what the [sandbox](../osdi-crm-sandbox/README.md) answers.
- **End to end**: `make whole` reads the whole account of the sandbox and writes it into an empty one; *read* and
  *written* say that records of the stream went that way.
- *(1.1)* has the document of an earlier version alone; *(named)* has a name there and no path: the calls are assumed.
"""


def _table(coverage: Coverage) -> Iterator[str]:
    yield f"## {vendor_named(coverage.vendor).title}"
    yield ""
    yield "| documented | calls | read | written | deleted | served | end to end | left out, because |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    for line in coverage.lines():
        yield f"| {' | '.join(_cells(coverage, line))} |"
    yield ""


def _cells(coverage: Coverage, line: Documented) -> Iterator[str]:
    yield line.resource
    yield _shown(line.calls)
    yield _done("read", line, [_optional(coverage.resources[name]) for name in line.read])
    yield _done("write", line, [f"`{name}`" for name in line.written])
    yield _done("delete", line, [f"`{name}`" for name in line.deleted])
    missing = [call for call in line.calls if call not in line.served]
    yield "yes" if not missing and line.calls else f"all but {_shown(missing)}" if line.served else "no"
    run = ["read"] * bool(line.read) + ["written"] * bool(line.copied)
    yield ", ".join(run) or "no"
    yield line.because


def _done(what: str, line: Documented, done: list[str]) -> str:
    if what not in line.offers:
        return NOTHING
    return ", ".join(done) or "no"


def _optional(resource: Any) -> str:
    is_optional = resource.unconfirmed or not resource.is_default or resource.chosen_by
    return f"`{resource.name}` (optional)" if is_optional else f"`{resource.name}`"


def _shown(calls: Any) -> str:
    """Calls as people read them, those of one path together."""
    by_path: dict[str, list[str]] = {}
    for method, path in calls:
        by_path.setdefault(path, []).append(method)
    return "; ".join(f"`{' '.join(methods)} {path}`" for path, methods in by_path.items()) or NOTHING


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
