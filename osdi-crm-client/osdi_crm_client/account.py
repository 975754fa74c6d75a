"""One account at a vendor: everything that its calls share."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from functools import cached_property, lru_cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote_plus, urljoin, urlsplit

import requests

from osdi_crm_client import settings
from osdi_crm_client.errors import (
    OF_ANOTHER_FORM,
    ConfigurationError,
    Denied,
    Fault,
    Garbled,
    NoAnswer,
    NotAllowed,
    NotSignedIn,
    Refused,
    VendorError,
    garbled,
)
from osdi_crm_client.pace_store import PaceStore
from osdi_crm_client.pacing import ConcurrencyLimit, Pacer
from osdi_crm_client.retry import Retrying
from osdi_crm_client.settings import ClientSettings
from osdi_crm_client.transport import CallLimits, Transport
from osdi_crm_client.vendor import vendor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

T = TypeVar("T")

MOST_REDIRECTS = 5

QUICKEST = 150.0
"""Calls a second beyond which threads would rather hinder each other than help."""

USER_AGENT = f"osdi-crm/{version('osdi-crm-client')}"


class Account:
    """One account at a vendor, reached through one transport, one pacer and one set of credentials, from any thread.

    Attributes:
        settings: The settings that tap and target share.
        vendor: The vendor.
        own: The vendor's settings.
        base_url: The address that paths are relative to.
        index_lag: Seconds after which a change is sure to show in the vendor's searches.
        pacer: What keeps the calls under the vendor's limit; it counts them.
        most_in_flight: How many calls may be under way at a time.
        concurrency: What keeps them to that.
        has_answered: Whether a call to the API has had a good answer, so that the credentials are good.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Prepare to reach the account of these settings; makes no call.

        Raises:
            ConfigurationError: If a setting is wrong.
        """
        self.settings = settings.parse(ClientSettings, config)
        self.vendor = vendor(self.settings.vendor)
        self.own = self.vendor.own(config)
        self.base_url = self.vendor.base_url(self.own).rstrip("/")
        if not re.match(r"https?://([\w.-]+|\[[\da-fA-F:.]+\])(:\d+)?(/|$)", self.base_url):
            name = self.vendor.address_setting(self.own)
            raise ConfigurationError(
                f"The settings do not make an address at which {self.vendor.title} could be reached."
                f" Check '{name}': {self.vendor.properties[name]['description']}"
            )
        lag, pace = self.settings.index_lag_seconds, self.settings.calls_per_second
        self.index_lag = self.vendor.index_lag if lag is None else lag
        rate = (self.vendor.calls_per_second if pace is None else pace) or None
        credentials = tuple(getattr(self.own, name) for name in self.vendor.credentials)
        store = PaceStore(self.settings.pace_store, self.base_url, credentials)
        by_address = self.vendor.name if self.vendor.limits_addresses else None
        self.pacer = Pacer(rate, store.slots(by_address) if rate else None)
        self.most_in_flight = int(getattr(self.own, "in_flight", self.vendor.in_flight))
        places = None if self.vendor.calls_per_second else store.places(self.most_in_flight)
        self.concurrency = ConcurrencyLimit(self.most_in_flight, places)
        self._transport = Transport(
            self.vendor,
            self.base_url,
            pacer=self.pacer,
            concurrency=self.concurrency,
            signer=self.vendor.sign_in(self.own, self.settings),
            limits=CallLimits(*self.settings.timeouts, self.settings.max_answer_bytes),
        )
        self.has_answered = False
        self._retrying = Retrying(self.vendor.title, self.pacer)
        self._headers = {"User-Agent": USER_AGENT, **self.vendor.headers}

    @property
    def known_name(self) -> str | None:
        """The account's name where the settings tell it."""
        return self.settings.account or self.vendor.account(self.own)

    @cached_property
    def name(self) -> str:
        """The account's name, which outlives its credentials.

        Raises:
            ConfigurationError: If the settings do not tell it.
        """
        name = self.known_name
        if not name:
            raise ConfigurationError(
                f"The setting 'account' is missing: {self.vendor.title}'s credentials do not tell which account they"
                " belong to. Give it a name of your own, and keep that name when the credentials change."
            )
        return name

    def check(self) -> None:
        """Make sure that the vendor can be reached with these settings.

        Raises:
            VendorError: If it cannot.
        """
        path, params = self.vendor.check
        request = self.prepare("GET", f"{self.base_url}/{path}", params=params)
        try:
            self._sent(request, _whole, repeatable=True)
        except Denied as denied:
            raise (NotSignedIn.instead_of(denied) if self.vendor.check_tells else denied) from None

    def listen(self, hear: Callable[[requests.Response], None]) -> None:
        """Have this told of each answer."""
        self._transport.heard = hear

    @property
    def in_flight(self) -> int:
        """How many calls are worth having under way at a time: as many as come due while one is answered.

        Never more than the vendor wants; without a pace, as many as one thread could begin while it waits.
        """
        due = self._transport.latency * (self.pacer.rate or QUICKEST)
        return max(1, min(self.most_in_flight, math.ceil(1.5 * due)))

    def now(self) -> datetime:
        """The vendor's time, in UTC, never later than it really is there; its first use may cost a call.

        Raises:
            VendorError: If that fails; a refusal tells the time too.
        """
        if not self._transport.knows_time:
            with suppress(Refused, Denied):
                self.check()
        return self._transport.now()

    def call(self, method: str, path: str, **call: Any) -> requests.Response:
        """Make one call and return its good answer, decoded; all else is as for `ask`."""
        return self.ask(method, path, _whole, **call)

    def ask(
        self,
        method: str,
        path: str,
        read: Callable[[requests.Response], T],
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        data: Any = None,
        repeatable: bool,
        once: bool = False,
    ) -> T:
        """Make one call, with bounded retries, and return what is read out of its good answer.

        Args:
            method: The HTTP method.
            path: The path after the base address, or a whole address at the vendor.
            read: Takes it out; whatever error of form it raises becomes `Garbled`, as if the answer were not JSON.
            params: The query.
            json: The body, sent as JSON.
            data: The body, sent as a form.
            repeatable: Whether making the call twice does no more than making it once.
            once: Whether it is to leave once, whatever comes of it: it is neither tried again nor led elsewhere.

        Raises:
            VendorError: One of its kinds, if the vendor did not do it, or answers in another form than documented.
        """
        url = path if "://" in path else f"{self.base_url}/{path.lstrip('/')}"
        request = self.prepare(method, url, params=params, json=json, data=data)
        return self._told(request, read, repeatable=repeatable, once=once)

    def prepare(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | str | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
        json: Any = None,
    ) -> requests.PreparedRequest:
        """Prepare a request, as `requests` would; a query that is a string is quoted already."""
        request = requests.PreparedRequest()
        request.prepare_method(method)
        request.url = _prepared(url)
        request.prepare_headers({**self._headers, **(headers or {})})
        request.prepare_body(data, None, json)
        if quoted := params if isinstance(params, str) else encoded(params or {}):
            request.url = f"{request.url}{'&' if '?' in request.url else '?'}{quoted}"
        return request

    def send(
        self,
        request: requests.PreparedRequest,
        *,
        repeatable: bool,
        lighter: Callable[[requests.PreparedRequest, VendorError], requests.PreparedRequest] | None = None,
    ) -> requests.Response:
        """Send one request, with bounded retries, and return its good answer, decoded; raises as `call` does.

        Args:
            request: The request.
            repeatable: Whether making it twice does no more than making it once.
            lighter: Returns what to send at the next try instead of a request that met this error.
        """
        return self._told(request, _whole, repeatable=repeatable, lighter=lighter)

    def _told(self, request: requests.PreparedRequest, read: Callable[[requests.Response], T], **how: Any) -> T:
        """Send a request, and tell what its refusal means."""
        try:
            return self._sent(request, read, **how)
        except Denied as denied:
            raise self._told_apart(denied) from None

    def _told_apart(self, denied: Denied) -> VendorError:
        """Tell whether credentials that were not accepted for a call may not make that one alone.

        Raises:
            NotSignedIn: If the account's own check is refused, too.
        """
        try:
            if self.vendor.check_tells:
                self.check()
            elif not self.has_answered:
                return denied
        except Refused:
            pass
        except (Fault, NoAnswer, Garbled):
            return denied
        return NotAllowed.instead_of(denied)

    def _sent(
        self,
        request: requests.PreparedRequest,
        read: Callable[[requests.Response], T],
        *,
        repeatable: bool,
        once: bool = False,
        lighter: Callable[[requests.PreparedRequest, VendorError], requests.PreparedRequest] | None = None,
    ) -> T:
        def attempt() -> T:
            nonlocal request
            response = self._transport.send(request) if once else self._followed(request)
            if error := self._transport.error(response):
                request = lighter(request, error) if lighter else request
                raise error
            if response.content:
                response.json()
            self.has_answered = True
            try:
                return read(response)
            except OF_ANOTHER_FORM as form:
                raise garbled(form, method=str(request.method), path=urlsplit(request.url or "").path) from form

        try:
            return attempt() if once else self._retrying(attempt, repeatable=repeatable)
        except VendorError as error:
            self.vendor.name_settings(error, self.own)
            raise

    def _followed(self, request: requests.PreparedRequest) -> requests.Response:
        """Send a request, and follow where its answer leads."""
        response = self._transport.send(request)
        for _ in range(MOST_REDIRECTS):
            if not response.is_redirect or not (following := self._following(request, response)):
                break
            request = following
            response = self._transport.send(request)
        return response

    def _following(
        self, request: requests.PreparedRequest, response: requests.Response
    ) -> requests.PreparedRequest | None:
        """What to send where an answer leads elsewhere (RFC 9110, §15.4); None where a change was not made then.

        Raises:
            Garbled: If it leads nowhere.
        """
        path = urlsplit(request.url or "").path
        try:
            url = urljoin(response.url, response.headers["Location"])
            if request.method == "GET" or (request.method == "POST" and path.endswith(self.vendor.existing_at)):
                return self.prepare("GET", url)
            if response.status_code in {307, 308}:
                same = request.copy()
                same.url = _prepared(url)
                return same
        except OF_ANOTHER_FORM as error:
            raise garbled(error, method=str(request.method), path=path) from error
        return None


def _whole(answer: requests.Response) -> requests.Response:
    """Leave an answer to be read by who asked."""
    return answer


@lru_cache(maxsize=256)
def _prepared(url: str) -> str:
    """An address as it can be sent; most calls go to few of them."""
    request = requests.PreparedRequest()
    request.prepare_url(url, None)
    return str(request.url)


_quoted = lru_cache(maxsize=1024)(quote_plus)


def encoded(params: Mapping[str, Any]) -> str:
    """Return the query of an address, quoted; quoting a long list of fields once spares most of what a call costs."""
    pairs = ((name, each) for name, value in params.items() for each in (value if isinstance(value, list) else [value]))
    return "&".join(f"{_quoted(name)}={_quoted(str(each))}" for name, each in pairs if each is not None)
