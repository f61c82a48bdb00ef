//! What a workload needs and no manifest has: most often it is made elsewhere. Where the manifests have nearly that object,
//! it is a mistake.

use std::{cell::OnceCell, collections::BTreeMap};

use shared::quote;
use strsim::osa_distance;
use tree::Value;

use crate::{
    cluster::{
        Found, Get,
        environments::may_be_one,
        kinds::{Kinds, split, text},
    },
    derived::{DerivedObject, Source, items},
    manifests::Object,
    report::{Reported, Subject},
};

/// The policy that finds absent objects.
const POLICY: &str = "workload-references";

/// Its rules that do, each with the kinds that it is about.
const RULES: &[(&str, &[&str])] = &[
    ("missing_claim", &["PersistentVolumeClaim"]),
    (
        "missing_class",
        &["PriorityClass", "RuntimeClass", "StorageClass"],
    ),
    ("missing_config", &["ConfigMap", "Secret"]),
    ("missing_pull_secret", &["Secret"]),
    ("missing_service", &["Service"]),
    ("missing_service_account", &["ServiceAccount"]),
];

/// Names with more letters between them are other names.
const MAX_DISTANCE: usize = 2;

/// The look-up of the absent object that a finding is about. None where it is about anything else: an object that is being
/// deleted, for example, was found.
pub(super) fn absent<'g>(
    policy: &str,
    finding: &Reported,
    object: &Object,
    gets: &'g [Get],
) -> Option<&'g Get> {
    let (rule, field) = (finding.rule.as_deref()?, finding.field.as_deref()?);
    let (_, kinds) = RULES
        .iter()
        .find(|(id, _)| *id == rule && policy == POLICY)?;
    // A ConfigMap and a Secret may have one name: `configMapKeyRef`, `secretName`, `storageClassName` say which it is.
    let place = field.to_lowercase();
    let is_meant = |kind: &str| match kinds {
        [only] => *only == kind,
        _ => kinds.contains(&kind) && place.contains(&kind.to_lowercase()),
    };
    let mut gets = gets.iter().filter(|get| {
        get.found == Found::Nothing && is_meant(&get.kind) && is_named_at(object, field, &get.name)
    });
    gets.next()
}

/// Its rules about keys of objects, and of files that are made of them.
const KEY_RULE: &str = "missing_key";
const FILE_RULE: &str = "missing_file";

/// Whether a finding rests on the keys of a get.
fn rests_on(finding: &Reported, object: &Object, get: &Get) -> bool {
    match finding.rule.as_deref() {
        Some(KEY_RULE) => {
            let named = format!("{} {} has no ", get.kind, quote(&get.name));
            finding.problem.starts_with(&named)
        }
        Some(FILE_RULE) => {
            let field = finding.field.as_deref().unwrap_or_default();
            volume(object, field).is_some_and(|volume| is_made_of(volume, get))
        }
        _ => false,
    }
}

/// The volume of a mount with this field: `spec.containers[0].volumeMounts[0].subPath`.
fn volume<'o>(object: &'o Object, field: &str) -> Option<&'o Value> {
    let (mount, _) = field.rsplit_once('.')?;
    let (container, _) = mount.rsplit_once('.')?;
    let (pod, _) = container.rsplit_once('.')?;
    let name = object.value_of(mount)?.get("name")?;
    let mut volumes = items(object.value_of(pod)?, "/volumes");
    volumes.find(|volume| volume.get("name") == Some(name))
}

fn is_made_of(volume: &Value, get: &Get) -> bool {
    let pointers: &[&str] = match get.kind.as_str() {
        "ConfigMap" => &["/configMap/name"],
        "Secret" => &["/secret/secretName", "/secret/name"],
        _ => return false,
    };
    let is_it = |source: &Value| {
        let mut names = pointers.iter().map(|pointer| text(source, pointer));
        names.any(|name| name == Some(&get.name))
    };
    is_it(volume) || items(volume, "/projected/sources").any(is_it)
}

/// Whether a field is this name, or has it, or stands beside it.
fn is_named_at(object: &Object, field: &str, name: &str) -> bool {
    let above = field.rsplit_once('.').map(|(above, _)| above);
    let fields = [Some(field), above].into_iter().flatten();
    let mut values = fields.filter_map(|field| object.value_of(field));
    values.any(|value| match value.as_object() {
        Some(fields) => fields.values().any(|value| value == name),
        None => value == name,
    })
}

/// The object that was looked up.
pub(super) fn subject(get: &Get) -> Subject {
    Subject {
        api_version: get.api_version.clone(),
        kind: get.kind.clone(),
        namespace: get.namespace.clone(),
        name: get.name.clone(),
    }
}

/// Objects that may be what was meant.
pub(super) struct Witnesses<'a> {
    objects: &'a [Object],
    derived: &'a [DerivedObject],
    /// By group and kind, when they are first asked for.
    all: OnceCell<ByKind<'a>>,
}

type ByKind<'a> = BTreeMap<(&'a str, &'a str), Vec<Witness<'a>>>;

struct Witness<'a> {
    api_version: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
    from: Source<'a>,
}

impl<'a> Witnesses<'a> {
    /// All objects, and what is made of them.
    pub(super) fn among(objects: &'a [Object], derived: &'a [DerivedObject]) -> Self {
        Self {
            objects,
            derived,
            all: OnceCell::new(),
        }
    }

    /// Whether a finding is about a key of an object, or of one that might be meant, of whose keys nothing is known.
    pub(super) fn is_guess(
        &self,
        policy: &str,
        finding: &Reported,
        object: &Object,
        gets: &[Get],
    ) -> bool {
        let is_open = |number: &usize| {
            let derived = number.checked_sub(self.objects.len());
            let derived = derived.and_then(|derived| self.derived.get(derived));
            derived.is_some_and(|derived| !derived.has_known_keys())
        };
        let may_have_any = |get: &&Get| match &get.found {
            Found::Object { number, rivals } => is_open(number) || rivals.iter().any(is_open),
            Found::Nothing => false,
        };
        let mut open = gets.iter().filter(may_have_any);
        policy == POLICY && open.any(|get| rests_on(finding, object, get))
    }

    fn by_kind(&self) -> ByKind<'a> {
        let objects = self.objects.iter();
        let objects = objects.map(|object| (&*object.value, Source::Manifest(object)));
        let derived = self.derived.iter().filter_map(|derived| {
            let maker = derived.maker.as_ref()?;
            Some((&derived.value, Source::Maker(maker)))
        });
        let mut all = ByKind::new();
        for (value, from) in objects.chain(derived) {
            let of = |pointer| text(value, pointer);
            let (Some(version), Some(kind), Some(name)) =
                (of("/apiVersion"), of("/kind"), of("/metadata/name"))
            else {
                continue;
            };
            let of_kind = all.entry((split(version).0, kind)).or_default();
            of_kind.push(Witness {
                api_version: version,
                namespace: of("/metadata/namespace"),
                name,
                from,
            });
        }
        all
    }

    /// What was probably meant in place of an object that is absent for what is in a file: one that is written for another
    /// version, one of the same name in another namespace, or one of nearly the same name.
    pub(super) fn hint(&self, absent: &Get, file: &str) -> Option<String> {
        let group = split(&absent.api_version).0;
        let all = self.all.get_or_init(|| self.by_kind());
        let home = absent.namespace.as_deref();
        // There may be very many, and to compare paths takes longest.
        let is_near = |one: &Witness<'_>| may_be_one(one.from.file(), file);
        let meant = (absent.api_version.as_str(), absent.kind.as_str());
        let kinds = Kinds::default();
        let misspelt = all.iter().filter(|((_, kind), _)| {
            let is_alike = kind.eq_ignore_ascii_case(&absent.kind);
            is_alike || kind.strip_suffix('s') == Some(&absent.kind)
        });
        let misspelt = misspelt.flat_map(|((_, kind), of_kind)| {
            let of_kind = of_kind.iter().map(|one| (*kind, one));
            of_kind.filter(|(_, one)| one.name == absent.name)
        });
        let mut misspelt = misspelt.filter(|(kind, one)| {
            // What is of no namespace may be taken for what has one, as it is written.
            (home.is_none() || one.namespace == home)
                && kinds.misspelt(one.api_version, kind) == Some(meant)
                && is_near(one)
        });
        if let Some((kind, found)) = misspelt.next() {
            let (name, version, from) = (quote(found.name), found.api_version, found.from);
            return Some(format!("{kind} {name} of {version} is there ({from})"));
        }
        let alike = all.get(&(group, absent.kind.as_str()))?;
        let alike = alike.iter();
        let is_elsewhere = |one: &Witness<'_>| one.name == absent.name && one.namespace != home;
        let elsewhere = alike.clone().find(|one| is_elsewhere(one) && is_near(one));
        if let Some(found) = elsewhere {
            let namespace = found.namespace.unwrap_or_default();
            let (name, namespace) = (quote(found.name), quote(namespace));
            let (kind, from) = (&absent.kind, found.from);
            return Some(format!(
                "{kind} {name} is in namespace {namespace} ({from})"
            ));
        }
        let at_home = alike.filter(|one| one.namespace == home);
        let by_distance = at_home.filter_map(|one| Some((distance(one.name, &absent.name)?, one)));
        let by_distance = by_distance.filter(|(_, one)| is_near(one));
        let (_, found) = by_distance.min_by_key(|(distance, one)| (*distance, one.name))?;
        let (kind, name, from) = (&absent.kind, quote(found.name), found.from);
        Some(format!("{kind} {name} is there ({from})"))
    }
}

/// How many letters are between two names that one may take for each other. Numbered ones, such as `kafka-0` and `kafka-1`,
/// are two things, and so are short names with little in common.
fn distance(one: &str, other: &str) -> Option<usize> {
    if one.len().abs_diff(other.len()) > MAX_DISTANCE {
        return None;
    }
    let letters = |name: &str| name.replace(|letter: char| letter.is_ascii_digit(), "");
    let distance = osa_distance(one, other);
    let is_near = distance <= MAX_DISTANCE && 2 * distance < one.len().min(other.len());
    (is_near && letters(one) != letters(other)).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{derived, manifests};

    fn get(kind: &str, name: &str, found: Found) -> Get {
        Get {
            api_version: "v1".to_owned(),
            kind: kind.to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
            found,
        }
    }

    const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  serviceAccountName: robot
  imagePullSecrets: [{name: web}]
  containers: [{env: [{name: A, valueFrom: {configMapKeyRef: {name: web, key: a}}}]}]
";

    #[test]
    fn knows_the_object_that_a_finding_is_about() {
        let object = manifests::read_text("a.yaml", POD).objects.remove(0);
        let there = Found::Object {
            number: 0,
            rivals: Vec::new(),
        };
        let gets = [
            get("Secret", "web", Found::Nothing),
            get("ConfigMap", "other", Found::Nothing),
            get("ConfigMap", "web", Found::Nothing),
            get("ServiceAccount", "robot", there),
        ];
        let key = "spec.containers[0].env[0].valueFrom.configMapKeyRef.key";
        let name = "spec.containers[0].env[0].valueFrom.configMapKeyRef.name";
        let map = "spec.containers[0].env[0].valueFrom.configMapKeyRef";
        for (policy, rule, field, expected) in [
            (POLICY, "missing_config", key, Some("ConfigMap")),
            (POLICY, "missing_config", name, Some("ConfigMap")),
            (POLICY, "missing_config", map, Some("ConfigMap")),
            (
                POLICY,
                "missing_pull_secret",
                "spec.imagePullSecrets[0].name",
                Some("Secret"),
            ),
            // It was found, as one that is being deleted.
            (
                POLICY,
                "missing_service_account",
                "spec.serviceAccountName",
                None,
            ),
            (POLICY, "missing_config", "spec.volumes[0]", None),
            (POLICY, "missing_key", key, None),
            ("other", "missing_config", key, None),
        ] {
            let finding = Reported {
                rule: Some(rule.to_owned()),
                field: Some(field.to_owned()),
                ..Reported::whole(policy, &object, "it is not there")
            };
            let found = absent(policy, &finding, &object, &gets);
            assert_eq!(
                found.map(|get| get.kind.as_str()),
                expected,
                "{rule} {field}"
            );
        }
    }

    #[test]
    fn knows_the_keys_that_nothing_tells() {
        let text = "
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop}
spec:
  containers:
  - volumeMounts: [{name: v, subPath: b}, {name: p, subPath: b}, {name: other, subPath: b}]
  volumes:
  - {name: v, secret: {secretName: web}}
  - {name: p, projected: {sources: [{downwardAPI: {}}, {secret: {name: web}}]}}
  - {name: other, configMap: {name: web}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: web}, spec: {dataFrom: [{extract: {key: x}}]}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: web}, spec: {data: [{secretKey: x}]}}
";
        let objects = manifests::read_text("a.yaml", text).objects;
        let derived = derived::derive(objects.iter(), &[], "shop");
        let witnesses = Witnesses::among(&objects, &derived);
        let object = |number, rivals| Found::Object { number, rivals };
        let (open, known) = (3, 4);
        let key = "Secret \"web\" has no key \"b\" (it has no data), so until then";
        let other = "Secret \"other\" has no key \"b\" (it has no data), so until then";
        let mount = |number: usize| format!("spec.containers[0].volumeMounts[{number}].subPath");
        for (rule, problem, field, found, expected) in [
            (
                "missing_key",
                key,
                String::new(),
                object(open, vec![]),
                true,
            ),
            (
                "missing_key",
                key,
                String::new(),
                object(known, vec![open]),
                true,
            ),
            (
                "missing_key",
                key,
                String::new(),
                object(known, vec![]),
                false,
            ),
            ("missing_key", key, String::new(), object(0, vec![]), false),
            ("missing_key", key, String::new(), Found::Nothing, false),
            (
                "missing_key",
                other,
                String::new(),
                object(open, vec![]),
                false,
            ),
            ("missing_file", "", mount(0), object(open, vec![]), true),
            ("missing_file", "", mount(0), object(known, vec![]), false),
            ("missing_file", "", mount(1), object(open, vec![]), true),
            ("missing_file", "", mount(2), object(open, vec![]), false),
            ("missing_file", "", mount(3), object(open, vec![]), false),
            (
                "binary_key",
                key,
                String::new(),
                object(open, vec![]),
                false,
            ),
        ] {
            let finding = Reported {
                rule: Some(rule.to_owned()),
                field: Some(field.clone()),
                ..Reported::whole(POLICY, &objects[0], problem)
            };
            let gets = [get("Secret", "web", found)];
            let is_guess = |policy| witnesses.is_guess(policy, &finding, &objects[0], &gets);
            assert_eq!(is_guess(POLICY), expected, "{rule} {field} {gets:?}");
            assert!(!is_guess("other"));
        }
    }

    #[test]
    fn knows_what_was_probably_meant() {
        let text = "
{apiVersion: v1, kind: ConfigMap, metadata: {name: web-conf, namespace: system}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: api-config, namespace: shop}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: kafka-0, namespace: shop}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: db, namespace: shop}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: web, namespace: mesh}, spec: {secretName: web-tls}}
---
{apiVersion: apps/v1, kind: ConfigMap, metadata: {name: other, namespace: shop}}
---
{apiVersion: v1, kind: secret, metadata: {name: other, namespace: shop}}
---
{apiVersion: example.com/v1, kind: ConfigMap, metadata: {name: custom, namespace: shop}}
";
        let objects = manifests::read_text("m/dev/a.yaml", text).objects;
        let derived = derived::derive(objects.iter(), &[], "shop");
        let witnesses = Witnesses::among(&objects, &derived);
        for (kind, name, expected) in [
            (
                "ConfigMap",
                "web-conf",
                Some(r#"ConfigMap "web-conf" is in namespace "system" (m/dev/a.yaml:2)"#),
            ),
            (
                "ConfigMap",
                "api-confgi",
                Some(r#"ConfigMap "api-config" is there (m/dev/a.yaml:4)"#),
            ),
            (
                "Secret",
                "web-tls",
                Some(
                    r#"Secret "web-tls" is in namespace "mesh" (of Certificate mesh/web, m/dev/a.yaml:10)"#,
                ),
            ),
            (
                "ConfigMap",
                "other",
                Some(r#"ConfigMap "other" of apps/v1 is there (m/dev/a.yaml:12)"#),
            ),
            (
                "Secret",
                "other",
                Some(r#"secret "other" of v1 is there (m/dev/a.yaml:14)"#),
            ),
            ("ConfigMap", "custom", None),
            ("Secret", "web-conf", None),
            ("ConfigMap", "api-cnfgs", None),
            ("ConfigMap", "kafka-1", None),
            ("ConfigMap", "dbx", None),
            ("ConfigMap", "kube-root-ca.crs", None),
        ] {
            let absent = get(kind, name, Found::Nothing);
            let hint = |file| witnesses.hint(&absent, file);
            assert_eq!(hint("m/dev/b.yaml").as_deref(), expected, "{kind} {name}");
            assert_eq!(hint("m/prod/b.yaml"), None);
        }
    }
}
