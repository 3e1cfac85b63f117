//! `siyu operators`.

use siyu_ingest::{Error, Step};
use std::io::Write;

/// Shows the steps, or one with all its settings.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  siyu operators
  siyu operators mask_pii")]
pub(crate) struct Operators {
    /// Name of a step.
    name: Option<String>,
}

impl Operators {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        let Some(name) = self.name else {
            for name in Step::NAMES {
                let description = text(Step::describe(name).as_ref().and_then(|schema| schema.get("description")));
                writeln!(out, "{name:<24} {}", description.lines().next().unwrap_or_default())?;
            }
            return Ok(());
        };
        let Some(schema) = Step::describe(&name) else {
            let near = siyu_ingest::pipeline::nearest(&name, Step::NAMES);
            let hint = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            return Err(
                Error::Refused(format!("there is no step `{name}`; {hint}`siyu operators` lists them all")).into()
            );
        };
        writeln!(out, "{name}\n\n{}", text(schema.get("description")))?;
        let Some(settings) = schema.get("properties").and_then(serde_json::Value::as_object) else { return Ok(()) };
        writeln!(out, "\nSettings")?;
        for (setting, facts) in settings {
            let default = facts.get("default").map_or_else(String::new, |value| format!(" (default {value})"));
            writeln!(out, "  {setting}{default}\n      {}", text(facts.get("description")).replace('\n', "\n      "))?;
        }
        Ok(())
    }
}

fn text(value: Option<&serde_json::Value>) -> String {
    value.and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}
