//! A guarded program and the real server: trials.

use std::sync::Arc;

use sealgate::guard::{GuardState, Lack, Standing};
use sealgate::{Guard, HttpTransport, MemoryStore, Tier, Trial};
use sealgate_testkit::{TestApp, on_both_engines};
use serde_json::{Value, json};

use crate::rust_sdk::text;
use crate::sdk::Program;

const DAY: u64 = 24 * 60 * 60;

/// A program that is tried for two weeks, by one customer.
struct Tried {
    program: Program,
    product: Value,
    license: Value,
    store: Arc<MemoryStore>,
}

impl Tried {
    fn new(app: &TestApp) -> Self {
        let product = app.create_app("Editor");
        let plan = json!({
            "app_id": product["app_id"], "name": "Trial", "tier": "licensed", "max_devices": 2,
            "trial": { "days": 14, "per": "customer" }, "features": [{ "name": "rule-engine" }],
        });
        let plan = app.api("POST", "/api/v1/plans", &plan).expect(201);
        let customer = app.api("POST", "/api/v1/customers", &json!({ "name": "Ada" })).expect(201);
        let order = json!({ "plan_id": plan["plan_id"], "customer_id": customer["customer_id"] });
        let license = app.issue(&product, &order);
        Self { program: Program::build(app, &product), product, license, store: Arc::default() }
    }

    /// The program, started on this device now.
    fn start(&self, store: &Arc<MemoryStore>, is_online: bool) -> Guard {
        let transport = HttpTransport::builder().build().expect("a transport");
        let guard = Arc::new(self.program.install_in(store, transport)).guard().without_threads();
        let guard = if is_online { guard } else { guard.offline() };
        guard.start().expect("it starts")
    }

    fn activate(&self, store: &Arc<MemoryStore>) {
        let transport = HttpTransport::builder().build().expect("a transport");
        let client = self.program.install_in(store, transport);
        client.activate(&text(&self.license["license_key"])).expect("admitted");
    }
}

fn ends(guard: &Guard) -> Option<u64> {
    let GuardState { license_ends, .. } = guard.state();
    license_ends.map(sealgate::UnixSeconds::get)
}

on_both_engines! {
    fn a_trial_runs_to_its_end_without_the_server_and_goes_on_once_it_is_bought(app: &TestApp) {
        let tried = Tried::new(app);
        let end = app.clock.seconds() + 14 * DAY;
        tried.activate(&tried.store);
        for _ in 0..7 {
            let guard = tried.start(&tried.store, false);
            assert_eq!((guard.tier(), ends(&guard)), (Tier::Licensed, Some(end)));
            let trial = guard.payload().expect("a license").trial();
            assert_eq!(trial.map(|Trial { days, ends_at }| (days, ends_at.get())), Some((14, end)));
            assert!(guard.has_feature("rule-engine"));
            drop(guard);
            app.clock.advance(2 * DAY);
        }
        for is_online in [false, true] {
            let guard = tried.start(&tried.store, is_online);
            assert_eq!(guard.state().standing, Standing::Free(Lack::Expired), "online: {is_online}");
        }
        let sale = json!({ "app_id": tried.product["app_id"], "name": "Pro", "tier": "enterprise", "duration": "365d",
            "features": [{ "name": "rule-engine" }] });
        let sale = app.api("POST", "/api/v1/plans", &sale).expect(201);
        let path = format!("/api/v1/licenses/{}", text(&tried.license["license_id"]));
        app.api("PATCH", &path, &json!({ "plan_id": sale["plan_id"] })).expect(200);
        let guard = tried.start(&tried.store, true);
        assert_eq!((guard.state().standing, guard.tier()), (Standing::Licensed, Tier::Enterprise));
        assert_eq!(guard.payload().expect("a license").trial(), None);
        assert!(ends(&guard) > Some(end + 300 * DAY));
    }

    /// The second device of the customer, and the first one once it lost its state, have what is left.
    fn a_trial_does_not_begin_anew_on_another_device(app: &TestApp) {
        let tried = Tried::new(app);
        let end = app.clock.seconds() + 14 * DAY;
        tried.activate(&tried.store);
        app.clock.advance(10 * DAY);
        let other = Arc::default();
        tried.activate(&other);
        for store in [&tried.store, &other] {
            assert_eq!(ends(&tried.start(store, false)), Some(end));
        }
        app.clock.advance(4 * DAY - 1);
        assert!(tried.start(&other, false).has_feature("rule-engine"));
        app.clock.advance(1);
        assert_eq!(tried.start(&other, false).state().standing, Standing::Free(Lack::Expired));
    }
}
