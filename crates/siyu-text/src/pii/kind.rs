//! The kinds of personal data and their names.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A kind of personal data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Mobile number of mainland China, with or without +86.
    CnMobile,
    /// Fixed-line, 400 and 800 numbers of mainland China, with area code or behind a label.
    CnLandline,
    /// Resident identity card (18 digits with check digit, 15 behind a label) and the residence permit for Hong Kong,
    /// Macao and Taiwan residents.
    CnId,
    /// Permanent residence card for foreigners, both generations.
    ForeignPermit,
    /// Unified social credit code (GB 32100).
    CnUscc,
    /// Bank or credit card: Luhn check digit and issuer prefix.
    BankCard,
    /// Chinese passport, behind a label.
    CnPassport,
    /// Number plate of mainland China.
    CnPlate,
    /// Hong Kong identity card.
    HkId,
    /// Taiwan identity card or resident certificate.
    TwId,
    /// Travel permit to or from Hong Kong, Macao and Taiwan, behind a label.
    TravelPermit,
    /// `WeChat` id, behind a label or with its `wxid_` prefix.
    Wechat,
    /// QQ number, behind a label.
    Qq,
    /// Date of birth, beside a word that says so.
    DateOfBirth,
    /// E-mail address, also obfuscated with `(at)` or `#`.
    Email,
    /// IPv4 address, with its prefix length if it has one.
    Ipv4,
    /// IPv6 address, with its zone and prefix length if it has them.
    Ipv6,
    /// MAC address.
    Mac,
    /// International bank account number.
    Iban,
    /// Social security number of the United States.
    UsSsn,
    /// Passport of the United States, behind a label.
    UsPassport,
    /// Phone number of any other country.
    Phone,
    /// Cloud keys, tokens, private keys, passwords in assignments.
    Secret,
    /// Chinese name beside a word for a role or a title; a heuristic, found only when asked for.
    Person,
    /// Chinese postal address from province or city down to a number; a heuristic, found only when asked for.
    Address,
}

const NAMES: [&str; 25] = [
    "cn_mobile",
    "cn_landline",
    "cn_id",
    "foreign_permit",
    "cn_uscc",
    "bank_card",
    "cn_passport",
    "cn_plate",
    "hk_id",
    "tw_id",
    "travel_permit",
    "wechat",
    "qq",
    "date_of_birth",
    "email",
    "ipv4",
    "ipv6",
    "mac",
    "iban",
    "us_ssn",
    "us_passport",
    "phone",
    "secret",
    "person",
    "address",
];

impl Kind {
    /// Every kind, in the order in which counts are reported.
    pub const ALL: &[Kind] = &[
        Kind::CnMobile,
        Kind::CnLandline,
        Kind::CnId,
        Kind::ForeignPermit,
        Kind::CnUscc,
        Kind::BankCard,
        Kind::CnPassport,
        Kind::CnPlate,
        Kind::HkId,
        Kind::TwId,
        Kind::TravelPermit,
        Kind::Wechat,
        Kind::Qq,
        Kind::DateOfBirth,
        Kind::Email,
        Kind::Ipv4,
        Kind::Ipv6,
        Kind::Mac,
        Kind::Iban,
        Kind::UsSsn,
        Kind::UsPassport,
        Kind::Phone,
        Kind::Secret,
        Kind::Person,
        Kind::Address,
    ];

    /// The kinds found where none are named: those decided by form, check digit or label, and no heuristic.
    pub const DEFAULT: &[Kind] = Self::ALL.split_at(Self::Person as usize).0;

    /// The name in pipelines, reports and replacement tokens.
    pub const fn name(self) -> &'static str {
        NAMES[self as usize]
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// No kind of personal data has this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of personal data `{0}`")]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or_else(|| UnknownKind(name.to_owned()))
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds(u32);

impl Kinds {
    pub(super) fn new(kinds: &[Kind]) -> Self {
        Self(kinds.iter().fold(0, |bits, kind| bits | 1 << *kind as u32))
    }

    pub(super) const fn has(self, kind: Kind) -> bool {
        self.0 >> kind as u32 & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_serde_and_parse_back() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{}\"", kind.name()));
            assert_eq!(kind.name().parse(), Ok(*kind));
        }
    }
}
