//! From the bytes of a request to an answer, the same for every policy.

use std::fmt;

use crate::cluster::{Before, Cached, Cluster};
use crate::error::Error;
use crate::message::{self, MAX_EXPLANATION_CHARS};
use crate::policy::Policy;
use crate::request::{self, Operation, Request};
use crate::response::{Response, SettingsResponse};
use crate::rules::unjudged::UNJUDGED_START;
use crate::settings::{self, OnUpdate, Settings};
use crate::verdict::Verdict;
use document::Cursor;
use document::DecodeError;
use document::FieldPath;
use document::json::{self, Arena, Json, Selection, Wanted};

/// The longest answer on settings, in characters: the message of a condition in a status has at most 32,768 bytes.
/// Source: `Condition` in `staging/src/k8s.io/apimachinery/pkg/apis/meta/v1/types.go`.
const MAX_SETTINGS_CHARS: usize = 10_000;

/// The request is not what it should be.
const BAD_REQUEST: u16 = 400;
/// The object breaks a rule.
const FORBIDDEN: u16 = 403;
/// The policy cannot do its work.
const INTERNAL_ERROR: u16 = 500;

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
    let (text, arena) = (text(payload), Arena::new());
    let mut payload = match json::read(text, &arena, Selection::Payload, wanted) {
        Ok(payload) => payload,
        Err(error) => return unreadable(&error),
    };
    let settings = settings::read::<P::Settings>(Cursor::new(&payload, FieldPath::new("")));
    if settings.as_ref().is_ok_and(P::wants_all) {
        payload = json::parse(text, &arena).unwrap_or(payload);
    }
    let request = match read_request(&payload) {
        Ok(request) => request,
        Err(error) => return unreadable(&error),
    };
    let request = &request;
    let unabridged = Cursor::new(&payload, FieldPath::new("")).flag("unabridged");
    let unabridged = unabridged.is_ok_and(|flag| flag == Some(true));
    let cannot_judge = |code, reason: &dyn fmt::Display| {
        // The reason may be the host's own words.
        let reason = message::one_line(&reason.to_string(), MAX_EXPLANATION_CHARS);
        refuse(
            code,
            format!(
                "{} cannot be judged by {}: {reason}",
                request.subject(),
                P::NAME
            ),
        )
    };
    if passes_unseen::<P>(request) {
        return Response {
            accepted: true,
            ..Response::default()
        };
    }
    let settings = match settings {
        Ok(settings) => settings,
        // What is wrong with the settings keeps nothing from going.
        Err(_) if request.operation == Operation::Delete => {
            return Response {
                accepted: true,
                ..Response::default()
            };
        }
        Err(problems) => {
            return cannot_judge(INTERNAL_ERROR, &format_args!("wrong settings: {problems}"));
        }
    };
    let mut verdict = match judge::<P>(request, &settings, cluster, unabridged) {
        Ok(verdict) => verdict,
        Err(error) => return cannot_judge(BAD_REQUEST, &error),
    };
    // What a look-up could have found would only have been a warning in a dry run.
    let passes =
        request.dry_run || request.operation == Operation::Update && request.is_by_kubernetes();
    match verdict.failure() {
        Some(failure) if verdict.is_accepted() && !passes => {
            let failure = failure.strip_prefix(UNJUDGED_START);
            return cannot_judge(INTERNAL_ERROR, &failure.unwrap_or_default());
        }
        _ => verdict.tell_failures(),
    }
    respond::<P>(request, &verdict, unabridged)
}

/// The request of a payload. Without one there is nothing to judge, and nothing to accept.
#[inline(never)]
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
            let problems = message::one_line(&problems.to_string(), MAX_SETTINGS_CHARS);
            SettingsResponse {
                valid: false,
                message: Some(format!("wrong settings of {}: {problems}", P::NAME)),
            }
        }
    }
}

/// The text of a payload. What is not UTF-8 is not JSON either, and is refused as such.
fn text(payload: &[u8]) -> &str {
    std::str::from_utf8(payload).unwrap_or("not UTF-8")
}

/// What no policy may stand in the way of.
fn passes_unseen<P: Policy>(request: &Request<'_>) -> bool {
    // Finalizers must come off, or the object and its namespace never go. But as long as it is there it takes effect:
    // kube-proxy opens the ports of such a Service, and autoscalers scale. So what the policy reads must stay as it was.
    //
    // A CREATE never brings a timestamp: `rest.WipeObjectMetaSystemFields`, which `createHandler` calls before admission
    // (`staging/src/k8s.io/apiserver/pkg/endpoints/handlers/create.go`). Where one has it, the audit replays an object
    // that is there. It is judged like any other, as it takes effect like any other.
    match request.operation {
        Operation::Connect => true,
        Operation::Delete => !P::JUDGES_DELETIONS || !request.sub_resource.is_empty(),
        Operation::Create | Operation::Update => {
            request.object().is_null()
                || matches!(request.sub_resource, "status" | "scale")
                || request.is_being_deleted() && request.keeps_effect(P::wants)
        }
    }
}

/// The verdict on a request, and on an UPDATE only on what it makes worse, if the settings say so. `has_both` says whether
/// the cluster can also answer as it was before.
// Kept apart, which makes policies smaller.
#[inline(never)]
fn judge<P: Policy>(
    request: &Request<'_>,
    settings: &P::Settings,
    cluster: &dyn Cluster,
    has_both: bool,
) -> Result<Verdict, Error> {
    let cached = Cached::of(cluster);
    let before = Before(&cached);
    let cluster: &dyn Cluster = match request.operation {
        Operation::Update => &cached,
        _ => cluster,
    };
    let mut verdict = Verdict::accept();
    match P::validate(request, settings, cluster) {
        Ok(found) => verdict = found,
        failed => verdict.keep_failure(failed.map(|_| ()))?,
    }
    if verdict.is_accepted() || request.operation != Operation::Update {
        return Ok(verdict);
    }
    // What is being deleted is beyond mending, and so is what Kubernetes itself keeps as it was.
    let forgives = settings.on_update() == OnUpdate::NewViolations
        || request.is_by_kubernetes()
        || request.is_being_deleted();
    if !forgives {
        return Ok(verdict);
    }
    // Of an object that is as it was nothing is new: there is no need to look everything up again.
    if request.keeps_all() {
        return Ok(verdict.into_warnings());
    }
    // An old object that cannot be judged excuses nothing.
    let cluster = if has_both { &before } else { cluster };
    match request
        .for_old_object()
        .map(|old| P::validate(&old, settings, cluster))
    {
        Some(Ok(old)) => Ok(verdict.without_old(&old)),
        Some(Err(_)) | None => Ok(verdict),
    }
}

#[inline(never)]
fn respond<P: Policy>(request: &Request<'_>, verdict: &Verdict, unabridged: bool) -> Response {
    let warnings = verdict.warnings(P::NAME, unabridged);
    if verdict.is_accepted() {
        return Response {
            accepted: true,
            warnings,
            ..Response::default()
        };
    }
    let message = verdict.message(&request.subject(), P::NAME, unabridged);
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
    use crate::rule::Rule;
    use crate::settings;

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

    settings! {
        /// Settings.
        struct Limits {
            /// How many replicas there may be.
            "most" => most: Most, example "5";
            /// What all policies have.
            "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
        }

        text Most {
            problem: most_problem,
        }
    }

    fn most_problem(most: &str) -> Option<String> {
        let is_number = most.is_empty() || most.parse::<usize>().is_ok();
        (!is_number).then(|| format!("{most:?} is not a number"))
    }

    impl Settings for Limits {
        fn on_update(&self) -> OnUpdate {
            self.on_update
        }
    }

    impl Policy for FewReplicas {
        const NAME: &'static str = "few-replicas";
        const RULES: &'static [&'static Rule] = RULES;
        type Settings = Limits;

        fn wants(field: &str) -> bool {
            matches!(field, "spec" | "counts" | "count" | "annotations")
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
            let most = settings.most.parse().unwrap_or(3);
            for (index, count) in counts.into_iter().flatten().flatten().enumerate() {
                if usize::try_from(count).is_ok_and(|count| count > most) {
                    let path = FieldPath::new("spec.counts");
                    verdict.deny(
                        &TOO_MANY,
                        &path.index(index),
                        format!("{count} is over {most}"),
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
                    let looked_up = lookup.read(cluster, |_| Ok(()));
                    verdict.keep_failure(looked_up.map(|_| ()))?;
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

    /// What is asked.
    #[derive(Default)]
    struct Asked(std::cell::RefCell<Vec<String>>);

    impl Cluster for Asked {
        fn ask(&self, _: &str, request: &[u8]) -> Result<Vec<u8>, String> {
            let request = String::from_utf8(request.to_vec()).unwrap();
            self.0.borrow_mut().push(request);
            Ok(b"{}".to_vec())
        }
    }

    #[test]
    fn what_is_asked_about_the_old_object_says_so_where_the_cluster_knows_how_it_was() {
        let request = request("UPDATE", &deployment(&[99, 4]), &deployment(&[99]));
        let node = r#"{"api_version":"v1","kind":"Node","name":"a","disable_cache":false,"field_masks":[]"#;
        let both = [format!("{node}}}"), format!(r#"{node},"before":true}}"#)];
        for (unabridged, asked) in [(false, &both[..1]), (true, &both)] {
            let cluster = Asked::default();
            let payload = json!({"request": request, "settings": {}, "unabridged": unabridged});
            let response = evaluate::<FewReplicas>(payload.to_string().as_bytes(), &cluster);
            assert!(!response.accepted);
            assert_eq!(*cluster.0.borrow(), asked);
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

    /// The same object, which finalizers keep.
    fn going(object: &Value, finalizers: &[&str]) -> Value {
        let mut going = object.clone();
        going["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
        going["metadata"]["finalizers"] = json!(finalizers);
        going["metadata"]["managedFields"] = json!([{"time": finalizers.len().to_string()}]);
        going
    }

    #[test]
    fn finalizers_come_off_whatever_is_wrong_with_an_object() {
        let old = going(&deployment(&[4, 99]), &["a", "b"]);
        let mut new = going(&deployment(&[4, 99]), &["b"]);
        new["status"] = json!({"counts": [7]});
        new["metadata"]["ownerReferences"] = json!([]);
        new["metadata"]["annotations"] = json!({"example.com/a": "b"});
        let update = request("UPDATE", &new, &old);
        for settings in [
            json!({}),
            json!({"onUpdate": "enforceAll"}),
            json!({"mots": 1}),
        ] {
            assert_eq!(answer(&update, &settings), accepted(), "{settings}");
        }
        // Neither is one that is not stored yet, nor one that only says of itself that it is going.
        for old in [deployment(&[4, 99]), Value::Null] {
            let response = answer(
                &request("UPDATE", &new, &old),
                &json!({"onUpdate": "enforceAll"}),
            );
            assert_eq!(response.code, Some(403), "{old}");
        }
        let response = answer(&request("CREATE", &new, &Value::Null), &Value::Null);
        assert_eq!(response.code, Some(403), "the audit replays it");
    }

    #[test]
    fn what_is_being_deleted_is_judged_where_it_changes() {
        let old = going(&deployment(&[4]), &["a"]);
        let all = json!({"onUpdate": "enforceAll"});
        for settings in [&json!({}), &all] {
            for (counts, refused) in [
                (&[4, 5][..], Some("spec.counts[1]")),
                (&[5], Some("spec.counts[0]")),
                (&[4, 1], None),
                (&[], None),
            ] {
                let new = going(&deployment(counts), &["a"]);
                let response = answer(&request("UPDATE", &new, &old), settings);
                let places = response.audit_annotations.first();
                let places = places.map(|(_, places)| places.as_str());
                assert_eq!(places, refused, "{counts:?} {settings}");
            }
            // An annotation with the name of a field that is read.
            let mut new = old.clone();
            new["metadata"]["annotations"] = json!({"counts": "a"});
            let response = answer(&request("UPDATE", &new, &old), settings);
            assert_eq!((response.accepted, response.warnings.len()), (true, 1));
        }
    }

    #[test]
    fn a_failed_look_up_hides_nothing_that_is_found() {
        let told = "few-replicas: request: cannot be judged: Node a could not be looked up: deadline has elapsed; fix: see why the \
                    look-up failed [unjudged]";
        let controller = "system:serviceaccount:kube-system:deployment-controller";
        for (operation, user, new, old, code) in [
            ("CREATE", "jane", &[99, 100][..], &[][..], Some(403)),
            ("CREATE", "jane", &[99], &[], Some(500)),
            ("CREATE", controller, &[99], &[], Some(500)),
            ("UPDATE", controller, &[99, 100], &[], Some(403)),
            ("UPDATE", controller, &[99, 100], &[99, 100], None),
            ("UPDATE", controller, &[100, 99], &[99, 100], None),
            ("UPDATE", controller, &[99], &[], None),
            ("UPDATE", "jane", &[99, 100], &[99], Some(403)),
            ("UPDATE", "jane", &[100, 99], &[99, 100], Some(500)),
        ] {
            let old = if operation == "CREATE" {
                Value::Null
            } else {
                deployment(old)
            };
            let mut request = request(operation, &deployment(new), &old);
            request["userInfo"] = json!({ "username": user });
            let response = answer(&request, &json!({"most": "99"}));
            assert_eq!(response.code, code, "{operation} {user} {new:?} {old}");
            let first = response.warnings.first().map(String::as_str);
            assert_eq!(first, (code != Some(500)).then_some(told), "{new:?} {old}");
            let violation = response
                .message
                .is_some_and(|text| text.contains("100 is over 99"));
            assert_eq!(violation, code == Some(403), "{new:?} {old}");
        }
    }

    #[test]
    fn says_everything_where_it_is_asked_to() {
        let counts: Vec<u32> = (4..40).collect();
        let payload = |unabridged: Value| {
            let request = request("CREATE", &deployment(&counts), &Value::Null);
            json!({"request": request, "settings": null, "unabridged": unabridged}).to_string()
        };
        for (unabridged, lines) in [
            (json!(true), 36),
            (json!(false), 16),
            (json!(null), 16),
            (json!("yes"), 16),
        ] {
            let response = evaluate::<FewReplicas>(payload(unabridged).as_bytes(), &Silent);
            let message = response.message.unwrap();
            assert!(message.contains(" in 36 places:\n"), "{message}");
            assert_eq!(message.lines().count() - 1, lines);
        }
        // It is the host that says so, and never a request.
        let mut request = request("CREATE", &deployment(&counts), &Value::Null);
        request["unabridged"] = json!(true);
        request["object"]["unabridged"] = json!(true);
        assert!(
            answer(&request, &Value::Null)
                .message
                .unwrap()
                .ends_with("\n- and 21 more")
        );
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
            (
                "system:serviceaccount:kube-system:generic-garbage-collector",
                true,
            ),
            ("system:serviceaccount:kube-system:helm-install-x", false),
            ("system:serviceaccount:kube-system:controller", false),
            ("system:serviceaccount:kube-system:", false),
            (
                "system:serviceaccount:kube-system:job-controller cronjob-controller",
                false,
            ),
            (
                "system:serviceaccount:openshift-infra:deploymentconfig-controller",
                true,
            ),
            ("system:serviceaccount:openshift-infra:builder", false),
            ("job-controller", false),
            ("system:node:a", true),
            ("system:nodes", false),
            ("system:apiserver", true),
            ("system:cloud-controller-manager", true),
            ("system:kube-controller-manager", true),
            ("system:kube-controller-manager-x", false),
            ("system:kube-scheduler", true),
            ("system:kube-proxy", false),
            ("", false),
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
