//! Random bytes of the system.

use std::fs::File;
use std::io::{self, Read};

/// Bytes that nobody can guess.
pub(crate) fn random<const SIZE: usize>() -> io::Result<[u8; SIZE]> {
    let mut bytes = [0; SIZE];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes)
}
