"""Every stream of a vendor has a schema, a place on the vendor's page, and the key its schema says."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import osdi_crm_schemas
import pytest
from tap_osdi_crm.overrides import assumption

DOCS = Path(__file__).parents[2] / "docs"
RESOURCES = [
    pytest.param(vendor, resource, id=f"{vendor}-{resource.name}")
    for vendor in osdi_crm_schemas.vendors()
    for resource in import_module(f"tap_osdi_crm.vendors.{vendor}").RESOURCES
]


@pytest.mark.parametrize("vendor", osdi_crm_schemas.vendors())
def test_every_stream_that_can_be_read_is_read(vendor: str) -> None:
    readable = {
        stream
        for stream in osdi_crm_schemas.streams(vendor)
        if not osdi_crm_schemas.schema(vendor, stream).get("x-write-only")
    }

    assert {resource.name for resource in import_module(f"tap_osdi_crm.vendors.{vendor}").RESOURCES} == readable


@pytest.mark.parametrize(("vendor", "resource"), RESOURCES)
def test_a_stream_is_what_its_schema_says(vendor: str, resource: Any) -> None:
    schema = osdi_crm_schemas.schema(vendor, resource.name)

    assert {name for name, prop in schema["properties"].items() if prop["type"] == "string"} == set(resource.keys)
    assert resource.unconfirmed == ("x-unconfirmed" in schema)
    assert resource.replication_key is None or resource.replication_key in schema["properties"]
    assert not resource.unconfirmed or assumption(vendor, resource)


@pytest.mark.parametrize(("vendor", "resource"), RESOURCES)
def test_a_stream_stands_on_its_vendors_page(vendor: str, resource: Any) -> None:
    page = (DOCS / f"{vendor.replace('_', '-')}.md").read_text(encoding="utf-8")
    reading = page.split("\n## Reading\n")[1].split("\n## Writing\n")[0]

    assert f"`{resource.name}`" in reading
