//! What the gate and the filter add to a request and to each token of an answer.
//!
//! ```sh
//! cargo run --release -p siyu-serve --example gate_cost
//! ```
//!
//! Tokens are those of `tests/fixtures/tokens.json`; lists of 10,000 words, all default kinds of personal data and a
//! classifier are on. Prompts have 1,000 characters of Chinese with numbers among them, answers are pushed in pieces of
//! one to three characters.

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderValue, Method, header};
use siyu_serve::Now;
use siyu_serve::filter::{Example, Guard, Training};
use siyu_serve::gate::Gate;

const ROUNDS: usize = 2_000;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    for algorithm in ["RS256", "ES256", "EdDSA", "HS256"] {
        admission(folder.path(), algorithm)?;
    }
    let guard = guard(folder.path())?;
    let prompt = text(1_000);
    report("prompt of 1,000 characters", times(ROUNDS, || drop(black_box(guard.prompt(&prompt)))));
    let letters: Vec<char> = text(2_000).chars().collect();
    let mut pushes = Vec::new();
    for round in 0..50 {
        let mut answer = guard.answer();
        let mut from = 0;
        while from < letters.len() {
            let to = letters.len().min(from + 1 + (from + round) % 3);
            let piece: String = letters[from..to].iter().collect();
            pushes.push(time(|| drop(black_box(answer.push(&piece)))));
            from = to;
        }
        let _ = answer.finish();
    }
    report("token of an answer", pushes);
    Ok(())
}

/// The head of a request: a token seen for the first time, and one seen before.
fn admission(folder: &Path, algorithm: &str) -> Result<(), Box<dyn std::error::Error>> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokens.json");
    let tokens: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(fixture)?)?;
    let keys = folder.join("keys.json");
    std::fs::write(&keys, tokens["sets"][algorithm]["keys"].to_string())?;
    let settings = serde_saphyr::from_str(&format!(
        "token: {{ algorithm: {algorithm}, keys: '{}', issuer: 'https://issuer.test', audience: siyu }}\n\
         requests_per_second: 1000000\nburst: 1000000\nnetworks: [10.0.0.0/8, 127.0.0.0/8]\n\
         trusted_proxies: [10.0.0.0/24]\nsubjects: [bob, alice]",
        keys.display()
    ))?;
    let now = Now { unix: tokens["now"].as_u64().unwrap_or(0), steady: Duration::from_secs(1) };
    let mut headers = HeaderMap::new();
    let token = tokens["sets"][algorithm]["cases"][0][1].as_str().unwrap_or_default();
    headers.insert(header::AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?);
    headers.insert("x-forwarded-for", HeaderValue::from_static("10.2.3.4"));
    let peer = "10.0.0.1".parse()?;
    let mut first = Vec::new();
    for _ in 0..200 {
        let gate = Gate::new(&settings)?;
        first.push(time(|| drop(black_box(gate.admit(peer, &Method::POST, "/v1/completions", &headers, now)))));
    }
    report(&format!("{algorithm}, token not seen before"), first);
    let gate = Gate::new(&settings)?;
    assert!(gate.admit(peer, &Method::POST, "/v1/completions", &headers, now).is_ok());
    let again = times(ROUNDS, || drop(black_box(gate.admit(peer, &Method::POST, "/v1/completions", &headers, now))));
    report(&format!("{algorithm}, token seen before"), again);
    Ok(())
}

fn guard(folder: &Path) -> Result<Guard, Box<dyn std::error::Error>> {
    let words: Vec<String> = (0..10_000_u32).map(word).collect();
    std::fs::write(folder.join("words.txt"), words.join("\n"))?;
    let example = |(text, label): (&str, &str)| Example { text: text.to_owned(), label: label.to_owned() };
    let examples =
        [("我不想活了", "self_harm"), ("活着没有意思", "self_harm"), ("今天天气很好", "ok"), ("请写一首诗", "ok")];
    let examples: Vec<Example> = examples.into_iter().map(example).collect();
    let (model, _) = Training { hold_out: 0, ..Training::default() }.fit(&examples)?;
    std::fs::write(folder.join("risk.safetensors"), model.to_bytes()?)?;
    let settings = serde_saphyr::from_str(&format!(
        "words: [{{ path: '{0}/words.txt', language: zh, traditional: true }}]\n\
         risk: {{ model: '{0}/risk.safetensors', thresholds: {{ self_harm: 0.99 }} }}",
        folder.display()
    ))?;
    Ok(Guard::new(&settings)?)
}

/// Words of four rare characters, which no text below has.
fn word(number: u32) -> String {
    let letter = |place: u32| char::from_u32(0x9000 + (number * 7 + place * 131) % 0x0F00).unwrap_or('龘');
    (0..4).map(letter).collect()
}

fn text(characters: usize) -> String {
    "根据合同第12条的约定，甲方应当在2024年3月1日前支付货款，联系电话13800138000，逾期按日计算违约金。"
        .chars()
        .cycle()
        .take(characters)
        .collect()
}

fn time(work: impl FnOnce()) -> Duration {
    let began = Instant::now();
    work();
    began.elapsed()
}

fn times(rounds: usize, mut work: impl FnMut()) -> Vec<Duration> {
    (0..rounds).map(|_| time(&mut work)).collect()
}

#[expect(clippy::print_stdout, reason = "an example prints its figures")]
fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!("{what:<34} p50 {:.4} ms  p99 {:.4} ms", at(50), at(99));
}
