//! Fits adapters or whole models on the shards of a dataset.
//!
//! [`Settings`] are read from a file, [`Run::prepare`] opens and verifies what they name and forecasts what the run will
//! need, [`Run::train`] does it. This crate reads datasets by their manifest alone: it knows nothing of pipelines,
//! plans or HTTP.
//!
//! # Several GPUs
//! A run computes on one device. Data parallelism over the GPUs of one host is designed, and left until it can be
//! tested on such a host:
//!
//! - *One process a GPU*, started by the first one with its rank in the environment, each with the same settings: a
//!   thread a GPU would share libtorch's one generator of random numbers and the caching allocator's locks.
//! - *The feed needs no change.* [`course::Course::step`] is a pure function of settings and step: rank r computes the
//!   batches r, r + ranks, … of each step. A step has the same rows whatever the count of GPUs, and the loss is divided
//!   by the step's labels, which every rank knows without asking.
//! - *One sum a step.* All trained numbers lie in one f32 buffer, so their gradient is one `all_reduce(sum)`: 5 to 8
//!   million numbers for an adapter of a 7B model, 32 MB, a few milliseconds over `PCIe` and less over `NVLink` beside
//!   steps of a second. There is nothing to overlap or to shard. The losses are summed in the same call.
//! - *Every rank then does the same step* of the optimizer on the same numbers, so that parameters stay bit-equal with
//!   nothing sent; rank 0 alone writes states, adapters and metrics. A non-finite gradient is seen by all after the sum.
//! - *A resume* may use another count of GPUs: state, order and loss do not depend on it. Sums of floats are added in
//!   another order then, so it is bit-equal only with the same count. Dropout follows the batch's number in the step.
//! - *Full training* of models that fill a GPU needs sharded moments; adapters do not, and it is left out.
//!
//! What `tch` 0.24 lacks for it: NCCL (`ncclCommInitRank`, `ncclAllReduce` on the tensor's `data_ptr`, reachable
//! through a C shim or `libloading`), the current CUDA stream to enqueue the call on, a switch of the current device
//! for a process that sees several (`CUDA_VISIBLE_DEVICES` per process does), and memory statistics to forecast by.

pub mod compute;
pub mod course;
mod error;
pub mod evaluate;
mod feed;
mod files;
pub mod forecast;
mod guard;
pub mod metrics;
mod modules;
mod optimizer;
pub mod record;
mod report;
mod run;
mod scale;
pub mod settings;
mod state;
mod tensorboard;

pub use error::{Error, Result};
pub use run::{Event, Run, Watch};
pub use settings::Settings;
