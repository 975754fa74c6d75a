"""One account at a vendor: everything that its calls share."""

from __future__ import annotations

from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import requests

from osdi_crm_client.errors import ConfigurationError
from osdi_crm_client.pacing import Pacer
from osdi_crm_client.retry import retrying
from osdi_crm_client.transport import Transport
from osdi_crm_client.vendor import vendor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

USER_AGENT = f"osdi-crm/{version('osdi-crm-client')}"


class Account:
    """One account at a vendor, reached through one session, one pacer and one set of credentials.

    Attributes:
        vendor: The vendor.
        base_url: The address that paths are relative to.
        in_flight: How many calls may be under way at a time.
        pacer: What keeps the calls under the vendor's limit; it counts them.
        session: Signs, paces and refuses foreign hosts; may be used from any thread.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Prepare to reach the account of these settings; makes no call."""
        self.config = config
        self.vendor = vendor(config["vendor"])
        self.base_url = self.vendor.base_url(config).rstrip("/")
        self.in_flight = self.vendor.in_flight
        pace = config.get("calls_per_second", self.vendor.calls_per_second)
        self.pacer = Pacer(float(pace) if pace else None)
        self.transport = Transport(
            self.vendor,
            self.base_url,
            self.pacer,
            self.vendor.sign_in(config),
            timeout=float(config.get("timeout_seconds") or 60),
        )
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers.update({"User-Agent": USER_AGENT, **self.vendor.headers})
        self.session.mount("https://", self.transport)
        self.session.mount("http://", self.transport)

    @cached_property
    def name(self) -> str:
        """The account's name, which outlives its credentials.

        Raises:
            ConfigurationError: If the settings do not tell it.
        """
        name = self.config.get("account") or self.vendor.account(self.config)
        if not name:
            raise ConfigurationError(
                f"The setting 'account' is missing: {self.vendor.title}'s credentials do not tell which account they"
                " belong to. Give it a name of your own, and keep that name when the credentials change."
            )
        return str(name)

    def check(self) -> None:
        """Make sure that the vendor can be reached with these settings.

        Raises:
            VendorError: If it cannot.
        """
        path, params = self.vendor.check
        self.call("GET", path, params=params, repeatable=True)

    def now(self) -> datetime:
        """The vendor's time, in UTC, never later than it really is there; its first use may cost a call."""
        if not self.transport.knows_time:
            self.check()
        return self.transport.now()

    def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        repeatable: bool,
    ) -> requests.Response:
        """Make one call, with bounded retries, and return its good answer.

        Args:
            method: The HTTP method.
            path: The path after the base address, or a whole address at the vendor.
            params: The query.
            json: The body, sent as JSON.
            data: The body, sent as a form.
            repeatable: Whether making the call twice does no more than making it once.

        Raises:
            VendorError: One of its kinds, if the vendor did not do it.
        """
        url = path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"
        request = requests.Request(method, url, params=params, json=json, data=data)
        return self.send(self.session.prepare_request(request), repeatable=repeatable)

    def send(self, request: requests.PreparedRequest, *, repeatable: bool) -> requests.Response:
        """Send one request, with bounded retries, and return its good answer, decoded; raises as `call` does."""

        def once() -> requests.Response:
            response = self.session.send(request)
            if error := self.transport.error(response):
                raise error
            if response.content:
                response.json()
            return response

        return retrying(once, repeatable=repeatable)()
