//! `generate`.

use std::{
    io::{self, Write},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
};

use anyhow::{Context, bail};
use siyu_checkpoint::{Origin, base_hash};
use siyu_model::{GenerateSettings, Model, Options};
use siyu_text::{
    chat::{ChatTemplate, Encoder, Message, Overflow, Role},
    tokenizer::Tokenizer,
};
use siyu_train::{
    compute::Machine,
    settings::{DeviceChoice, Precision},
};

/// Continues a text with a model, token by token.
#[derive(clap::Args)]
#[command(after_help = "\
Example:
  siyu generate models/base --adapter out/legal-adapter \"第一条 为了\"
  siyu generate models/base --adapter out/legal-adapter --template alpaca \"请概括：……\"

What is not given comes from the model's generation_config.json.")]
pub(crate) struct Generate {
    /// Folder of the model.
    model: PathBuf,
    /// The text to continue.
    prompt: String,
    /// Folder of an adapter for it.
    #[arg(long)]
    adapter: Option<PathBuf>,
    /// Ask the text as a question, laid out by the model's own chat template.
    #[arg(long, conflicts_with = "template")]
    chat: bool,
    /// The same by a built-in template: alpaca, chatml, qwen2, llama2, llama3 or plain.
    #[arg(long, value_name = "NAME")]
    template: Option<String>,
    /// Most tokens made.
    #[arg(long)]
    max_tokens: Option<usize>,
    /// How freely tokens are drawn; 0 takes the likeliest one always.
    #[arg(long)]
    temperature: Option<f64>,
    /// Draw from so many of the likeliest tokens only; 0 is all.
    #[arg(long)]
    top_k: Option<usize>,
    /// Draw from the likeliest tokens only that together have this probability.
    #[arg(long)]
    top_p: Option<f64>,
    /// How much rarer a token becomes that occurred already; 1 is not at all.
    #[arg(long)]
    repetition_penalty: Option<f64>,
    /// All draws follow from it.
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

impl Generate {
    pub(crate) fn run(self, out: &mut impl Write) -> anyhow::Result<()> {
        self.refuse_other_base()?;
        let path = self.model.join("tokenizer.json");
        let json = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let tokenizer = Tokenizer::from_json(&json).with_context(|| format!("`{}` cannot be used", path.display()))?;
        let tokenizer = Arc::new(tokenizer);
        let ids = self.encode(&tokenizer)?;
        let settings = self.settings()?;
        let machine = Machine::of(DeviceChoice::Auto, Precision::Auto)?;
        let options = Options { device: machine.device, kind: machine.kind, nf4: false };
        let mut model = Model::load(&self.model, options)?;
        if let Some(adapter) = &self.adapter {
            model.load_adapter(adapter)?;
        }
        let prompt: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
        let mut text = Stream::new(&tokenizer, &ids);
        let mut failed = None;
        model.generate(&prompt, &settings, |token| match text.push(token, out) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        match failed {
            // The reader of a pipe went away, as `head` does.
            Some(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            Some(error) => Err(error.into()),
            None => Ok(text.finish(out)?),
        }
    }

    /// The text's tokens, as a question where that is asked for.
    fn encode(&self, tokenizer: &Arc<Tokenizer>) -> anyhow::Result<Vec<u32>> {
        let Some(template) = self.template()? else {
            let mut ids = Vec::new();
            tokenizer.encode_with_special_into(&self.prompt, &mut ids)?;
            return Ok(ids);
        };
        let encoder = Encoder::new(Arc::clone(tokenizer), template, usize::MAX, Overflow::Drop)?;
        Ok(encoder.prompt(&[Message { role: Role::User, content: self.prompt.clone() }])?)
    }

    fn template(&self) -> anyhow::Result<Option<ChatTemplate>> {
        if let Some(name) = &self.template {
            let known = ChatTemplate::NAMES.join(", ");
            let template = ChatTemplate::named(name);
            return template.map(Some).with_context(|| format!("there is no template `{name}`, only {known}"));
        }
        if !self.chat {
            return Ok(None);
        }
        let path = self.model.join("tokenizer_config.json");
        let config = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
        let file = std::fs::read_to_string(self.model.join("chat_template.jinja")).ok();
        let template = ChatTemplate::from_config(&config, file.as_deref())?;
        let missing = || format!("`{}` has no `chat_template`; name one with --template", path.display());
        template.map(Some).with_context(missing)
    }

    fn settings(&self) -> anyhow::Result<GenerateSettings> {
        let given = GenerateSettings::from_folder(&self.model)?;
        Ok(GenerateSettings {
            max_tokens: self.max_tokens.unwrap_or(given.max_tokens),
            temperature: self.temperature.unwrap_or(given.temperature),
            top_k: self.top_k.unwrap_or(given.top_k),
            top_p: self.top_p.unwrap_or(given.top_p),
            repetition_penalty: self.repetition_penalty.unwrap_or(given.repetition_penalty),
            seed: self.seed,
            ..given
        })
    }

    /// An adapter beside another base than its own makes no sense of any text.
    fn refuse_other_base(&self) -> anyhow::Result<()> {
        let Some(adapter) = &self.adapter else { return Ok(()) };
        let Some(origin) = Origin::open(adapter)? else { return Ok(()) };
        if origin.model_hash != base_hash(&self.model)? {
            bail!(
                "the adapter in `{}` was trained on another model than the one in `{}`",
                adapter.display(),
                self.model.display()
            );
        }
        Ok(())
    }
}

/// Tokens as text, as soon as their characters are whole.
struct Stream<'a> {
    tokenizer: &'a Tokenizer,
    ids: Vec<u32>,
    /// Bytes of the text that are written already.
    written: usize,
}

impl<'a> Stream<'a> {
    fn new(tokenizer: &'a Tokenizer, prompt: &[u32]) -> Self {
        let written = tokenizer.decode(prompt).len();
        Self { tokenizer, ids: prompt.to_vec(), written }
    }

    fn push(&mut self, token: i64, out: &mut impl Write) -> io::Result<()> {
        self.ids.extend(u32::try_from(token));
        let text = self.tokenizer.decode(&self.ids);
        // Half a character shows as this mark until its other half is there.
        if text.ends_with('\u{fffd}') {
            return Ok(());
        }
        if let Some(fresh) = text.get(self.written..) {
            out.write_all(fresh.as_bytes())?;
            out.flush()?;
            self.written = text.len();
        }
        Ok(())
    }

    fn finish(self, out: &mut impl Write) -> io::Result<()> {
        let text = self.tokenizer.decode(&self.ids);
        writeln!(out, "{}", text.get(self.written..).unwrap_or_default())
    }
}
