//! Serves the activation of the crate `zlicenser-server` on a new SQLite file: its own routes and storage, with payments and
//! time stamps that are always granted at once, so that only its own work is measured.

use std::sync::Arc;

use axum::serve::ListenerExt;
use ed25519_dalek::SigningKey;
use uuid::Uuid;
use zlicenser_server::Result;
use zlicenser_server::issuance::handlers::{HandlerContext, ServerConfig};
use zlicenser_server::issuance::tsa::TsaProvider;
use zlicenser_server::payment::{
    CaptureConfirmation, IntentStatus, Money, PaymentIntent, PaymentMetadata, PaymentProvider, PaymentTier,
};
use zlicenser_server::storage::{
    ConnectivityMode, PaymentProvider as PaidBy, Product, SqliteStorage, TransferPolicy, TsaTier, VendorStore,
};

/// The one product, with more seats than anybody asks for.
const PRODUCT: Uuid = Uuid::from_u128(1);
const SEATS: i64 = 1_000_000;

struct Granted;

#[async_trait::async_trait]
impl PaymentProvider for Granted {
    fn tier(&self) -> PaymentTier {
        PaymentTier::Verified
    }

    fn is_test_mode(&self) -> bool {
        false
    }

    async fn create_intent(&self, _: Money, metadata: PaymentMetadata) -> Result<PaymentIntent> {
        let intent_id = metadata.session_id.to_string();
        Ok(PaymentIntent { intent_id, client_secret: String::new() })
    }

    async fn get_intent_status(&self, _: &str) -> Result<IntentStatus> {
        Ok(IntentStatus::RequiresCapture)
    }

    async fn capture_intent(&self, intent: &str) -> Result<CaptureConfirmation> {
        Ok(CaptureConfirmation { transaction_id: intent.to_owned(), captured_at_ns: 1 })
    }

    async fn cancel_intent(&self, _: &str) -> Result<()> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl TsaProvider for Granted {
    async fn timestamp(&self, _: &[u8; 32]) -> Result<Vec<u8>> {
        Ok(vec![0; 64])
    }
}

fn product() -> Product {
    Product {
        id: PRODUCT,
        name: "bench".to_owned(),
        description: String::new(),
        connectivity_mode: ConnectivityMode::Online,
        seat_count: SEATS,
        expiry_policy: "1y".to_owned(),
        grace_period_days: None,
        heartbeat_interval_secs: None,
        heartbeat_grace_secs: None,
        shutdown_countdown_secs: None,
        tsa_tier: TsaTier::Standard,
        bundle_version: "1.0.0".to_owned(),
        transfer_policy: TransferPolicy::VendorApproval,
        pricing_amount: 1,
        pricing_currency: "EUR".to_owned(),
        payment_provider: PaidBy::Stripe,
        min_client_version_warning: None,
        min_client_version_required: None,
        active: true,
        created_at: 1,
        updated_at: 1,
    }
}

#[tokio::main]
async fn main() {
    let file = std::env::args().nth(1).expect("a file for the database");
    let storage = Arc::new(SqliteStorage::new(&format!("sqlite://{file}")).await.expect("a database"));
    storage.create_product(&product()).await.expect("a product");
    let context = HandlerContext {
        storage,
        payment: Arc::new(Granted),
        tsa: Arc::new(Granted),
        signing_key: Arc::new(SigningKey::from_bytes(&[7; 32])),
        at_rest_key: Arc::new([0; 32]),
        config: Arc::new(ServerConfig {
            offer_ttl_ns: None,
            stripe_webhook_secret: None,
            api_bearer_token: None,
        }),
        email: None,
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    println!("listening on http://{}", listener.local_addr().expect("an address"));
    let listener = listener.tap_io(|connection| connection.set_nodelay(true).expect("a socket option"));
    let router = zlicenser_server::http::build_router(Arc::new(context));
    axum::serve(listener, router).await.expect("serves");
}
