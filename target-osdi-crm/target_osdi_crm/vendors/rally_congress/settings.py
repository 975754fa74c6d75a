"""What people can set about writing to Rally Congress."""

from __future__ import annotations

from typing import Literal

from osdi_crm_client.settings import setting, settings


@settings
class Settings:
    """What people can set about writing to Rally Congress."""

    form_key_style: Literal["camel", "lower", "bracket"] = setting(
        "Rally Congress form keys",
        "How the keys of a supporter's form are spelled, which the vendor does not publish; all of it is assumed:"
        " firstName and zipcode, firstname and zipcode, or addresses[0][zipcode], the only one that takes more than"
        " one address and phone.",
        default="camel",
    )
    upsert_mode: Literal["lookup", "post"] = setting(
        "Rally Congress upsert",
        "'lookup' searches by customId and e-mail before a new supporter is sent. 'post' sends without looking and"
        " relies on the vendor to find the e-mail, which is assumed; since it cannot spare those who opted out, it"
        " needs 'allow_resubscribe' and an emailOptin in every record.",
        default="lookup",
    )
    supporters_path: str = setting(
        "Rally Congress supporters' path",
        "Where supporters are searched and sent, below the API's address; the default is assumed.",
        default="supporters",
    )
    allow_letters: bool = setting(
        "Rally Congress letters",
        "Whether records of 'messages' are sent at all. Each is a letter to lawmakers in a named person's name,"
        " and makes that person a supporter.",
        default=False,
    )
    deliver_letters: bool = setting(
        "Rally Congress delivery",
        "Whether letters are delivered; otherwise each is sent with the mode 'no_delivery', which the vendor"
        " accepts for testing.",
        default=False,
    )
