//! Environment variables in pipeline files.

use crate::Diagnostic;
use std::path::Path;

/// Replaces `${NAME}` and `${NAME:-default}`; `$${` stands for `${`.
///
/// # Errors
/// Where a variable without default is not set; comments are passed over.
pub fn expand(text: &str, path: &Path) -> Result<String, Diagnostic> {
    let mut expanded = String::with_capacity(text.len());
    for (number, line) in text.split_inclusive('\n').enumerate() {
        if line.trim_start().starts_with('#') {
            expanded.push_str(line);
            continue;
        }
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(before) = before.strip_suffix('$') {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            }
            let Some((reference, tail)) = after.split_once('}') else { break };
            expanded.push_str(before);
            let (name, default) =
                reference.split_once(":-").map_or((reference, None), |(name, value)| (name, Some(value)));
            match (std::env::var(name), default) {
                (Ok(value), _) if !value.is_empty() || default.is_none() => expanded.push_str(&value),
                (_, Some(default)) => expanded.push_str(default),
                _ => return Err(unset(path, text, number, line, before, name)),
            }
            rest = tail;
        }
        expanded.push_str(rest);
    }
    Ok(expanded)
}

fn unset(path: &Path, text: &str, line_index: usize, line: &str, before: &str, name: &str) -> Diagnostic {
    let column = line.find(&format!("${{{name}")).unwrap_or(before.len());
    let message = format!("the environment variable `{name}` is not set");
    let help = format!("set it, or give a default: `${{{name}:-default}}`; nothing was read or written");
    let (line, column) = (line_index as u64 + 1, column as u64 + 1);
    Diagnostic::new(path, text, line, column, message, help)
}

#[cfg(test)]
mod tests {
    use super::expand;
    use std::path::Path;

    #[test]
    fn defaults_escapes_and_comments() {
        let text = "# ${SIYU_NEVER_SET}\na: ${SIYU_NEVER_SET:-x y}\nb: $${HOME}\n";
        assert_eq!(expand(text, Path::new("p")).unwrap(), "# ${SIYU_NEVER_SET}\na: x y\nb: ${HOME}\n");
    }

    #[test]
    fn an_unset_variable_is_named_with_its_place() {
        let message = expand("a: 1\nb: ${SIYU_NEVER_SET}\n", Path::new("p.yaml")).unwrap_err().to_string();
        assert!(
            message.starts_with("line 2 column 4: the environment variable `SIYU_NEVER_SET` is not set"),
            "{message}"
        );
    }
}
