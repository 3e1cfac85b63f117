//! A really trained tiny model tells the story it is known for.

use siyu_model::{Batch, Model, Options};
use std::path::Path;
use tch::Device;

#[test]
fn stories260k_begins_its_story() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sample-data/models/stories260k");
    let model = Model::load(folder, Options::default()).unwrap();
    let mut ids = vec![1_i64];
    for _ in 0..60 {
        let batch = Batch::unlabelled(&[&ids], Device::Cpu).unwrap();
        let hidden = model.hidden(&batch).unwrap();
        let logits = model.logits(&hidden.get(-1).unsqueeze(0)).unwrap();
        ids.push(logits.argmax(1, false).int64_value(&[0]));
    }
    println!("{ids:?}");
}
