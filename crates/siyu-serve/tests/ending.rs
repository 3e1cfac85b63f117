//! A service that is told to end by the system's signals, which are the whole process's: one test, one process.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{Response, post, settings};
use serde_json::json;
use siyu_serve::{Notice, serve};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    process::{self, Command},
    sync::{Arc, Mutex, mpsc::channel},
    thread,
};

fn terminate() {
    let status = Command::new("kill").args(["-TERM", &process::id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn a_second_signal_breaks_off_what_the_first_let_end() {
    let settings = settings("engine: { slots: 1, queue: 200 }\nlimits: { drain_seconds: 600 }");
    let (sender, notices) = channel::<Option<SocketAddr>>();
    let sender = Mutex::new(sender);
    let tell = Arc::new(move |notice: Notice<'_>| {
        let told = match notice {
            Notice::Listening { address, .. } => Some(address),
            _ => None,
        };
        let _ = sender.lock().unwrap().send(told);
    });
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let again = settings.clone();
    let serving = thread::spawn(move || runtime.block_on(serve(settings, move || Ok(again.clone()), tell)));
    let address = notices.recv().unwrap().expect("it listens first");
    let body = json!({"prompt": "a", "max_tokens": 500, "stream": true}).to_string();
    let mut streams: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
    for stream in &mut streams {
        stream.write_all(post("/v1/completions", &body).as_bytes()).unwrap();
        // The head comes once the request is taken.
        stream.read_exact(&mut [0; 8]).unwrap();
    }
    terminate();
    assert!(notices.recv().unwrap().is_none(), "it says that it ends");
    terminate();
    let mut all = b"HTTP/1.1".to_vec();
    streams.last_mut().unwrap().read_to_end(&mut all).unwrap();
    assert_eq!(Response::parse(&all).events().pop().unwrap()["error"]["code"], "shutdown");
    serving.join().unwrap().unwrap();
}
