//! Where a run computes, with what numbers, and what is known of the machine.

use std::{fs, time::Instant};

use siyu_model::Config;
use tch::{Cuda, Device, Kind, Tensor};

use crate::{
    Error, Result,
    modules::Trained,
    settings::{DeviceChoice, Precision},
};

/// A kind of GPU: what its name holds, its peak in dense 16-bit operations a second, and its memory.
///
/// # Source
/// The vendor's data sheets, without sparsity.
const CARDS: [(&str, f64, u64); 8] = [
    ("H200", 989e12, 141_000_000_000),
    ("H100 PCIe", 756e12, 80_000_000_000),
    ("H100", 989e12, 80_000_000_000),
    ("A100-SXM4-40GB", 312e12, 40_000_000_000),
    ("A100", 312e12, 80_000_000_000),
    ("L40S", 362e12, 48_000_000_000),
    ("RTX 4090", 165e12, 24_000_000_000),
    ("A10", 125e12, 24_000_000_000),
];

/// The machine of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// The device.
    pub device: Device,
    /// The numbers that are computed with.
    pub kind: Kind,
    /// Operations a second that the device can reach with them, where known.
    pub peak: Option<f64>,
    /// Memory that can be had, where known.
    pub memory: Option<u64>,
}

impl Machine {
    /// The machine that is asked for.
    ///
    /// # Errors
    /// [`Error::Refused`] where a GPU is asked for and there is none.
    pub fn of(device: DeviceChoice, precision: Precision) -> Result<Self> {
        let cuda = Cuda::is_available();
        let device = match device {
            DeviceChoice::Cuda if !cuda => {
                let problem = "`device: cuda` is set, but libtorch finds no GPU: put a libtorch that was built for CUDA on LD_LIBRARY_PATH";
                return Err(Error::Refused(problem.to_owned()));
            }
            DeviceChoice::Cpu => Device::Cpu,
            _ if cuda => Device::Cuda(0),
            _ => Device::Cpu,
        };
        let kind = match (precision, device) {
            (Precision::F32, _) | (Precision::Auto, Device::Cpu) => Kind::Float,
            (Precision::Bf16, _) => Kind::BFloat16,
            (Precision::Fp16 | Precision::Auto, _) => Kind::Half,
        };
        let card = if device == Device::Cpu { None } else { card() };
        Ok(Self {
            device,
            kind,
            peak: card.filter(|_| kind != Kind::Float).map(|card| card.1),
            memory: if device == Device::Cpu { free_memory() } else { card.map(|card| card.2) },
        })
    }

    /// Operations a second that a run may reach: 40 % of a GPU's peak where that is known, and of a processor half of
    /// what one matrix multiplication reaches, which is tried out in some milliseconds.
    pub(crate) fn expected_speed(&self) -> Result<Option<f64>> {
        if self.device != Device::Cpu {
            return Ok(self.peak.map(|peak| 0.4 * peak));
        }
        let (rows, width) = (512, 512);
        let [input, weight] =
            [[rows, width], [width, width]].map(|shape| Tensor::f_ones(shape, (Kind::Float, Device::Cpu)));
        let (input, weight) = (input?.f_to_kind(self.kind)?, weight?.f_to_kind(self.kind)?);
        let mut least = f64::INFINITY;
        for _ in 0..4 {
            let begin = Instant::now();
            let _ = input.f_matmul(&weight)?;
            least = least.min(begin.elapsed().as_secs_f64());
        }
        Ok(Some(0.5 * 2.0 * (rows * width * width) as f64 / least))
    }

    /// The numbers' name.
    pub fn precision(&self) -> &'static str {
        match self.kind {
            Kind::Half => "fp16",
            Kind::BFloat16 => "bf16",
            _ => "f32",
        }
    }

    /// The device's name.
    pub fn device_name(&self) -> &'static str {
        if self.device == Device::Cpu { "cpu" } else { "cuda" }
    }
}

/// The first GPU, as its driver names it.
fn card() -> Option<(&'static str, f64, u64)> {
    let first = fs::read_dir("/proc/driver/nvidia/gpus").ok()?.next()?.ok()?;
    let text = fs::read_to_string(first.path().join("information")).ok()?;
    CARDS.into_iter().find(|card| text.contains(card.0))
}

/// Main memory that programs can still have.
fn free_memory() -> Option<u64> {
    kilobytes("/proc/meminfo", "MemAvailable:")
}

/// Most main memory that this process has held.
pub(crate) fn peak_memory() -> Option<u64> {
    kilobytes("/proc/self/status", "VmHWM:")
}

fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

/// Floating-point operations of a step over rows of these lengths, `recomputed` layers being computed twice.
///
/// A token costs 2 for each number of a matrix forward, 2 for the gradient of its input where one is needed, 2 for that
/// of a matrix trained whole, and 2 for each that is computed again. Causal attention costs a row of length n, per
/// layer, `2 * n² * query width` forward and 2.5 times as much backward.
///
/// # Source
/// Kaplan et al. 2020, "Scaling laws for neural language models", section 2.1; Dao 2023, "`FlashAttention`-2", section 4.1.
pub(crate) fn operations(
    config: &Config,
    trained: &Trained,
    recomputed: usize,
    lengths: impl Iterator<Item = u64>,
) -> f64 {
    let (mut tokens, mut squares) = (0.0, 0.0);
    for length in lengths {
        tokens += length as f64;
        squares += (length * length) as f64;
    }
    let matrices = config.matmul_parameters() as f64;
    let again = recomputed.min(config.layers) as f64 / config.layers.max(1) as f64;
    let per_number = 2.0 + 2.0 * trained.depth + 2.0 * trained.whole + 2.0 * again;
    let attention =
        (1.0 + 2.5 * trained.depth + again) * 2.0 * config.layers as f64 * config.query_width() as f64 * squares;
    per_number * matrices * tokens + attention
}

#[cfg(test)]
mod tests {
    use siyu_model::LoraSettings;

    use super::*;
    use crate::Settings;

    /// Operations of one token, over the numbers of the matrices.
    fn per_number(more: &str) -> f64 {
        let json = serde_json::json!({
            "architectures": ["LlamaForCausalLM"], "hidden_size": 64, "intermediate_size": 172, "num_hidden_layers": 4,
            "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 512, "max_position_embeddings": 512,
            "rms_norm_eps": 1e-5, "hidden_act": "silu", "tie_word_embeddings": true,
        });
        let config = Config::from_json(json.as_object().unwrap().clone()).unwrap();
        let text = format!("model: m\ndataset: d\noutput: o\n{more}");
        let settings = Settings::from_text(&text, std::path::Path::new("train.yaml")).unwrap();
        let trained = Trained::of(&settings, &LoraSettings::default(), &config).unwrap();
        operations(&config, &trained, 0, [1].into_iter()) / config.matmul_parameters() as f64
    }

    #[test]
    fn an_adapter_costs_four_a_number_a_whole_model_six_and_two_of_four_layers_less() {
        assert!((4.0..4.2).contains(&per_number("")));
        assert!((6.0..6.2).contains(&per_number("method: full\n")));
        // Forward 2; half of the layers pass a gradient on and have their own.
        assert!((3.7..4.1).contains(&per_number("method: freeze\nfreeze: { trained_layers: 2 }\n")));
    }
}
