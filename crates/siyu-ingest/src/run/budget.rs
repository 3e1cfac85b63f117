//! The memory that a run keeps within, as a user gives it.

/// Half of the machine's memory, in bytes.
pub fn half_the_machine() -> u64 {
    let known = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("MemTotal:"))?.to_owned();
        line.split_whitespace().nth(1)?.parse::<u64>().ok()
    });
    known.map_or(2 << 30, |kibibytes| kibibytes * 512)
}

/// `4GB`, `512MB`, `1GiB` or plain bytes.
///
/// # Errors
/// What is wrong, and how a size looks.
pub fn bytes(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits).unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        other => return Err(format!("unknown unit `{other}`; write for example 4GB, 512MB or 1GiB")),
    };
    let count = digits.trim().parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
    count.ok_or_else(|| format!("`{text}` is no size; write for example 4GB"))
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_have_units_and_too_large_ones_are_refused() {
        assert_eq!((bytes("4GB"), bytes("512 MiB"), bytes("7")), (Ok(4_000_000_000), Ok(512 << 20), Ok(7)));
        assert!(bytes("4TB").unwrap_err().contains("unknown unit `tb`"));
        assert!(bytes("99999999999GB").is_err() && bytes("GB").is_err());
    }
}
