//! A decode step behind 1,024 tokens: keys and values in one buffer that past and present share, against outputs that
//! are made anew at every step, as a graph gives them that is run without such buffers.
//!
//! `cargo run --release -p siyu-serve --example cache_bench -- EXPORTED [THREADS]`
//!
//! Both run the same graph on the same texts, in turns, and must give the same logits. `EXPORTED` is a folder of
//! `siyu export-onnx` or `siyu quantize` in 32 bits, in the fused variant.

#![allow(clippy::print_stdout, reason = "the example prints its figures")]

use ort::{
    session::{Session, SessionInputValue},
    value::{DynTensor, DynValue, Tensor, TensorElementType},
};
use siyu_serve::{
    engine::{Forward, Row, onnx},
    settings::Engine,
};
use std::{
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

const LONG: usize = 1024;
const STEPS: usize = 32;
/// Steps of one way before the other way's turn: in a service steps follow one another.
const TOGETHER: usize = 8;
const STREAMS: [usize; 3] = [1, 4, 16];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [exported, rest @ ..] = arguments.as_slice() else {
        return Err("usage: cache_bench EXPORTED [THREADS]".into());
    };
    let exported = Path::new(exported);
    let threads = rest.first().map_or(Ok(1), |threads| threads.parse())?;
    let settings = Engine { threads: Some(threads), context: Some(2 * LONG), ..Engine::default() };
    let mut kept = onnx::open(exported, &settings, usize::MAX)?;
    let prompt: Vec<u32> = (0..1024).map(|at| at * 31 % 500 + 3).collect();
    kept.prefill(0, 0, &prompt)?;
    for slot in 1..settings.slots {
        kept.move_slot(0, slot, LONG)?;
    }
    let mut growing = Growing::open(exported, threads)?;
    let beginning = growing.read(&prompt, 1, LONG)?.1;
    for streams in STREAMS {
        compare(&mut *kept, &mut growing, &beginning, streams)?;
    }
    Ok(())
}

/// Makes the same tokens both ways, and says how long a step takes.
fn compare(kept: &mut dyn Forward, growing: &mut Growing, beginning: &[DynValue], streams: usize) -> Result<()> {
    growing.begin(beginning, streams)?;
    let (mut shared, mut grown) = (Vec::new(), Vec::new());
    for first in (0..STEPS).step_by(TOGETHER) {
        let mut all = Vec::new();
        for step in first..first + TOGETHER {
            let rows: Vec<Row> =
                tokens(streams, step).into_iter().map(|token| Row { token, length: LONG + step }).collect();
            let began = Instant::now();
            let logits = kept.decode(&rows)?;
            shared.push(began.elapsed());
            all.push(logits.to_vec());
        }
        for (step, logits) in (first..).zip(all) {
            let began = Instant::now();
            let others = growing.step(&tokens(streams, step), LONG + step + 1)?;
            grown.push(began.elapsed());
            let apart = logits.iter().zip(&others).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max);
            if logits.len() != others.len() || apart > 1e-3 {
                return Err(format!("the logits differ by {apart}").into());
            }
        }
    }
    let (shared, grown) = (median(shared), median(grown));
    println!(
        "{streams:2} streams at {LONG} tokens: preallocated {:.2} ms, growing {:.2} ms, {:.2} times as fast",
        shared * 1e3,
        grown * 1e3,
        grown / shared
    );
    Ok(())
}

/// The tokens that the texts go on with.
fn tokens(streams: usize, step: usize) -> Vec<u32> {
    (0..streams).map(|stream| u32::try_from(stream * 13 + step * 7 + 3).unwrap_or(0)).collect()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Texts of one length whose keys and values are inputs, and come back longer as outputs.
struct Growing {
    session: Session,
    cache: Vec<DynValue>,
    names: Vec<(String, String)>,
}

impl Growing {
    fn open(folder: &Path, threads: usize) -> Result<Self> {
        let builder = Session::builder(siyu_export::load_runtime()?)?;
        let session = builder
            .with_intra_threads(threads)?
            .with_memory_pattern(false)?
            .commit_from_file(folder.join(onnx::GRAPH_FILE))?;
        let layers = session.inputs().iter().filter_map(|input| input.name().strip_prefix("past_key_values."));
        let names = layers.map(|layer| (format!("past_key_values.{layer}"), format!("present.{layer}"))).collect();
        let mut growing = Self { session, cache: Vec::new(), names };
        let empty = |input: &str| -> Result<DynValue> {
            let input = growing.session.inputs().iter().find(|found| found.name() == input);
            let shape = input.and_then(|input| input.dtype().tensor_shape()).ok_or("a cache is no tensor")?;
            let size = |axis: usize| usize::try_from(shape[axis]);
            let shape = [1, size(1)?, 0, size(3)?];
            Ok(DynTensor::new(growing.session.allocator(), TensorElementType::Float32, shape)?.into_dyn())
        };
        growing.cache = growing.names.iter().map(|(past, _)| empty(past)).collect::<Result<_>>()?;
        Ok(growing)
    }

    /// Reads tokens of `streams` texts; the logits behind them and the longer cache.
    fn read(&mut self, tokens: &[u32], streams: usize, total: usize) -> Result<(Vec<f32>, Vec<DynValue>)> {
        let ids = tokens.iter().map(|&token| i64::from(token)).collect::<Vec<_>>();
        let ids = Tensor::from_array(([streams, tokens.len() / streams], ids))?;
        let mask = Tensor::from_array(([streams, total], vec![1_i64; streams * total]))?;
        let mut inputs: Vec<(&str, SessionInputValue<'_>)> =
            vec![("input_ids", ids.into()), ("attention_mask", mask.into())];
        inputs.extend(self.names.iter().zip(&self.cache).map(|((past, _), kept)| (past.as_str(), kept.into())));
        let mut outputs = self.session.run(inputs)?;
        let mut take = |name: &str| outputs.remove(name).ok_or("the graph does not give all of its outputs");
        let logits = take("logits")?;
        let grown = self.names.iter().map(|(_, present)| take(present)).collect::<std::result::Result<_, _>>()?;
        Ok((logits.try_extract_tensor::<f32>()?.1.to_vec(), grown))
    }

    fn step(&mut self, tokens: &[u32], total: usize) -> Result<Vec<f32>> {
        let (logits, grown) = self.read(tokens, tokens.len(), total)?;
        self.cache = grown;
        Ok(logits)
    }

    /// Begins `streams` texts with the same keys and values.
    fn begin(&mut self, beginning: &[DynValue], streams: usize) -> Result<()> {
        let repeat = |one: &DynValue| -> Result<DynValue> {
            let (shape, numbers) = one.try_extract_tensor::<f32>()?;
            let size = |axis: usize| usize::try_from(shape[axis]);
            let shape = [streams, size(1)?, size(2)?, size(3)?];
            Ok(Tensor::from_array((shape, numbers.repeat(streams)))?.into_dyn())
        };
        self.cache = beginning.iter().map(repeat).collect::<Result<_>>()?;
        Ok(())
    }
}
