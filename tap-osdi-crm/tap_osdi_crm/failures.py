"""What a failure means for the stream that met it: the stream is left out, or ends alone, or the run ends."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from osdi_crm_client.errors import (
    ACCOUNT,
    OF_ANOTHER_FORM,
    Denied,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    Unavailable,
    VendorError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_osdi_crm.progress import Progress
    from tap_osdi_crm.source import Source

logger = logging.getLogger(__name__)


NOTHING_THERE = "there is nothing at its address (HTTP 404)."
"""Why a stream is left out that the vendor has not."""


class Failures:
    """Those of one stream, and of the streams that are read by the same calls."""

    def __init__(self, source: Source, progress: Progress) -> None:
        """Know of none; `progress` keeps what is to be told at the end of the run."""
        self._source = source
        self._progress = progress
        self._denied: Denied | None = None
        self._missing: NotFound | None = None

    @contextmanager
    def caught(self) -> Iterator[None]:
        """Leave the stream out, with a warning, where the credentials may not read it or it is not as was assumed.

        Where nothing tells yet whether the account can be reached, that waits for the end of the run; a test fails.
        What else goes wrong with a call or an answer ends the stream, and at the end of the run the tap with an error.
        """
        source = self._source
        try:
            yield
        except NotAllowed:
            self._leave_out("the credentials are good, but may not read it.")
        except Denied as denied:
            if source.sources.is_test():
                raise NotSignedIn.instead_of(denied) from None
            self._denied = denied
        except ACCOUNT:
            raise
        except Unavailable as busy:
            self._answers_elsewhere()
            self._fail(busy)
        except (VendorError, *OF_ANOTHER_FORM) as error:
            self._fail(error)
        else:
            self._progress.went_well()
            if source.resource.unconfirmed and source.has_missed and not source.has_answered:
                self._warn_of_assumption("there was nothing at any of its addresses")

    def judge(self) -> None:
        """Tell at the end of a run what a refusal meant that came before anything else had answered.

        Raises:
            NotSignedIn: If nothing has answered since, so that it is the account's.
        """
        has_answered = self._source.account.has_answered
        if self._denied and not has_answered:
            raise NotSignedIn.instead_of(self._denied)
        if self._denied:
            self._leave_out("the credentials are good, but may not read it.")
        if self._missing and has_answered:
            self._leave_out(NOTHING_THERE)
        elif self._missing:
            self._progress.failed(self._source.name, self._missing)

    def _fail(self, error: Exception) -> None:
        if isinstance(error, Refused) and self._source.resource.unconfirmed:
            self._warn_of_assumption(str(error))
        elif self._source.sources.is_test():
            raise error
        elif isinstance(error, NotFound) and self._answers_elsewhere():
            self._leave_out(NOTHING_THERE)
        elif isinstance(error, NotFound):
            self._missing = error
        else:
            logger.debug("Stream '%s'", self._source.name, exc_info=error)
            self._progress.failed(self._source.name, error)

    def _answers_elsewhere(self) -> bool:
        """Whether the account answers elsewhere.

        Raises:
            VendorError: If its own check fails, too.
        """
        account = self._source.account
        if account.vendor.check_tells:
            account.check()
        return account.has_answered

    def _leave_out(self, why: str) -> None:
        names = [self._source.name, *(resource.name for resource in self._source.inner)]
        logger.warning("Stream %s is left out: %s", " and ".join(f"'{name}'" for name in names), why)

    def _warn_of_assumption(self, why: str) -> None:
        logger.warning(
            "Stream '%s' was not read: %s. How it is reached is an assumption: correct it with the setting"
            " 'stream_overrides', or deselect the stream.",
            self._source.name,
            why,
        )
