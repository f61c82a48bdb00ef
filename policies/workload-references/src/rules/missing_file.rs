//! A path in a volume that leads to no file of it.

use shared::{Level, Rule, Verdict, quote, rule, shown_key};

use super::{Found, Judging, alike, note};
use crate::data::{Data, Names};
use crate::objects::State;
use crate::pod::{Mounted, PodVolume};
use crate::reference::{Target, Use};
use crate::views::{Config, Item, Source};

pub(crate) static RULE: Rule = rule! {
    id: "missing_file",
    summary: "A `subPath` of a ConfigMap, Secret or projected volume that names none of its files",
    why: "The kubelet mounts an empty directory in place of the file. `optional: true` makes it so for an absent \
          object, too",
    fix: "name a file of it, or leave subPath out to mount all of them",
    levels: [
        Deny by "unfit.keys",
        Warn for "an object that something else fills",
        Warn for "an optional one",
    ],
};

/// The files of a volume.
#[derive(Default)]
struct Files<'f> {
    /// Their paths, and those of the directories that they are in.
    paths: Vec<String>,
    /// What it is made of, as far as it was looked up.
    objects: Vec<Found<'f>>,
    /// What else may fill it, in words.
    filler: Option<&'static str>,
    is_optional: bool,
    /// Whether they come of more than one source.
    is_mixed: bool,
}

/// Refuses each.
///
/// Source: `makeMounts` in `pkg/kubelet/kubelet_pods.go`, which makes a directory where nothing is.
pub(crate) fn check(judging: &Judging<'_>, verdict: &mut Verdict) {
    let mut mounts = judging.pod.mounts();
    mounts.retain(|mount| !mount.sub_path.is_empty());
    let names: Vec<&str> = mounts.iter().map(|mount| mount.volume).collect();
    for places in alike(&names) {
        let mounts = places.iter().filter_map(|place| mounts.get(*place));
        let mounts: Vec<&Mounted<'_>> = mounts.collect();
        let volume = mounts
            .first()
            .and_then(|mount| judging.pod.volume(mount.volume));
        if let Some(files) = volume.and_then(|volume| Files::of(volume, judging)) {
            files.check(&mounts, judging, verdict);
        }
    }
}

impl<'f> Files<'f> {
    /// The files of a volume; None where they are not known.
    fn of(volume: &PodVolume<'f>, judging: &'f Judging<'f>) -> Option<Self> {
        let mut files = Self::default();
        let first = volume.references.start;
        for (place, reference) in judging.pod.references_of(volume).iter().enumerate() {
            if let Use::Files { config, .. } = reference.used {
                files.add_config(config, judging.found(first + place)?)?;
            }
        }
        let sources = match &volume.volume.source {
            Source::Config(_) => &[],
            Source::Projected(sources) => sources.as_slice(),
            _ => return None,
        };
        files.is_mixed = sources.len() > 1;
        for source in sources {
            match &source.source {
                Source::Config(_) => {}
                Source::Files(items) => files.add(items),
                _ => return None,
            }
        }
        Some(files)
    }

    /// Adds what an object brings. None where that is not known.
    fn add_config(&mut self, config: &Config<'_>, found: Found<'f>) -> Option<()> {
        let (judging, data) = (found.judging, Data::of(found.state));
        let is_secret = found.object.target == Target::Secret;
        match found.state {
            State::Unknown => return None,
            // That it is missing is told already, or it will come.
            State::Absent
                if !config.is_optional
                    || judging.settings.expects(found.object.name)
                    || is_secret && judging.pod.makes_secrets =>
            {
                return None;
            }
            _ => {}
        }
        self.is_optional |= config.is_optional;
        self.objects.push(found);
        let Some(data) = data else { return Some(()) };
        for item in &config.items {
            // What is not optional has all of its keys, or that is told.
            if !config.is_optional || data.has(item.key) {
                self.add(std::slice::from_ref(item));
            }
        }
        if config.items.is_empty() {
            for key in data.keys() {
                self.paths.push(key.to_owned());
            }
        }
        if self.filler.is_none() {
            self.filler = data.filler(judging.settings);
        }
        Some(())
    }

    /// Adds files, and the directories that they are in.
    fn add(&mut self, items: &[Item<'_>]) {
        for item in items {
            clean(item.path, &mut |path| self.paths.push(path.to_owned()));
        }
    }

    fn check(&self, mounts: &[&Mounted<'_>], judging: &Judging<'_>, verdict: &mut Verdict) {
        let known = Names::of(self.paths.iter().map(String::as_str).collect());
        for mount in mounts {
            let path = clean(mount.sub_path, &mut |_| {});
            if !path.is_empty() && !known.has(&path) {
                self.tell(&path, known.all(), mount, judging, verdict);
            }
        }
    }

    fn tell(
        &self,
        path: &str,
        paths: &[&str],
        mount: &Mounted<'_>,
        judging: &Judging<'_>,
        verdict: &mut Verdict,
    ) {
        let Some(found) = self.objects.first() else {
            return;
        };
        let keys = judging.settings.unfit.keys;
        let level = if self.filler.is_some() || self.is_optional {
            keys.at_most(Level::Warn)
        } else {
            keys
        };
        // Any of them may have been mended.
        if verdict.capped(level) == Level::Deny {
            for found in &self.objects {
                found.object.is_refused.set(true);
            }
        }
        let filler = match self.filler {
            None => String::new(),
            Some(filler) => format!(" ({filler})"),
        };
        let optional = if self.is_optional {
            " (optional: true does not help here)"
        } else {
            ""
        };
        let container = quote(mount.container);
        let meant = judging.suggestion(path, paths);
        let fix = match meant.map(shown_key) {
            Some(meant) => format!("write subPath: {meant}, which it has"),
            None => String::new(),
        };
        let name = if self.is_mixed {
            format!("volume {}", quote(mount.volume))
        } else {
            found.to_string()
        };
        note(
            &RULE,
            level,
            &mount.place.field("subPath"),
            &format!("{name} has no file {}", quote(path)),
            &format!(
                "{filler}, so container {container} finds an empty directory in its place{optional}"
            ),
            &fix,
            &[mount.container],
            verdict,
        );
    }
}

/// A path in its shortest form. `seen` gets it part by part: `a`, `a/b`. None leads upwards: the API server refuses
/// that. The link `..data` to all files is in each volume: `AtomicWriter` in `pkg/volume/util/atomic_writer.go`.
fn clean(path: &str, seen: &mut dyn FnMut(&str)) -> String {
    let mut clean = String::new();
    for part in path.split('/') {
        let is_link = clean.is_empty() && part == "..data";
        if is_link || matches!(part, "" | ".") {
            continue;
        }
        if !clean.is_empty() {
            clean.push('/');
        }
        clean.push_str(part);
        seen(&clean);
    }
    clean
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{config_map, lines, places_in, secret};

    fn mounting(volume: &Value, paths: &[&str]) -> Value {
        let mounts: Vec<Value> = paths
            .iter()
            .map(|path| json!({"name": "v", "mountPath": "/x", "subPath": path}))
            .collect();
        let mut volume = volume.clone();
        volume["name"] = json!("v");
        json!({"containers": [{"name": "app", "volumeMounts": mounts}], "volumes": [volume]})
    }

    /// Which of these paths lead nowhere, by their places.
    fn lost(volume: &Value, paths: &[&str], settings: &Value) -> Vec<usize> {
        let there = [
            config_map("web", json!({"a": "1", "b": "2"})),
            secret("db", "Opaque", json!({"c": "MQ=="})),
        ];
        let found = places_in(&mounting(volume, paths), &there, settings);
        let place = |line: &String| {
            let line = line.trim_start_matches("warning: ");
            let index = line.strip_prefix("spec.template.spec.containers[0].volumeMounts[")?;
            index.strip_suffix("].subPath [missing_file]")?.parse().ok()
        };
        found.iter().map(|line| place(line).unwrap()).collect()
    }

    #[test]
    fn says_which_file_was_meant() {
        let nginx = config_map("nginx", json!({"nginx.config": ""}));
        let volume = json!({"configMap": {"name": "nginx"}});
        let spec = mounting(&volume, &["nginx.conf", "default.conf"]);
        let line = |index: usize, name: &str, fix: &str| {
            format!(
                "spec.template.spec.containers[0].volumeMounts[{index}].subPath: ConfigMap \"nginx\" has no file \
                 \"{name}\", so container \"app\" finds an empty directory in its place; fix: {fix} \
                 [missing_file]"
            )
        };
        let usual = "name a file of it, or leave subPath out to mount all of them";
        assert_eq!(
            lines(&spec, &[nginx], &json!({})),
            [
                line(0, "nginx.conf", "write subPath: nginx.config, which it has"),
                line(1, "default.conf", usual),
            ]
        );
    }

    #[test]
    fn files_are_keys_or_the_paths_of_items() {
        let items = json!([{"key": "a", "path": "conf.d/x.conf"}, {"key": "b", "path": "./y//z"}]);
        let projected = json!({"projected": {"sources": [
            {"configMap": {"name": "web"}}, {"secret": {"name": "db", "items": [{"key": "c", "path": "s/c"}]}},
            {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
            {"serviceAccountToken": {"path": "token"}},
        ]}});
        for (volume, paths, expected) in [
            (
                json!({"configMap": {"name": "web"}}),
                &[
                    "a", "./a", "a/", "c", ".", "", "a/b", "..data/a", "..data", "..data/c",
                ][..],
                &[3, 6, 9][..],
            ),
            (json!({"secret": {"secretName": "db"}}), &["c", "a"], &[1]),
            (
                json!({"configMap": {"name": "web", "items": items}}),
                &[
                    "conf.d",
                    "conf.d/x.conf",
                    "conf.d/",
                    "x.conf",
                    "a",
                    "y",
                    "y/z",
                    "conf",
                ],
                &[3, 4, 7],
            ),
            (
                projected.clone(),
                &["a", "b", "s", "s/c", "c", "labels", "token", "ca.crt"],
                &[4, 7],
            ),
            (json!({"configMap": {"name": "absent"}}), &[], &[]),
            (json!({"emptyDir": {}}), &["a"], &[]),
            (
                json!({"persistentVolumeClaim": {"claimName": ""}}),
                &["a"],
                &[],
            ),
        ] {
            assert_eq!(lost(&volume, paths, &json!({})), expected, "{volume}");
        }
        let db = secret("db", "Opaque", json!({"c": "MQ=="}));
        assert_eq!(
            lines(
                &mounting(&projected, &["tokn"]),
                &[config_map("web", json!({"a": "1"})), db],
                &json!({})
            ),
            [
                "spec.template.spec.containers[0].volumeMounts[0].subPath: volume \"v\" has no file \"tokn\", so container \
                 \"app\" finds an empty directory in its place; fix: write subPath: token, which it has [missing_file]"
            ]
        );
        // What is not known may have any file.
        for (source, settings) in [
            (json!({"clusterTrustBundle": {"path": "x"}}), json!({})),
            (json!({"secret": {"name": "db"}}), json!({"secrets": "off"})),
            (
                json!({"configMap": {"name": "kube-root-ca.crt"}}),
                json!({}),
            ),
            (
                json!({"configMap": {"name": "later", "optional": true}}),
                json!({"expected": ["later"]}),
            ),
        ] {
            let mut volume = projected.clone();
            volume["projected"]["sources"]
                .as_array_mut()
                .unwrap()
                .push(source);
            assert_eq!(lost(&volume, &["c", "x"], &settings), [0; 0], "{volume}");
        }
    }

    #[test]
    fn optional_makes_a_directory_as_well() {
        let optional = |name: &str, items: Value| json!({"configMap": {"name": name, "optional": true, "items": items}});
        let item = |key: &str| json!([{"key": key, "path": "x"}]);
        let web = config_map("web", json!({"a": "1"}));
        let found = |volume: &Value| {
            lines(
                &mounting(volume, &["x"]),
                std::slice::from_ref(&web),
                &json!({}),
            )
        };
        let line = |name: &str| {
            vec![format!(
                "warning: workload-references: spec.template.spec.containers[0].volumeMounts[0].subPath: ConfigMap \
                 \"{name}\" has no file \"x\", so container \"app\" finds an empty directory in its \
                 place (optional: true does not help here); fix: name a file of it, or leave subPath out to mount \
                 all of them [missing_file]"
            )]
        };
        assert_eq!(found(&optional("web", json!(null))), line("web"));
        assert_eq!(found(&optional("web", item("b"))), line("web"));
        assert_eq!(found(&optional("web", item("a"))), [""; 0]);
        assert_eq!(found(&optional("absent", json!(null))), line("absent"));
        let filled = config_map("filled", json!({}));
        let volume = json!({"configMap": {"name": "filled"}});
        let found = lines(&mounting(&volume, &["x"]), &[filled], &json!({}));
        assert!(
            found[0].starts_with("warning: ")
                && found[0].contains(" (it has no data), so container"),
            "{found:?}"
        );
    }
}
