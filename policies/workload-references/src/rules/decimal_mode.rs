//! A file mode of which the leading zero was forgotten.

use shared::{FieldPath, Finding, Json, Level, Rule, Verdict, rule};

use crate::pod::Pod;
use crate::settings::Settings;

pub(crate) static RULE: Rule = rule! {
    id: "decimal_mode",
    summary: "A `mode` or `defaultMode` of 400, 440, 444 or 500 in a mounted volume",
    why: "The number is decimal: 400 is 0620, which the group may write, and ssh, PostgreSQL and others refuse such files",
    fix: "write it with a leading zero",
    levels: [Warn by "unfit.fileModes"],
};

/// Tells each. More than 511 the API server refuses, and 420 is how 0644 is stored.
///
/// Source: `validateConfigMapVolumeSource` in `pkg/apis/core/validation/validation.go`.
pub(crate) fn check(pod: &Pod<'_>, settings: &Settings, verdict: &mut Verdict) {
    let level = settings.unfit.file_modes;
    if level == Level::Off {
        return;
    }
    for volume in pod.volumes.iter().filter(|volume| volume.is_mounted) {
        let place = volume.place.to_string();
        for (name, value) in volume.volume.fields {
            // Where there are files with modes.
            if matches!(*name, "configMap" | "secret" | "projected" | "downwardAPI") {
                walk(value, &FieldPath::new(&place).child(name), level, verdict);
            }
        }
    }
}

/// Goes through all that is in a source.
fn walk(json: &Json<'_>, path: &FieldPath<'_>, level: Level, verdict: &mut Verdict) {
    match json {
        Json::List(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &path.index(index), level, verdict);
            }
        }
        Json::Map(fields) => {
            for (name, value) in *fields {
                let path = path.child(name);
                match value {
                    Json::Integer(mode) if matches!(*name, "mode" | "defaultMode") => {
                        if let Some(known) = MODES.iter().find(|(number, _)| number == mode) {
                            verdict.report_with(level, &|| finding(known.1, &path));
                        }
                    }
                    value => walk(value, &path, level, verdict),
                }
            }
        }
        _ => {}
    }
}

/// Each mode with its digits, what they mean, and what they were to mean in JSON.
const MODES: [(i64, [&str; 3]); 4] = [
    (400, ["400", "0620", "256"]),
    (440, ["440", "0670", "288"]),
    (444, ["444", "0674", "292"]),
    (500, ["500", "0764", "320"]),
];

fn finding([mode, means, octal]: [&str; 3], path: &FieldPath<'_>) -> Finding {
    let what = format!("{mode} is decimal, and means {means}");
    Finding::new(&RULE, path, what).fix(format!("write 0{mode}, which is {octal} in JSON"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::lines;

    #[test]
    fn says_what_was_meant() {
        let spec = |mode: i64, mounted: &str| {
            let item = |mode: i64| json!({"key": "a", "path": "a", "mode": mode});
            let sources = json!([{"configMap": {"name": "web", "optional": true, "items": [item(256), item(mode)]}}]);
            json!({
                "containers": [{"name": "app", "volumeMounts": [{"name": mounted}, {"name": "w"}]}],
                "volumes": [
                    {"name": "v", "projected": {"defaultMode": 420, "sources": sources}},
                    {"name": "w"},
                ],
            })
        };
        for (mode, said) in [
            (
                400,
                "400 is decimal, and means 0620; fix: write 0400, which is 256 in JSON",
            ),
            (
                440,
                "440 is decimal, and means 0670; fix: write 0440, which is 288 in JSON",
            ),
            (
                444,
                "444 is decimal, and means 0674; fix: write 0444, which is 292 in JSON",
            ),
            (
                500,
                "500 is decimal, and means 0764; fix: write 0500, which is 320 in JSON",
            ),
            (256, ""),
            (493, ""),
            (420, ""),
        ] {
            let line = format!(
                "warning: workload-references: \
                 spec.template.spec.volumes[0].projected.sources[0].configMap.items[1].mode: {said} [decimal_mode]"
            );
            let expected: Vec<String> = [line].into_iter().filter(|_| !said.is_empty()).collect();
            assert_eq!(lines(&spec(mode, "v"), &[], &json!({})), expected);
            assert_eq!(lines(&spec(mode, "w"), &[], &json!({})), [""; 0]);
        }
    }

    #[test]
    fn every_source_with_files_counts() {
        for source in [
            json!({"configMap": {"name": "", "defaultMode": 400}}),
            json!({"secret": {"secretName": "", "defaultMode": 400}}),
            json!({"downwardAPI": {"defaultMode": 400}}),
            json!({"projected": {"defaultMode": 400}}),
        ] {
            let mut volume: Value = source.clone();
            volume["name"] = json!("v");
            let spec = json!({"containers": [{"name": "app", "volumeMounts": [{"name": "v"}]}], "volumes": [volume]});
            assert_eq!(lines(&spec, &[], &json!({})).len(), 1, "{source}");
            let off = json!({"unfit": {"fileModes": "off"}});
            assert_eq!(lines(&spec, &[], &off), [""; 0]);
        }
    }
}
