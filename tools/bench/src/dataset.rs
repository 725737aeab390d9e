//! A vendor's books of any size, made the way a vendor makes them: orders through the API, devices by validations.

use std::io::{Error, Result};
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use crate::load::{CONNECTIONS, Load, NONCE_AT, question};
use crate::report;
use crate::server::Server;
use crate::vendor::Vendor;

/// Licenses in one order; they share its label.
pub const ORDER: u32 = 100;
/// Buyers and apps: one of so many orders goes to each buyer, and to the second app.
pub const SHARE: u32 = 10;
/// One of so many licenses has a device.
const DEVICES: usize = 10;
/// Orders under way at the same time, so that some sign while others are written.
const CLIENTS: u32 = 4;

/// A running server with that many licenses.
pub struct Dataset {
    pub server: Server,
    pub vendor: Vendor,
    pub size: u32,
    /// The second app's id.
    pub second_app: String,
    /// The ids of the buyers.
    customers: Vec<String>,
    /// Every license that has a device.
    pub sold: Vec<Sold>,
}

/// A license with a device on it.
pub struct Sold {
    pub id: String,
    pub key: String,
    pub device: String,
}

/// The label of an order.
pub fn label(order: u32) -> String {
    format!("Order {order:07}")
}

impl Dataset {
    /// Starts a server on new data and fills it; says how long that took.
    pub async fn make(program: &Path, data: &Path, database: Option<&str>, size: u32) -> Result<Self> {
        let server = Server::sealgate(program, data, database)?;
        let token = std::fs::read_to_string(data.join("admin.token"))?;
        let vendor = Vendor::new(&server.address, token.trim());
        let app = |name: &str| vendor.make("/api/v1/apps", &json!({ "name": name }));
        let apps = [app("Editor")?, app("Viewer")?];
        let second_app = text(&apps[1]["app_id"]);

        let buyer = |n| vendor.make("/api/v1/customers", &json!({ "name": format!("Customer {n}") }));
        let customers =
            (0..SHARE).map(|n| Ok(text(&buyer(n)?["customer_id"]))).collect::<Result<Vec<_>>>()?;

        eprintln!("issuing {size} licenses");
        let began = Instant::now();
        let licenses = issue(&vendor, (&apps, &customers), size.div_ceil(ORDER))?;
        report::figure("dataset-issue", "licenses/s", &[f64::from(size) / began.elapsed().as_secs_f64()]);
        let (requests, sold): (Vec<_>, Vec<_>) = licenses.into_iter().unzip();
        let load = Load { connections: CONNECTIONS, requests: Rc::new(requests), nonce_at: NONCE_AT };
        report::figure("dataset-bind", "devices/s", &[load.each_once(&server.address).await?]);
        Ok(Self { server, vendor, size, second_app, customers, sold })
    }

    /// One of the licenses with a device: each number another, over all of them, in no helpful order.
    pub fn sold(&self, n: u32) -> &Sold {
        &self.sold[(u64::from(n) * 7919 % self.sold.len() as u64) as usize]
    }

    /// The buyer of an order.
    pub fn customer(&self, order: u32) -> &str {
        buyer(&self.customers, order)
    }

    /// One of the orders, likewise.
    pub fn order(&self, n: u32) -> u32 {
        (u64::from(n) * 7919 % u64::from(self.size.div_ceil(ORDER))) as u32
    }
}

fn buyer(customers: &[String], order: u32) -> &str {
    &customers[(order % SHARE) as usize]
}

/// Places the orders; returns the licenses that get a device, each with the request that binds it.
fn issue(
    vendor: &Vendor,
    (apps, customers): (&[Value; 2], &[String]),
    orders: u32,
) -> Result<Vec<(Vec<u8>, Sold)>> {
    let next = AtomicU32::new(0);
    let client = || -> Result<Vec<(Vec<u8>, Sold)>> {
        let (vendor, mut sold) = (vendor.another(), Vec::new());
        loop {
            let order = next.fetch_add(1, Ordering::Relaxed);
            if order >= orders {
                return Ok(sold);
            }
            let app = &apps[usize::from(order.is_multiple_of(SHARE))];
            place(&vendor, (app, buyer(customers, order)), order, &mut sold)?;
        }
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let mut sold = Vec::new();
        for client in clients {
            sold.extend(client.join().map_err(|_| Error::other("a client panicked"))??);
        }
        Ok(sold)
    })
}

fn place(
    vendor: &Vendor,
    (app, customer): (&Value, &str),
    order: u32,
    sold: &mut Vec<(Vec<u8>, Sold)>,
) -> Result<()> {
    let wish = json!({
        "app_id": app["app_id"], "count": ORDER, "label": label(order), "customer_id": customer,
    });
    let issued = vendor.make("/api/v1/licenses", &wish)?;
    let licenses = issued["licenses"].as_array().ok_or_else(|| Error::other("no licenses"))?;
    for (n, license) in licenses.iter().enumerate().step_by(DEVICES) {
        let (id, key) = (text(&license["license_id"]), text(&license["license_key"]));
        let device = format!("{order:032x}{n:032x}");
        sold.push((question(app, &key, &device), Sold { id, key, device }));
    }
    Ok(())
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
