//! A service that is told to end while it loads another model; signals are the whole process's: one test, one process.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{MODEL, settings};
use siyu_serve::{Notice, serve};
use std::{
    fs::OpenOptions,
    process::{self, Command},
    sync::{Arc, Mutex, mpsc::channel},
    thread,
    time::Duration,
};

fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success());
}

#[test]
fn the_end_is_seen_while_a_model_is_being_loaded() {
    let folder = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(&MODEL.1).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), folder.path().join(file.file_name())).unwrap();
    }
    // Reading this file waits for someone who writes it.
    let path = folder.path().join("tokenizer.json");
    std::fs::remove_file(&path).unwrap();
    run("mkfifo", &[path.to_str().unwrap()]);
    let begun = settings("limits: { drain_seconds: 600 }");
    let mut slow = begun.clone();
    slow.model = folder.path().to_owned();
    let (sender, notices) = channel::<String>();
    let sender = Mutex::new(sender);
    let tell = Arc::new(move |notice: Notice<'_>| drop(sender.lock().unwrap().send(format!("{notice:?}"))));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let serving = thread::spawn(move || runtime.block_on(serve(begun, move || Ok(slow.clone()), tell)));
    assert!(notices.recv().unwrap().starts_with("Listening"));
    let process = process::id().to_string();
    run("kill", &["-HUP", &process]);
    // Returns once the service has begun to read.
    let writer = OpenOptions::new().write(true).open(&path).unwrap();
    run("kill", &["-TERM", &process]);
    let told = notices.recv_timeout(Duration::from_mins(1)).expect("it is told to end, and loads on");
    assert_eq!(told, "Draining");
    drop(writer);
    serving.join().unwrap().unwrap();
}
