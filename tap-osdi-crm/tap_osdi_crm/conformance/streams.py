"""The probes of a vendor's streams, made of their rows and schemas: is it there, in this form, with these names?"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import osdi_crm_schemas
from osdi_crm_client.errors import Denied, NotAllowed, VendorError

from tap_osdi_crm.conformance import hypotheses, paging
from tap_osdi_crm.conformance.probe import Finding, Probe, Verdict, as_assumed, not_tried, otherwise
from tap_osdi_crm.shaping import fits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_osdi_crm.conformance.bench import Bench, Sample
    from tap_osdi_crm.conformance.paging import Paging
    from tap_osdi_crm.resources import Resource

ALIKE = 0.7
"""How like two names are, from 0 to 1, of which one may be the other's new spelling."""

READ = {
    "name": "Do records of '{}' have '{}', of the type that the schema says?",
    "type": "Is '{1}' of '{0}', where it comes, of the type that the schema says?",
    "either": "Do records of '{}' have '{}', or the other name that documents give it?",
}
"""By what `x-probe` says, the question to a property that reading answers; any other is answered by writing."""


def probes(
    vendor: str, resources: Iterable[Resource], elsewhere: Mapping[str, Any], assumed: Paging
) -> Iterator[Probe]:
    """Yield the probes that reading answers: of each stream, and of each property of which something is assumed.

    Args:
        vendor: The vendor.
        resources: Its rows.
        elsewhere: By stream, overrides worth a try.
        assumed: How its lists are assumed to be paged.
    """
    for resource in resources:
        question = f"Does {resource.method} {resource.path or '(the address that its parent gives)'} answer with the"
        question += f" records of '{resource.name}', each with its key '{resource.keys[-1]}'?"
        yield Probe(resource.name, question, partial(_stream, resource, elsewhere.get(resource.name, ()), assumed))
        for path, node in statements(osdi_crm_schemas.schema(vendor, resource.name)):
            kind = node["x-probe"].partition(" ")[0]
            if path and kind in READ:
                question = READ[kind].format(resource.name, path)
                yield Probe(f"{resource.name}.{path}", question, partial(_property, resource.name, path, node))


def statements(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every node of a schema of which something is assumed, with its path; the schema itself has none."""
    if "x-unconfirmed" in schema:
        yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from statements(inner, f"{path}.{name}" if path else name)
    if isinstance(schema.get("items"), dict):
        yield from statements(schema["items"], f"{path}[]")


def _stream(resource: Resource, elsewhere: Iterable[Mapping[str, Any]], assumed: Paging, bench: Bench) -> Finding:
    sample = bench.sample(resource.name)
    is_assumed = bool(bench.assumption(resource))
    if is_assumed and not sample.is_readable and (found := hypotheses.readable(bench, sample, elsewhere)):
        bench.accept(resource.name, found)
        told = "it is read with {}"
        what = ", ".join(f"{name} '{value}'" for name, value in found.change.items())
        paging.tried(bench, resource.name, found, assumed)
        settings = {"stream_overrides": {resource.name: bench.found[resource.name]}}
        return otherwise(f"{_why(sample)}; {told}", what, settings=settings)
    if not sample.is_readable:
        return _unreadable(sample)
    if is_assumed and (paged := paging.tried(bench, resource.name, sample, assumed)).verdict is Verdict.OTHERWISE:
        return paged
    return _names(bench, resource.name)


def _why(sample: Sample) -> str:
    """Return what was not as assumed, in a few words."""
    if isinstance(sample.error, VendorError) and sample.error.status:
        return f"it is answered with HTTP {sample.error.status}"
    if sample.error:
        return "its answer is not of the form assumed"
    return "its records have no key as assumed" if sample.rows else "it has no records there"


def _unreadable(sample: Sample) -> Finding:
    """Return what it means that no records came which can be told apart."""
    error = sample.error
    if isinstance(error, Denied | NotAllowed):
        return not_tried(f"the credentials may not read it (HTTP {error.status})")
    if isinstance(error, VendorError):
        return otherwise(_why(sample))
    if error:
        return not_tried("a setting is missing that it needs")
    if sample.rows:
        return otherwise("its records have no '{}', or several have the same", sample.source.own_key)
    if sample.part is None:
        return not_tried("there is nothing that it could hang on")
    return as_assumed("it answers, and holds no records here")


def _names(bench: Bench, stream: str) -> Finding:
    """Return whether the fields of a stream are called as its schema says."""
    sample = bench.sample(stream)
    schema = osdi_crm_schemas.schema(bench.vendor, stream)
    known = {
        prop.get("x-vendor-name", name): prop
        for name, prop in schema["properties"].items()
        if "x-link" not in prop and not prop.get("x-write-only") and not prop.get("x-extra-field")
    }
    came = {name for row in sample.rows for name in row}
    others = sorted(came - known.keys() - sample.source.envelope - {sample.source.resource.key_name or ""})
    for name, prop in known.items():
        if name in came:
            continue
        if new := renamed(name, prop, others, sample):
            maps = {_safe(schema, name): f"additional_fields.get({new!r}) if additional_fields else None"}
            return otherwise("'{}' seems to be called '{}'", name, new, settings={"stream_maps": {stream: maps}})
    if others:
        return as_assumed("it is; beside the schema there are " + ", ".join(["'{}'"] * len(others)), *others)
    return as_assumed("it is")


def _safe(schema: Mapping[str, Any], vendor_name: str) -> str:
    names = schema["properties"].items()
    return next((name for name, prop in names if prop.get("x-vendor-name") == vendor_name), vendor_name)


def renamed(name: str, prop: Mapping[str, Any], others: Iterable[str], sample: Sample) -> str | None:
    """Return the name, of those that the schema does not know, under which a field seems to stand now."""
    fitting = [
        other
        for other in others
        if any(row.get(other) is not None for row in sample.rows)
        and all(fits(row.get(other), prop) for row in sample.rows)
        and hypotheses.alike(name, other) >= ALIKE
    ]
    return max(fitting, key=lambda other: hypotheses.alike(name, other), default=None)


def _property(stream: str, path: str, node: Mapping[str, Any], bench: Bench) -> Finding:
    """Return whether a property is there, and of the type that its schema says."""
    sample = bench.sample(stream)
    kind, _, twin = node["x-probe"].partition(" ")
    if not sample.rows:
        return not_tried("no records of '{}' came", stream)
    first, dot, rest = path.partition(".")
    many, brackets, inner = path.partition("[].")
    name = sample.source.properties[many if brackets else first].get("x-vendor-name", many if brackets else first)
    below = f"[].{inner}" if brackets else f"{dot}{rest}"
    values = [value for row in sample.rows for value in at(row, f"{name}{below}")]
    if not values and kind == "either":
        sibling = f"{path.rpartition('.')[0]}.{twin}" if "." in path else twin
        if any(True for row in sample.rows for _ in at(row, sibling)):
            return as_assumed("records have '{}' instead", twin)
    if not values:
        return _absent(sample, path, kind)
    if odd := [value for value in values if not fits(value, node)]:
        return otherwise(f"it comes as {type(odd[0]).__name__}, and is kept in 'additional_fields'")
    unknown = _unknown_below(node, values)
    if unknown:
        return otherwise("in it are names that the schema lacks: " + ", ".join(["'{}'"] * len(unknown)), *unknown)
    return as_assumed(f"it came in {len(values)} records")


def _absent(sample: Sample, path: str, kind: str) -> Finding:
    """Return what it means that no record has a property."""
    if kind == "name" and "." not in path and "[" not in path:
        known = sample.source.properties
        vendors = {prop.get("x-vendor-name", name) for name, prop in known.items()}
        others = sorted({name for row in sample.rows for name in row} - vendors - sample.source.envelope)
        stream = sample.source.name
        if new := renamed(path, known[path], others, sample):
            maps = {path: f"additional_fields.get({new!r}) if additional_fields else None"}
            return otherwise("it seems to be called '{}'", new, settings={"stream_maps": {stream: maps}})
        return otherwise(f"none of {len(sample.rows)} records has it")
    return not_tried(f"none of {len(sample.rows)} records has it")


def at(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path in a record, of all members of its lists."""
    if value is None:
        return
    if not path:
        yield value
        return
    if path.startswith("[]"):
        for each in value if isinstance(value, list) else ():
            yield from at(each, path.removeprefix("[]").removeprefix("."))
        return
    name = path.split(".", 1)[0].split("[", 1)[0]
    if isinstance(value, dict) and name in value:
        rest = path.removeprefix(name).removeprefix(".")
        if rest or value[name] is not None:
            yield from at(value[name], rest)
        else:
            yield None


def _unknown_below(node: Mapping[str, Any], values: list[Any]) -> list[str]:
    """Return names in these objects that their schema lacks, where it knows any."""
    known = node.get("properties")
    if not known:
        return []
    return sorted({name for value in values if isinstance(value, dict) for name in value} - known.keys())
