//! The subcommands, one file each.

mod generate;
mod show;
mod train;

pub(crate) use generate::Generate;
pub(crate) use train::Train;

/// The chain of an error on one line, without saying a thing twice.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut message = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !message.contains(&cause) {
            if !message.is_empty() {
                message.push_str(": ");
            }
            message.push_str(&cause);
        }
    }
    message
}
