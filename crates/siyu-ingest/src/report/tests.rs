use siyu_dataset::{
    ColumnRecord, InputRecord, LeakProof, PackingRecord, PipelineRecord, RowTotals, ShardRecord, SplitRecord,
    StepRecord,
};

use super::*;
use crate::statistics::{Histogram, Sample, SampleText, Totals};

const HOSTILE: &str = "</pre><script src=\"https://evil.example/x.js\">alert('私语')</script>|`\n---";

fn shard(split: &str, rows: u64) -> ShardRecord {
    let path = format!("data/{split}-00000-of-00001.parquet");
    ShardRecord {
        path,
        split: split.into(),
        rows,
        documents: None,
        tokens: Some(rows * 310),
        bytes: rows * 900,
        blake3: "0f".repeat(32),
    }
}

fn step(step: &str, rows_in: u64, dropped: u64) -> StepRecord {
    StepRecord { step: step.into(), rows_in, rows_out: rows_in - dropped, dropped, created: 0, notes: Vec::new() }
}

fn manifest() -> Manifest {
    let input = |source: &str, encoding: &str, rows| InputRecord {
        source: source.into(),
        format: "jsonl".into(),
        encoding: Some(encoding.into()),
        bytes: rows * 1800,
        blake3: "ab".repeat(32),
        rows,
        quarantined: 6,
    };
    Manifest {
        format_version: 1,
        siyu_version: "0.1.0".into(),
        pipeline: PipelineRecord::of("# 法律\nsteps:\n  - mask_pii: { with: \"<MASK>\" }\n"),
        tokenizer: None,
        seed: 7,
        inputs: vec![input("laws/民法典.jsonl", "UTF-8", 24_000), input("memos/2024.jsonl", "gb18030", 18_000)],
        steps: vec![
            step("1 strip_html", 41_988, 0),
            step("2 mask_pii", 41_988, 0),
            step("3 filter", 41_988, 2_388),
            step("4 near_dedup", 39_600, 9_600),
            step("5 split", 30_000, 0),
        ],
        rows: RowTotals { input: 42_000, created: 0, written: 30_000, dropped: 11_988, quarantined: 12 },
        personal_data: [("phone", 5120), ("id_card", 1300), ("email", 640)]
            .map(|(kind, count)| (kind.into(), count))
            .into(),
        personal_data_check: None,
        audit: None,
        split: Some(SplitRecord {
            by: vec!["cluster".into()],
            shares: [("train", 0.9), ("validation", 0.05), ("test", 0.05)]
                .map(|(side, share)| (side.into(), share))
                .into(),
            rows: [("train", 27_000), ("validation", 1_500), ("test", 1_500)]
                .map(|(side, rows)| (side.into(), rows))
                .into(),
            leak: LeakProof { method: "exact content hash".into(), checked: 30_000, found: 0, near: None },
            ledger: None,
            warnings: Vec::new(),
            moved: 0,
            moved_ids: Vec::new(),
        }),
        packing: None,
        columns: vec![ColumnRecord { name: "text".into(), kind: "Utf8".into() }],
        shards: vec![shard("test", 1_500), shard("train", 27_000), shard("validation", 1_500)],
        dropped: vec![],
        quarantine: vec![],
    }
}

pub(super) fn facts() -> ReportFacts {
    let mut statistics = Statistics::default();
    let histogram = |scale: u64| {
        let mut histogram = Histogram::default();
        (0..3000u64).for_each(|row| histogram.add(scale * (row % 61) * (row % 47) / 40 + row % 13));
        histogram
    };
    (statistics.characters, statistics.tokens) = (histogram(40), histogram(26));
    statistics.scripts =
        [("han", 27_400), ("latin", 2_500), ("none", 100)].map(|(name, count)| (name.into(), count)).into();
    let sample = |id: &str, text: &str| Sample {
        hash: "00".repeat(16),
        id: id.into(),
        texts: vec![SampleText { column: "text".into(), text: text.into(), cut: true }],
    };
    for (side, rows) in [("train", 27_000), ("validation", 1_500), ("test", 1_500)] {
        statistics.splits.insert(side.into(), Totals { rows, characters: rows * 520, tokens: rows * 310 });
        let text = "第一条 为了保护民事主体的合法权益，调整民事关系。联系人：<MASK>，电话<MASK>。";
        let samples = vec![sample("laws/民法典.jsonl:12", text), sample("memos/2024.jsonl:7", &text.repeat(3))];
        statistics.samples.insert(side.into(), samples);
    }
    let reasons = [("3 filter", "", 2_388), ("4 near_dedup", "similar to another document", 9_600)];
    let reasons = reasons.map(|(step, reason, count)| (step.into(), BTreeMap::from([(reason.into(), count)])));
    ReportFacts {
        title: "legal".into(),
        manifest: manifest(),
        statistics,
        drop_reasons: reasons.into(),
        quarantine_reasons: [("no JSON", 9), ("invalid UTF-8", 3)].map(|(reason, count)| (reason.into(), count)).into(),
        near: Vec::new(),
    }
}

fn hostile() -> ReportFacts {
    let mut facts = facts();
    facts.title = HOSTILE.into();
    facts.manifest.pipeline = PipelineRecord::of(HOSTILE);
    facts.manifest.inputs[0].source = HOSTILE.into();
    facts.manifest.inputs[0].encoding = Some(HOSTILE.into());
    facts.manifest.steps[0].step = HOSTILE.into();
    facts.manifest.steps[0].dropped = 1;
    facts.manifest.columns[0].name = HOSTILE.into();
    facts.manifest.personal_data.insert(HOSTILE.into(), 1);
    facts.quarantine_reasons.insert(HOSTILE.into(), 1);
    facts.drop_reasons.insert(HOSTILE.into(), BTreeMap::from([(HOSTILE.into(), 1)]));
    let sample = &mut facts.statistics.samples.get_mut("train").unwrap()[0];
    (sample.id, sample.texts[0].text) = (HOSTILE.into(), HOSTILE.into());
    facts
}

#[test]
fn nothing_in_a_document_becomes_markup_of_the_page() {
    let (plain, page) = (render("report.html", &facts()), render("report.html", &hostile()));
    assert!(page.matches("alert(").count() >= 8, "the hostile text should be shown");
    assert!(!page.contains("<script"));
    assert_eq!(page.matches("</pre>").count(), plain.matches("</pre>").count());
}

#[test]
fn the_page_loads_nothing() {
    let page = render("report.html", &facts());
    for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn the_page_shows_the_numbers_and_marks_what_was_masked() {
    let page = render("report.html", &facts());
    for shown in
        ["−9,600", "42,000 rows read", "71.4 %", "gb18030", "<mark>&lt;MASK&gt;</mark>", "similar to another document"]
    {
        assert!(page.contains(shown), "{shown}");
    }
}

#[test]
fn nothing_in_a_document_breaks_out_of_the_card() {
    let card = render("card.md", &hostile());
    assert!(!card.contains("<script"));
    assert_eq!(card.lines().filter(|line| *line == "---").count(), 2);
}

#[test]
fn the_card_names_the_files_of_each_split_in_the_order_of_use() {
    let card = render("card.md", &facts());
    let front = "---\nconfigs:\n- config_name: default\n  data_files:\n  - split: \"train\"\n    path: \"data/train-*.parquet\"\n  - split: \"validation\"\n    path: \"data/validation-*.parquet\"\n  - split: \"test\"\n";
    assert!(card.starts_with(front), "{card}");
}

#[test]
fn an_empty_dataset_has_a_page_and_a_card() {
    let mut facts = facts();
    facts.statistics = Statistics::default();
    facts.manifest.shards.clear();
    facts.manifest.steps.clear();
    facts.manifest.split = None;
    facts.manifest.rows = RowTotals::default();
    assert!(render("report.html", &facts).contains("The pipeline has no steps."));
    assert!(render("card.md", &facts).contains("0 rows in 0 Parquet shards"));
}

#[test]
fn the_same_facts_give_the_same_bytes_even_after_json() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_report(&one, &facts()).unwrap();
    write_card(&one, &facts()).unwrap();
    let json = fs::read(one.path().join("report.json")).unwrap();
    let again: ReportFacts = serde_json::from_slice(&json).unwrap();
    write_report(&other, &again).unwrap();
    write_card(&other, &again).unwrap();
    for name in ["report.json", "report.html", "README.md"] {
        assert_eq!(fs::read(one.path().join(name)).unwrap(), fs::read(other.path().join(name)).unwrap());
    }
}

#[test]
fn card_and_page_say_that_rows_are_packed_and_how_to_keep_documents_apart() {
    let mut facts = facts();
    assert!(!render("card.md", &facts).contains("seq_lengths"));
    facts.manifest.packing = Some(PackingRecord { max_tokens: 1024, rows: 10, documents: 30, tokens: 10_000 });
    let (card, page) = (render("card.md", &facts), render("report.html", &facts));
    assert!(card.contains("30 documents share 10 rows of at most 1,024 tokens, of which 97.7 % are used"), "{card}");
    assert!(card.contains("`padding_free=True`") && page.contains("30 documents share 10 packed rows"));
}
