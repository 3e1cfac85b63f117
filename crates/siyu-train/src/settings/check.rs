//! Values that no run could use.

use super::{Init, Method, Precision, Schedule, Settings, Targets, WarmUp};
use siyu_yaml::Problem;

/// The first setting that no run could use.
pub(super) fn problem(settings: &Settings) -> Option<Problem> {
    whole_numbers(settings)
        .or_else(|| ranges(settings))
        .or_else(|| adapter(settings))
        .or_else(|| combinations(settings))
}

#[expect(clippy::unnecessary_wraps, reason = "each check ends with it")]
fn told(keys: &'static [&'static str], message: impl Into<String>, help: &str) -> Option<Problem> {
    Some(Problem { keys, message: message.into(), help: format!("{help}; ") })
}

fn whole_numbers(settings: &Settings) -> Option<Problem> {
    let zero: [(&'static [&'static str], bool); 7] = [
        (&["batch"], settings.batch == 0),
        (&["accumulation"], settings.accumulation == 0),
        (&["epochs"], settings.epochs == 0),
        (&["max_steps"], settings.max_steps == Some(0)),
        (&["batch_tokens"], settings.batch_tokens == Some(0)),
        (&["state_every_steps"], settings.state_every_steps == 0),
        (&["evaluation", "every_steps"], settings.evaluation.every_steps == Some(0)),
    ];
    let (keys, _) = zero.into_iter().find(|(_, is_zero)| *is_zero)?;
    told(keys, format!("`{}` is 0 and must be at least 1", keys.last().unwrap_or(&"")), "leave it out for the default")
}

fn ranges(settings: &Settings) -> Option<Problem> {
    let rate = settings.learning_rate;
    if !(rate > 0.0 && rate <= 1.0) {
        return told(
            &["learning_rate"],
            format!("`learning_rate` is {rate} and must lie above 0 and up to 1"),
            "2e-4 suits adapters, 2e-5 whole models",
        );
    }
    if !(0.0..1.0).contains(&settings.weight_decay) {
        return told(&["weight_decay"], "`weight_decay` must lie in 0..1", "0 is none");
    }
    if !(settings.clip >= 0.0 && settings.clip.is_finite()) {
        return told(&["clip"], "`clip` must be 0 or more", "1.0 is the default, 0 leaves gradients as they are");
    }
    if !(settings.neftune_alpha >= 0.0 && settings.neftune_alpha.is_finite()) {
        return told(&["neftune_alpha"], "`neftune_alpha` must be 0 or more", "5 is usual, 0 is none");
    }
    match settings.warm_up {
        WarmUp::Share(share) if !(0.0..1.0).contains(&share) => {
            told(&["warm_up"], "`warm_up` must be a whole number of steps, or a share below 1", "100 is the default")
        }
        _ => match settings.schedule {
            Schedule::Wsd { decay } if !(decay > 0.0 && decay <= 1.0) => told(
                &["schedule"],
                "`decay` of the schedule must lie above 0 and up to 1",
                "0.1 lets the last tenth fall",
            ),
            _ => None,
        },
    }
}

fn adapter(settings: &Settings) -> Option<Problem> {
    let lora = &settings.lora;
    if lora.rank < 1 {
        return told(&["lora", "rank"], format!("`rank` is {} and must be at least 1", lora.rank), "16 is the default");
    }
    if !(0.0..1.0).contains(&lora.dropout) {
        return told(&["lora", "dropout"], "`dropout` must lie in 0..1", "0.05 is the default");
    }
    if !(lora.alpha > 0.0 && lora.alpha.is_finite()) {
        return told(&["lora", "alpha"], "`alpha` must be above 0", "twice the rank is usual");
    }
    if !(lora.b_rate_factor > 0.0 && lora.b_rate_factor.is_finite()) {
        return told(
            &["lora", "b_rate_factor"],
            "`b_rate_factor` must be above 0",
            "16 is usual for LoRA+, 1 is plain LoRA",
        );
    }
    if lora.rank_pattern.values().any(|&rank| rank < 1) {
        return told(&["lora", "rank_pattern"], "a rank of `rank_pattern` is below 1", "16 is the default");
    }
    if lora.alpha_pattern.values().any(|&alpha| !(alpha > 0.0 && alpha.is_finite())) {
        return told(
            &["lora", "alpha_pattern"],
            "a value of `alpha_pattern` is not above 0",
            "twice the rank is usual",
        );
    }
    match &lora.targets {
        Targets::Names(names) if names.is_empty() => told(
            &["lora", "targets"],
            "`targets` names no matrix",
            "[q_proj, v_proj] is the default, all-linear is every one",
        ),
        _ => None,
    }
}

fn combinations(settings: &Settings) -> Option<Problem> {
    if settings.init == Init::Random && settings.method != Method::Full {
        return told(&["init"], "what is trained beside weights of chance learns nothing", "set `method: full`");
    }
    let freeze = &settings.freeze;
    if settings.method == Method::Freeze && freeze.trained_layers == 0 && freeze.extra_modules.is_empty() {
        return told(
            &["freeze", "trained_layers"],
            "nothing is trained: `trained_layers` is 0 and `extra_modules` is empty",
            "2 is the default",
        );
    }
    if settings.adapter.is_some() && !settings.method.is_adapter() {
        return told(
            &["adapter"],
            "an adapter is trained on by `method: lora` or `qlora` only",
            "leave one of the two out",
        );
    }
    if settings.precision == Precision::Fp16 && settings.learning_rate > 5e-4 && !settings.method.is_adapter() {
        return told(
            &["precision"],
            "whole models at this rate overflow 16-bit floats",
            "set `precision: bf16` or `f32`",
        );
    }
    if settings.evaluation.patience == Some(0) {
        return told(
            &["evaluation", "patience"],
            "`patience` is 0 and must be at least 1",
            "leave it out to run to the end",
        );
    }
    None
}
