//! The way from an executor to its scheduler: looked for at the start, and watched from then on, so that whoever reads the
//! log knows why nothing is done.

use crate::Tell;
use crate::client::{self, Problem};
use crate::error::{Error, Result};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long the scheduler is looked for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at a scheduler that does not answer.
const AGAIN: Duration = Duration::from_millis(500);
/// Between two looks at one that answered.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The scheduler at `HOST:PORT`.
#[derive(Clone)]
pub(crate) struct Link {
    pub(crate) scheduler: String,
    pub(crate) tell: Tell,
}

impl Link {
    /// Waits until the scheduler answers, for half a minute.
    pub(crate) async fn find(&self) -> Result<()> {
        let started = Instant::now();
        let mut told = false;
        while let Err(problem) = self.answers().await {
            if started.elapsed() >= PATIENCE {
                return Err(Error::NoScheduler { url: self.scheduler.clone(), problem });
            }
            if !told {
                (self.tell)(&format!("no scheduler answers at `{}` ({problem}); waiting for it", self.scheduler));
                told = true;
            }
            sleep(AGAIN).await;
        }
        Ok(())
    }

    /// Says when the scheduler is lost, and when it is back; never ends.
    pub(crate) async fn watch(self) {
        loop {
            sleep(LOOK_EVERY).await;
            let Err(problem) = self.answers().await else { continue };
            (self.tell)(&format!("the scheduler at `{}` is gone ({problem}); waiting for it", self.scheduler));
            while self.answers().await.is_err() {
                sleep(AGAIN).await;
            }
            (self.tell)(&format!("the scheduler at `{}` is back", self.scheduler));
        }
    }

    async fn answers(&self) -> std::result::Result<(), String> {
        match client::connect(&self.scheduler).await {
            Ok(_) => Ok(()),
            Err(Problem::Silence(problem)) => Err(problem),
            Err(Problem::Address) => Err("that is no address".to_owned()),
        }
    }
}
