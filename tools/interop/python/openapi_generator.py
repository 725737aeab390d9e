"""The client that openapi-generator makes, against the server. Reads its order from stdin."""

import datetime
import json
import sys

order = json.load(sys.stdin)
sys.path.insert(0, order["folder"])

import sealgate_made as made  # noqa: E402

client = made.ApiClient(made.Configuration(host=order["url"], access_token=order["token"]))
apps, plans, customers = made.AppsApi(client), made.PlansApi(client), made.CustomersApi(client)
licenses, keys, events = made.LicensesApi(client), made.KeysApi(client), made.EventsApi(client)

app = apps.create_app(made.CreateApp(name="Editor"))
plan = plans.create_plan(
    made.CreatePlan(
        app_id=app.app_id,
        name="Pro",
        tier=made.Tier.LICENSED,
        features=[made.Feature(name="export", value="pdf")],
        limits=[made.Limit(name="projects", value=10)],
        max_devices=made.Seats(2),
        duration="30d",
        policy=made.Policy(heartbeat=made.Heartbeat(interval=3600, grace=86400), fail=made.Fail.HARD),
        variables={"theme": made.Variable("dark"), "workers": made.Variable(4), "beta": made.Variable(True)},
    )
)
customer = customers.create_customer(made.CreateCustomer(name="Ada Lovelace", metadata={"segment": "A"}))
wish = made.IssueLicenses(
    app_id=app.app_id,
    plan_id=plan.plan_id,
    customer_id=customer.customer_id,
    max_devices=made.Seats(made.Unlimited.UNLIMITED),
    count=3,
)
issued = licenses.issue_licenses(idempotency_key="order-1", issue_licenses=wish)

listed, pages, cursor = [], 0, None
while True:
    page = licenses.list_licenses(
        app_id=app.app_id, status=made.LicenseStatus.ACTIVE, tier=made.Tier.LICENSED, limit=2, cursor=cursor
    )
    listed += [license.license_id for license in page.items]
    cursor, pages = page.next_cursor, pages + 1
    if cursor is None:
        break

renewed = licenses.renew_license(listed[0], renew_license=made.RenewLicense(expires_at="2037-01-31T00:00:00Z"))
assert isinstance(renewed.expires_at, datetime.datetime), renewed.expires_at
endless = licenses.update_license(listed[0], update_license=made.UpdateLicense(expires_at=None))
# A body that may be left out is left out.
suspended = licenses.suspend_license(listed[0])


def refused(call):
    """The status and the code of a refusal."""
    try:
        call()
    except made.ApiException as refusal:
        assert isinstance(refusal.data, made.Problem), refusal
        return [refusal.status, refusal.data.code]
    raise AssertionError("was not refused")


json.dump(
    {
        "issued": [license.license_id for license in issued.licenses],
        "listed": listed,
        "pages": pages,
        "seats": issued.licenses[0].max_devices.actual_instance,
        "features": [feature.to_dict() for feature in plan.features],
        "variables": {name: variable.actual_instance for name, variable in plan.variables.items()},
        "fail": plan.policy.fail,
        "customer": endless.customer_id,
        "renewed": renewed.expires_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "endless": endless.expires_at,
        "status": suspended.status,
        "states": sorted({key.state for key in keys.list_keys().items}),
        "events": sorted(event.kind for event in events.list_events(license_id=listed[0]).items),
        "missing": refused(lambda: licenses.show_license(order["nobody"])),
        "taken": refused(lambda: apps.create_app(made.CreateApp(name="Editor"))),
    },
    sys.stdout,
)
