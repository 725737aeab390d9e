"""One call of the published AuthForge SDK: the order comes as JSON on standard input, what happened goes out as JSON."""

import json
import sys

from authforge import AuthForgeClient


def main() -> None:
    order = json.load(sys.stdin)
    failures = []

    def on_failure(reason, error):
        # Without a callback the SDK would end this process.
        failures.append([reason, getattr(error, "code", str(error))])

    client = AuthForgeClient(
        order["app_id"],
        order["app_secret"],
        order["public_key"],
        api_base_url=order["url"],
        on_failure=on_failure,
        hwid_override=order["hwid"],
    )
    if order["call"] == "login":
        answer = client.login(order["license_key"])
    else:
        answer = client.validate_license(order["license_key"])
    report = {
        "answer": answer,
        "authenticated": client.is_authenticated(),
        "session": client.get_session_data(),
        "failures": failures,
    }
    client.logout()
    report["authenticated_after_logout"] = client.is_authenticated()
    print(json.dumps(report))


if __name__ == "__main__":
    main()
