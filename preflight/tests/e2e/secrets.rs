//! Whatever is wrong with a file, or with a policy: no part of a value is repeated.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    guests::Validate,
    stage::{Outcome, Stage},
};

/// What must not be seen.
const MARK: &str = "hunter2-MARK";

const ACCEPT: Validate<'_> = Validate::Answer(r#"{"accepted":true}"#);

/// How a Secret starts. What is broken comes below.
const HEAD: &str = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\nstringData:";
const JSON_HEAD: &str =
    r#"{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"},"stringData":"#;

/// Documents that cannot be read, with `@@` where the mark goes: YAML below `HEAD`, JSON behind `JSON_HEAD`.
const BROKEN: &[(&str, &str)] = &[
    ("a-value-as-duplicate-key.yaml", " {a: x, @@, @@}\n"),
    ("a-value-as-key.yaml", "\n  a: x\n  @@\n"),
    ("alias-to-nothing.yaml", "\n  a: *@@\n"),
    ("bad-base64.yaml", "\n  a: !!binary @@\n"),
    ("bad-block-end.yaml", "\n  a: |\n     \n   @@\n"),
    ("bad-block-head.yaml", "\n  a: |@@\n    @@\n"),
    ("bad-end-of-document.yaml", " {a: @@}\n... @@\n"),
    ("bad-escape.yaml", "\n  a: \"\\@@\"\n"),
    ("bad-hex-escape.yaml", "\n  a: \"\\x@@\"\n"),
    ("bad-indentation-less.yaml", "\n  a: x\n @@: @@\n"),
    ("bad-indentation-more.yaml", "\n  a: x\n    @@: @@\n"),
    ("bad-indentation-of-item.yaml", "\n  a: @@\n  - @@\n"),
    ("bad-merge.yaml", "\n  <<: @@\n"),
    ("bad-surrogate.yaml", "\n  a: \"@@ \\uD800\"\n"),
    ("bad-unicode-escape.yaml", "\n  a: \"\\u@@\"\n"),
    ("bell.yaml", "\n  a: @@\u{7}\n"),
    ("colon-after-colon.yaml", "\n  a: @@: @@\n"),
    ("content-after-double-quote.yaml", "\n  a: \"@@\" @@\n"),
    ("content-after-single-quote.yaml", "\n  a: '@@' @@\n"),
    ("duplicate-key.yaml", "\n  a: @@\n  a: @@\n"),
    ("duplicate-value.yaml", "\n  @@: @@\n  @@: @@\n"),
    ("folded-too-far-left.yaml", "\n  a: >\n@@\n"),
    ("key-that-is-a-map.yaml", "\n  {@@: @@}: @@\n"),
    ("key-that-is-a-list.yaml", "\n  ? [@@]\n  : @@\n"),
    ("key-that-is-null.yaml", "\n  ~: @@\n"),
    ("key-with-a-tag.yaml", "\n  !!int @@: @@\n"),
    ("mismatched-bracket.yaml", " {a: @@]\n"),
    ("percent.yaml", "\n  a: %@@\n"),
    ("reserved-character.yaml", "\n  a: @@@\n"),
    ("tab-in-block.yaml", "\n  a: |\n\t@@\n"),
    ("tab-in-indentation.yaml", "\n\ta: @@\n"),
    ("tab-in-second-line.yaml", "\n  a: @@\n\t@@: @@\n"),
    ("tag-bool.yaml", "\n  a: !!bool @@\n"),
    ("tag-float.yaml", "\n  a: !!float @@\n"),
    ("tag-int.yaml", "\n  a: !!int @@\n"),
    ("tag-of-nobody.yaml", "\n  a: !nobody!@@ @@\n"),
    ("tag-that-is-open.yaml", "\n  a: !<@@ @@\n"),
    ("template.yaml", "\n  a: {{ @@ }}\n"),
    ("infinity.yaml", "\n  b: @@\n  a: .inf\n"),
    ("two-anchors.yaml", "\n  a: &@@ &@@ @@\n"),
    ("unclosed-brace.yaml", " {a: @@\n"),
    ("unclosed-bracket.yaml", " [@@\n"),
    ("unclosed-double-quote.yaml", "\n  a: \"@@\n  b: @@\n"),
    ("unclosed-single-quote.yaml", "\n  a: '@@\n  b: @@\n"),
    ("json-bad-escape.json", r#"{"a":"\@@"}}"#),
    ("json-behind-the-end.json", r#"{"a":"@@"}} @@"#),
    ("json-cut-in-a-key.json", r#"{"a":"@@","@@"#),
    ("json-cut-in-a-value.json", r#"{"a":"@@"#),
    ("json-cut-behind-a-value.json", r#"{"a":"@@""#),
    ("json-duplicate-key.json", r#"{"@@":"@@","@@":"@@"}}"#),
    (
        "json-broken-before-an-object.json",
        "{\"a\":\"@@\"}}}\n{\"a\":\"@@\"}\n",
    ),
    ("json-without-colon.json", r#"{"a" "@@"}}"#),
    ("json-without-comma.json", r#"{"a":"@@" "b":"@@"}}"#),
];

/// Documents that can be read, but not as what they should be.
const ODD: &[&str] = &[
    "@@\n",
    "- @@\n",
    "@@: @@\n",
    "%@@ @@\n---\nkind: @@\n",
    "apiVersion: v1\nstringData: {a: @@}\n",
    "apiVersion: v1\nkind: {@@: @@}\n",
    "apiVersion: v1\nkind: List\nitems: [@@, [@@], {data: @@}]\n",
    "apiVersion: v1\nkind: Secret\nmetadata: @@\nstringData: @@\n",
    "apiVersion: v1\nkind: Secret\nmetadata: {name: [@@], namespace: {a: @@}}\ndata: [@@]\n",
    "kind: AdmissionReview\nrequest: @@\n",
    "kind: AdmissionReview\nrequest: [@@]\n",
    "kind: AdmissionReview\nrequest: {object: @@}\n",
    "operation: [@@]\nresource: @@\nobject: {stringData: @@}\n",
    "strict: @@\n",
];

fn fill(text: &str) -> String {
    // Of three, the last two are the mark, and the first is the character that is reserved.
    text.replace("@@@", &format!("@{MARK}")).replace("@@", MARK)
}

fn broken() -> impl Iterator<Item = (&'static str, String)> {
    BROKEN.iter().map(|(file, below)| {
        let head = if file.ends_with("json") {
            JSON_HEAD
        } else {
            HEAD
        };
        (*file, fill(&format!("{head}{below}")))
    })
}

/// No four bytes of the mark may be seen, whatever lines were broken where.
fn check(what: &str, (status, output, errors): &Outcome) {
    let text: String = format!("{output}{errors}").split_whitespace().collect();
    for piece in MARK.as_bytes().windows(4) {
        let piece = str::from_utf8(piece).unwrap();
        assert!(
            !text.contains(piece),
            "{what} shows {piece:?}: {output}{errors}"
        );
    }
    assert!(!text.contains("4815"), "{what}: {output}{errors}");
    assert!(
        *status < 3 && !errors.contains("panicked"),
        "{what}: {errors}"
    );
}

#[test]
fn a_broken_manifest_is_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    for (file, text) in broken() {
        stage.write(&format!("broken/{file}"), text);
    }
    check("the table", &stage.run(&["broken"]));
    let outcome = stage.run(&["--format", "json", "broken"]);
    check("the JSON", &outcome);
    // Each is told with its line, and none was read by accident.
    let report: Value = serde_json::from_str(&outcome.1).unwrap();
    let problems = report["problems"].as_array().unwrap();
    let problems = problems
        .iter()
        .filter(|problem| problem["line"].is_number());
    // A template is no problem of its folder, and named all the same.
    let templates = report["unjudged"].as_array().unwrap();
    let named: BTreeSet<&str> = problems
        .chain(templates)
        .filter_map(|problem| problem["file"].as_str()?.strip_prefix("broken/"))
        .collect();
    assert_eq!(named, BROKEN.iter().map(|(file, _)| *file).collect());
    assert_eq!(report["summary"]["objects"], 0);
}

#[test]
fn many_documents_of_which_some_are_broken_are_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    let yaml = broken().filter(|(file, _)| file.ends_with("yaml"));
    let documents: Vec<String> = yaml.map(|(_, text)| text).collect();
    let text = documents.join("---\n");
    check("the table", &stage.run_with_input(&["-"], &text));
    stage.write("all.yaml", &text);
    check("a review", &stage.run(&["review", "all.yaml"]));
}

#[test]
fn a_broken_review_is_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    let review = r#"{"operation":"CREATE","kind":{"group":"","version":"v1","kind":"Pod"},"resource":{"group":"","version":"v1","resource":"pods"},"object":{}}"#;
    stage.write("review.json", review);
    for (file, text) in broken() {
        stage.write(file, text);
        check(file, &stage.run(&["review", file]));
        let cluster = ["review", "--cluster", file, "review.json"];
        check(file, &stage.run(&cluster));
    }
}

#[test]
fn broken_settings_are_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    stage.write("a.yaml", "{apiVersion: v1, kind: Pod}\n");
    for (file, text) in broken() {
        stage.write(file, text);
        check(file, &stage.run(&["--settings", file, "a.yaml"]));
    }
}

#[test]
fn an_odd_document_is_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    for (number, text) in ODD.iter().enumerate() {
        let file = format!("{number}.yaml");
        stage.write(&file, fill(text));
        check(text, &stage.run(&[&file]));
        check(text, &stage.run(&["--format", "json", &file]));
        check(text, &stage.run(&["review", &file]));
    }
}

/// All formats that show lines of manifests, and those that might.
const FORMATS: [&str; 6] = ["table", "json", "github", "gitlab", "markdown", "html"];

#[test]
fn no_line_of_a_secret_is_shown() {
    let message = r#"{"accepted":false,"message":"Secret default/a violates strict: data[\"tls.crt\"]: is odd; fix: mend it [odd]","warnings":["strict: stringData.a: is odd [odd]","strict: metadata.annotations: is odd [odd]","strict: type: is odd [odd]","strict: spec: is odd [odd]","strict: metadata.name: is odd [odd]"]}"#;
    let stage = Stage::with_policy_for_all("strict", &Validate::Answer(message));
    let last_applied =
        "kubectl.kubernetes.io/last-applied-configuration: '{\"data\": {\"a\": \"@@\"}}'";
    let secret = format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  annotations:\n    {last_applied}\n  name: a # @@\ntype: Opaque # @@\ndata:\n  \
         tls.crt: @@ # @@\n  other: |\n    @@\n  # @@\nstringData: {{a: \"@@\", b: '@@'}} # @@\n"
    );
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, annotations: {}}\nspec: {}\n";
    let item = |text: &str| {
        let lines = text.trim_end().replace('\n', "\n  ");
        format!("- {lines}\n")
    };
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n{}{}{}",
        item(&secret),
        item(pod),
        item(&secret)
    );
    let json = r#"{"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a"}, "data": {"tls.crt": "@@"}}, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "b"}, "stringData": {"a": "@@"}}]}"#;
    let misspelt = secret.replace("kind: Secret", "kind: Sekret");
    let within = format!(
        "apiVersion: example.com/v1\nkind: Object\nmetadata: {{name: a}}\nspec:\n  {}",
        secret.replace('\n', "\n  ")
    );
    for (name, text) in [
        ("alone.yaml", secret.clone()),
        ("behind.yaml", format!("{pod}---\n{secret}---\n{pod}")),
        ("list.yaml", list),
        ("one-line.json", json.to_owned()),
        ("one-line.yaml", json.replacen('{', "{ # a\n", 1)),
        ("misspelt.yaml", misspelt),
        ("within.yaml", within),
    ] {
        stage.write(name, fill(&text));
        for format in FORMATS {
            let outcome = report(&stage, format, name);
            check(&format!("{format} of {name}"), &outcome);
            assert_eq!(outcome.0, 1, "{}", outcome.1);
        }
    }
    let (_, text, _) = stage.run(&["--frame", "alone.yaml"]);
    assert!(text.contains("9 |   tls.crt: …"), "{text}");
    for (number, text) in ODD.iter().enumerate() {
        let file = format!("{number}.yaml");
        stage.write(&file, fill(text));
        for format in FORMATS {
            check(text, &report(&stage, format, &file));
        }
    }
}

#[test]
fn no_line_of_a_config_map_with_a_credential_is_shown() {
    let stage = Stage::with_built(&["secret-data"]);
    let config = fill(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\ndata:\n  other: @@\n  DB_PASSWORD: @@9x\n  \
         app.conf: |\n    user=a\n    @@\n",
    );
    let list = format!(
        "apiVersion: v1\nkind: List\nitems:\n- {}\n",
        config.trim_end().replace('\n', "\n  ")
    );
    stage.write("alone.yaml", config);
    stage.write("list.yaml", list);
    stage.write(
        ".preflight.yaml",
        "exceptions:\n- {policy: secret-data, rule: exposed_credential, file: list.yaml, reason: it is known}\n",
    );
    for name in ["alone.yaml", "list.yaml"] {
        for format in FORMATS.iter().chain(&["sarif", "junit"]) {
            let outcome = report(&stage, format, name);
            check(&format!("{format} of {name}"), &outcome);
            assert!(outcome.1.contains("DB_PASSWORD"), "{format}: {}", outcome.1);
        }
    }
    let (_, text, _) = stage.run(&["--frame", "alone.yaml"]);
    assert!(text.contains("8 |   DB_PASSWORD: …\n"), "{text}");
}

/// A report on a file. Of a page for a browser it is what comes from the file, and not the script.
fn report(stage: &Stage, format: &str, file: &str) -> Outcome {
    let (status, text, errors) = stage.run(&["--frame", "--format", format, file]);
    let data = text.split_once("type=\"application/json\">");
    let data = data.and_then(|(_, data)| data.split_once("</script>"));
    let text = data.map_or(text.clone(), |(data, _)| data.to_owned());
    (status, text, errors)
}

#[test]
fn bytes_that_are_no_text_are_not_repeated() {
    let stage = Stage::with_policy_for_all("strict", &ACCEPT);
    stage.write(
        "a.yaml",
        [HEAD.as_bytes(), b" ", MARK.as_bytes(), b"\xff\n"].concat(),
    );
    check("a manifest", &stage.run(&["a.yaml"]));
    check("a review", &stage.run(&["review", "a.yaml"]));
    check("settings", &stage.run(&["--settings", "a.yaml", "a.yaml"]));
    check("a policy", &stage.run(&["--wasm", "a.yaml", "a.yaml"]));
}

#[test]
fn a_policy_that_fails_on_a_secret_does_not_show_it() {
    let texts = [
        r#"cannot read {"stringData":{"a":"@@"}}"#,
        r#"invalid type: string "@@", expected u32"#,
        "unknown variant `@@`",
        "wasm trap: '@@'",
    ]
    .map(fill);
    let answer = fill(r#"{"accepted":"@@"}"#);
    let mut guests: Vec<Validate<'_>> = texts.iter().map(|text| Validate::Fail(text)).collect();
    guests.extend([
        Validate::Answer(&answer),
        Validate::Answer(MARK),
        Validate::Run("unreachable"),
        // The whole request, as an error that is no text.
        Validate::Run("(call $request (i32.const 512) (i32.const 1024)) (i32.store8 (i32.const 1024) (i32.const 255))
                       (call $fail (i32.const 1024) (local.get $payload))"),
        // Its host panics.
        Validate::Run("(call $answer (i32.const -8) (i32.const 4))"),
    ]);
    for guest in guests {
        let stage = Stage::with_policy_for_all("failing", &guest);
        stage.write("a.yaml", fill(&format!("{HEAD} {{a: @@}}\n")));
        let outcome = stage.run(&["a.yaml"]);
        check("a policy", &outcome);
        assert_eq!((outcome.0, outcome.2.as_str()), (2, ""), "{}", outcome.1);
    }
}
