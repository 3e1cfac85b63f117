use super::*;

#[test]
fn a_panic_is_reported_by_what_was_being_done_and_not_by_its_text() {
    let progress = Progress::default();
    "ordering".clone_into(&mut progress.stage.lock().unwrap());
    let error = catch::<()>(&progress, || panic!("text of a document: 13800138000")).unwrap_err();
    let message = error.to_string();
    assert!(message.contains("internal error while ordering") && !message.contains("138"), "{message}");
}
