"""The client that openapi-python-client makes, against the server. Reads its order from stdin."""

import datetime
import json
import sys
from typing import TypeVar

order = json.load(sys.stdin)
sys.path.insert(0, order["folder"])

from sealgate_api import AuthenticatedClient, models  # noqa: E402
from sealgate_api.api.apps import create_app  # noqa: E402
from sealgate_api.api.customers import create_customer  # noqa: E402
from sealgate_api.api.events import list_events  # noqa: E402
from sealgate_api.api.keys import list_keys  # noqa: E402
from sealgate_api.api.licenses import (  # noqa: E402
    issue_licenses,
    list_licenses,
    renew_license,
    show_license,
    suspend_license,
    update_license,
)
from sealgate_api.api.plans import create_plan  # noqa: E402
from sealgate_api.types import UNSET, Unset  # noqa: E402

client = AuthenticatedClient(base_url=order["url"], token=order["token"])


T = TypeVar("T")


def must(answer: object, kind: type[T]) -> T:
    """The answer, of the type that was asked for."""
    assert isinstance(answer, kind), answer
    return answer


app = must(create_app.sync(client=client, body=models.CreateApp(name="Editor")), models.AppCreated)
variables = models.CreatePlanVariables()
variables.additional_properties = {"theme": "dark", "workers": 4, "beta": True}
wanted_plan = models.CreatePlan(
    app_id=app.app_id,
    name="Pro",
    tier=models.Tier.LICENSED,
    features=[models.Feature(name="export", value="pdf")],
    limits=[models.Limit(name="projects", value=10)],
    max_devices=2,
    duration="30d",
    policy=models.Policy(heartbeat=models.Heartbeat(interval=3600, grace=86400), fail=models.Fail.HARD),
    variables=variables,
)
plan = must(create_plan.sync(client=client, body=wanted_plan), models.PlanView)
metadata = models.CreateCustomerMetadata()
metadata.additional_properties = {"segment": "A"}
ada = models.CreateCustomer(name="Ada Lovelace", metadata=metadata)
customer = must(create_customer.sync(client=client, body=ada), models.CustomerView)
ordered = models.IssueLicenses(
    app_id=app.app_id,
    plan_id=plan.plan_id,
    customer_id=customer.customer_id,
    max_devices=models.Unlimited.UNLIMITED,
    count=3,
)
issued = must(issue_licenses.sync(client=client, body=ordered, idempotency_key="order-1"), models.LicensesIssued)

listed: list[str] = []
pages = 0
cursor: str | Unset = UNSET
while True:
    answer = list_licenses.sync(
        client=client,
        app_id=app.app_id,
        status=models.LicenseStatus.ACTIVE,
        tier=models.Tier.LICENSED,
        limit=2,
        cursor=cursor,
    )
    page = must(answer, models.LicensePage)
    listed += [license.license_id for license in page.items]
    cursor, pages = page.next_cursor, pages + 1
    if isinstance(cursor, Unset):
        break

until = models.RenewLicense(expires_at="2037-01-31T00:00:00Z")
renewed = must(renew_license.sync(listed[0], client=client, body=until), models.LicenseView)
assert isinstance(renewed.expires_at, datetime.datetime), renewed.expires_at
never = models.UpdateLicense(expires_at=None)
endless = must(update_license.sync(listed[0], client=client, body=never), models.LicenseView)
# A body that may be left out is left out.
suspended = must(suspend_license.sync(listed[0], client=client), models.LicenseView)
keys = must(list_keys.sync(client=client), models.KeyPage)
events = must(list_events.sync(client=client, license_id=listed[0]), models.EventPage)
missing = show_license.sync_detailed(order["nobody"], client=client)
taken = create_app.sync_detailed(client=client, body=models.CreateApp(name="Editor"))

client.get_httpx_client().close()

json.dump(
    {
        "issued": [license.license_id for license in issued.licenses],
        "listed": listed,
        "pages": pages,
        "seats": must(issued.licenses[0].max_devices, models.Unlimited).value,
        "features": [feature.to_dict() for feature in plan.features],
        "variables": must(plan.variables, models.PlanViewVariables).to_dict(),
        "fail": must(must(plan.policy, models.Policy).fail, models.Fail).value,
        "customer": endless.customer_id,
        "renewed": renewed.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "endless": endless.expires_at,
        "status": suspended.status.value,
        "states": sorted({key.state.value for key in keys.items}),
        "events": sorted(event.kind for event in events.items),
        "missing": [missing.status_code, must(missing.parsed, models.Problem).code],
        "taken": [taken.status_code, must(taken.parsed, models.Problem).code],
    },
    sys.stdout,
)
