//! What a merge of Llama-2-7B's shapes takes: memory at its highest, and time.
//!
//! `cargo run --release -p siyu-export --example merge_memory -- FOLDER [LAYERS]`, on Linux. The base
//! holds zeros in a sparse file, so that only the merged model takes space on the disk: 0.4 GB a layer.

use siyu_checkpoint::{ADAPTER_PREFIX, Config, Dtype, View, write_tensors};
use siyu_export::{Merge, MergeSettings};
use std::borrow::Cow;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Numbers of one value.
struct Constant {
    shape: Vec<usize>,
    value: f32,
}

impl View for Constant {
    fn dtype(&self) -> Dtype {
        Dtype::F32
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Owned(self.value.to_le_bytes().repeat(self.shape.iter().product()))
    }

    fn data_len(&self) -> usize {
        4 * self.shape.iter().product::<usize>()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder to work in")?;
    let layers = arguments.next().map_or(Ok(32), |count| count.parse())?;
    let folder = Path::new(&folder);
    let (base, adapter, out) = (folder.join("base"), folder.join("adapter"), folder.join("merged"));
    fs::create_dir_all(&base)?;
    fs::create_dir_all(&adapter)?;
    write_base(&base, layers)?;
    write_adapter(&base, &adapter)?;
    let begin = Instant::now();
    let merge = Merge::open(&base, &adapter)?;
    let opened = begin.elapsed();
    let settings = MergeSettings { replace: true, ..MergeSettings::default() };
    merge.write(&out, &settings, &|_| ())?.finish()?;
    let mut told = std::io::stdout().lock();
    writeln!(told, "{:.2} GB of weights", merge.bytes(&settings)? as f64 / 1e9)?;
    writeln!(
        told,
        "hashed in {:.1} s, merged in {:.1} s",
        opened.as_secs_f64(),
        (begin.elapsed() - opened).as_secs_f64()
    )?;
    let status = fs::read_to_string("/proc/self/status")?;
    for line in status.lines().filter(|line| line.starts_with("VmHWM")) {
        writeln!(told, "{line}")?;
    }
    Ok(())
}

/// A base of zeros in bf16, whose file has holes for them.
fn write_base(folder: &Path, layers: usize) -> Result<(), Box<dyn Error>> {
    let config = serde_json::json!({
        "architectures": ["LlamaForCausalLM"], "hidden_size": 4096, "intermediate_size": 11008,
        "num_hidden_layers": layers, "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 32000,
        "max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "torch_dtype": "bfloat16",
    });
    fs::write(folder.join("config.json"), config.to_string())?;
    let mut header = serde_json::Map::new();
    let mut bytes = 0;
    for (name, shape) in Config::from_folder(folder)?.tensors() {
        let end = bytes + 2 * shape.iter().product::<i64>();
        header.insert(name, serde_json::json!({ "dtype": "BF16", "shape": shape, "data_offsets": [bytes, end] }));
        bytes = end;
    }
    let mut header = serde_json::to_string(&header)?;
    header.push_str(&" ".repeat(header.len().next_multiple_of(8) - header.len()));
    let mut file = File::create(folder.join("model.safetensors"))?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    file.set_len(8 + header.len() as u64 + u64::try_from(bytes)?)?;
    Ok(())
}

/// An adapter of rank 16 for every matrix.
fn write_adapter(base: &Path, folder: &Path) -> Result<(), Box<dyn Error>> {
    let mut tensors = Vec::new();
    for (name, shape) in Config::from_folder(base)?.tensors() {
        let (Some(module), &[out, input]) = (name.strip_suffix("_proj.weight"), shape.as_slice()) else { continue };
        let part = |part: &str| format!("{ADAPTER_PREFIX}{module}_proj.{part}.weight");
        let [out, input] = [usize::try_from(out)?, usize::try_from(input)?];
        tensors.push((part("lora_A"), Constant { shape: vec![16, input], value: 0.01 }));
        tensors.push((part("lora_B"), Constant { shape: vec![out, 16], value: 0.02 }));
    }
    write_tensors(&folder.join("adapter_model.safetensors"), tensors)?;
    let config = serde_json::json!({
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05,
        "target_modules": "all-linear",
    });
    fs::write(folder.join("adapter_config.json"), config.to_string())?;
    Ok(())
}
