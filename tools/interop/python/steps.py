"""Several calls of the published AuthForge SDK in one process, with the vendor's own requests in between.

The order comes as JSON on standard input; what each step gave goes out as a JSON list."""

import json
import sys
import urllib.request

from authforge import AuthForgeClient


class Run:
    def __init__(self, order):
        self.order = order
        self.failures = []
        self.client = AuthForgeClient(
            order["app_id"],
            order["app_secret"],
            order["public_key"],
            # Longer than any test: heartbeats are asked for one by one.
            heartbeat_interval=3600,
            api_base_url=order["url"],
            on_failure=self.failed,
            hwid_override=order["hwid"],
            online_heartbeat=True,
        )

    def failed(self, reason, error):
        # Without a callback the SDK would end this process.
        self.failures.append([reason, getattr(error, "code", str(error))])

    def api(self, method, path, body):
        request = urllib.request.Request(
            self.order["url"] + path,
            method=method,
            data=json.dumps(body).encode(),
            headers={"authorization": "Bearer " + self.order["token"], "content-type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return answer.status

    def step(self, name, *rest):
        client, key = self.client, self.order["license_key"]
        if name == "api":
            return self.api(*rest)
        if name == "login":
            return client.login(key)
        if name == "validate":
            return client.validate_license(key)
        if name == "beat":
            return client._heartbeat_tick()
        if name == "self_ban":
            return client.self_ban(license_key=key, revoke_license=False)
        if name == "self_ban_session":
            return client.self_ban()
        if name == "activate_offline":
            return client.activate_offline(key, *rest)
        if name == "login_from_file":
            return client.login_from_file(*rest)
        if name == "offline_license":
            return client.get_offline_license()
        if name == "request":
            return client.create_activation_request()
        if name == "state":
            return {
                "authenticated": client.is_authenticated(),
                "kind": client.get_session_kind(),
                "app": client.get_app_variables(),
                "license": client.get_license_variables(),
            }
        raise ValueError(name)

    def all(self):
        given = []
        for step in self.order["steps"]:
            try:
                given.append(self.step(*step))
            except Exception as error:  # what the SDK raises is what is looked at
                given.append({"raised": getattr(error, "code", str(error))})
        self.client.logout()
        return {"steps": given, "failures": self.failures}


print(json.dumps(Run(json.load(sys.stdin)).all()))
