"""What a vendor is to us: its settings, where it lives, how it signs in, how fast it may be called, how it says no."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from osdi_crm_client import settings, vendors
from osdi_crm_client.errors import Denied, NotSignedIn, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

    from osdi_crm_client.errors import VendorError
    from osdi_crm_client.settings import ClientSettings
    from osdi_crm_client.signing import Signer
    from osdi_crm_client.tokens import CodeGrant

S = TypeVar("S")


@dataclass(frozen=True, kw_only=True)
class Vendor(Generic[S]):
    """One vendor, as data; `osdi_crm_client/vendors/<name>.py` holds it as `VENDOR`.

    Attributes:
        name: Its name in settings, folders and modules, in snake_case.
        title: Its name for people.
        settings: The class of its settings; in a configuration every name starts with `<name>_`.
        credentials: Fields of the settings that sign in.
        address: Fields that say where it lives; the first of them that is set does.
        base_url: The address all paths are relative to, without a trailing slash.
        account: The name of the account, where the settings tell it.
        sign_in: Makes what signs the calls, from the vendor's settings and the shared ones; called once per account.
        calls_per_second: What to aim at, a little under the vendor's limit; None where it has no rate.
        limits_addresses: Whether it also limits, at the same rate, all calls that come from one address.
        in_flight: How many calls may be under way at a time; the field `in_flight` of its settings, if any, wins.
        index_lag: Seconds after which a change shows in filtered collections and searches.
        words: Picks the vendor's own words out of an error answer.
        judge: Turns an answer into an error where its status alone does not tell; None leaves it to the status.
        existing_at: How the path of a POST ends that is led to the record where that exists already; others are not
            followed by a GET, whose answer says nothing of what was to be made.
        existing_id: Picks out of the body of a refusal the id of the record that exists already, where it tells one.
        decode: Turns the bytes of an answer into JSON values, where they need more than a JSON decoder.
        headers: Headers of every call.
        check: Path and query of a cheap call that only good credentials may make.
        check_tells: Whether all good credentials may make it, so that a refusal of it is one of the account.
        code_grant: How a person lets an app in with `osdi-crm-sign-in`, where the vendor has that.
    """

    name: str
    title: str
    settings: type[S]
    credentials: tuple[str, ...]
    address: tuple[str, ...]
    base_url: Callable[[S], str]
    account: Callable[[S], str | None] = lambda _: None
    sign_in: Callable[[S, ClientSettings], Signer]
    calls_per_second: float | None
    limits_addresses: bool = False
    in_flight: int
    index_lag: float
    words: Callable[[Any], str]
    judge: Callable[[requests.Response], VendorError | None] = lambda _: None
    existing_at: tuple[str, ...] = ()
    existing_id: Callable[[Any], str | None] = lambda _: None
    decode: Callable[[bytes], Any] | None = None
    headers: Mapping[str, str]
    check: tuple[str, Mapping[str, Any]]
    check_tells: bool = True
    code_grant: Callable[[S, ClientSettings], CodeGrant] | None = None

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """JSON Schema properties of the vendor's settings, by their names in a configuration."""
        return settings.properties(self.settings, f"{self.name}_")

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the settings without which it cannot be reached."""
        return settings.required(self.settings, f"{self.name}_")

    @property
    def secrets(self) -> tuple[str, ...]:
        """Names of the settings that hold secrets."""
        return settings.secrets(self.properties)

    def own(self, config: Mapping[str, Any]) -> S:
        """Return the vendor's settings of a configuration.

        Raises:
            ConfigurationError: If one is missing or wrong.
        """
        return settings.parse(self.settings, config, f"{self.name}_")

    def address_setting(self, own: S) -> str:
        """Name of the setting that says where the vendor lives."""
        return f"{self.name}_{next((name for name in self.address if getattr(own, name)), self.address[0])}"

    def name_settings(self, error: VendorError, own: S) -> None:
        """Let an error name the settings to look at, where it does not do so already."""
        if error.check:
            return
        if isinstance(error, Denied | NotSignedIn):
            error.check = tuple(f"{self.name}_{name}" for name in self.credentials if getattr(own, name))
        elif isinstance(error, Unreachable):
            error.check = (self.address_setting(own),)


@cache
def vendor_names() -> tuple[str, ...]:
    """Names of all vendors, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(vendors.__path__)))


def vendor(name: str) -> Vendor[Any]:
    """Return the vendor of this name.

    Raises:
        ModuleNotFoundError: If there is none.
    """
    found: Vendor[Any] = import_module(f"{vendors.__name__}.{name}").VENDOR
    return found
