use super::*;
use siyu_dataset::{FORMAT_VERSION, PartRecord, PipelineRecord, RowTotals, ShardRecord};
use std::collections::BTreeMap;

/// A manifest of these shards and lists; nothing reads the rest.
fn manifest(shards: &[&str], dropped: &[&str]) -> Manifest {
    let blake3 = String::new();
    let shard = |path: &&str| ShardRecord {
        path: (*path).to_owned(),
        split: "train".to_owned(),
        rows: 0,
        documents: None,
        tokens: None,
        bytes: 0,
        blake3: blake3.clone(),
    };
    let part = |path: &&str| PartRecord { path: (*path).to_owned(), rows: 0, bytes: 0, blake3: blake3.clone() };
    Manifest {
        format_version: FORMAT_VERSION,
        siyu_version: String::new(),
        pipeline: PipelineRecord::of(""),
        tokenizer: None,
        seed: 0,
        inputs: Vec::new(),
        steps: Vec::new(),
        rows: RowTotals::default(),
        personal_data: BTreeMap::new(),
        personal_data_check: None,
        split: None,
        packing: None,
        columns: Vec::new(),
        shards: shards.iter().map(shard).collect(),
        dropped: dropped.iter().map(part).collect(),
        quarantine: Vec::new(),
        audit: None,
    }
}

struct Folders {
    _all: tempfile::TempDir,
    output: PathBuf,
    scratch: PathBuf,
    staging: PathBuf,
}

impl Folders {
    fn new() -> Self {
        let all = tempfile::tempdir().unwrap();
        let output = all.path().join("out");
        let scratch = output.join(".siyu-scratch");
        fs::create_dir_all(&scratch).unwrap();
        Self { staging: scratch.join("staging"), output, scratch, _all: all }
    }

    /// Stages a dataset whose files hold `content`.
    fn stage(&self, manifest: &Manifest, content: &str) {
        let _ = fs::remove_dir_all(&self.staging);
        let paths = manifest.shards.iter().map(|shard| &shard.path);
        for path in paths.chain(manifest.dropped.iter().map(|part| &part.path)) {
            let path = self.staging.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        for page in PAGES {
            fs::write(self.staging.join(page), content).unwrap();
        }
    }

    fn install(&self, manifest: &Manifest) -> Result<()> {
        install(&self.staging, &self.scratch, &self.output, manifest)
    }

    /// Files of the output by path, without the scratch folder.
    fn found(&self) -> BTreeMap<PathBuf, String> {
        let walk = walkdir::WalkDir::new(&self.output).into_iter().map(std::result::Result::unwrap);
        let files = walk.filter(|entry| entry.file_type().is_file() && !entry.path().starts_with(&self.scratch));
        let named = |entry: walkdir::DirEntry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            (entry.path().strip_prefix(&self.output).unwrap().to_owned(), text)
        };
        files.map(named).collect()
    }
}

#[test]
fn wherever_an_installation_is_killed_the_next_one_completes_it() {
    let old = manifest(&["data/train-0.parquet", "data/train-1.parquet"], &["dropped/part-00000.parquet"]);
    let new = manifest(&["data/test-0.parquet", "data/train-0.parquet"], &[]);
    let whole = Folders::new();
    whole.stage(&new, "new");
    whole.install(&new).unwrap();
    let expected = whole.found();
    assert_eq!(expected.len(), 6);
    let mut killed_after = 0;
    loop {
        let folders = Folders::new();
        folders.stage(&old, "old");
        folders.install(&old).unwrap();
        fs::write(folders.output.join("notes.txt"), "mine").unwrap();
        let before = folders.found();
        folders.stage(&new, "new");
        let moves = moves(&folders.staging, &folders.scratch, &folders.output, &new).unwrap();
        moves.iter().take(killed_after).for_each(|step| step.apply().unwrap());
        if killed_after == 0 {
            assert_eq!(folders.found(), before);
        } else {
            assert!(!folders.output.join(MANIFEST).exists(), "no manifest describes other files");
        }
        Owned::of(&folders.output, &folders.scratch, standing(&folders.output).unwrap().as_ref()).unwrap();
        folders.stage(&new, "new");
        folders.install(&new).unwrap();
        let mut found = folders.found();
        assert_eq!(found.remove(Path::new("notes.txt")).as_deref(), Some("mine"));
        assert_eq!(found, expected, "killed after {killed_after} moves");
        if killed_after == moves.len() {
            break;
        }
        killed_after += 1;
    }
}

#[test]
fn a_file_that_appears_in_between_is_not_removed() {
    let folders = Folders::new();
    let new = manifest(&["data/train-0.parquet"], &[]);
    folders.stage(&new, "new");
    fs::create_dir(folders.output.join("data")).unwrap();
    fs::write(folders.output.join("data/mine.txt"), "mine").unwrap();
    assert!(matches!(folders.install(&new), Err(Error::Output(OutputError::InTheWay { .. }))));
    assert_eq!(folders.found().len(), 1);
    fs::remove_file(folders.output.join("data/mine.txt")).unwrap();
    folders.install(&new).unwrap();
}
