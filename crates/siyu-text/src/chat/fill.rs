//! Prompts filled from the fields of a row.

use super::ChatError;
use minijinja::{Environment, UndefinedBehavior, Value, syntax::SyntaxConfig};
use regex::Regex;
use std::sync::LazyLock;

/// A template in Jinja over the fields of a row: `案情：{{ text[:150] }}`. Slices count characters, and an absent value
/// is the empty string.
///
/// ```
/// let fill = siyu_text::chat::Fill::new("{{ title }}：{{ text[:2] }}")?;
/// let fields = [("title", Some("合同")), ("text", Some("甲方应当"))];
/// assert_eq!(fill.render(&fields)?, "合同：甲方");
/// # Ok::<(), siyu_text::chat::ChatError>(())
/// ```
pub struct Fill(Form);

enum Form {
    /// Nothing but fields and their beginnings: no interpreter needed.
    Parts(Vec<Part>),
    Jinja(Box<Environment<'static>>),
}

enum Part {
    Literal(String),
    Field { name: String, limit: Option<usize> },
}

impl Fill {
    /// Parses a template.
    pub fn new(template: &str) -> Result<Self, ChatError> {
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().keep_trailing_newline(true).build()?);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_template_owned("fill", template.to_owned())?;
        Ok(Self(parts(template).map_or_else(|| Form::Jinja(Box::new(environment)), Form::Parts)))
    }

    /// The fields that the template reads.
    pub fn fields(&self) -> Vec<String> {
        let mut names: Vec<String> = match &self.0 {
            Form::Parts(parts) => parts.iter().filter_map(Part::name).map(Into::into).collect(),
            Form::Jinja(environment) => variables(environment),
        };
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Fills the template; fields that it does not read are ignored.
    pub fn render(&self, fields: &[(&str, Option<&str>)]) -> Result<String, ChatError> {
        match &self.0 {
            Form::Parts(parts) => {
                let mut filled = String::new();
                for part in parts {
                    match part {
                        Part::Literal(text) => filled.push_str(text),
                        Part::Field { name, limit } => {
                            let field = fields.iter().find(|field| field.0 == name);
                            let (_, value) = field.ok_or_else(|| ChatError::MissingField(name.clone()))?;
                            filled.push_str(beginning(value.unwrap_or_default(), *limit));
                        }
                    }
                }
                Ok(filled)
            }
            Form::Jinja(environment) => {
                let values = fields.iter().map(|&(name, value)| (name, value.unwrap_or_default()));
                let values = Value::from_pairs(values);
                Ok(environment.get_template("fill")?.render(values)?)
            }
        }
    }
}

/// The names that the template leaves to its caller. Minijinja's analysis does not look at what is sliced, so the
/// template is also read without its slices.
fn variables(environment: &Environment) -> Vec<String> {
    static SLICE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#"\[[^\[\]{}'"]*:[^\[\]{}'"]*\]"#).expect("the pattern is valid"));
    let Ok(template) = environment.get_template("fill") else { return Vec::new() };
    let unsliced = SLICE.replace_all(template.source(), "");
    let sliced = environment.template_from_str(&unsliced).map(|template| template.undeclared_variables(false));
    template.undeclared_variables(false).into_iter().chain(sliced.unwrap_or_default()).collect()
}

impl Part {
    fn name(&self) -> Option<&str> {
        match self {
            Self::Literal(_) => None,
            Self::Field { name, .. } => Some(name),
        }
    }
}

fn beginning(text: &str, characters: Option<usize>) -> &str {
    let end = characters.and_then(|characters| text.char_indices().nth(characters)).map_or(text.len(), |(at, _)| at);
    text.get(..end).expect("the offset is a character border")
}

/// The parts of a template that uses nothing but `{{ field }}` and `{{ field[:n] }}`.
fn parts(template: &str) -> Option<Vec<Part>> {
    if template.contains("{%") || template.contains("{#") {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((literal, after)) = rest.split_once("{{") {
        let (expression, after) = after.split_once("}}")?;
        parts.push(Part::Literal(literal.into()));
        parts.push(field(expression.trim())?);
        rest = after;
    }
    parts.push(Part::Literal(rest.into()));
    Some(parts)
}

fn field(expression: &str) -> Option<Part> {
    const WORDS: [&str; 10] = ["true", "false", "none", "True", "False", "None", "not", "loop", "self", "super"];
    let (name, limit) = match expression.split_once("[:") {
        Some((name, slice)) => (name, Some(slice.strip_suffix(']')?.trim().parse().ok()?)),
        None => (expression, None),
    };
    let first = name.bytes().next()?;
    let is_name = !first.is_ascii_digit() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (is_name && !WORDS.contains(&name)).then(|| Part::Field { name: name.into(), limit })
}
