"""A tap as the SDK's template makes it, for the people of Action Network: what ours is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import APIKeyAuthenticator
from singer_sdk.pagination import BaseHATEOASPaginator
from typing_extensions import override

if TYPE_CHECKING:
    import requests

_OBJECTS = th.ArrayType(th.ObjectType(additional_properties=True))


class NextLinks(BaseHATEOASPaginator):
    """Follows the vendor's links."""

    @override
    def get_next_url(self, response: requests.Response) -> str | None:
        link: str | None = response.json().get("_links", {}).get("next", {}).get("href")
        return link


class People(RESTStream[Any]):
    """The people of one list."""

    name = "people"
    path = "/people"
    primary_keys = ("id",)
    replication_key = None
    records_jsonpath = "$._embedded['osdi:people'][*]"
    schema = th.PropertiesList(
        th.Property("id", th.StringType),
        th.Property("identifiers", th.ArrayType(th.StringType)),
        th.Property("created_date", th.DateTimeType),
        th.Property("modified_date", th.DateTimeType),
        th.Property("given_name", th.StringType),
        th.Property("family_name", th.StringType),
        th.Property("email_addresses", _OBJECTS),
        th.Property("phone_numbers", _OBJECTS),
        th.Property("postal_addresses", _OBJECTS),
        th.Property("languages_spoken", th.ArrayType(th.StringType)),
        th.Property("custom_fields", th.ObjectType(additional_properties=True)),
    ).to_dict()

    @property
    @override
    def url_base(self) -> str:
        return str(self.config["url"])

    @property
    @override
    def authenticator(self) -> APIKeyAuthenticator:
        return APIKeyAuthenticator(key="OSDI-API-Token", value=self.config["key"])

    @override
    def get_new_paginator(self) -> NextLinks:
        return NextLinks()

    @override
    def get_url_params(self, context: Any, next_page_token: Any) -> dict[str, Any]:
        return dict(parse_qsl(next_page_token.query)) if next_page_token else {"per_page": 25}

    @override
    def post_process(self, row: dict[str, Any], context: Any = None) -> dict[str, Any]:
        row["id"] = row["identifiers"][0]
        return row


class BareTap(Tap):
    """The template's tap."""

    name = "bare-tap"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True), th.Property("key", th.StringType, required=True)
    ).to_dict()

    @override
    def discover_streams(self) -> list[People]:
        return [People(self)]


if __name__ == "__main__":
    BareTap.cli()
