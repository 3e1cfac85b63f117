//! Lists of words and where they stand in a text.

mod list;
mod scan;

use std::path::PathBuf;

use aho_corasick::Anchored;
use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous::NFA;
use serde::Deserialize;
use siyu_text::chinese::{Config, Converter};

use super::Error;
use super::fold::{Class, Folding, is_spaced};

pub use list::Action;
pub(super) use scan::{Hit, Scan};

/// A file of words, one a line; empty lines and lines that begin with `#` are passed over.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct ListSettings {
    /// The file, in UTF-8.
    pub path: PathBuf,
    /// The name of the list in rule ids, such as `zh`: `words/zh:12` is the word on line 12.
    pub language: String,
    /// What becomes of a text with one of the words.
    #[serde(default)]
    pub action: Action,
    /// Also finds the words in traditional characters, and in Taiwan's and Hong Kong's words for them.
    #[serde(default)]
    pub traditional: bool,
    /// Also finds Han words with a comma, full stop or line break somewhere between their characters, and not only where
    /// each of three or more is set apart.
    #[serde(default)]
    pub across_clauses: bool,
}

/// One word of a list, as it is looked for.
struct Pattern {
    /// Its folded characters.
    length: usize,
    /// Whether a boundary must stand before it and behind it: words of letters are not found inside others.
    bound: (bool, bool),
    /// Whether it is all of spaced writing: such words are found as written or spelled out, and not in between.
    spaced: bool,
    /// For each place between two characters, whether the list has a space there.
    seams: Vec<bool>,
    across_clauses: bool,
    action: Action,
    rule: String,
}

/// Lists of words, compiled.
pub(super) struct Words {
    folding: Folding,
    patterns: Vec<Pattern>,
    automaton: NFA,
    /// For each state, how many characters of a word it has read.
    depths: Vec<u16>,
    longest: usize,
}

/// Longer lines are sentences, not words.
const MAX_LETTERS: usize = 64;

impl Words {
    /// Compiles lists, each with its text.
    pub(super) fn new(lists: &[(ListSettings, String)]) -> Result<Self, Error> {
        let folding = Folding::new(lists.iter().any(|(settings, _)| settings.traditional));
        let (mut patterns, mut texts) = (Vec::new(), Vec::new());
        for (settings, text) in lists {
            let converters: Vec<Converter> = if settings.traditional {
                [Config::S2twp, Config::S2hk, Config::Tw2sp].map(Converter::new).into()
            } else {
                Vec::new()
            };
            for (line, word) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
                let word = word.trim();
                if word.is_empty() || word.starts_with('#') {
                    continue;
                }
                let mut forms = vec![word.to_owned()];
                forms.extend(converters.iter().map(|converter| converter.convert(word).into_owned()));
                let mut forms: Vec<Form> = forms.iter().map(|form| Form::new(&folding, form)).collect();
                forms.sort_unstable();
                forms.dedup();
                for form in forms {
                    texts.push(form.letters.iter().collect::<String>());
                    patterns.push(Pattern::new(settings, line, form)?);
                }
            }
        }
        let automaton = NFA::builder().build(&texts).map_err(|source| Error::TooManyWords { source })?;
        let depths = depths(&automaton, &texts);
        let longest = patterns.iter().map(|pattern| pattern.length).max().unwrap_or(0);
        Ok(Self { folding, patterns, automaton, depths, longest })
    }

    fn depth(&self, state: aho_corasick::automaton::StateID) -> usize {
        self.depths.get(state.as_usize()).copied().unwrap_or(0).into()
    }
}

impl Pattern {
    fn new(settings: &ListSettings, line: usize, form: Form) -> Result<Self, Error> {
        let refused = |reason| Error::Word { path: settings.path.clone(), line, reason };
        let (Some(first), Some(last)) = (form.letters.first(), form.letters.last()) else {
            return Err(refused("has no letter or digit"));
        };
        if form.letters.len() > MAX_LETTERS {
            return Err(refused("has more than 64 letters"));
        }
        if form.letters.len() == 1 && is_spaced(*first) {
            return Err(refused("is a single letter or digit, which most texts have"));
        }
        Ok(Self {
            length: form.letters.len(),
            bound: (is_spaced(*first), is_spaced(*last)),
            spaced: form.letters.iter().all(|letter| is_spaced(*letter)),
            seams: form.seams,
            across_clauses: settings.across_clauses,
            action: settings.action,
            rule: format!("words/{}:{line}", settings.language),
        })
    }
}

/// A word as it is looked for.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Form {
    letters: Vec<char>,
    /// One for each place between two letters.
    seams: Vec<bool>,
}

impl Form {
    fn new(folding: &Folding, word: &str) -> Self {
        let mut form = Self { letters: Vec::new(), seams: Vec::new() };
        let mut seam = false;
        for letter in word.chars() {
            match folding.fold(letter, &mut form.letters) {
                Class::Letters => {
                    let first = form.seams.len();
                    form.seams.resize(form.letters.len(), false);
                    form.seams[first] = seam;
                    seam = false;
                }
                Class::Separator | Class::Clause => seam = true,
                Class::Invisible => {}
            }
        }
        // The place before the first letter is none between two.
        if !form.seams.is_empty() {
            form.seams.remove(0);
        }
        form
    }
}

/// The state behind each beginning of a word has read exactly that beginning, and there are no other states.
fn depths(automaton: &NFA, texts: &[String]) -> Vec<u16> {
    let mut depths = Vec::new();
    let Ok(start) = automaton.start_state(Anchored::No) else { return depths };
    for text in texts {
        let mut state = start;
        for (depth, letter) in (1..).zip(text.chars()) {
            for &byte in letter.encode_utf8(&mut [0; 4]).as_bytes() {
                state = automaton.next_state(Anchored::No, state, byte);
            }
            if depths.len() <= state.as_usize() {
                depths.resize(state.as_usize() + 1, 0);
            }
            depths[state.as_usize()] = depth;
        }
    }
    depths
}
