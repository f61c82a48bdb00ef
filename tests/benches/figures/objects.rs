//! Objects of any size, as they are in a cluster that people work with.

use serde_json::{Map, Value, json};

/// The metadata of an object that has been in a cluster for a while.
fn metadata(name: &str) -> Value {
    json!({
        "name": name,
        "namespace": "shop",
        "uid": "8f1b5f0e-6c0f-4c55-9a52-0d2a6c2f7a11",
        "resourceVersion": "1234567",
        "generation": 3,
        "creationTimestamp": "2026-01-02T03:04:05Z",
        "labels": {
            "app.kubernetes.io/name": name,
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/managed-by": "Helm",
            "helm.sh/chart": "shop-1.2.3",
        },
    })
}

/// Base64 of no text at all: three quarters of it are as many bytes.
fn value(size: usize) -> String {
    let alphabet = "3q2AvqDH4kNf9TgWyB7mXoZ0Rr8sLJpUeCiVd6Y1bQhnuFwKM5xEGzatjlcSIOPD";
    alphabet.chars().cycle().take(size / 4 * 4).collect()
}

fn secret(data: &Value) -> Value {
    let metadata = metadata("store");
    json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": metadata, "data": data})
}

/// A Secret of so many KiB in one value.
pub(crate) fn one_value(kibibytes: usize) -> Value {
    secret(&json!({"store.bin": value(kibibytes * 1024)}))
}

/// A Secret of so many KiB in values of one.
pub(crate) fn many_values(kibibytes: usize) -> Value {
    let entries = (0..kibibytes).map(|number| (format!("key-{number}"), json!(value(1000))));
    secret(&entries.collect())
}

/// A Secret with a YAML file of so many KiB.
pub(crate) fn one_file(kibibytes: usize) -> Value {
    let line = "  - {name: worker, url: \"https://worker.shop.example.com/api\"}\n";
    let lines = line.repeat(kibibytes * 1024 / line.len());
    let mut object = secret(&json!({}));
    if let Some(fields) = object.as_object_mut() {
        let file = json!({"workers.yaml": format!("workers:\n{lines}")});
        fields.insert("stringData".to_owned(), file);
    }
    object
}

/// A container as charts write them.
fn container(number: usize, volume: &str) -> Value {
    json!({
        "name": format!("app-{number}"),
        "image": "registry.example.com/shop/app:1.2.3",
        "imagePullPolicy": "IfNotPresent",
        "env": [
            {"name": "LOG_LEVEL", "value": "info"},
            {"name": "POD", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
        ],
        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http", "scheme": "HTTP"}, "periodSeconds": 10},
        "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m", "memory": "256Mi"}},
        "terminationMessagePath": "/dev/termination-log",
        "volumeMounts": [{"name": volume, "mountPath": "/data", "readOnly": true}],
    })
}

/// A Pod whose containers share a volume that is not of the node.
pub(crate) fn pod(containers: usize) -> Value {
    let containers: Vec<Value> = (0..containers)
        .map(|number| container(number, "data"))
        .collect();
    let volumes = json!([{"name": "data", "emptyDir": {}}]);
    let spec = json!({"containers": containers, "volumes": volumes, "restartPolicy": "Always"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata("web"), "spec": spec})
}

/// A Pod whose containers have scratch space of their own.
pub(crate) fn pod_with_scratch_space(containers: usize) -> Value {
    let volume = |number| format!("data-{number}");
    let volumes = (0..containers).map(|number| {
        json!({"name": volume(number), "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}})
    });
    let volumes: Vec<Value> = volumes.collect();
    let containers: Vec<Value> = (0..containers)
        .map(|number| container(number, &volume(number)))
        .collect();
    let spec = json!({"containers": containers, "volumes": volumes, "restartPolicy": "Always"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata("web"), "spec": spec})
}

/// A Deployment with variables that are made of keys of [`config_map`], a hundred in a container.
pub(crate) fn deployment_with_variables(variables: usize) -> Value {
    let variable = |number: usize| {
        let reference = json!({"name": "settings", "key": format!("KEY_{}", number % KEYS)});
        json!({"name": format!("V_{number}"), "valueFrom": {"configMapKeyRef": reference}})
    };
    let numbers: Vec<usize> = (0..variables).collect();
    let containers = numbers.chunks(100).enumerate().map(|(number, chunk)| {
        let env: Vec<Value> = chunk.iter().map(|number| variable(*number)).collect();
        json!({"name": format!("app-{number}"), "image": "registry.example.com/app:1", "env": env})
    });
    let spec = json!({"containers": containers.collect::<Vec<_>>()});
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("web"),
        "spec": {"template": {"spec": spec}},
    })
}

/// The keys of the `ConfigMap`. Few, so that what is read grows with the variables alone.
const KEYS: usize = 20;

/// The `ConfigMap` that they are made of.
pub(crate) fn config_map() -> Value {
    let data: Map<String, Value> = (0..KEYS)
        .map(|number| (format!("KEY_{number}"), json!("value")))
        .collect();
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata("settings"), "data": data})
}

/// A Pod whose containers have a folder of the node each.
pub(crate) fn pod_of_the_node(containers: usize) -> Value {
    let volume = |number| format!("data-{number}");
    let volumes = (0..containers).map(|number| {
        json!({"name": volume(number), "hostPath": {"path": format!("/srv/data/{number}"), "type": ""}})
    });
    let volumes: Vec<Value> = volumes.collect();
    let containers: Vec<Value> = (0..containers)
        .map(|number| container(number, &volume(number)))
        .collect();
    let spec = json!({"containers": containers, "volumes": volumes, "restartPolicy": "Always"});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata("web"), "spec": spec})
}

/// A Service with so many ports of the node, each chosen.
pub(crate) fn service(ports: usize) -> Value {
    let ports = (0..ports).map(|number| {
        json!({
            "name": format!("port-{number}"), "port": 8000 + number, "protocol": "TCP",
            "targetPort": 8000 + number, "nodePort": 30_100 + number,
        })
    });
    let ports: Vec<Value> = ports.collect();
    let spec = json!({
        "type": "NodePort", "selector": {"app": "web"}, "ports": ports, "sessionAffinity": "None",
        "externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster", "clusterIP": "10.96.0.7",
    });
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("web"), "spec": spec})
}

fn deployment_of(name: &str, containers: &[Value]) -> Value {
    let spec = json!({"replicas": 2, "template": {"spec": {"containers": containers}}});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata(name), "spec": spec})
}

/// A Deployment of so many containers.
pub(crate) fn deployment(containers: usize) -> Value {
    let containers: Vec<Value> = (0..containers)
        .map(|number| container(number, "data"))
        .collect();
    deployment_of("app-0", &containers)
}

/// A Deployment whose container requests nothing.
pub(crate) fn target() -> Value {
    let container = json!({"name": "app", "image": "registry.example.com/app:1"});
    deployment_of("app-0", &[container])
}

/// A Deployment with scratch space that may go with its node.
pub(crate) fn deployment_with_listed_volumes(volumes: usize) -> Value {
    let names: Vec<String> = (0..volumes)
        .map(|number| format!("data-{number}"))
        .collect();
    let volume = |name: &String| json!({"name": name, "emptyDir": {}});
    let volumes: Vec<Value> = names.iter().map(volume).collect();
    let key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
    let annotations = json!({ key: names.join(",") });
    let template = json!({"metadata": {"annotations": annotations}, "spec": {"volumes": volumes}});
    let spec = json!({"replicas": 2, "template": template});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata("app-0"), "spec": spec})
}

/// A budget of the pods of a Deployment.
pub(crate) fn budget(number: usize) -> Value {
    let labels = json!({"app": format!("app-{number}")});
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(&format!("app-{number}")),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}},
    })
}

/// An autoscaler of a Deployment of its own.
pub(crate) fn autoscaler(number: usize) -> Value {
    let name = format!("app-{number}");
    let metric = |resource: &str| {
        let target = json!({"type": "Utilization", "averageUtilization": 60});
        json!({"type": "Resource", "resource": {"name": resource, "target": target}})
    };
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": metadata(&name),
        "spec": {
            "minReplicas": 2,
            "maxReplicas": 10,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "metrics": [metric("cpu"), metric("memory")],
        },
        "status": {"currentReplicas": 2, "desiredReplicas": 2},
    })
}

/// An autoscaler of the other kind, of the same Deployment.
pub(crate) fn vertical(number: usize) -> Value {
    let name = format!("app-{number}");
    let bounds = json!({"containerName": "*", "minAllowed": {"cpu": "50m"}});
    let target = json!({"cpu": "100m", "memory": "262144k"});
    let recommended = json!({"containerName": "app", "target": target});
    json!({
        "apiVersion": "autoscaling.k8s.io/v1",
        "kind": "VerticalPodAutoscaler",
        "metadata": metadata(&name),
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "updatePolicy": {"updateMode": "Auto"},
            "resourcePolicy": {"containerPolicies": [bounds]},
        },
        "status": {"recommendation": {"containerRecommendations": [recommended]}},
    })
}

/// Bounds for the containers of a namespace.
pub(crate) fn limit_range(number: usize) -> Value {
    let item = json!({"type": "Container", "max": {"cpu": "4", "memory": "8Gi"}});
    json!({
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata(&format!("limits-{number}")),
        "spec": {"limits": [item]},
    })
}

/// A Deployment whose pods have a label of their own, and the port `http`.
pub(crate) fn labelled(number: usize) -> Value {
    let name = format!("app-{number}");
    let mut object = deployment_of(&name, &[container(0, "data")]);
    if let Some(template) = object.pointer_mut("/spec/template") {
        *template = json!({
            "metadata": {"labels": {"app": name, "part-of": "shop"}},
            "spec": {"containers": [container(0, "data")]},
        });
    }
    object
}

/// A Service of the pods of one of these Deployments.
pub(crate) fn route(number: usize) -> Value {
    let name = format!("app-{number}");
    let port = json!({"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"});
    let spec = json!({
        "type": "ClusterIP", "selector": {"app": name}, "ports": [port], "clusterIP": "10.96.0.7",
    });
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(&name), "spec": spec})
}

/// A Service of the pods of all of them, with a port that none declares.
pub(crate) fn route_to_all() -> Value {
    let port = json!({"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"});
    let spec = json!({"selector": {"part-of": "shop"}, "ports": [port]});
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata("all"), "spec": spec})
}

/// An Ingress with so many paths, all to one Service.
pub(crate) fn ingress(paths: usize) -> Value {
    let backend = json!({"service": {"name": "app-0", "port": {"name": "http"}}});
    let path =
        |number| json!({"path": format!("/a/{number}"), "pathType": "Prefix", "backend": backend});
    let paths: Vec<Value> = (0..paths).map(path).collect();
    let spec = json!({
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["shop.example.com"], "secretName": "shop"}],
        "rules": [{"host": "shop.example.com", "http": {"paths": paths}}],
    });
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata("shop"), "spec": spec,
    })
}
