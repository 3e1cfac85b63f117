//! A model that is not there yet, or whose thread ended by a fault: it is seen from outside, and nobody waits for it.

#![allow(clippy::unwrap_used, reason = "a test that meets what it does not expect has failed")]

mod running;

use running::{settings, start_with, start_without};
use serde_json::json;
use siyu_serve::{
    Guards, Model, Result,
    contract::Hooks,
    engine::{Capacity, Engine, Forward, Row, Vocabulary},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, mpsc::channel},
};

/// Reads a prompt and panics at the answer's second token.
struct Faulty(Vec<f32>);

impl Forward for Faulty {
    fn slots(&self) -> usize {
        1
    }
    fn context(&self) -> usize {
        256
    }
    fn vocab(&self) -> usize {
        self.0.len()
    }
    fn prefill(&mut self, _: usize, _: usize, _: &[u32]) -> Result<&[f32]> {
        Ok(&self.0)
    }
    fn decode(&mut self, _: &[Row]) -> Result<&[f32]> {
        panic!("broken by the test")
    }
    fn move_slot(&mut self, _: usize, _: usize, _: usize) -> Result<()> {
        Ok(())
    }
    fn token_bytes(&self) -> Option<usize> {
        None
    }
    fn take_block(&mut self, _: usize, _: usize, _: usize) -> Result<Vec<u8>> {
        unreachable!("nothing is kept")
    }
    fn put_block(&mut self, _: usize, _: usize, _: usize, _: &[u8]) -> Result<()> {
        unreachable!("nothing is kept")
    }
}

#[test]
fn a_model_that_stopped_is_seen_from_outside_and_keeps_nobody_waiting() {
    let (sender, told) = channel();
    let service = start_with("", |model, hooks| {
        let vocabulary = Vocabulary { tokenizer: model.tokenizer.clone(), special: Arc::new(BTreeSet::new()) };
        let capacity = Capacity { queue: 2, prefill_chunk: 64, prefix_bytes: 0 };
        let report = Arc::new(move |error: &siyu_serve::Error| sender.send(error.to_string()).unwrap());
        let forward = Box::new(Faulty(vec![0.0; 512]));
        let engine = Engine::start(forward, vocabulary, capacity, hooks.observer.clone(), report);
        Model { engine, ..model }
    });
    assert_eq!(service.get("/readyz").status, 200);
    let body = json!({"prompt": "Once", "max_tokens": 5});
    let failed = service.post("/v1/completions", &body);
    assert_eq!((failed.status, &failed.json()["error"]["code"]), (500, &json!("model_failed")));
    assert!(told.recv().unwrap().contains("the model has stopped"));
    let ready = service.get("/readyz");
    assert_eq!((ready.status, &ready.json()["error"]["code"]), (503, &json!("model_stopped")));
    // More than the queue holds.
    for _ in 0..5 {
        let refused = service.post("/v1/completions", &body);
        assert_eq!((refused.status, &refused.json()["error"]["code"]), (503, &json!("model_stopped")));
    }
    assert_eq!(service.get("/healthz").status, 200, "the process itself lives");
    assert!(service.get("/metrics").body.contains("siyu_requests_total{ending=\"failed\"} 1"));
    // As SIGHUP does it.
    let again = Model::open(&settings(""), Hooks::default().observer, Arc::new(|error| panic!("{error}"))).unwrap();
    service.service.swap(again);
    assert_eq!((service.get("/readyz").status, service.post("/v1/completions", &body).status), (200, 200));
}

#[test]
fn a_service_says_that_its_model_is_still_being_loaded() {
    let settings = settings("");
    let service = start_without(&settings, &Guards::new(&settings).unwrap(), None);
    let body = json!({"prompt": "Once", "max_tokens": 5});
    for response in [service.get("/readyz"), service.get("/v1/models"), service.post("/v1/completions", &body)] {
        assert_eq!((response.status, &response.json()["error"]["code"]), (503, &json!("model_loading")));
        assert!(response.head.contains("retry-after: 5"), "{}", response.head);
    }
    assert_eq!((service.get("/healthz").status, service.get("/metrics").status), (200, 200));
    let model = Model::open(&settings, Hooks::default().observer, Arc::new(|error| panic!("{error}"))).unwrap();
    service.service.swap(model);
    assert_eq!((service.get("/readyz").status, service.post("/v1/completions", &body).status), (200, 200));
}
