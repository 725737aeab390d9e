//! The request of a device to be admitted to a license (`spec/activation.md` §4).

use crate::fields::{Fields, invalid};
use crate::module::{modules, modules_member};
use crate::{
    ArtifactError, Attachments, DeviceRequest, Kind, Module, Operation, SealingKey, Statement, Value,
};

/// What a device asks, signed by its own key: what any request asks, the key that secrets are sealed to, and the modules
/// that run on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationRequest {
    /// What stands in any request. Its operation is `activate`, and it gives no seat back.
    pub asks: DeviceRequest,
    /// The device's X25519 key.
    pub sealing_key: SealingKey,
    /// The program's modules, as the device found them. Empty where the device names none.
    pub modules: Vec<Module>,
}

impl Statement for ActivationRequest {
    const KIND: Kind = Kind::ActivationRequest;

    fn take(fields: &mut Fields, attachments: &mut Attachments<'_>) -> Result<Self, ArtifactError> {
        let asks = DeviceRequest::take(fields, attachments)?;
        // spec/activation.md §4.2.
        if asks.operation != Operation::Activate {
            return Err(invalid("operation", "not activate"));
        }
        if asks.release.is_some() {
            return Err(invalid("release", "in an activation"));
        }
        let sealing_key = SealingKey::parse(&fields.text("sealing_key")?)?;
        Ok(Self { asks, sealing_key, modules: modules(fields, attachments)? })
    }

    fn members(&self) -> Vec<(&'static str, Value)> {
        let mut members = self.asks.members();
        members.push(("sealing_key", Value::Text(self.sealing_key.to_string())));
        members.extend(modules_member(&self.modules));
        members
    }

    fn attachments(&self) -> Vec<Vec<u8>> {
        if self.modules.is_empty() { vec![] } else { vec![Module::text_of_list(&self.modules)] }
    }
}
