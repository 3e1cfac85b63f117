//! Rows of different lengths together, and a cache that keys and values stay in: what service makes of a graph.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its own files has failed")]

mod support;

use ort::memory::Allocator;
use ort::session::Session;
use ort::value::Tensor;
use siyu_checkpoint::Config;
use siyu_export::{ExportSettings, GRAPH_FILE, Logits, Numbers, Variant, load_runtime};
use support::{floats, golden, graph, ids, largest_difference, numbers};

/// Tokens that a row of a cache has room for.
const CAPACITY: usize = 20;

struct Service {
    config: Config,
    session: Session,
    _folder: tempfile::TempDir,
}

/// Keys and values of all layers, `[rows, kv_heads, CAPACITY, head_size]` each.
type Cache = Vec<Tensor<f32>>;

impl Service {
    fn open(case: &str) -> Self {
        let settings = ExportSettings { variant: Variant::Fused, numbers: Numbers::F32, logits: Logits::Last };
        let folder = graph(&golden(case), &golden(case), None, settings);
        let config = Config::from_folder(folder.path()).unwrap();
        let mut builder = Session::builder(load_runtime().unwrap()).unwrap().with_intra_threads(1).unwrap();
        let session = builder.commit_from_file(folder.path().join(GRAPH_FILE)).unwrap();
        Self { config, session, _folder: folder }
    }

    fn cache(&self, rows: usize) -> Cache {
        let [heads, head_size] =
            [self.config.kv_heads, self.config.head_size].map(|size| usize::try_from(size).unwrap());
        let shape = [rows, heads, CAPACITY, head_size];
        let each = |_| {
            let mut made = Tensor::<f32>::new(&Allocator::default(), shape).unwrap();
            // What lies there before a text has reached it must not matter.
            made.extract_tensor_mut().1.fill(1e6);
            made
        };
        (0..2 * self.config.layers).map(each).collect()
    }

    /// The logits of each row's last token: `ids` follow what `cache` holds; `lengths` count both.
    fn run(&mut self, cache: &mut Cache, ids: &[Vec<i64>], lengths: &[usize]) -> Vec<f32> {
        let (rows, sequence) = (ids.len(), ids[0].len());
        let total = lengths.iter().copied().max().unwrap();
        let mask = lengths.iter().flat_map(|&length| (0..total).map(move |at| i64::from(at < length))).collect();
        let mut binding = self.session.create_binding().unwrap();
        binding.bind_input("input_ids", &Tensor::from_array(([rows, sequence], ids.concat())).unwrap()).unwrap();
        let mask: Vec<i64> = mask;
        binding.bind_input("attention_mask", &Tensor::from_array(([rows, total], mask)).unwrap()).unwrap();
        for (index, kept) in cache.iter_mut().enumerate() {
            let part = ["key", "value"][index % 2];
            binding.bind_input(format!("past_key_values.{}.{part}", index / 2), kept).unwrap();
            binding.bind_output(format!("present.{}.{part}", index / 2), kept).unwrap();
        }
        binding.bind_output_to_device("logits", &Allocator::default().memory_info().to_owned()).unwrap();
        let outputs = self.session.run_binding(&binding).unwrap();
        outputs["logits"].try_extract_tensor::<f32>().unwrap().1.to_vec()
    }
}

/// The documents of all cases and what transformers computes for each of their tokens.
fn documents(case: &str) -> Vec<(Vec<i64>, Vec<f32>)> {
    let (documents, theirs) = (numbers(""), numbers(case));
    (0..3).map(|n| (ids(&documents, &format!("ids.{n}")), floats(&theirs, &format!("logits.{n}")))).collect()
}

fn assert_row(logits: &[f32], expected: &[f32], token: usize, what: &str) {
    let vocab = logits.len();
    let difference = largest_difference(logits, &expected[token * vocab..][..vocab]);
    assert!(difference <= 1e-4, "{what}, token {token}: {difference}");
}

#[test]
fn rows_of_different_lengths_share_a_step_and_a_cache_in_place() {
    for case in ["llama", "qwen2", "qwen3", "mistral"] {
        let mut service = Service::open(case);
        let documents = documents(case);
        // Each row begins by itself, in chunks of different sizes.
        let mut shared = service.cache(3);
        let mut lengths = Vec::new();
        for (row, (ids, expected)) in documents.iter().enumerate() {
            let mut own = service.cache(1);
            let mut read = 0;
            for chunk in [2 + row, 3] {
                let logits = service.run(&mut own, &[ids[read..read + chunk].to_vec()], &[read + chunk]);
                read += chunk;
                assert_row(&logits, expected, read - 1, &format!("{case}, row {row}, chunk"));
            }
            for (shared, own) in shared.iter_mut().zip(&own) {
                let (own, size) = (own.extract_tensor().1, own.extract_tensor().1.len());
                shared.extract_tensor_mut().1[row * size..][..size].copy_from_slice(own);
            }
            lengths.push(read);
        }
        // Then they go on together, one token a row and step.
        for _ in 0..2 {
            let ids: Vec<Vec<i64>> = documents.iter().zip(&lengths).map(|((ids, _), &at)| vec![ids[at]]).collect();
            for length in &mut lengths {
                *length += 1;
            }
            let logits = service.run(&mut shared, &ids, &lengths);
            let vocab = logits.len() / 3;
            for (row, (_, expected)) in documents.iter().enumerate() {
                assert_row(&logits[row * vocab..][..vocab], expected, lengths[row] - 1, &format!("{case}, row {row}"));
            }
        }
    }
}

#[test]
fn prompts_of_different_lengths_are_read_together_when_padded_at_their_ends() {
    for case in ["llama", "qwen3", "mistral"] {
        let mut service = Service::open(case);
        let documents = documents(case);
        let lengths = [13, 9, 7];
        let padded: Vec<Vec<i64>> = documents
            .iter()
            .zip(lengths)
            .map(|((ids, _), length)| ids[..length].iter().copied().chain([0; 13]).take(13).collect())
            .collect();
        let mut cache = service.cache(3);
        let logits = service.run(&mut cache, &padded, &lengths);
        let vocab = logits.len() / 3;
        for (row, (_, expected)) in documents.iter().enumerate() {
            assert_row(&logits[row * vocab..][..vocab], expected, lengths[row] - 1, &format!("{case}, row {row}"));
        }
    }
}
