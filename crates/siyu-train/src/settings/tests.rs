use std::path::Path;

use super::*;

const LEAST: &str = "model: base\ndataset: out/legal\noutput: out/adapter\n";

fn read(more: &str) -> Result<Settings> {
    Settings::from_text(&format!("{LEAST}{more}"), Path::new("train.yaml"))
}

fn refusal(more: &str) -> String {
    read(more).unwrap_err().to_string()
}

#[test]
fn three_lines_are_the_whole_recipe() {
    let settings = read("").unwrap();
    assert_eq!((settings.lora.rank, settings.lora.alpha, settings.lora.dropout), (16, 32.0, 0.05));
    assert_eq!(settings.lora.targets, Targets::Names(vec!["q_proj".into(), "v_proj".into()]));
    assert_eq!((settings.batch, settings.accumulation, settings.epochs), (4, 8, 3));
    assert_eq!((settings.learning_rate, settings.clip, settings.warm_up), (2e-4, 1.0, WarmUp::Steps(100)));
    assert_eq!((settings.method, settings.precision), (Method::Lora, Precision::Auto));
}

#[test]
fn a_misspelled_key_is_shown_with_what_was_meant() {
    insta::assert_snapshot!(refusal("lora:\n  rnak: 8\n"), @r"
    line 5 column 3: unknown field `rnak`, expected one of rank, alpha, dropout, targets, rslora, dora, b_rate_factor, modules_to_save, rank_pattern, alpha_pattern
     --> train.yaml:5:3
      |
    4 | lora:
    5 |   rnak: 8
      |   ^
    help: did you mean `rank`? nothing was read or written
    ");
}

#[test]
fn a_value_that_no_run_could_use_is_shown_at_its_place() {
    insta::assert_snapshot!(refusal("batch: 2\nlearning_rate: 3\n"), @r"
    line 5 column 16: `learning_rate` is 3 and must lie above 0 and up to 1
     --> train.yaml:5:16
      |
    4 | batch: 2
    5 | learning_rate: 3
      |                ^
    help: 2e-4 suits adapters, 2e-5 whole models; nothing was read or written
    ");
    assert!(refusal("evaluation: { patience: 0 }\n").contains("`patience` is 0 and must be at least 1"));
    assert!(refusal("init: random\n").contains("set `method: full`"));
}

#[test]
fn warm_up_and_schedule_are_read_in_all_their_forms() {
    let share = read("warm_up: 0.03\nschedule: cosine\n").unwrap();
    assert_eq!((share.warm_up, share.schedule), (WarmUp::Share(0.03), Schedule::Cosine));
    let steps = read("warm_up: 20\nschedule: { wsd: { decay: 0.2 } }\n").unwrap();
    assert_eq!((steps.warm_up, steps.schedule), (WarmUp::Steps(20), Schedule::Wsd { decay: 0.2 }));
}

#[test]
fn targets_are_names_or_a_pattern() {
    let all = read("lora: { targets: all-linear }\n").unwrap();
    assert_eq!(all.lora.targets, Targets::AllLinear);
}

#[test]
fn the_last_layers_are_trained_where_the_rest_is_frozen() {
    let freeze = read("method: freeze\nfreeze: { trained_layers: 1, extra_modules: [lm_head] }\n").unwrap();
    assert_eq!((freeze.freeze.trained_layers, &freeze.freeze.extra_modules[..]), (1, &["lm_head".to_owned()][..]));
    assert!(refusal("method: freeze\nfreeze: { trained_layers: 0 }\n").contains("nothing is trained"));
    assert!(refusal("method: freeze\ninit: random\n").contains("set `method: full`"));
}

#[test]
fn patterns_give_modules_ranks_and_strengths_of_their_own() {
    let lora = read("lora: { rank_pattern: { down_proj: 4 }, alpha_pattern: { \"layers.0.*\": 8 } }\n").unwrap().lora;
    assert_eq!((lora.rank_pattern["down_proj"], lora.alpha_pattern["layers.0.*"]), (4, 8.0));
    assert!(refusal("lora: { rank_pattern: { down_proj: 0 } }\n").contains("below 1"));
}
