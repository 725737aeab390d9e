"""A login and a heartbeat of a former version of the published AuthForge SDK, from the folder that it is installed in.

The order comes as JSON on standard input, what happened goes out as JSON."""

import inspect
import json
import sys


def main() -> None:
    order = json.load(sys.stdin)
    sys.path.insert(0, order["folder"])
    from authforge import AuthForgeClient

    failures = []
    known = inspect.signature(AuthForgeClient.__init__).parameters
    # The first versions know one way to ask for heartbeats, later ones another.
    online = {"online_heartbeat": True} if "online_heartbeat" in known else {"heartbeat_mode": "SERVER"}
    named = {"hwid_override": order["hwid"]} if "hwid_override" in known else {}
    client = AuthForgeClient(
        order["app_id"],
        order["app_secret"],
        order["public_key"],
        heartbeat_interval=3600,
        api_base_url=order["url"],
        on_failure=lambda reason, error: failures.append([reason, str(error)]),
        **online,
        **named,
    )

    def held():
        return [client.get_app_variables(), client.get_license_variables()]

    report = {"login": client.login(order["license_key"]), "held": held()}
    beat = getattr(client, "_heartbeat_tick", None) or client._server_heartbeat
    # Some give back true, some nothing; both raise or report where it fails.
    report["beat"] = beat() is not False
    report["held_then"] = held()
    report["typ"] = client.get_session_data()["typ"]
    report["authenticated"] = client.is_authenticated()
    client.logout()
    print(json.dumps({**report, "failures": failures}))


if __name__ == "__main__":
    main()
