//! Passwords of the page, as Argon2id hashes.
//!
//! Memory 19 MiB, two passes, one lane: what OWASP recommends at the least (Password Storage Cheat Sheet, "Argon2id"). A hash says by
//! which parameters it was made, so that later ones may be stronger.

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};

use crate::entropy;
use crate::secrets::Secret;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Characters of a password: NIST SP 800-63B-4 §3.1.1.2 wants 15 where nothing else is asked for.
pub(crate) const SHORTEST: usize = 15;
/// Longer ones only cost time.
pub(crate) const LONGEST: usize = 200;

/// No hash can be made: no chance, or no memory.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("a password cannot be hashed now")]
pub(crate) struct NoHash;

fn hasher() -> Result<Argon2<'static>, NoHash> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| NoHash)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// A PHC string. Takes tens of milliseconds of a processor.
pub(crate) fn hash(password: &Secret) -> Result<String, NoHash> {
    let chance = entropy::seed().map_err(|_| NoHash)?;
    // 128 bits of salt (RFC 9106 §3.1).
    let hash = hasher()?.hash_password_with_salt(password.expose().as_bytes(), &chance[..16]);
    hash.map(|hash| hash.to_string()).map_err(|_| NoHash)
}

/// Takes as long whether it is the password or not, and where there is no account.
pub(crate) fn is_password(password: &Secret, kept: Option<&str>) -> Result<bool, NoHash> {
    let Some(kept) = kept else {
        hash(password)?;
        return Ok(false);
    };
    Ok(hasher()?.verify_password(password.expose().as_bytes(), kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone_and_no_two_hashes_are_alike() {
        let password = Secret::new("корректная лошадь");
        let (one, other) = (hash(&password).unwrap(), hash(&password).unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        assert!(is_password(&password, Some(&one)).unwrap() && is_password(&password, Some(&other)).unwrap());
        assert!(!is_password(&Secret::new("корректная лошадь "), Some(&one)).unwrap());
        assert!(!is_password(&password, None).unwrap());
        assert!(!is_password(&password, Some("$argon2id$broken")).unwrap());
    }
}
