//! Which matrices change, and by how much.

use crate::error::{Error, Result};
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The matrices that are changed; as JSON or YAML a list of names, `all-linear`, or a regular expression.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "written::Targets", into = "written::Targets")]
pub enum Targets {
    /// Every matrix of every layer.
    AllLinear,
    /// Modules with one of these names, or with a name that ends in a dot and one of them.
    Names(Vec<String>),
    /// Modules whose whole name this regular expression matches.
    Pattern(String),
}

impl fmt::Display for Targets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllLinear => out.write_str("`all-linear`"),
            Self::Names(names) => write!(out, "`{}`", names.join("`, `")),
            Self::Pattern(pattern) => write!(out, "`{pattern}`"),
        }
    }
}

/// How an adapter is made.
#[derive(Clone, Debug, PartialEq)]
pub struct LoraSettings {
    /// Rank of the changes.
    pub rank: i64,
    /// Strength: a change is multiplied by `alpha / rank`.
    pub alpha: f64,
    /// Share of the inputs that is struck out at random in training, in 0..1.
    pub dropout: f64,
    /// The matrices that are changed.
    pub targets: Targets,
    /// Multiply by `alpha / sqrt(rank)` instead.
    pub rslora: bool,
    /// Train the lengths of rows apart from their directions.
    pub dora: bool,
    /// Other ranks for modules whose name ends in a match of the pattern; the first that matches holds.
    pub rank_pattern: Vec<(String, i64)>,
    /// Other strengths for modules whose name ends in a match of the pattern; the first that matches holds.
    pub alpha_pattern: Vec<(String, f64)>,
    /// Modules that are trained whole and saved with the adapter, by the end of their names.
    pub modules_to_save: Vec<String>,
    /// The start of A follows from it.
    pub seed: u64,
}

impl Default for LoraSettings {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 32.0,
            dropout: 0.05,
            targets: Targets::Names(vec!["q_proj".to_owned(), "v_proj".to_owned()]),
            rslora: false,
            dora: false,
            rank_pattern: Vec::new(),
            alpha_pattern: Vec::new(),
            modules_to_save: Vec::new(),
            seed: 42,
        }
    }
}

/// Targets as files have them.
mod written {
    use serde::{Deserialize, Serialize};

    const ALL: &str = "all-linear";

    #[derive(Clone, Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Targets {
        Pattern(String),
        Names(Vec<String>),
    }

    impl From<Targets> for super::Targets {
        fn from(written: Targets) -> Self {
            match written {
                Targets::Pattern(all) if all == ALL => Self::AllLinear,
                Targets::Pattern(pattern) => Self::Pattern(pattern),
                Targets::Names(names) => Self::Names(names),
            }
        }
    }

    impl From<super::Targets> for Targets {
        fn from(targets: super::Targets) -> Self {
            match targets {
                super::Targets::AllLinear => Self::Pattern(ALL.to_owned()),
                super::Targets::Pattern(pattern) => Self::Pattern(pattern),
                super::Targets::Names(names) => Self::Names(names),
            }
        }
    }
}

/// What the settings make of one module.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ModuleShape {
    /// Rank of its change.
    pub rank: i64,
    /// Factor of its change: `alpha / rank`, or `alpha / sqrt(rank)` with rank-stabilized `LoRA`.
    pub scale: f64,
}

impl LoraSettings {
    /// Whether the matrix of the module `name` is changed.
    ///
    /// # Errors
    /// [`Error::Adapter`] for a pattern that is no regular expression.
    pub fn is_target(&self, name: &str) -> Result<bool> {
        Ok(match &self.targets {
            Targets::AllLinear => true,
            Targets::Names(names) => names.iter().any(|target| ends_in(name, target)),
            Targets::Pattern(pattern) => expression(&format!("^(?:{pattern})$"))?.is_match(name),
        })
    }

    /// Whether the module `name` is trained whole.
    pub fn is_saved(&self, name: &str) -> bool {
        self.modules_to_save.iter().any(|target| ends_in(name, target))
    }

    /// Rank and factor of the change of the module `name`, as the patterns say.
    ///
    /// # Errors
    /// [`Error::Adapter`] for a rank below 1 and a pattern that is no regular expression.
    pub fn shape(&self, name: &str) -> Result<ModuleShape> {
        let rank = patterned(&self.rank_pattern, name)?.copied().unwrap_or(self.rank);
        let alpha = patterned(&self.alpha_pattern, name)?.copied().unwrap_or(self.alpha);
        if rank < 1 {
            return Err(Error::Adapter { problem: format!("the rank of `{name}` is {rank}; it must be at least 1") });
        }
        let divisor = if self.rslora { (rank as f64).sqrt() } else { rank as f64 };
        Ok(ModuleShape { rank, scale: alpha / divisor })
    }

    /// Refuses numbers that make no sense.
    ///
    /// # Errors
    /// [`Error::Adapter`] names the number.
    pub fn check(&self) -> Result<()> {
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(Error::Adapter { problem: format!("dropout is {}; it must be in 0..1", self.dropout) });
        }
        Ok(())
    }
}

/// Whether a module's name is `target` or ends in a dot and `target`.
pub fn ends_in(name: &str, target: &str) -> bool {
    name.strip_suffix(target).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

fn patterned<'a, T>(patterns: &'a [(String, T)], name: &str) -> Result<Option<&'a T>> {
    for (pattern, value) in patterns {
        if expression(&format!(r"^(?:.*\.)?(?:{pattern})$"))?.is_match(name) {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

fn expression(pattern: &str) -> Result<Regex> {
    Regex::new(pattern)
        .map_err(|error| Error::Adapter { problem: format!("`{pattern}` is no regular expression: {error}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "model.layers.3.self_attn.q_proj";

    #[test]
    fn a_listed_name_matches_whole_parts_only() {
        let targets =
            |name: &str| LoraSettings { targets: Targets::Names(vec![name.to_owned()]), ..Default::default() };
        assert!(targets("q_proj").is_target(NAME).unwrap());
        assert!(targets("self_attn.q_proj").is_target(NAME).unwrap());
        assert!(!targets("proj").is_target(NAME).unwrap());
    }

    #[test]
    fn a_pattern_matches_the_whole_name() {
        let targets =
            |pattern: &str| LoraSettings { targets: Targets::Pattern(pattern.to_owned()), ..Default::default() };
        assert!(targets(r".*layers\.[0-3]\..*q_proj").is_target(NAME).unwrap());
        assert!(!targets("q_proj").is_target(NAME).unwrap());
    }

    #[test]
    fn rank_and_alpha_follow_their_patterns() {
        let mut settings = LoraSettings { rslora: true, ..Default::default() };
        settings.rank_pattern.push((r"layers\.3\..*".to_owned(), 4));
        settings.alpha_pattern.push(("q_proj".to_owned(), 6.0));
        let ModuleShape { rank, scale } = settings.shape(NAME).unwrap();
        assert_eq!((rank, scale), (4, 3.0));
    }
}
