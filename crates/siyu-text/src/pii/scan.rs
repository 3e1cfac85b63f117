//! The one pass over the bytes that finds where a validator has to look.

/// What stands at a stop of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trigger {
    Digit,
    At,
    Colon,
    Equals,
    Dash,
    Dot,
}

const BLOCK: usize = 32;

/// Whether a byte may begin a trigger: `-` to `@` in ASCII, or the first byte of the full-width forms.
const fn is_hot(byte: u8) -> bool {
    byte.wrapping_sub(b'-') < 0x14 || byte == 0xEF
}

/// The first trigger at or after `from`, with its offset.
pub(super) fn next(bytes: &[u8], mut from: usize) -> Option<(usize, Trigger)> {
    while from < bytes.len() {
        // A block without any hot byte is passed over at once; the compiler turns this into vector compares.
        if let Some(block) = bytes.get(from..from + BLOCK)
            && !block.iter().fold(false, |hot, &byte| hot | is_hot(byte))
        {
            from += BLOCK;
            continue;
        }
        let end = bytes.len().min(from + BLOCK);
        for at in from..end {
            if is_hot(bytes[at])
                && let Some(trigger) = trigger(bytes, at)
            {
                return Some((at, trigger));
            }
        }
        from = end;
    }
    None
}

fn trigger(bytes: &[u8], at: usize) -> Option<Trigger> {
    match bytes[at] {
        b'0'..=b'9' => Some(Trigger::Digit),
        b'@' => Some(Trigger::At),
        b':' => Some(Trigger::Colon),
        b'=' => Some(Trigger::Equals),
        b'-' => Some(Trigger::Dash),
        b'.' => Some(Trigger::Dot),
        0xEF if bytes.get(at + 1) == Some(&0xBC) => match bytes.get(at + 2)? {
            0x90..=0x99 => Some(Trigger::Digit),
            0x9A => Some(Trigger::Colon),
            0x9D => Some(Trigger::Equals),
            0xA0 => Some(Trigger::At),
            _ => None,
        },
        _ => None,
    }
}
