//! What a guest may do, and what becomes of those that do other things.

use std::{sync::Arc, time::Duration};

use preflight::{Engine, HostCalls, Limits, LoadError, MemoryCluster, NoHost, Policy, Response};
use serde_json::{Value, json};

use crate::guests::{Validate, guest, metadata};

const LIMITS: Limits = Limits {
    time: Duration::from_millis(200),
    memory: 8 * 1024 * 1024,
};

fn load(validate: &Validate<'_>) -> Policy {
    let wasm = guest(Some(&metadata("tiny")), validate);
    Engine::new(LIMITS).unwrap().load("file", &wasm).unwrap()
}

fn run(code: &str) -> String {
    load(&Validate::Run(code))
        .validate(&json!({}), &json!({}), NoHost)
        .unwrap_err()
        .to_string()
}

#[test]
fn hands_on_the_whole_answer() {
    let answer = json!({
        "accepted": false, "message": "no", "code": 403, "warnings": ["w"], "audit_annotations": {"a": "b"},
        "mutated_object": {"c": 1},
    });
    let policy = load(&Validate::Answer(&answer.to_string()));
    let response = policy
        .validate(&json!({"uid": "1"}), &json!({}), NoHost)
        .unwrap();
    assert_eq!(serde_json::to_value(response).unwrap(), answer);
}

#[test]
fn an_answer_may_leave_out_or_null_what_it_does_not_need() {
    for answer in [
        r#"{"accepted":true}"#,
        r#"{"accepted":true,"message":null,"code":null,"warnings":null,"audit_annotations":null,"mutated_object":null}"#,
    ] {
        let response: Response = load(&Validate::Answer(answer))
            .validate(&json!({}), &json!({}), NoHost)
            .unwrap();
        assert_eq!(
            serde_json::to_value(response).unwrap(),
            json!({"accepted": true})
        );
    }
}

#[test]
fn only_policies_of_this_bundle_are_asked_for_everything() {
    let policy = |source: &str| {
        let mut metadata = metadata("tiny");
        metadata["annotations"]["io.kubewarden.policy.source"] = json!(source);
        let wasm = guest(Some(&metadata), &Validate::Echo);
        Engine::new(LIMITS).unwrap().load("file", &wasm).unwrap()
    };
    let request = json!({"uid": "1", "unabridged": true});
    let short = "{'request':{'uid':'1','unabridged':true},'settings':{}}";
    let long = "{'request':{'uid':'1','unabridged':true},'settings':{},'unabridged':true}";
    for (source, sent) in [
        (env!("CARGO_PKG_REPOSITORY"), long),
        ("https://example.com/other", short),
        ("", short),
    ] {
        let policy = policy(source);
        let answer = policy.validate_unabridged(&request, &json!({}), NoHost);
        assert_eq!(answer.unwrap().message.unwrap(), sent, "{source}");
        let answer = policy.validate(&request, &json!({}), NoHost);
        assert_eq!(answer.unwrap().message.unwrap(), short, "{source}");
    }
    let answer = load(&Validate::Echo).validate_unabridged(&request, &json!({}), NoHost);
    assert_eq!(answer.unwrap().message.unwrap(), short);
}

#[test]
fn knows_what_a_policy_says_of_itself() {
    let policy = load(&Validate::Answer(r#"{"accepted":true}"#));
    assert_eq!((policy.name(), policy.version()), ("tiny", Some("1.2.3")));
    assert_eq!(policy.protocol_version().unwrap(), "v1");
    assert!(policy.validate_settings(&json!({})).unwrap().valid);
    let refused = policy.validate_settings(&json!({"wrong": 1})).unwrap();
    assert_eq!(
        (refused.valid, refused.message.as_deref()),
        (false, Some("wrong is wrong"))
    );
}

#[test]
fn a_guest_without_metadata_is_named_by_its_file() {
    let wasm = guest(None, &Validate::Answer(r#"{"accepted":true}"#));
    let policy = Engine::new(LIMITS).unwrap().load("file", &wasm).unwrap();
    assert_eq!(
        (policy.name(), policy.version(), policy.metadata()),
        ("file", None, None)
    );
}

#[test]
fn says_how_a_guest_ended() {
    for (code, expected) in [
        (
            "(loop $again (br $again))",
            "it ran over the time limit of 200 ms",
        ),
        (
            "unreachable",
            "it gave up (`unreachable`): it met a bug of its own, or needs more than its memory limit of 8 MiB",
        ),
        (
            "(drop (i32.load (i32.const 0x7fffffff)))",
            "it was stopped: out of bounds memory access",
        ),
        (
            "(drop (i32.div_u (i32.const 1) (local.get $end)))",
            "it was stopped: integer divide by zero",
        ),
        (
            "(drop (call 8 (i32.const 0) (i32.const 0)))",
            "it used up its stack",
        ),
        (
            "(call $answer (i32.const -8) (i32.const 4))",
            "it pointed the host outside of its memory",
        ),
        ("(nop)", "it failed: No error message set for call failure"),
    ] {
        assert_eq!(run(code), expected, "{code}");
    }
}

#[test]
fn a_guest_that_wants_more_than_its_memory_does_not_get_it() {
    // 8 MiB are 128 pages, of which the guest has 2.
    let grow = |pages: i32| {
        run(&format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))"
        ))
    };
    assert_eq!(
        grow(126),
        "it failed: No error message set for call failure"
    );
    assert_eq!(
        grow(127),
        "it gave up (`unreachable`): it met a bug of its own, or needs more than its memory limit of 8 MiB"
    );
}

#[test]
fn nothing_is_carried_from_one_evaluation_to_the_next() {
    let count = "(i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const 1)))
                 (if (i32.gt_u (i32.load (i32.const 2048)) (i32.const 1)) (then unreachable))";
    let policy = load(&Validate::Run(count));
    for _ in 0..3 {
        let error = policy.validate(&json!({}), &json!({}), NoHost).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it failed: No error message set for call failure"
        );
    }
}

#[test]
fn evaluates_in_several_threads_at_once() {
    let policy = load(&Validate::Answer(r#"{"accepted":true}"#));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..50 {
                    assert!(
                        policy
                            .validate(&json!({}), &json!({}), NoHost)
                            .unwrap()
                            .accepted
                    );
                }
            });
        }
    });
}

#[test]
fn an_error_of_the_guest_is_told_without_the_request() {
    let policy = load(&Validate::Fail(
        r#"cannot read {"data":{"password":"aHVudGVyMg=="}}"#,
    ));
    let error = policy.validate(&json!({}), &json!({}), NoHost).unwrap_err();
    assert_eq!(
        error.to_string(),
        "it failed: cannot read (the rest may hold the request and is not shown)"
    );
    let policy = load(&Validate::Answer(r#"{"accepted":"aHVudGVyMg=="}"#));
    let error = policy.validate(&json!({}), &json!({}), NoHost).unwrap_err();
    assert_eq!(
        error.to_string(),
        "its answer cannot be read (line 1, column 26)"
    );
}

#[test]
fn look_ups_are_answered_from_the_objects() {
    struct Wrapped(preflight::ClusterHost);
    impl HostCalls for Wrapped {
        fn call(
            &self,
            binding: &str,
            namespace: &str,
            operation: &str,
            payload: &[u8],
        ) -> Result<Vec<u8>, String> {
            let answer: Value =
                serde_json::from_slice(&self.0.call(binding, namespace, operation, payload)?)
                    .unwrap();
            let names: Vec<&str> = answer["items"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|item| item["metadata"]["name"].as_str())
                .collect();
            Ok(json!({"accepted": false, "message": names.join(" ")})
                .to_string()
                .into_bytes())
        }
    }
    let request = r#"{"api_version":"v1","kind":"Pod"}"#;
    let policy = load(&Validate::LookUp {
        operation: "list_resources_all",
        request,
    });
    let pod = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}});
    let cluster = Arc::new(MemoryCluster::new([pod("b"), pod("a")]));
    let host = Arc::new(Wrapped(cluster.host(policy.metadata())));
    let response = policy
        .validate(&json!({}), &json!({}), Arc::clone(&host))
        .unwrap();
    assert_eq!(response.message.as_deref(), Some("a b"));
    let calls = host.0.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].operation, "list_resources_all");
    assert_eq!(
        calls[0].request,
        json!({"api_version": "v1", "kind": "Pod"})
    );
}

#[test]
fn look_ups_beyond_the_grants_fail() {
    let request = r#"{"api_version":"v1","kind":"Secret"}"#;
    let policy = load(&Validate::LookUp {
        operation: "list_resources_all",
        request,
    });
    let host = Arc::new(MemoryCluster::default()).host(policy.metadata());
    let response = policy.validate(&json!({}), &json!({}), host).unwrap();
    assert_eq!(
        response.message.as_deref(),
        Some(
            "Policy has not been granted access to Kubernetes v1/Secret resources. The violation has been reported."
        )
    );
}

#[test]
fn modules_that_cannot_be_policies_are_refused() {
    let load = |wasm: &[u8]| Engine::new(LIMITS).unwrap().load("file", wasm).unwrap_err();
    let text = |text: &str| wat::parse_str(text).unwrap();
    assert_eq!(
        load(&text(
            r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#
        ))
        .to_string(),
        "imports `fd_write` from `wasi_snapshot_preview1`, and a policy gets nothing but waPC's functions here; build \
         it for wasm32-unknown-unknown, without WASI"
    );
    assert_eq!(
        load(&text("(module)")),
        LoadError::NotAPolicy("__guest_call")
    );
    assert_eq!(
        load(&text("(module (memory 129))")).to_string(),
        "starts with 8454144 bytes of memory, over the limit of 8388608"
    );
    let call = r#"(func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0))"#;
    assert_eq!(
        load(&text(&format!(
            r#"(module (import "wapc" "__nope" (func)) {call})"#
        )))
        .to_string(),
        "does not compile: unknown import: `wapc::__nope` has not been defined"
    );
    assert_eq!(
        load(&text(&format!(
            r#"(module {call} (@custom "io.kubewarden.metadata" "{{"))"#
        )))
        .to_string(),
        "has metadata that cannot be read: EOF while parsing an object at line 1 column 1"
    );
    assert!(matches!(load(b"no wasm"), LoadError::NotWasm(_)));
}
