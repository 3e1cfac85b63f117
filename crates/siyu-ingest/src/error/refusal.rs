//! Errors that are the user's to mend before a run.

use super::Error;

impl Error {
    /// Whether the command or the pipeline is wrong, so that nothing was written.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused(_)
                | Self::Pipeline(_)
                | Self::NoPipeline { .. }
                | Self::Setting { .. }
                | Self::StepFile { .. }
                | Self::Entry(_)
                | Self::NeedsTable { .. }
                | Self::OnExecutor { refusal: true, .. }
        )
    }
}
