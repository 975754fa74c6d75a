"""Rally Congress API v3, as documented at rallycongress.com/docs/api (3.02, 2015); facts.csv says what is assumed."""

from osdi_crm_sandbox.vendor import Vendor
from osdi_crm_sandbox.vendors.rally_congress import access, data, reading, writing
from osdi_crm_sandbox.vendors.rally_congress.resources import API, OPTIONS, RESOURCES

VENDOR = Vendor(
    name="rally_congress",
    api=API,
    resources=RESOURCES,
    options=OPTIONS,
    routes={
        "GET /supporters": reading.supporters,
        "POST /supporters": writing.post_supporter,
        "GET /supporters/{id}": reading.supporter,
        "POST /supporters/{id}": writing.update_supporter,
        "GET /campaigns": reading.campaigns,
        "GET /campaigns/{id}": reading.campaign,
        "GET /campaigns/{id}/{action}": reading.campaign_action,
        "POST /campaigns/{id}/{action}": writing.take_action,
    },
    identify=access.identify,
    refuse=access.refuse,
    seed=data.seed,
    insert=data.insert,
    invent=data.invent,
    settings=lambda account, _url: access.credentials(account),
    serve=reading.serve,
    credentials=access.credentials,
)
