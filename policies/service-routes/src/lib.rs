//! Follows a request from Ingress through Service to pods, and refuses what leads nowhere.
//!
//! Kubernetes checks none of these references. Each is judged from both of its ends: an Ingress against Services, a
//! Service and a workload against each other. Of a pair, the object that tools write last is refused, and the first one
//! only warns: Services are written before workloads, and Ingresses behind both.

mod backends;
mod hosts;
mod ingress;
mod lists;
mod names;
mod pattern;
mod review;
mod routes;
mod rules;
mod service;
pub mod settings;
#[cfg(test)]
mod testing;
mod views;
mod workload;

use k8s_openapi::api::core::v1;
use k8s_openapi::api::networking::v1 as networking;
use shared::settings::OnLookupFailure;
use shared::{Cluster, Error, Policy, Request, Rule, Verdict};

use crate::review::{Review, Stage};
use crate::settings::Settings;

/// The policy.
pub struct ServiceRoutes;

shared::export_policy!(ServiceRoutes);

impl Policy for ServiceRoutes {
    const NAME: &'static str = "service-routes";
    const RULES: &'static [&'static Rule] = rules::ALL;
    type Settings = Settings;

    fn wants(field: &str) -> bool {
        views::wants(field)
    }

    fn wants_whole(field: &str) -> bool {
        views::wants_whole(field)
    }

    fn wants_all(settings: &Settings) -> bool {
        !settings.custom_kinds.is_empty()
    }

    fn validate(
        request: &Request<'_>,
        settings: &Settings,
        cluster: &dyn Cluster,
    ) -> Result<Verdict, Error> {
        let mut verdict = Verdict::accept();
        let namespace = request.object_namespace()?;
        if settings.exempt.has(namespace, request.username) {
            return Ok(verdict);
        }
        let review = Review {
            request,
            namespace,
            settings,
            cluster,
            stage: Stage::of(request)?,
        };
        let judged = if request.kind.is_a::<networking::Ingress>() {
            ingress::judge(&review, &mut verdict)
        } else if request.kind.is_a::<v1::Service>() {
            service::judge(&review, &mut verdict)
        } else if routes::is_route(&request.kind) {
            routes::judge(&review, &mut verdict)
        } else if let Some(kind) = lists::kind_of(&request.kind, settings) {
            workload::judge(&review, kind, &mut verdict)
        } else {
            return Ok(Verdict::unclaimed(request));
        };
        verdict.or_unjudged(judged, || {
            settings.on_lookup_failure == OnLookupFailure::Warn
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use shared::testing::{Review, converges, places};

    use crate::ServiceRoutes;
    use crate::testing::{cluster, deployment, ingress, service};

    fn named(name: &str) -> Value {
        json!({"name": name, "port": 80, "targetPort": name})
    }

    fn declared(name: &str) -> Value {
        json!({"name": name, "containerPort": 8080})
    }

    fn backend(name: &str) -> Value {
        ingress(&json!({ "name": name }))
    }

    fn web(name: &str) -> Value {
        deployment(&json!({"app": "web"}), &declared(name))
    }

    #[test]
    fn a_set_that_is_right_in_the_end_gets_through_in_the_order_of_tools() {
        let before = [service(&named("http")), web("http"), backend("http")];
        let after = [service(&named("web")), web("web"), backend("web")];
        // Helm, Argo CD and Flux: Service, workload, Ingress.
        for (before, after) in [
            (&[][..], &after[..]),
            (&before[..2], &after[..]),
            (&before, &after),
            (&before, &after[..2]),
        ] {
            assert!(
                converges::<ServiceRoutes>(before, after, &json!({})),
                "{before:?} {after:?}"
            );
        }
        // By file names, the Service comes last. What is refused is put right by the second run.
        let [service, workload, ingress] = after.clone();
        let by_name = [workload.clone(), ingress.clone(), service.clone()];
        assert!(!converges::<ServiceRoutes>(&before, &by_name, &json!({})));
        let first_run = [service.clone(), before[1].clone(), before[2].clone()];
        let second_run = [workload.clone(), ingress.clone(), service];
        assert!(converges::<ServiceRoutes>(
            &first_run,
            &second_run,
            &json!({})
        ));
        // Where both sides are refused, no order is left.
        let both = json!({"services": "deny"});
        for order in [after.to_vec(), by_name.to_vec()] {
            assert!(!converges::<ServiceRoutes>(&before, &order, &both));
        }
    }

    #[test]
    fn what_is_wrong_in_the_end_is_refused_in_the_order_of_tools() {
        for after in [
            [service(&named("http")), web("web"), backend("http")],
            [service(&named("http")), web("http"), backend("web")],
        ] {
            assert!(
                !converges::<ServiceRoutes>(&[], &after, &json!({})),
                "{after:?}"
            );
        }
    }

    #[test]
    fn what_changes_nothing_of_a_route_asks_nothing() {
        let objects = [service(&named("http")), web("web"), backend("web")];
        for old in &objects {
            let mut new = old.clone();
            new["metadata"]["labels"] = json!({"team": "shop"});
            new["spec"]["replicas"] = json!(7);
            if new["kind"] == "Deployment" {
                let template = &mut new["spec"]["template"];
                template["spec"]["containers"][0]["image"] = json!("nginx:2");
                template["metadata"]["annotations"] =
                    json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
            }
            let review = Review::update(old, &new).in_cluster(cluster(&objects));
            assert_eq!(review.asked::<ServiceRoutes>(), [""; 0], "{new}");
            assert!(review.judge::<ServiceRoutes>().accepted, "{new}");
            let all = review.with(json!({"onUpdate": "enforceAll"}));
            assert_ne!(all.asked::<ServiceRoutes>(), [""; 0], "{new}");
        }
    }

    #[test]
    fn workloads_are_asked_for_only_where_a_service_does_not_fit() {
        let list = |kinds: &[&str]| -> Vec<String> {
            let kinds = kinds.iter();
            kinds
                .map(|kind| format!("list_resources_by_namespace {kind}"))
                .collect()
        };
        let all = &[
            "Service",
            "Deployment",
            "StatefulSet",
            "DaemonSet",
            "CronJob",
            "Job",
        ][..];
        let in_cluster = |mut object: Value| {
            object["metadata"]["uid"] = json!("0");
            object
        };
        for (workload, kinds) in [
            (web("http"), &["Service"][..]),
            (in_cluster(web("web")), all),
            (
                deployment(&json!({"app": "api"}), &declared("web")),
                &["Service"],
            ),
        ] {
            let review = Review::create(&workload);
            let review = review.in_cluster(cluster(&[service(&named("http"))]));
            assert_eq!(review.asked::<ServiceRoutes>(), list(kinds), "{workload}");
        }
        // Beside a manifest that nothing fits, the rare kinds as well.
        let rare = &["ReplicationController", "ReplicaSet", "Pod"];
        let rare = [&all[1..], rare].concat();
        let asked = |service: &Value| Review::create(service).asked::<ServiceRoutes>();
        let written = service(&named("http"));
        assert_eq!(asked(&written), list(&rare));
        assert_eq!(asked(&in_cluster(written)), list(&all[1..]));
    }

    #[test]
    fn of_a_manifest_any_workload_may_serve_the_port() {
        let of_kind = |api_version: &str, kind: &str, port: &str| {
            let mut object = web(port);
            object["apiVersion"] = json!(api_version);
            object["kind"] = json!(kind);
            object
        };
        let job = of_kind("batch/v1", "Job", "web");
        let served = [
            service(&named("http")),
            of_kind("apps/v1", "ReplicaSet", "http"),
        ];
        let places_of = |object: &Value, there: &[Value]| {
            let review = Review::create(object).in_cluster(cluster(there));
            places(&review.lines::<ServiceRoutes>())
        };
        assert_eq!(places_of(&job, &served), [""; 0]);
        assert_eq!(
            places_of(&served[0], &[job.clone(), served[1].clone()]),
            [""; 0]
        );
        // Of a Job it is only told: a kind that is not looked up may serve.
        assert_eq!(
            places_of(&job, &served[..1]),
            ["warning: spec.template.spec.containers[0].ports[0].name [missing_target_port]"]
        );
    }

    #[test]
    fn a_custom_kind_is_judged_on_both_sides() {
        let settings = json!({"customKinds": [
            {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "podTemplatePath": "spec.template"},
        ]});
        let mut rollout = web("web");
        rollout["apiVersion"] = json!("argoproj.io/v1alpha1");
        rollout["kind"] = json!("Rollout");
        let service = service(&named("http"));
        let lines = |object: &Value, there: &Value| {
            let there = cluster(std::slice::from_ref(there));
            let review = Review::create(object).with(settings.clone());
            places(&review.in_cluster(there).lines::<ServiceRoutes>())
        };
        assert_eq!(
            lines(&rollout, &service),
            ["spec.template.spec.containers[0].ports[0].name [missing_target_port]"]
        );
        assert_eq!(
            lines(&service, &rollout),
            ["warning: spec.ports[0].targetPort [missing_target_port]"]
        );
    }

    #[test]
    fn an_object_that_cannot_be_read_is_told() {
        for (object, place) in [
            (
                json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": 7}}),
                "object.spec.ports: must be a list, not a number",
            ),
            (
                json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {"rules": [{"host": 7}]}}),
                "object.spec.rules[0].host: must be a string, not a number",
            ),
            (
                json!({"apiVersion": "apps/v1", "kind": "Deployment",
                    "spec": {"template": {"metadata": {"labels": []}}}}),
                "object.spec.template.metadata.labels: must be a map, not a list",
            ),
            (
                json!({"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                    "spec": {"rules": [{"backendRefs": [{"port": "http"}]}]}}),
                "object.spec.rules[0].backendRefs[0].port: must be a whole number, not a string",
            ),
        ] {
            let message = Review::create(&object).judge::<ServiceRoutes>().message;
            assert!(
                message.as_deref().is_some_and(|text| text.ends_with(place)),
                "{message:?}"
            );
        }
    }
}
