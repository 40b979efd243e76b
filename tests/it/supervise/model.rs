//! A model server on loopback: it asks an agent for one command after another, then says that it is
//! done.
//!
//! What lives here: as much of the interface that Gemini CLI speaks as the agent needs. The server
//! remembers no conversation: the agent sends the whole of it each time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// The tool of the agent that runs a command.
const TOOL: &str = "run_shell_command";

/// The server; its threads end with the test's process.
pub struct Model {
    port: u16,
    /// What the agent answered to each command, in its last request.
    answers: Arc<Mutex<Vec<String>>>,
}

impl Model {
    /// A server that asks for commands with these arguments.
    pub fn new(asked: Vec<Value>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answers = Arc::new(Mutex::new(Vec::new()));
        let (asked, heard) = (Arc::new(asked), Arc::clone(&answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (asked, heard) = (Arc::clone(&asked), Arc::clone(&heard));
                std::thread::spawn(move || serve(&stream, &asked, &heard));
            }
        });
        Model { port, answers }
    }

    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the agent answered, without the numbers of processes.
    pub fn answers(&self) -> Vec<String> {
        self.answers.lock().unwrap().clone()
    }
}

/// Answers the requests of a connection until the agent closes it.
fn serve(stream: &TcpStream, asked: &[Value], heard: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    while let Some((path, body)) = request(&mut reader) {
        let answer = answer(&body, asked, heard).to_string();
        let (kind, text) = if path.contains("alt=sse") {
            ("text/event-stream", format!("data: {answer}\n\n"))
        } else {
            ("application/json", answer)
        };
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", text.len());
        if (&*stream).write_all((head + &text).as_bytes()).is_err() {
            return;
        }
    }
}

/// One request: its path and its body; `None` at the end.
fn request(reader: &mut BufReader<&TcpStream>) -> Option<(String, Value)> {
    let mut line = || {
        let mut line = String::new();
        let count = reader.read_line(&mut line).ok()?;
        (count > 0).then(|| line.trim_end().to_owned())
    };
    let path = line()?.split(' ').nth(1)?.to_owned();
    let mut length = 0;
    while let Some(header) = line().filter(|header| !header.is_empty()) {
        let (name, value) = header.split_once(':')?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// The next command, or the end. A request without tools asks for something else.
fn answer(body: &Value, asked: &[Value], heard: &Mutex<Vec<String>>) -> Value {
    let parts = body["contents"].as_array().into_iter().flatten();
    let parts = parts.flat_map(|content| content["parts"].as_array().into_iter().flatten());
    let answers: Vec<String> = parts
        .filter_map(|part| part["functionResponse"]["response"].as_object())
        .map(|response| steady(&Value::from(response.clone()).to_string()))
        .collect();
    let part = match asked.get(answers.len()) {
        _ if !body["tools"].is_array() => json!({"text": "{}"}),
        Some(arguments) => json!({"functionCall": {"name": TOOL, "args": arguments}}),
        None => json!({"text": "Done."}),
    };
    if body["tools"].is_array() {
        *heard.lock().unwrap() = answers;
    }
    json!({
        "candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    })
}

/// A text without the numbers of processes.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for piece in text.split_inclusive("ID: ").flat_map(|piece| piece.split_inclusive("IDs: ")) {
        let is_number = steady.ends_with("ID: ") || steady.ends_with("IDs: ");
        steady.push_str(if is_number {
            piece.trim_start_matches(|c: char| c.is_ascii_digit())
        } else {
            piece
        });
    }
    steady
}
