//! Templates in Jinja, as models publish them.

use super::{ChatError, Piece, Role, Turn};
use aho_corasick::{AhoCorasick, MatchKind};
use minijinja::{Environment, ErrorKind, context, syntax::SyntaxConfig};
use regex::{Captures, Regex};
use std::{borrow::Cow, ops::Range, sync::LazyLock};

/// Put into a control token's spelling inside a document, so that the template's own are told from it. Unicode keeps
/// this code point for a program's internal use; no text may contain it.
const MARK: char = '\u{fdd0}';

/// Where an answer begins and ends in what a template with `{% generation %}` renders; kept for internal use as well.
const ANSWER: [char; 2] = ['\u{fdd1}', '\u{fdd2}'];

#[derive(Clone, Debug)]
pub(super) struct Jinja {
    environment: Environment<'static>,
    /// Whether the template itself says what the model learns.
    marks_answers: bool,
    bos: String,
    pub(super) eos: Option<String>,
}

/// Finds the spellings of control tokens.
pub(super) struct Controls(AhoCorasick);

impl Controls {
    pub(super) fn new<'a>(tokens: impl Iterator<Item = &'a str>) -> Self {
        let tokens = tokens.filter(|token| !token.is_empty());
        let finder = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(tokens);
        Self(finder.expect("a vocabulary's added tokens are far below the automaton's limit"))
    }

    /// `text` with every control token's spelling broken by a mark.
    fn mark<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let internal = [MARK, ANSWER[0], ANSWER[1]];
        if !text.contains(internal) && !self.0.is_match(text) {
            return Cow::Borrowed(text);
        }
        let text = text.replace(internal, "");
        let mut marked = String::with_capacity(text.len() + 16);
        self.0.replace_all_with(&text, &mut marked, |_, token, marked| {
            let mut characters = token.chars();
            marked.extend(characters.next());
            marked.push(MARK);
            marked.push_str(characters.as_str());
            true
        });
        Cow::Owned(marked)
    }
}

impl Jinja {
    pub(super) fn new(template: &str, bos: Option<&str>, eos: Option<&str>) -> Result<Self, ChatError> {
        let mut environment = Environment::new();
        // What transformers sets.
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |message: String| -> Result<String, minijinja::Error> {
            Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
        });
        let marked = mark_answers(template);
        let marks_answers = matches!(marked, Cow::Owned(_));
        environment.add_template_owned("chat", marked.into_owned())?;
        Ok(Self { environment, marks_answers, bos: bos.unwrap_or_default().into(), eos: eos.map(Into::into) })
    }

    fn render(&self, turns: &[(Role, Cow<'_, str>)], prompt: bool) -> Result<String, ChatError> {
        let messages: Vec<_> =
            turns.iter().map(|(role, content)| context! { role => role.as_str(), content => content }).collect();
        let template = self.environment.get_template("chat")?;
        Ok(template.render(context! {
            messages,
            tools => (),
            documents => (),
            add_generation_prompt => prompt,
            bos_token => self.bos.as_str(),
            eos_token => self.eos.as_deref().unwrap_or_default(),
        })?)
    }

    /// The dialogue and what opens the next answer.
    pub(super) fn lay_out_prompt(&self, turns: &[Turn], controls: &Controls) -> Result<Vec<Piece<'static>>, ChatError> {
        let turns: Vec<_> = turns.iter().map(|&(role, content)| (role, controls.mark(content))).collect();
        let (whole, _) = take_marks(&self.render(&turns, true)?);
        Ok(pieces(&whole, &[], controls))
    }

    pub(super) fn lay_out(&self, turns: &[Turn], controls: &Controls) -> Result<Vec<Piece<'static>>, ChatError> {
        let turns: Vec<_> = turns.iter().map(|&(role, content)| (role, controls.mark(content))).collect();
        let whole = self.render(&turns, false)?;
        if self.marks_answers {
            let (whole, answers) = take_marks(&whole);
            return Ok(pieces(&whole, &answers, controls));
        }
        let mut answers = Vec::new();
        for (index, _) in turns.iter().enumerate().filter(|(_, turn)| turn.0 == Role::Assistant) {
            let before = self.render(turns.get(..index).unwrap_or_default(), true)?;
            let through = self.render(turns.get(..=index).unwrap_or_default(), false)?;
            if !whole.starts_with(&through) {
                return Err(ChatError::Border(index));
            }
            // A generation prompt may open what the rendered answer fills, such as a thought.
            let start = common_prefix(&through, &before);
            answers.push(start..start.max(through.len()));
        }
        Ok(split(&whole, &answers, controls))
    }
}

fn common_prefix(left: &str, right: &str) -> usize {
    let pairs = left.chars().zip(right.chars());
    pairs.take_while(|(left, right)| left == right).map(|(character, _)| character.len_utf8()).sum()
}

/// The template with what its `{% generation %}` blocks render put between marks. The tags are transformers' own; a
/// condition that always holds keeps their treatment of white space.
fn mark_answers(template: &str) -> Cow<'_, str> {
    static TAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}").expect("the pattern is valid"));
    let [open, close] = ANSWER;
    TAG.replace_all(template, |tag: &Captures| {
        let part = |group| tag.get(group).map_or("", |found| found.as_str());
        let (left, right) = (part(1), part(3));
        if tag.get(2).is_some() {
            format!("{{%{left} endif %}}{{{{ '{close}' }}}}{{% if true %}}{{% endif {right}%}}")
        } else {
            format!("{{%{left} if true %}}{{{{ '{open}' }}}}{{% if true %}}{{% endif {right}%}}")
        }
    })
}

/// What was rendered without its marks, and where the answers lie in it.
fn take_marks(marked: &str) -> (String, Vec<Range<usize>>) {
    let (mut whole, mut answers, mut start) = (String::with_capacity(marked.len()), Vec::new(), 0);
    for stretch in marked.split_inclusive(ANSWER) {
        let text = stretch.trim_end_matches(ANSWER);
        whole.push_str(text);
        if stretch.ends_with(ANSWER[0]) {
            start = whole.len();
        } else if stretch.ends_with(ANSWER[1]) {
            answers.push(start..whole.len());
        }
    }
    (whole, answers)
}

/// Cuts the rendered dialogue at its control tokens and answers. What follows an answer's last control token, often a
/// line feed, belongs to the template.
fn split(whole: &str, answers: &[Range<usize>], controls: &Controls) -> Vec<Piece<'static>> {
    let tokens: Vec<Range<usize>> = controls.0.find_iter(whole).map(|found| found.range()).collect();
    let answers: Vec<Range<usize>> = answers
        .iter()
        .map(|answer| {
            let last = tokens.iter().rfind(|token| token.start >= answer.start && token.end <= answer.end);
            answer.start..last.map_or(answer.end, |token| token.end)
        })
        .collect();
    pieces(whole, &answers, controls)
}

/// Cuts the rendered dialogue at its control tokens and at the borders of its answers.
fn pieces(whole: &str, answers: &[Range<usize>], controls: &Controls) -> Vec<Piece<'static>> {
    let tokens: Vec<Range<usize>> = controls.0.find_iter(whole).map(|found| found.range()).collect();
    let mut cuts: Vec<usize> = tokens.iter().chain(answers).flat_map(|range| [range.start, range.end]).collect();
    cuts.extend([0, whole.len()]);
    cuts.sort_unstable();
    cuts.dedup();
    let stretches = cuts.windows(2).map(|cut| cut[0]..cut[1]);
    stretches
        .filter_map(|range| {
            let text = whole.get(range.clone())?.replace(MARK, "");
            let learn = answers.iter().any(|answer| answer.start <= range.start && range.end <= answer.end);
            let control = tokens.binary_search_by_key(&range.start, |token| token.start).is_ok();
            Some(Piece { text: text.into(), control, learn })
        })
        .collect()
}
