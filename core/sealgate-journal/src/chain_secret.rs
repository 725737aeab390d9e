//! The secret of a device's chain on its way to the device (`spec/activation.md` §3.2).

use std::convert::Infallible;

use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use sealgate_artifact::{ActivationId, SealedSecret, SealingKey, StatementId};
use zeroize::Zeroizing;

/// The device's half of its sealing key. It never leaves the device.
pub struct SealingSecret(Zeroizing<[u8; 32]>);

impl SealingSecret {
    /// The key of these random bits, the caller's.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*seed))
    }

    /// The half that an activation request names.
    pub fn public(&self) -> SealingKey {
        let public = X25519HkdfSha256::sk_to_pk(&self.private());
        SealingKey::from_bytes(public.to_bytes().into())
    }

    /// The secret inside, if it was sealed to this key for this activation and request.
    pub fn open(
        &self,
        sealed: &SealedSecret,
        (activation, request): (ActivationId, StatementId),
    ) -> Option<Zeroizing<[u8; 32]>> {
        let (sender, ciphertext) = sealed.as_bytes().split_at(32);
        let sender = <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(sender).ok()?;
        let opened = single_shot_open::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
            &OpModeR::Base,
            &self.private(),
            &sender,
            &info(activation),
            ciphertext,
            request.as_bytes(),
        );
        let opened = Zeroizing::new(opened.ok()?);
        Some(Zeroizing::new(opened.as_slice().try_into().ok()?))
    }

    fn private(&self) -> <X25519HkdfSha256 as Kem>::PrivateKey {
        Deserializable::from_bytes(&*self.0).expect("an X25519 key is any 32 bytes")
    }
}

impl std::fmt::Debug for SealingSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingSecret(…)")
    }
}

/// Seals the secret to the device. `random` are random bits, the caller's, for this one call. `None` where the device's key
/// has small order, so that anybody could read what is sealed to it.
pub fn seal_chain_secret(
    secret: &[u8; 32],
    device: SealingKey,
    (activation, request): (ActivationId, StatementId),
    random: [u8; 32],
) -> Option<SealedSecret> {
    let device = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(device.as_bytes()).ok()?;
    let (sender, ciphertext) = single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &device,
        &info(activation),
        secret,
        request.as_bytes(),
        &mut Given(Zeroizing::new(random)),
    )
    .ok()?;
    let sealed = [sender.to_bytes().as_slice(), &ciphertext].concat();
    Some(SealedSecret::from_bytes(sealed.try_into().expect("32 bytes, and 32 with their tag")))
}

fn info(activation: ActivationId) -> Vec<u8> {
    [&b"sealgate-chain-secret-v1\0"[..], activation.as_bytes()].concat()
}

/// The caller's random bits, once.
struct Given(Zeroizing<[u8; 32]>);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A second use would repeat an ephemeral key: it is a mistake of this program, never of its input.
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let given = self.0.get(..bytes.len()).expect("the sender draws one key of 32 bytes");
        bytes.copy_from_slice(given);
        assert!(*self.0 != [0; 32], "random bits are used once");
        *self.0 = [0; 32];
        Ok(())
    }
}

impl TryCryptoRng for Given {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealgate_artifact::{ActivationId, SealedSecret, SealingKey, StatementId};

    use super::{SealingSecret, seal_chain_secret};

    proptest! {
        /// Only the device's own key opens it, and only for that activation and request.
        #[test]
        fn only_the_device_opens_it(
            seeds in any::<[[u8; 32]; 2]>(), secret in any::<[u8; 32]>(), random in any::<[u8; 32]>(),
            ids in any::<[[u8; 16]; 2]>(), requests in any::<[[u8; 32]; 2]>(), at in 0usize..80, bit in 0u8..8,
        ) {
            prop_assume!(seeds[0] != seeds[1] && ids[0] != ids[1] && requests[0] != requests[1] && random != [0; 32]);
            let [device, other] = seeds.each_ref().map(SealingSecret::from_seed);
            let [mine, yours] = ids.map(ActivationId::from_bytes);
            let [request, another] = requests.map(StatementId::from_bytes);
            let sealed = seal_chain_secret(&secret, device.public(), (mine, request), random).expect("a sound key");
            prop_assert_eq!(device.open(&sealed, (mine, request)).map(|opened| *opened), Some(secret));
            prop_assert!(other.open(&sealed, (mine, request)).is_none());
            prop_assert!(device.open(&sealed, (yours, request)).is_none());
            prop_assert!(device.open(&sealed, (mine, another)).is_none());
            let mut spoilt = *sealed.as_bytes();
            spoilt[at] ^= 1 << bit;
            // X25519 does not look at the highest bit of a public key; HPKE binds the key as it was sent.
            prop_assert!(device.open(&SealedSecret::from_bytes(spoilt), (mine, request)).is_none());
        }
    }

    #[test]
    fn nothing_is_sealed_to_a_key_of_small_order() {
        let place = (ActivationId::from_bytes([1; 16]), StatementId::from_bytes([2; 32]));
        let mut one = [0; 32];
        one[0] = 1;
        for weak in [[0; 32], one] {
            assert!(seal_chain_secret(&[7; 32], SealingKey::from_bytes(weak), place, [9; 32]).is_none());
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        assert_eq!(format!("{:?}", SealingSecret::from_seed(&[0x41; 32])), "SealingSecret(…)");
    }
}
