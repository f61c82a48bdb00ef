//! From the bytes of a request to the bytes of an answer, the same for every policy.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::cluster::{Cached, Cluster, ClusterError};
use crate::decode::{Cursor, DecodeError};
use crate::field::FieldPath;
use crate::json::{self, Json, Wanted};
use crate::message;
use crate::quote::quote;
use crate::request::{self, Operation, Request};
use crate::rule;
use crate::rule::Rule;
use crate::settings::{self, OnUpdate, Settings};
use crate::verdict::Verdict;

/// A policy: a name, what it looks for, its settings, and one pure function.
pub trait Policy: 'static {
    /// The name, as it stands in messages.
    const NAME: &'static str;
    /// Everything that it looks for.
    const RULES: &'static [&'static Rule];
    /// What an administrator may set.
    type Settings: Settings;

    /// Whether a rule reads fields of this name, at any depth of an object. All others are left out when a request is
    /// read, which makes most of the speed.
    fn wants(field: &str) -> bool;

    /// Whether a rule reads all that is in a field of this name, whatever it is called: `data`, whose keys users choose.
    #[must_use]
    fn wants_whole(_field: &str) -> bool {
        false
    }

    /// Whether `settings` name fields that [`Policy::wants`] cannot know, so that all have to be read.
    fn wants_all(_settings: &Self::Settings) -> bool {
        false
    }

    /// Judges the object of a request. `Err` means "could not judge", never "not allowed".
    fn validate(
        request: &Request<'_>,
        settings: &Self::Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error>;
}

/// Why a policy could not judge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The object is of a kind that the policy reads, and is not what it should be.
    Object(DecodeError),
    /// Something that the verdict depends on could not be looked up.
    Lookup {
        /// What was looked up: `PersistentVolumeClaim shop/data`.
        subject: String,
        /// What came of it.
        error: ClusterError,
    },
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Self {
        Self::Object(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(error) => error.fmt(f),
            Self::Lookup { subject, error } => write!(f, "{subject} {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// The answer of a policy, as the host reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Response {
    /// Whether the request may pass.
    pub accepted: bool,
    /// What the user reads when it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The HTTP status when it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u16>,
    /// What the user reads in either case.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the audit log gets: the fields that broke each rule, by the rule's id.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "as_map")]
    pub audit_annotations: Vec<(&'static str, String)>,
}

fn as_map<S: Serializer>(
    entries: &[(&'static str, String)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
}

/// The answer on settings, as the host reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingsResponse {
    /// Whether a policy can run with them.
    pub valid: bool,
    /// Every problem, when it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// No reason why a policy could not judge is longer.
const REASON_MOST: usize = 2000;

/// No answer on settings is longer: the message of a condition in a status has 32,768 bytes at most.
/// Source: `Condition` in `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go`.
const SETTINGS_MOST: usize = 10_000;

/// The request is not what it should be.
const BAD_REQUEST: u16 = 400;
/// The object breaks a rule.
const FORBIDDEN: u16 = 403;
/// The policy cannot do its work.
const INTERNAL_ERROR: u16 = 500;

static UNCLAIMED_KIND: Rule = rule! {
    id: "unclaimed_kind",
    summary: "An object of a kind that the policy does not read",
    why: "The policy was asked about it because its `spec.rules` are too wide, and accepts it unread",
    fix: "narrow spec.rules of the policy",
    levels: [Warn],
};

static UNJUDGED: Rule = rule! {
    id: "unjudged",
    summary: "A request that passes although a look-up failed: an UPDATE by Kubernetes itself, or of nothing that is \
              judged, or any where `onLookupFailure` is `warn`",
    why: "A finished Job that cannot let go of its Pods helps nobody while the cluster has trouble",
    fix: "see why the look-up failed",
    levels: [Warn],
};

impl Verdict {
    /// Accepts an object of a kind that the policy does not claim to read, and says so.
    pub fn unclaimed(request: &Request<'_>) -> Self {
        let mut verdict = Self::accept();
        let group = if request.kind.group.is_empty() {
            "the core group"
        } else {
            request.kind.group
        };
        let reason = format!(
            "{} of {group} is not a kind that this policy reads",
            quote(request.kind.kind)
        );
        // A group needs no quotes, but it comes from outside.
        let reason = message::one_line(&reason, REASON_MOST);
        verdict.warn(&UNCLAIMED_KIND, &FieldPath::new("kind"), reason);
        verdict
    }

    /// Says what could not be judged, and accepts it.
    pub fn unjudged(&mut self, subject: &str, error: &ClusterError) {
        self.warn(
            &UNJUDGED,
            &FieldPath::new("request"),
            format!("cannot be judged: {subject} {error}"),
        );
    }

    /// The verdict, when all is judged. What could not be, because a look-up failed, is an error, or only told where
    /// `passes` says so.
    pub fn or_unjudged(
        mut self,
        judged: Result<(), Error>,
        passes: impl FnOnce() -> bool,
    ) -> Result<Self, Error> {
        match judged {
            Err(Error::Lookup { subject, error }) if passes() => self.unjudged(&subject, &error),
            judged => judged?,
        }
        Ok(self)
    }
}

/// Answers `validate`. Every failure is a refusal with a code and a reason, never a trap and never an error of the host.
#[must_use]
pub fn evaluate<P: Policy>(payload: &[u8], cluster: &dyn Cluster) -> Response {
    let unreadable = |error: &DecodeError| {
        refuse(
            BAD_REQUEST,
            format!("{} cannot read the admission request: {error}", P::NAME),
        )
    };
    let wanted = Wanted {
        fields: |field| request::wants(field) || P::wants(field),
        whole: P::wants_whole,
    };
    let text = text(payload);
    let mut payload = match json::parse_payload(text, wanted) {
        Ok(payload) => payload,
        Err(error) => return unreadable(&error),
    };
    let settings = settings::read::<P::Settings>(Cursor::new(&payload, FieldPath::new("")));
    if settings.as_ref().is_ok_and(P::wants_all) {
        payload = json::parse(text).unwrap_or(payload);
    }
    let request = match read_request(&payload) {
        Ok(request) => request,
        Err(error) => return unreadable(&error),
    };
    let request = &request;
    let cannot_judge = |code, reason: &dyn fmt::Display| {
        // The reason may be the host's own words.
        let reason = message::one_line(&reason.to_string(), REASON_MOST);
        refuse(
            code,
            format!(
                "{} cannot be judged by {}: {reason}",
                request.subject(),
                P::NAME
            ),
        )
    };
    if passes_unseen(request) {
        return Response {
            accepted: true,
            ..Response::default()
        };
    }
    let settings = match settings {
        Ok(settings) => settings,
        Err(problems) => {
            return cannot_judge(INTERNAL_ERROR, &format_args!("wrong settings: {problems}"));
        }
    };
    match judge::<P>(request, &settings, cluster) {
        Ok(verdict) => respond::<P>(request, &verdict),
        Err(error @ Error::Object(_)) => cannot_judge(BAD_REQUEST, &error),
        Err(error @ Error::Lookup { .. }) => cannot_judge(INTERNAL_ERROR, &error),
    }
}

/// The request of a payload. Without one there is nothing to judge, and nothing to accept.
fn read_request<'a>(payload: &'a Json<'a>) -> Result<Request<'a>, DecodeError> {
    let payload = Cursor::new(payload, FieldPath::new(""));
    payload.value("settings")?;
    payload
        .map("request", Request::read)?
        .ok_or_else(|| DecodeError::missing("request"))
}

/// Answers `validate_settings`.
#[must_use]
pub fn check_settings<P: Policy>(payload: &[u8]) -> SettingsResponse {
    match settings::read_text::<P::Settings>(text(payload)) {
        Ok(_) => SettingsResponse {
            valid: true,
            message: None,
        },
        Err(problems) => {
            let problems = message::one_line(&problems.to_string(), SETTINGS_MOST);
            SettingsResponse {
                valid: false,
                message: Some(format!("wrong settings of {}: {problems}", P::NAME)),
            }
        }
    }
}

/// The text of a payload. What is not UTF-8 is no JSON either, and is told so.
fn text(payload: &[u8]) -> &str {
    std::str::from_utf8(payload).unwrap_or("not UTF-8")
}

/// What no policy may stand in the way of.
fn passes_unseen(request: &Request<'_>) -> bool {
    // Finalizers must come off, or the object and its namespace never go. It cannot be used to slip something in: only
    // the API server sets the timestamp, and controllers start nothing for an object that is on its way out.
    let being_deleted = || {
        request
            .metadata()
            .is_ok_and(|metadata| !metadata.deletion_timestamp.is_empty())
    };
    // On CREATE it is the audit that replays such an object: the API server takes the timestamp off first
    // (`staging/src/k8s.io/apiserver/pkg/registry/rest/create.go`).
    matches!(request.operation, Operation::Delete | Operation::Connect)
        || request.object().is_null()
        || matches!(request.sub_resource, "status" | "scale")
        || being_deleted()
}

/// The verdict on a request, and on an UPDATE only on what it makes worse, if the settings say so.
fn judge<P: Policy>(
    request: &Request<'_>,
    settings: &P::Settings,
    cluster: &dyn Cluster,
) -> Result<Verdict, Error> {
    let cached = Cached::of(cluster);
    let cluster = match request.operation {
        Operation::Update => &cached,
        _ => cluster,
    };
    let verdict = match P::validate(request, settings, cluster) {
        Err(Error::Lookup { subject, error })
            if request.operation == Operation::Update && request.is_by_kubernetes() =>
        {
            let mut verdict = Verdict::accept();
            verdict.unjudged(&subject, &error);
            return Ok(verdict);
        }
        verdict => verdict?,
    };
    if verdict.is_accepted() || request.operation != Operation::Update {
        return Ok(verdict);
    }
    if settings.on_update() == OnUpdate::EnforceAll && !request.is_by_kubernetes() {
        return Ok(verdict);
    }
    // Of an object that is as it was nothing is new: there is no need to look everything up again.
    if request.keeps_all() {
        return Ok(verdict.into_warnings());
    }
    // An old object that cannot be judged excuses nothing.
    match request
        .for_old_object()
        .map(|old| P::validate(&old, settings, cluster))
    {
        Some(Ok(old)) => Ok(verdict.without_old(&old)),
        Some(Err(_)) | None => Ok(verdict),
    }
}

fn respond<P: Policy>(request: &Request<'_>, verdict: &Verdict) -> Response {
    let warnings = verdict.warnings(P::NAME);
    if verdict.is_accepted() {
        return Response {
            accepted: true,
            warnings,
            ..Response::default()
        };
    }
    let message = verdict.message(&request.subject(), P::NAME);
    Response {
        warnings,
        audit_annotations: verdict.audit_annotations(),
        ..refuse(FORBIDDEN, message)
    }
}

/// An answer is a refusal by default.
fn refuse(code: u16, message: String) -> Response {
    Response {
        message: Some(message),
        code: Some(code),
        ..Response::default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::cluster::Lookup;
    use crate::settings::Reader;

    static TOO_MANY: Rule = Rule {
        id: "too_many",
        summary: "",
        why: "",
        fix: "use fewer",
        levels: &[],
    };
    static RULES: &[&Rule] = &[&TOO_MANY];

    /// Refuses each replica count that is too large.
    struct FewReplicas;

    struct Limits {
        most: usize,
        on_update: OnUpdate,
    }

    impl Settings for Limits {
        fn read(settings: &mut Reader<'_, '_>) -> Self {
            let most = settings.text("most");
            let most = if most.is_empty() { "3" } else { most };
            if most.parse::<usize>().is_err() {
                settings.problem("most", format!("{most:?} is not a number"));
            }
            Self {
                most: most.parse().unwrap_or_default(),
                on_update: settings.on_update(),
            }
        }

        fn on_update(&self) -> OnUpdate {
            self.on_update
        }
    }

    impl Policy for FewReplicas {
        const NAME: &'static str = "few-replicas";
        const RULES: &'static [&'static Rule] = RULES;
        type Settings = Limits;

        fn wants(field: &str) -> bool {
            matches!(field, "spec" | "counts" | "count")
        }

        fn validate(
            request: &Request<'_>,
            settings: &Limits,
            cluster: &dyn Cluster,
        ) -> Result<Verdict, Error> {
            if !request.kind.is("apps", "Deployment") {
                return Ok(Verdict::unclaimed(request));
            }
            let mut verdict = Verdict::accept();
            let count = |entry: &Cursor<'_>| entry.integer("count");
            let counts = request
                .object()
                .map("spec", |spec| spec.list("counts", count))?;
            for (index, count) in counts.into_iter().flatten().flatten().enumerate() {
                if usize::try_from(count).is_ok_and(|count| count > settings.most) {
                    let path = FieldPath::new("spec.counts");
                    verdict.deny(
                        &TOO_MANY,
                        &path.index(index),
                        format!("{count} is over {}", settings.most),
                    );
                }
                if count == 99 {
                    let lookup = Lookup {
                        api_version: "v1",
                        kind: "Node",
                        name: "a",
                        namespace: None,
                        disable_cache: false,
                        field_masks: &[],
                    };
                    lookup.read(cluster, |_| Ok(()))?;
                }
            }
            Ok(verdict)
        }
    }

    struct Silent;

    impl Cluster for Silent {
        fn ask(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> {
            Err("deadline has elapsed".to_owned())
        }
    }

    fn deployment(counts: &[u32]) -> Value {
        let counts: Vec<_> = counts
            .iter()
            .map(|count| json!({ "count": count }))
            .collect();
        json!({"metadata": {"name": "web"}, "spec": {"counts": counts}})
    }

    fn request(operation: &str, object: &Value, old_object: &Value) -> Value {
        json!({
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "namespace": "shop",
            "name": "web",
            "operation": operation,
            "object": object,
            "oldObject": old_object,
        })
    }

    fn answer(request: &Value, settings: &Value) -> Response {
        evaluate::<FewReplicas>(
            json!({"request": request, "settings": settings})
                .to_string()
                .as_bytes(),
            &Silent,
        )
    }

    fn create(object: &Value) -> Response {
        answer(&request("CREATE", object, &Value::Null), &Value::Null)
    }

    fn accepted() -> Response {
        Response {
            accepted: true,
            ..Response::default()
        }
    }

    #[test]
    fn refuses_with_message_code_and_audit_annotations() {
        assert_eq!(create(&deployment(&[1, 2])), accepted());
        let response = create(&deployment(&[4]));
        let message = "Deployment shop/web violates few-replicas: spec.counts[0]: 4 is over 3; fix: use fewer [too_many]";
        assert_eq!(
            serde_json::to_value(&response).unwrap(),
            json!({
                "accepted": false,
                "message": message,
                "code": 403,
                "audit_annotations": {"too_many": "spec.counts[0]"},
            })
        );
        let response = answer(
            &request("CREATE", &deployment(&[4]), &Value::Null),
            &json!({"most": "4"}),
        );
        assert_eq!(response, accepted());
    }

    #[test]
    fn failures_are_refusals_that_say_what_failed() {
        let cannot = "Deployment shop/web cannot be judged by few-replicas:";
        for (object, settings, code, message) in [
            (
                deployment(&[4]),
                json!({"mots": "4"}),
                500,
                " wrong settings: mots: is not a setting; did you mean \"most\"?",
            ),
            (
                json!({"spec": 7}),
                json!({}),
                400,
                " object.spec: must be a map, not a number",
            ),
            (
                json!([]),
                json!({}),
                400,
                " object: must be a map, not a list",
            ),
            (
                deployment(&[99]),
                json!({"most": "99"}),
                500,
                " Node a could not be looked up: deadline has elapsed",
            ),
        ] {
            let response = answer(&request("CREATE", &object, &Value::Null), &settings);
            assert_eq!(
                (response.accepted, response.code),
                (false, Some(code)),
                "{object}"
            );
            assert_eq!(response.message.unwrap(), format!("{cannot}{message}"));
        }
        for (payload, message) in [
            (
                &b"\xff"[..],
                "few-replicas cannot read the admission request: is not JSON, or too deep, at line 1, column 2",
            ),
            (
                b"[]",
                "few-replicas cannot read the admission request: must be a map, not a list",
            ),
            (
                b"{}",
                "few-replicas cannot read the admission request: request: is missing",
            ),
            (
                br#"{"request":{"name":7}}"#,
                "few-replicas cannot read the admission request: request.name: must be a string, not a number",
            ),
        ] {
            let response = evaluate::<FewReplicas>(payload, &Silent);
            assert_eq!(
                (response.code, response.message.unwrap().as_str()),
                (Some(400), message)
            );
        }
    }

    #[test]
    fn stands_in_the_way_of_nothing_that_has_to_pass() {
        let bad = deployment(&[4]);
        let mut going = bad.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        assert_eq!(
            answer(&request("UPDATE", &going, &deployment(&[])), &Value::Null),
            accepted()
        );
        assert_eq!(
            answer(&request("CREATE", &going, &Value::Null), &Value::Null),
            accepted()
        );
        assert_eq!(
            answer(&request("DELETE", &Value::Null, &bad), &Value::Null),
            accepted()
        );
        assert_eq!(
            answer(&request("DELETE", &bad, &bad), &Value::Null),
            accepted()
        );
        assert_eq!(
            answer(&request("CONNECT", &bad, &Value::Null), &Value::Null),
            accepted()
        );
        for (subresource, passes) in [
            ("status", true),
            ("scale", true),
            ("ephemeralcontainers", false),
        ] {
            let mut request = request("UPDATE", &bad, &deployment(&[]));
            request["subResource"] = json!(subresource);
            assert_eq!(
                answer(&request, &Value::Null).accepted,
                passes,
                "{subresource}"
            );
        }
    }

    #[test]
    fn an_update_is_refused_only_for_what_it_makes_worse() {
        let response = answer(
            &request("UPDATE", &deployment(&[4]), &deployment(&[4])),
            &Value::Null,
        );
        let warning = "few-replicas: spec.counts[0]: 4 is over 3; fix: use fewer [too_many]";
        assert_eq!(
            response,
            Response {
                warnings: vec![warning.to_owned()],
                ..accepted()
            }
        );
        let worse = answer(
            &request("UPDATE", &deployment(&[4, 5]), &deployment(&[4])),
            &Value::Null,
        );
        assert_eq!(
            worse.audit_annotations,
            [("too_many", "spec.counts[1]".to_owned())]
        );
        assert_eq!(worse.warnings, [warning]);
        for old in [json!({"spec": 7}), Value::Null] {
            let response = answer(&request("UPDATE", &deployment(&[4]), &old), &Value::Null);
            assert_eq!(
                response.code,
                Some(403),
                "an old object that cannot be judged excuses nothing"
            );
        }
    }

    #[test]
    fn enforcing_all_still_lets_kubernetes_work() {
        let settings = json!({"onUpdate": "enforceAll"});
        let mut update = request("UPDATE", &deployment(&[4]), &deployment(&[4]));
        for (username, accepted) in [
            ("jane", false),
            ("system:serviceaccount:shop:kube-system", false),
            (
                "system:serviceaccount:kube-system:deployment-controller",
                true,
            ),
            ("system:node:a", true),
            ("system:kube-controller-manager", true),
        ] {
            update["userInfo"] = json!({ "username": username });
            assert_eq!(answer(&update, &settings).accepted, accepted, "{username}");
        }
        let mut worse = request("UPDATE", &deployment(&[5]), &deployment(&[4]));
        worse["userInfo"] = json!({"username": "system:node:a"});
        assert!(!answer(&worse, &settings).accepted);
    }

    #[test]
    fn a_failed_look_up_stops_people_but_not_kubernetes() {
        let mut update = request("UPDATE", &deployment(&[99]), &deployment(&[99]));
        assert_eq!(answer(&update, &json!({"most": "99"})).code, Some(500));
        update["userInfo"] =
            json!({"username": "system:serviceaccount:kube-system:job-controller"});
        let warning = "few-replicas: request: cannot be judged: Node a could not be looked up: deadline has elapsed; fix: see why the \
                       look-up failed [unjudged]";
        let response = answer(&update, &json!({"most": "99"}));
        assert_eq!(
            response,
            Response {
                warnings: vec![warning.to_owned()],
                ..accepted()
            }
        );
    }

    #[test]
    fn accepts_unread_what_it_does_not_claim() {
        let mut request = request("CREATE", &deployment(&[4]), &Value::Null);
        request["kind"] = json!({"group": "example.com", "version": "v1", "kind": "Deployment"});
        let warning = "few-replicas: kind: \"Deployment\" of example.com is not a kind that this policy reads; fix: \
                       narrow spec.rules of the policy [unclaimed_kind]";
        assert_eq!(
            answer(&request, &Value::Null),
            Response {
                warnings: vec![warning.to_owned()],
                ..accepted()
            }
        );
    }

    #[test]
    fn checks_settings() {
        let check = |text: &str| {
            serde_json::to_value(check_settings::<FewReplicas>(text.as_bytes())).unwrap()
        };
        assert_eq!(check("null"), json!({"valid": true}));
        let message = "wrong settings of few-replicas: most: must be a string, not a number";
        assert_eq!(
            check(r#"{"most":7}"#),
            json!({"valid": false, "message": message})
        );
        let long: Vec<String> = (0..400).map(|n| format!(r#""{n:0<200}":1"#)).collect();
        let long = check(&format!("{{{}}}", long.join(",")));
        let message = long["message"].as_str().unwrap();
        assert!(message.starts_with("wrong settings of few-replicas: 0000"));
        assert!(message.ends_with('…') && message.chars().count() < 10_040);
    }
}
