//! `train`.

use std::{env, path::PathBuf, time::UNIX_EPOCH};

use siyu_train::{Run, Settings};

use crate::commands::show::Show;

/// Trains a model as a file describes it; run again after a kill, it continues.
#[derive(clap::Args)]
#[command(after_help = "\
The least that a training file says:
  model: models/base            # a Hugging Face folder
  dataset: out/legal            # a folder that `siyu run` wrote
  output: out/legal-adapter
Everything else has a default: a LoRA adapter of rank 16 on q_proj and v_proj, 3 epochs, 4 rows times 8 a step.")]
pub(crate) struct Train {
    /// The training file.
    file: PathBuf,
    /// Replace a key of the file, such as `lora.rank=8`; may be given several times.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    overrides: Vec<String>,
    /// Verify the dataset, tell what the run will need, and end.
    #[arg(long)]
    forecast: bool,
}

impl Train {
    pub(crate) fn run(self) -> anyhow::Result<()> {
        restart_with_short_waits();
        let settings = Settings::from_path(&self.file)?.set(&self.overrides)?;
        let mut text = std::fs::read_to_string(&self.file)?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend(self.overrides.iter().map(|setting| format!("# --set {setting}\n")));
        let run = Run::prepare(settings, &text, |_| ())?;
        Show::forecast(&run);
        if self.forecast {
            return Ok(());
        }
        let mut show = Show::new();
        let output = run.record().settings.output.clone();
        let outcome = run.train(&seconds_since_1970, &mut |event| show.event(&event))?;
        show.outcome(&outcome, &output);
        Ok(())
    }
}

/// Starts this program again with an environment in which libtorch's threads sleep soon when they have nothing to do.
///
/// Between two operations they otherwise turn in circles for longer than most operations on a processor take, on cores
/// that the attention and the dropout of `siyu-model` need: a step takes up to a third longer. Their library looks at the
/// environment as it is loaded, before this program's first line. Whoever sets one of the variables is not overruled.
#[cfg(unix)]
fn restart_with_short_waits() {
    use std::os::unix::process::CommandExt;
    if ["GOMP_SPINCOUNT", "OMP_WAIT_POLICY"].iter().any(|name| env::var_os(name).is_some()) {
        return;
    }
    if let Ok(program) = env::current_exe() {
        // Comes back only where it failed; the run is slower then, and the same.
        let _ = std::process::Command::new(program).args(env::args_os().skip(1)).env("GOMP_SPINCOUNT", "4000").exec();
    }
}

#[cfg(not(unix))]
fn restart_with_short_waits() {}

#[expect(
    clippy::disallowed_methods,
    reason = "TensorBoard shows when a step was; nothing that is trained depends on it"
)]
fn seconds_since_1970() -> f64 {
    std::time::SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}
