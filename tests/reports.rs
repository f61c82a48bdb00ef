//! The reports of preflight with the real policies: the JSON is what its schema says, and the page is what a browser makes
//! of it.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::fs;
use std::sync::LazyLock;

use bundle_tests::{browser, policies, read, repository};
use preflight::exceptions::{Exception, Exceptions, pattern};
use preflight::judge::{ActivePolicy, judge};
use preflight::manifests::{self, Place};
use preflight::report::html::{self, Run};
use preflight::report::{Report, json};
use serde_json::{Value, json};

static POLICIES: LazyLock<Vec<ActivePolicy>> = LazyLock::new(|| policies::active().unwrap());

/// What a stranger may write to be more than a text.
const HOSTILE: &str = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>\
                       <!--&lt;b&gt;\u{202e}{{script}}[a](javascript:alert(1))";

/// A text as YAML has it.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// The report on a folder with these files.
fn report(files: &[(&str, &str)]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let manifests = manifests::read(&[folder.path().to_owned()]);
    judge(manifests, &POLICIES, "default", None, || ()).unwrap()
}

/// The report on the example shop.
fn shop() -> Report {
    let manifests = manifests::read(&[repository("examples/shop")]);
    judge(manifests, &POLICIES, "default", None, || ()).unwrap()
}

fn page(report: &Report) -> String {
    let run = Run {
        name: "this run",
        report,
        policies: &POLICIES,
    };
    html::render(&[run]).unwrap()
}

/// The document that a browser makes of a page, if there is a browser.
fn document(page: &str, fragment: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("page.html");
    fs::write(&file, page).unwrap();
    browser::document(&file, fragment).unwrap()
}

/// What was made of the data: the document without them, without the script and without the style.
fn made(document: &str) -> String {
    let (before, rest) = document.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (main, _) = rest.split_once("<script id=\"data\"").unwrap();
    format!("{before}{main}")
}

fn count(document: &str) -> &str {
    let (_, after) = document.split_once("role=\"status\">").unwrap();
    after.split_once('<').unwrap().0
}

#[test]
fn a_browser_shows_the_shop() {
    let report = shop();
    let Some(document) = document(&page(&report), "") else {
        return;
    };
    let made = made(&document);
    let summary = &report.summary;
    let objects = summary.objects;
    assert_eq!(count(&made), format!("{objects} of {objects} objects"));
    assert!(made.contains(&format!("<p>{summary}</p>")), "{made}");
    // A card for each object, the worst first.
    let cards: Vec<&str> = made.split("<article").skip(1).collect();
    assert_eq!(cards.len(), objects);
    let refused = cards
        .iter()
        .take_while(|card| card.contains("\"outcome refused\""));
    assert_eq!(refused.count(), summary.refused);
    // The lines with the field marked, the fix, and the rule to unfold.
    let search = cards
        .iter()
        .find(|card| card.contains("Ingress shop/search "))
        .unwrap();
    for part in [
        "ingress.yaml:",
        "<mark>path: /suggest(/|$)(.*)</mark>",
        "line 26, spec.rules[0].http.paths[1].path",
        "<strong>Instead: </strong>write $2 for $1",
        "<summary>Why: lost_path</summary>",
    ] {
        assert!(search.contains(part), "{part} in {search}");
    }
    let matrix = made.split_once("id=\"matrix\"").unwrap().1;
    let (matrix, _) = matrix.split_once("</table>").unwrap();
    let refused = report.by_policy["service-routes"].refused;
    let cell = format!(
        "<button type=\"button\" class=\"refusal\" aria-label=\"{refused} refused: service-routes in shop\">{refused}</button>"
    );
    assert!(matrix.contains(&cell), "{cell} in {matrix}");
}

#[test]
fn filters_are_a_part_of_the_address() {
    let report = shop();
    let page = page(&report);
    let Some(all) = document(&page, "policy=hostpath-mounts") else {
        return;
    };
    let tally = report.by_policy["hostpath-mounts"];
    let objects = report.summary.objects;
    let expected = tally.refused + tally.warned;
    assert_eq!(count(&all), format!("{expected} of {objects} objects"));
    for (fragment, expected) in [
        ("outcome=refused", report.summary.refused),
        ("text=SHOP%2Fsearch-debug", 1),
        ("namespace=nowhere", objects),
        ("policy=hostpath-mounts&severity=medium", 0),
        ("rule=lost_path", 1),
    ] {
        let shown = document(&page, fragment).unwrap();
        assert_eq!(
            count(&shown),
            format!("{expected} of {objects} objects"),
            "{fragment}"
        );
    }
}

#[test]
fn each_choice_of_settings_has_its_own_findings() {
    let strict = shop();
    let mut gentle = strict.clone();
    gentle.refusals.clear();
    let runs = [("gentle", &gentle), ("strict", &strict)].map(|(name, report)| Run {
        name,
        report,
        policies: &POLICIES,
    });
    let page = html::render(&runs).unwrap();
    let objects = strict.summary.objects;
    let refused = strict.by_policy["service-routes"].refused;
    // A rule that found nothing in the first run cannot be chosen there.
    for (fragment, expected) in [("rule=lost_path", objects), ("run=1&rule=lost_path", 1)] {
        let Some(document) = document(&page, fragment) else {
            return;
        };
        let made = made(&document);
        assert_eq!(
            count(&made),
            format!("{expected} of {objects} objects"),
            "{fragment}"
        );
        let beside = format!("aria-label=\"{refused} refused: service-routes with strict\"");
        assert!(made.contains(&beside), "{made}");
        assert!(
            !made.contains("refused: service-routes with gentle"),
            "{made}"
        );
    }
}

#[test]
fn nothing_of_a_manifest_is_a_part_of_the_page() {
    let hostile = quoted(HOSTILE);
    let pod = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {hostile}, namespace: {hostile}}}\nspec:\n  volumes:\n  - name: {hostile}\n    \
         hostPath: {{path: /}} # {}\n  containers: [{{name: a, volumeMounts: [{{name: {hostile}, mountPath: /a}}]}}]\n",
        HOSTILE.replace('\u{202e}', "")
    );
    let report = report(&[
        ("pod.yaml", &pod),
        ("broken.yaml", "kind: [\n"),
        ("<img src=x onerror=alert(1)>.yaml", "a: 1\n"),
    ]);
    assert_eq!(report.summary.refused, 1, "{report:?}");
    let page = page(&report);
    let Some(document) = document(&page, "") else {
        return;
    };
    assert!(document.contains("<title>preflight</title>"));
    let made = made(&document);
    for tag in ["<img", "<script", "<!--", "<b>", "\u{202e}"] {
        assert!(!made.contains(tag), "{tag} in {made}");
    }
    assert!(
        made.contains("&lt;img src=x onerror=alert(1)&gt;"),
        "{made}"
    );
    assert!(
        made.contains("hostPath: {<mark>path: /</mark>} # &lt;/script&gt;"),
        "{made}"
    );
}

#[test]
fn no_other_script_and_no_other_style_runs() {
    let page = page(&report(&[(
        "a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n",
    )]));
    let injected = "<script>document.title = 'owned'</script><img src=\"data:,\" onerror=\"document.title = 'owned'\">";
    let page = page.replace("<footer", &format!("{injected}<footer"));
    let Some(document) = document(&page, "") else {
        return;
    };
    assert!(document.contains("<title>preflight</title>"));
    assert_eq!(count(&document), "1 of 1 objects");
}

#[test]
fn the_keyboard_leads_through_the_objects() {
    let script = r#"
const told = [];
const press = (key) => document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
const focused = () => [...document.querySelectorAll("article")].indexOf(document.activeElement);
for (const key of ["j", "j", "k", "k", "j"]) { press(key); told.push(focused()); }
press("/");
told.push(document.activeElement.name);
const button = document.querySelector("[aria-label$=': service-routes in shop']");
button.click();
told.push(document.activeElement.id, location.hash, document.getElementById("count").textContent.split(" ")[0] === button.textContent);
document.getElementById("all").click();
told.push(document.getElementById("count").textContent);
const rule = document.querySelector("article details");
rule.addEventListener("toggle", () => { told.push(rule.querySelectorAll("pre").length > 1); document.title = JSON.stringify(told); });
rule.open = true;
"#;
    let report = shop();
    // The page lets no other script run.
    let page = page(&report).replace("Content-Security-Policy", "none");
    let page = page.replace("</body>", &format!("<script>{script}</script></body>"));
    let Some(document) = document(&page, "") else {
        return;
    };
    let (_, title) = document.split_once("<title>").unwrap();
    let told: Value = serde_json::from_str(title.split_once('<').unwrap().0).unwrap();
    let objects = report.summary.objects;
    assert_eq!(
        told,
        json!([
            0,
            1,
            0,
            0,
            1,
            "text",
            "objects",
            "#namespace=shop&amp;policy=service-routes",
            true,
            format!("{objects} of {objects} objects"),
            true
        ])
    );
}

#[test]
fn twenty_thousand_objects_are_shown_at_once() {
    const OBJECTS: usize = 20_000;
    let mut report = shop();
    let (judged, refusals) = (report.judged.clone(), report.refusals.clone());
    while report.judged.len() < OBJECTS {
        let first = report.judged.len();
        report.judged.extend(judged.clone());
        let of_these = refusals.iter().cloned();
        let of_these = of_these.map(|mut finding| {
            finding.position += first;
            finding
        });
        report.refusals.extend(of_these);
    }
    let page = page(&report);
    let started = std::time::Instant::now();
    let Some(document) = document(&page, "policy=nodeport-range") else {
        return;
    };
    // Seconds on a machine with nothing else to do: what grows with the square would take hours.
    assert!(started.elapsed().as_secs() < 60);
    let objects = report.judged.len();
    let one = shop().by_policy["nodeport-range"];
    assert_eq!(one.warned, 0);
    let copies = objects / judged.len();
    let expected = format!("{} of {objects} objects", one.refused * copies);
    assert_eq!(count(&document), expected);
    // Not all of them are in the document before the reader comes to them.
    assert!(made(&document).matches("<article").count() < 500);
}

/// A report with something in each of its parts.
fn everything() -> Value {
    let rollout = "apiVersion: example.com/v1\nkind: Rollout\nmetadata: {name: a}\nspec: {template: {spec: {containers: [{name: a}]}}}\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  volumes: [{name: v, hostPath: {path: /}}]\n  containers:\n  - name: a\n    \
               volumeMounts: [{name: v, mountPath: /v}]\n    envFrom: [{secretRef: {name: absent}}]\n";
    let mut report = report(&[
        ("rollout.yaml", rollout),
        ("pod.yaml", pod),
        ("more.yaml", &pod.replace("{name: a}", "{name: b}")),
        (
            "node.yaml",
            "apiVersion: v1\nkind: Node\nmetadata: {name: a}\n",
        ),
        ("broken.yaml", "kind: [\n"),
        ("values.yaml", "a: 1\n"),
        (".hidden.yaml", pod),
    ]);
    let refused = report.refusals.first().unwrap();
    let exception = Exception {
        policy: refused.policy.clone(),
        rule: refused.rule.clone().unwrap(),
        object: pattern(&refused.object.to_string()),
        field: None,
        file: None,
        reason: "it has to".to_owned(),
        until: Some("2999-01-01".parse().unwrap()),
        place: Place {
            file: ".preflight.yaml".to_owned(),
            line: Some(1),
            source: None,
        },
    };
    let today = "2998-01-01".parse().unwrap();
    Exceptions::new(vec![exception]).apply(&mut report, today, true);
    let value: Value = serde_json::from_str(&json::render(&report).unwrap()).unwrap();
    for part in [
        "refusals",
        "neededFromElsewhere",
        "excepted",
        "unjudged",
        "problems",
        "notes",
        "byNamespace",
    ] {
        assert_ne!(
            value[part].as_array().map_or(0, Vec::len),
            0,
            "{part} in {value:#}"
        );
    }
    value
}

/// Makes a schema refuse what it does not describe. The choices of an object with fields of its own describe a part of it.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let has_fields = fields.get("properties").is_some_and(Value::is_object);
            let below = fields.iter_mut();
            let below = below.filter(|(key, _)| !has_fields || *key != "anyOf");
            below.for_each(|(_, schema)| close(schema));
            if has_fields {
                fields.insert("unevaluatedProperties".to_owned(), json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

#[test]
fn the_schema_describes_all_of_a_report_in_json() {
    let schema = read(&repository("preflight/report.schema.json")).unwrap();
    let mut schema: Value = serde_json::from_str(&schema).unwrap();
    assert!(jsonschema::draft202012::meta::is_valid(&schema));
    close(&mut schema);
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let shop: Value = serde_json::from_str(&json::render(&shop()).unwrap()).unwrap();
    for report in [shop, everything()] {
        let errors: Vec<String> = schema
            .iter_errors(&report)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(errors, [""; 0]);
        for (key, wrong) in [
            ("version", json!("1")),
            ("unknown", json!(1)),
            ("refusals", json!([{}])),
        ] {
            let mut report = report.clone();
            report[key] = wrong;
            assert!(!schema.is_valid(&report), "{key}");
        }
    }
}

#[test]
fn the_numbers_of_the_namespaces_are_those_of_all_objects() {
    let report = everything();
    let total = |key: &str| -> u64 {
        let namespaces = report["byNamespace"].as_array().unwrap().iter();
        namespaces.map(|one| one[key].as_u64().unwrap()).sum()
    };
    for key in [
        "objects",
        "refused",
        "unjudged",
        "warned",
        "incomplete",
        "excepted",
        "clean",
    ] {
        let of_all = report["summary"][key].as_u64().unwrap_or_default();
        assert_eq!(total(key), of_all, "{key}");
    }
    let without_namespace = &report["byNamespace"][0];
    assert_eq!(
        (
            &without_namespace["namespace"],
            &without_namespace["objects"]
        ),
        (&Value::Null, &json!(1))
    );
    assert_eq!(report["excepted"][0]["severity"], "high");
}
