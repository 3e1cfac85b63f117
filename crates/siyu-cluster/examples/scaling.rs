//! Times a run on one executor and on two, each on one core of its own: what a second host is good for.
//!
//! `cargo run --release -p siyu-cluster --example scaling -- FOLDER PIPELINE`, with `siyu` and `siyu-cluster` built in the
//! same profile; the pipeline's paths are relative to the folder, and its output `out` is removed. Linux with `taskset`.

#![allow(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that ends with this one.
struct Node(Child);

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn node(command: &mut Command) -> std::io::Result<Node> {
    Ok(Node(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
}

/// Seconds of a run on so many executors.
fn seconds(programs: &Path, folder: &Path, pipeline: &str, executors: usize) -> Result<f64, Box<dyn Error>> {
    let cluster = programs.join("siyu-cluster");
    let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let port = address.port().to_string();
    let _scheduler = node(Command::new(&cluster).args(["scheduler", "--port", &port]))?;
    while TcpStream::connect(address).is_err() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let mut nodes = Vec::new();
    for core in 0..executors {
        let mut command = Command::new("taskset");
        command.args(["-c", &core.to_string()]).arg(&cluster);
        command.args(["executor", "--scheduler", &address.to_string(), "--tasks", "1", "--memory", "1GB"]);
        nodes.push(node(command.arg("--work-dir").arg(folder.join("work")))?);
    }
    // Executors are there before the clock runs.
    std::thread::sleep(Duration::from_secs(2));
    let _ = std::fs::remove_dir_all(folder.join("out"));
    let started = Instant::now();
    let mut run = Command::new(programs.join("siyu"));
    run.current_dir(folder).args(["run", pipeline, "--cluster", &format!("df://{address}")]);
    let output = run.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(started.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "give a folder and a pipeline in it";
    let (folder, pipeline) = (PathBuf::from(arguments.next().ok_or(usage)?), arguments.next().ok_or(usage)?);
    let example = std::env::current_exe()?;
    let programs = example.ancestors().nth(2).ok_or("this program lies in no build folder")?;
    let one = seconds(programs, &folder, &pipeline, 1)?;
    let two = seconds(programs, &folder, &pipeline, 2)?;
    println!("one executor {one:.1} s, two {two:.1} s: {:.2} times as fast", one / two);
    Ok(())
}
