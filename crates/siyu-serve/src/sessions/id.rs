//! Ids that only this service makes.

use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::Error;
use crate::random::random;

/// Random bytes of an id.
pub(super) type Number = [u8; 16];

/// Makes ids and tells its own from others.
pub(super) struct Seal {
    key: [u8; 32],
}

/// Hexadecimal digits of an id: number and code.
const DIGITS: usize = 64;

impl Seal {
    /// A seal whose key lives as long as the process, as the conversations do.
    pub(super) fn new() -> Result<Self, Error> {
        Ok(Self { key: random().map_err(|source| Error::Random { source })? })
    }

    /// A new id of a subject.
    pub(super) fn make(&self, subject: &str) -> Result<(Number, String), Error> {
        let number: Number = random().map_err(|source| Error::Random { source })?;
        let code = self.code(&number, subject).finalize().into_bytes();
        let digits = number.iter().chain(code.iter().take(16)).flat_map(|byte| [byte >> 4, byte & 15]);
        Ok((number, digits.map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)])).collect()))
    }

    /// The number in an id, if it was made here for this subject. Takes the same time for every wrong code.
    pub(super) fn open(&self, id: &str, subject: &str) -> Option<Number> {
        if id.len() != DIGITS {
            return None;
        }
        let nibble = |digit: u8| match digit {
            b'0'..=b'9' => Some(digit - b'0'),
            b'a'..=b'f' => Some(digit - b'a' + 10),
            _ => None,
        };
        let pairs = id.as_bytes().as_chunks::<2>().0.iter();
        let bytes: Option<Vec<u8>> = pairs.map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect();
        let bytes = bytes?;
        let (number, code) = bytes.split_first_chunk::<16>()?;
        self.code(number, subject).verify_truncated_left(code).ok()?;
        Some(*number)
    }

    fn code(&self, number: &Number, subject: &str) -> Hmac<Sha256> {
        let mut code = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        code.update(number);
        code.update(subject.as_bytes());
        code
    }
}
