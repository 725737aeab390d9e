//! Random bits from the operating system.

use zeroize::Zeroizing;

use crate::ConfigurationError;

#[expect(clippy::disallowed_methods, reason = "this is the random adapter")]
pub(crate) fn bits<const N: usize>() -> Result<Zeroizing<[u8; N]>, ConfigurationError> {
    let mut bits = Zeroizing::new([0; N]);
    getrandom::fill(&mut bits[..]).map_err(|_| ConfigurationError::Entropy)?;
    Ok(bits)
}
