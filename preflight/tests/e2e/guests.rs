//! Guests that each do one thing. All of them take any settings but those that hold the word `wrong`.

use serde_json::{Value, json};

/// What a guest does when it is asked to judge something.
pub(crate) enum Validate<'a> {
    /// It sends this answer.
    Answer(&'a str),
    /// It refuses, and its message is what it was sent, with `'` for each `"` and `^` for each `\`.
    Echo,
    /// It fails with this text.
    Fail(&'a str),
    /// It makes this look-up, and sends the answer, or the error, as the message of a refusal. Neither may hold quotes.
    LookUp {
        operation: &'a str,
        request: &'a str,
    },
    /// It gets this object, whether it is there or not, and sends this answer.
    Get { request: &'a str, answer: &'a str },
    /// It runs this code, and answers nothing.
    Run(&'a str),
}

/// The metadata of a policy for Pods that may look up Pods.
pub(crate) fn metadata(title: &str) -> Value {
    json!({
        "protocolVersion": "v1",
        "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "operations": ["CREATE"]}],
        "annotations": {
            "io.kubewarden.policy.title": title,
            "io.kubewarden.policy.version": "1.2.3",
            "io.kubewarden.policy.description": format!("What {title} is for"),
        },
        "mutating": false,
        "executionMode": "kubewarden-wapc",
        "contextAwareResources": [{"apiVersion": "v1", "kind": "Pod"}],
    })
}

/// The wasm of a guest.
pub(crate) fn guest(metadata: Option<&Value>, validate: &Validate<'_>) -> Vec<u8> {
    let section = metadata.map_or_else(String::new, |metadata| {
        format!(
            "(@custom \"io.kubewarden.metadata\" \"{}\")",
            escape(&metadata.to_string())
        )
    });
    let (data, code) = match validate {
        Validate::Answer(answer) => (
            format!("(data (i32.const 1024) \"{}\")", escape(answer)),
            format!(
                "(call $answer (i32.const 1024) (i32.const {})) (i32.const 1)",
                answer.len()
            ),
        ),
        Validate::Echo => (String::new(), ECHO.to_owned()),
        Validate::Fail(text) => (
            format!("(data (i32.const 1024) \"{}\")", escape(text)),
            format!(
                "(call $fail (i32.const 1024) (i32.const {})) (i32.const 0)",
                text.len()
            ),
        ),
        Validate::LookUp { operation, request } => (
            format!(
                "(data (i32.const 1024) \"{}\") (data (i32.const 1536) \"{}\")",
                escape(operation),
                escape(request)
            ),
            look_up(operation.len(), request.len()),
        ),
        Validate::Get { request, answer } => (
            format!(
                "(data (i32.const 1024) \"get_resource\") (data (i32.const 1536) \"{}\") (data (i32.const 2048) \"{}\")",
                escape(request),
                escape(answer)
            ),
            format!(
                "(drop {}) (call $answer (i32.const 2048) (i32.const {})) (i32.const 1)",
                host_call("get_resource".len(), request.len()),
                answer.len()
            ),
        ),
        Validate::Run(code) => (String::new(), format!("{code} (i32.const 0)")),
    };
    let text = format!(
        r#"(module
          (import "wapc" "__guest_request" (func $request (param i32 i32)))
          (import "wapc" "__guest_response" (func $answer (param i32 i32)))
          (import "wapc" "__guest_error" (func $fail (param i32 i32)))
          (import "wapc" "__host_call"
            (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
          (import "wapc" "__host_response_len" (func $host_answer_len (result i32)))
          (import "wapc" "__host_response" (func $host_answer (param i32)))
          (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
          (import "wapc" "__host_error" (func $host_error (param i32)))
          (memory (export "memory") 2)
          (data (i32.const 0) "{{\"valid\":true}}")
          (data (i32.const 64) "{{\"valid\":false,\"message\":\"wrong is wrong\"}}")
          (data (i32.const 128) "\"v1\"")
          (data (i32.const 192) "kubewardenkubernetes")
          (data (i32.const 256) "{{\"accepted\":false,\"message\":\"")
          {data}
          (func (export "__guest_call") (param $operation i32) (param $payload i32) (result i32)
            (local $end i32)
            ;; `protocol_version` and `validate_settings` are known by their lengths.
            (if (i32.eq (local.get $operation) (i32.const 16))
              (then (call $answer (i32.const 128) (i32.const 4)) (return (i32.const 1))))
            (if (i32.eq (local.get $operation) (i32.const 17))
              (then
                (call $request (i32.const 512) (i32.const 4096))
                ;; `{{"wrong":` has its fourth letter here.
                (if (i32.eq (i32.load8_u (i32.const 4101)) (i32.const 110))
                  (then (call $answer (i32.const 64) (i32.const 42)))
                  (else (call $answer (i32.const 0) (i32.const 14))))
                (return (i32.const 1))))
            {code})
          {section})"#
    );
    wat::parse_str(text).unwrap()
}

const ECHO: &str = "
    (memory.copy (i32.const 8192) (i32.const 256) (i32.const 29))
    (call $request (i32.const 512) (i32.const 65536))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $end) (local.get $payload)))
        (i32.store8 offset=8221 (local.get $end)
          (select (i32.const 39)
            (select (i32.const 94)
              (i32.load8_u offset=65536 (local.get $end))
              (i32.eq (i32.load8_u offset=65536 (local.get $end)) (i32.const 92)))
            (i32.eq (i32.load8_u offset=65536 (local.get $end)) (i32.const 34))))
        (local.set $end (i32.add (local.get $end) (i32.const 1)))
        (br $next)))
    (i32.store16 offset=8221 (local.get $end) (i32.const 0x7d22))
    (call $answer (i32.const 8192) (i32.add (local.get $end) (i32.const 31)))
    (i32.const 1)";

/// Calls the host.
fn host_call(operation: usize, request: usize) -> String {
    format!(
        "(call $host_call (i32.const 192) (i32.const 10) (i32.const 202) (i32.const 10)
               (i32.const 1024) (i32.const {operation}) (i32.const 1536) (i32.const {request}))"
    )
}

/// Calls the host and wraps what it says into the message of a refusal.
fn look_up(operation: usize, request: usize) -> String {
    let call = host_call(operation, request);
    format!(
        "(if {call}
           (then
             (call $host_answer (i32.const 8192))
             (call $answer (i32.const 8192) (call $host_answer_len)))
           (else
             (memory.copy (i32.const 8192) (i32.const 256) (i32.const 29))
             (call $host_error (i32.const 8221))
             (local.set $end (i32.add (i32.const 8221) (call $host_error_len)))
             (i32.store16 (local.get $end) (i32.const 0x7d22))
             (call $answer (i32.const 8192) (i32.sub (i32.add (local.get $end) (i32.const 2)) (i32.const 8192)))))
         (i32.const 1)"
    )
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
