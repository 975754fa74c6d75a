"""Where each call to a vendor's API leaves: it waits for its turn, is signed, goes to the vendor only, is read once."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import msgspec
import requests
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from typing_extensions import override
from urllib3.exceptions import HTTPError

from osdi_crm_client import errors
from osdi_crm_client.connecting import BoundedAdapter, TookTooLong, never_left
from osdi_crm_client.decoding import leniently
from osdi_crm_client.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from urllib3.connectionpool import ConnectionPool

    from osdi_crm_client.pacing import ConcurrencyLimit, Pacer
    from osdi_crm_client.signing import Signer
    from osdi_crm_client.vendor import Vendor

logger = logging.getLogger(__name__)

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
"""An answer that is dated earlier tells no time."""

PIECE = 2**18
"""Bytes of an answer that are read at a time at most."""

LONGEST_WORDS = 500
"""Characters of a vendor's words that are kept."""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """How long a call may take, and how large its answer may be.

    Attributes:
        silence: Seconds without a byte.
        seconds: Seconds until the last byte of the answer.
        size: Bytes of the answer, unpacked.
    """

    silence: float
    seconds: float
    size: int


class Answer(requests.Response):
    """A response whose body is read and decoded once, however many ask for it.

    Attributes:
        decode: Turns the bytes into JSON values, where that takes more than a JSON decoder.
        most: Bytes that it may have, unpacked.
    """

    decode: Callable[[bytes], Any] | None = None
    most: int

    @property
    @override
    def content(self) -> bytes:
        """The body. Raises urllib3's errors where it does not come in full.

        Raises:
            Garbled: If it is too large.
        """
        if not hasattr(self, "_body"):
            self._body: bytes = b"".join(self._pieces())
        return self._body

    def _pieces(self) -> Iterator[bytes]:
        size = 0
        while piece := self.raw.read1(PIECE, decode_content=True):
            size += len(piece)
            if size > self.most:
                self.raw.close()
                raise errors.Garbled(
                    "the answer is larger than 'max_answer_bytes' allows",
                    method=_method(self.request),
                    path=_path(self.request),
                )
            yield piece

    @override
    def json(self, **kwargs: Any) -> Any:
        """Return the decoded body, or None of an answer that says it has none (204).

        Raises:
            Garbled: If it is not what the vendor documents.
        """
        if self.status_code == 204:
            return None
        if not hasattr(self, "_decoded"):
            try:
                self._decoded = (self.decode or _decoded)(self.content)
            except (ValueError, RecursionError):
                raise errors.Garbled(
                    "the answer is not JSON", method=_method(self.request), path=_path(self.request)
                ) from None
        return self._decoded


def _decoded(content: bytes) -> Any:
    try:
        return msgspec.json.decode(content)
    except ValueError:
        found = leniently(content.decode("utf-8-sig", "replace"))
    logger.warning("An answer holds characters that JSON does not allow; U+FFFD stands in their place.")
    return found


class Transport(BoundedAdapter):
    """Sends the calls of one account, from any thread, by the proxy and with the certificates that the machine is told.

    Attributes:
        latency: Seconds that answers take, the latest weighing most.
        heard: What is told of each answer.
    """

    def __init__(
        self,
        vendor: Vendor[Any],
        base_url: str,
        *,
        pacer: Pacer,
        concurrency: ConcurrencyLimit,
        signer: Signer,
        limits: CallLimits,
    ) -> None:
        super().__init__(limits.seconds, pool_maxsize=32)
        self._vendor = vendor
        self._origin = _origin(base_url)
        self._pacer = pacer
        self._concurrency = concurrency
        self._signer = signer
        self._limits = limits
        self._timeout = (min(10, limits.silence), limits.silence)
        self._way: dict[str, Any] = {**requests.Session().merge_environment_settings(base_url, {}, None, None, None)}
        self._pool: ConnectionPool | None = None
        if isinstance(trusted := self._way["verify"], str) and not Path(trusted).exists():
            raise errors.ConfigurationError(
                f"The environment names certificates to trust that are not there: {trusted}. Correct REQUESTS_CA_BUNDLE"
                " or CURL_CA_BUNDLE, or unset it."
            )
        self._date: str | None = None
        self._date_at_zero: float | None = None
        self._answered = False
        self.latency = 0.0
        self.heard: Callable[[requests.Response], None] = lambda _: None

    @override
    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send one call and return its answer, whatever its status.

        Raises:
            ForeignOrigin: If the address is not the vendor's.
            Unreachable: If no connection was made.
            NoAnswer: If the call left and was not answered in full.
        """
        if _origin(request.url or "") != self._origin:
            raise errors.ForeignOrigin(
                f"the address leads away from {self._origin}, and is not followed",
                method=_method(request),
                path=_path(request),
            )
        with self._concurrency.calling():
            response = self._once(request)
            for _ in range(self._signer.renewals):
                if response.status_code != 401 or not self._signer.renew(response):
                    break
                response = self._once(request)
        return response

    def _once(self, request: requests.PreparedRequest) -> requests.Response:
        method, path = _method(request), _path(request)
        self._pacer.wait()
        self._signer.sign(request)
        began = time.monotonic()
        try:
            response = cast("Answer", super().send(request, timeout=self._timeout, **self._way))
            response.content  # noqa: B018
        except TookTooLong:
            raise errors.NoAnswer(
                "the answer took longer than 'call_timeout_seconds' allows", method=method, path=path
            ) from None
        except (requests.exceptions.RequestException, HTTPError) as error:
            if never_left(error):
                raise errors.Unreachable(
                    f"no connection to {self._origin} could be made", method=method, path=path
                ) from None
            raise errors.NoAnswer("no answer came back", method=method, path=path) from None
        self.latency += (time.monotonic() - began - self.latency) * (0.1 if self._answered else 1)
        self._pacer.observe(response.status_code, response.headers)
        self._learn_time(response)
        self.heard(response)
        return response

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        """Return the pool of the vendor's connections; it is the same for every call."""
        self._pool = self._pool or super().get_connection_with_tls_context(*args, **kwargs)
        return self._pool

    @override
    def request_url(self, request: requests.PreparedRequest, proxies: Any) -> str:
        """Return what the call asks for; without a proxy that is the path."""
        return str(super().request_url(request, proxies)) if proxies else request.path_url

    @override
    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Make an answer of what came, without the cookies, which no vendor needs."""
        answer = Answer()
        answer.status_code, answer.reason, answer.raw = resp.status, resp.reason, resp
        answer.headers = CaseInsensitiveDict(resp.headers)
        answer.encoding = get_encoding_from_headers(answer.headers)
        answer.url, answer.request = str(req.url), req
        answer.decode, answer.most = self._vendor.decode, self._limits.size
        return answer

    @property
    def knows_time(self) -> bool:
        """Whether an answer has come, from which the server's time is known as far as it tells it."""
        return self._answered

    def now(self) -> datetime:
        """The server's time by the `Date` of its answers, never later than it really is there, nor than it is here.

        From one answer to the next it goes with the monotonic clock, so a local clock that is set changes nothing.
        """
        here = datetime.now(UTC)
        if self._date_at_zero is None:
            return here
        return datetime.fromtimestamp(min(here.timestamp(), self._date_at_zero + time.monotonic()), UTC)

    def error(self, response: requests.Response) -> errors.VendorError | None:
        """Return what is wrong with this answer, or None where nothing is."""
        try:
            return self._vendor.judge(response) or self._by_status(response)
        except errors.OF_ANOTHER_FORM as error:
            return errors.garbled(error, method=_method(response.request), path=_path(response.request))

    def _by_status(self, response: requests.Response) -> errors.VendorError | None:
        status = response.status_code
        if status < 300:
            return None
        kind, why = {
            303: (errors.Garbled, "the answer leads elsewhere, and does not say whether the call was carried out"),
            401: (errors.Denied, "the vendor does not accept the credentials, or they may not do this"),
            403: (errors.Denied, "the vendor does not accept the credentials, or they may not do this"),
            404: (errors.NotFound, "there is nothing at this address"),
            408: (errors.Unavailable, "the vendor did not get the whole call"),
            429: (errors.Unavailable, "the vendor is answering too many calls"),
            503: (errors.Unavailable, "the vendor is not available"),
        }.get(status, (errors.Fault, "the vendor failed") if status >= 500 else (errors.Refused, "the vendor refused"))
        existing = self._vendor.existing_id(_body(response)) if kind is errors.Refused else None
        error = (errors.AlreadyExists if existing else kind)(
            f"{why} (HTTP {status})",
            method=_method(response.request),
            path=_path(response.request),
            status=status,
            words=self.words(response),
        )
        if existing and isinstance(error, errors.AlreadyExists):
            error.vendor_id = existing
        return error

    def words(self, response: requests.Response) -> str:
        """The vendor's own words in an error answer, redacted and cut; empty for a page of HTML."""
        return redact(" ".join(self._vendor.words(_body(response)).split()))[:LONGEST_WORDS]

    def _learn_time(self, response: requests.Response) -> None:
        self._answered = True
        told = response.headers.get("Date")
        if told is None or told == self._date:
            return
        self._date = told
        try:
            at = parsedate_to_datetime(told).timestamp()
        except errors.OF_ANOTHER_FORM:
            return
        if at < EARLIEST:
            return
        date_at_zero = at - time.monotonic()
        self._date_at_zero = date_at_zero if self._date_at_zero is None else max(self._date_at_zero, date_at_zero)


def _body(response: requests.Response) -> Any:
    """Return the decoded body of an error answer; None for a page of HTML."""
    try:
        return response.json()
    except errors.Garbled:
        return None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _method(request: requests.PreparedRequest) -> str:
    return request.method or ""


def _path(request: requests.PreparedRequest) -> str:
    return urlsplit(request.url or "").path
