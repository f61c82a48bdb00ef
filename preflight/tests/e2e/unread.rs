//! What policies do not read of the kinds that they know, and objects in other objects.

use crate::{
    guests::Validate,
    stage::{Stage, out},
};

fn stage(policies: &[&str], manifest: &str) -> Stage {
    let stage = Stage::with_built(policies);
    stage.write("a.yaml", manifest);
    stage
}

/// Runs it so that what is not checked fails.
fn run(stage: &Stage, more: &[&str]) -> (i32, String, String) {
    let arguments = ["-q", "--width", "120", "--fail-on", "unjudged"];
    stage.run(&[&arguments[..], more, &["a.yaml"]].concat())
}

#[test]
fn pods_beside_those_that_a_policy_reads_are_named_with_their_path() {
    let manifest = "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: nested, namespace: x}
spec:
  templates:
  - name: m
    dag:
      tasks:
      - name: a
        inline:
          dag: {tasks: [{name: b, inline: {volumes: [{name: v, hostPath: {path: /}}], container: {image: i}}}]}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: run, namespace: x}
spec:
  pipelineSpec:
    finally: [{name: a, pipelineSpec: {tasks: [{name: b, taskSpec: {volumes: [{name: v, hostPath: {path: /}}]}}]}}]
---
apiVersion: apps.kruise.io/v1alpha1
kind: CloneSet
metadata: {name: patched, namespace: x}
spec:
  template: {spec: {containers: [{name: c, image: i}]}}
  patch: {spec: {containers: [{name: c, image: j}]}}
";
    let expected = "NOT CHECKED  Workflow x/nested
  a.yaml:11
    holds pods in spec.templates[0].dag.tasks[0].inline.dag.tasks[0].inline.container, and no policy reads it;
    list the path in `customKinds` of the policies' settings

NOT CHECKED  PipelineRun x/run
  a.yaml:18
    holds pods in spec.pipelineSpec.finally[0].pipelineSpec.tasks[0].taskSpec.volumes, and no policy reads it;
    list the path in `customKinds` of the policies' settings

NOT CHECKED  CloneSet x/patched
  a.yaml:25
    holds pods in spec.patch.spec.containers, and no policy reads it; list the path in `customKinds` of the
    policies' settings

3 objects, 1 policy: 3 not checked
";
    let stage = stage(&["hostpath-mounts"], manifest);
    assert_eq!(run(&stage, &[]), out(1, expected));
    // A path of the settings is one that the policy reads.
    stage.write(
        "s.yaml",
        "hostpath-mounts:
  customKinds:
  - {apiGroup: argoproj.io, kind: Workflow, podSpecPath: spec.templates.dag.tasks.inline.dag.tasks.inline}
  - {apiGroup: tekton.dev, kind: PipelineRun, podSpecPath: spec.pipelineSpec.finally.pipelineSpec.tasks.taskSpec}
  - {apiGroup: apps.kruise.io, kind: CloneSet, podSpecPath: spec.patch.spec}
  - {apiGroup: argoproj.io, kind: CloneSet, podSpecPath: spec}
",
    );
    let (status, text, _) = run(&stage, &["--settings", "s.yaml"]);
    assert_eq!(status, 1);
    assert!(
        text.ends_with("3 objects, 1 policy: 2 refused, 1 clean\n"),
        "{text}"
    );
}

#[test]
fn what_policies_read_of_these_kinds_is_not_named() {
    let manifest = "apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {name: a, namespace: x}
spec:
  volumes: [{name: v, emptyDir: {}}]
  templateDefaults: {container: {image: i}}
  templates:
  - {name: a, container: {image: i}, initContainers: [{name: c, image: i}], sidecars: [{name: d, image: i}]}
  - {name: b, containerSet: {containers: [{name: c, image: i}]}}
  - {name: c, script: {image: i, source: x}}
  - {name: d, steps: [[{name: a, inline: {container: {image: i}}}]]}
---
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {name: a, namespace: x}
spec:
  driver: {initContainers: [{name: c, image: i}], template: {spec: {containers: [{name: c, image: i}]}}}
  executor: {initContainers: [{name: c, image: i}]}
---
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: {name: a, namespace: x}
spec: {pytorchReplicaSpecs: {Master: {template: {spec: {containers: [{name: c, image: i}]}}}}}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: a, namespace: x}
spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: a}}
";
    let stage = stage(&["hostpath-mounts"], manifest);
    let expected = "4 objects, 1 policy: 4 clean\n";
    assert_eq!(run(&stage, &[]), out(0, expected));
    // A cluster repeats templates in the status.
    let live =
        format!("{manifest}status: {{storedTemplates: {{a: {{container: {{image: i}}}}}}}}\n");
    stage.write("a.yaml", live);
    assert_eq!(run(&stage, &["--live"]), out(0, expected));
    let (status, text, _) = run(&stage, &[]);
    assert!(
        status == 1 && text.contains("holds pods in status.storedTemplates.a.container"),
        "{text}"
    );
}

#[test]
fn parts_of_pods_in_texts_are_named() {
    let manifest = "apiVersion: argoproj.io/v1alpha1
kind: CronWorkflow
metadata: {name: a, namespace: x}
spec:
  workflowSpec:
    podSpecPatch: '{\"volumes\": [{\"name\": \"v\", \"hostPath\": {\"path\": \"/\"}}]}'
    templates: [{name: m, container: {image: i}, podSpecPatch: ''}]
---
apiVersion: sparkoperator.k8s.io/v1beta2
kind: SparkApplication
metadata: {name: a, namespace: x}
spec:
  sparkConf:
    spark.kubernetes.driver.volumes.hostPath.v.options.path: /
";
    let expected = "NOT CHECKED  CronWorkflow x/a
  a.yaml:6
    holds a part of its pods in spec.workflowSpec.podSpecPatch, which is text to policies; write it in the
    fields of the pods, where CronWorkflow has them

NOT CHECKED  SparkApplication x/a
  a.yaml:14
    holds a part of its pods in spec.sparkConf[\"spark.kubernetes.driver.volumes.hostPath.v.options.path\"],
    which is text to policies; write it in the fields of the pods, where SparkApplication has them

2 objects, 1 policy: 2 not checked
";
    let stage = stage(&["hostpath-mounts"], manifest);
    assert_eq!(run(&stage, &[]), out(1, expected));
    // No policy that runs looks at pods.
    let stage = self::stage(&["secret-data"], manifest);
    let expected = "2 objects, 1 policy: 2 clean (2 not covered by any policy)\n";
    assert_eq!(run(&stage, &[]), out(0, expected));
}

#[test]
fn objects_in_other_objects_are_named() {
    let manifest = "apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: a, namespace: x}
objects:
- apiVersion: v1
  kind: List
  items: [{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {ports: [{port: 80, nodePort: 33000}]}}]
- {apiVersion: v1, kind: Secret, metadata: {name: a}, data: {a: 'hello!!'}}
- {apiVersion: v1, kind: ServiceAccount, metadata: {name: a}}
- {apiVersion: v1, kind: Secret, metadata: {name: b}, data: {a: b}}
- {apiVersion: v1, kind: Secret, metadata: {name: c}, data: {a: b}}
- {apiVersion: v1, kind: Secret, metadata: {name: d}}
---
apiVersion: kubernetes.crossplane.io/v1alpha2
kind: Object
metadata: {name: a, namespace: x}
spec:
  forProvider:
    manifest: {apiVersion: v1, kind: Secret, stringData: {a: b}}
status:
  atProvider:
    manifest: {apiVersion: v1, kind: Secret, stringData: {a: b}}
";
    let expected = "NOT CHECKED  Template x/a
  a.yaml:7
    holds objects that no policy reads there: Service in objects[0].items[0], Secret in objects[1], Secret in
    objects[3], and 1 more; pipe what `oc process --local -f FILE -o yaml` prints into `preflight -`

NOT CHECKED  Object x/a
  a.yaml:19
    holds an object that no policy reads there: Secret in spec.forProvider.manifest; check it as a manifest of
    its own

2 objects, 2 policies: 2 not checked
";
    let stage = stage(&["nodeport-range", "secret-data"], manifest);
    assert_eq!(run(&stage, &[]), out(1, expected));
    let (_, text, _) = run(&stage, &["--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(report["unjudged"][0]["reason"], "unread_object");
    // What no policy reads anywhere is not missed here.
    let stage = self::stage(&["hpa-vpa-overlap"], manifest);
    let expected = "2 objects, 1 policy: 2 clean (2 not covered by any policy)\n";
    assert_eq!(run(&stage, &[]), out(0, expected));
}

#[test]
fn references_texts_and_schemas_are_no_objects() {
    let manifest = "apiVersion: example.com/v1
kind: Gadget
metadata:
  name: a
  namespace: x
  annotations:
    kubectl.kubernetes.io/last-applied-configuration: '{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}'
  ownerReferences: [{apiVersion: v1, kind: Secret, name: a, uid: a, controller: true}]
spec:
  ref: {apiVersion: v1, kind: Secret, name: a, namespace: x, uid: a}
  selectors: [{apiVersion: v1, kind: Secret, labelSelector: {matchLabels: {a: b}}}]
  empty: {apiVersion: v1, kind: Secret, data: {}}
  claim: {apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: a}, spec: {}}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.example.com}
spec:
  group: example.com
  names: {kind: Gadget, plural: gadgets}
  versions: [{name: v1, schema: {openAPIV3Schema: {example: {apiVersion: v1, kind: Secret, data: {a: b}}}}}]
";
    let stage = stage(&["nodeport-range", "secret-data"], manifest);
    let expected = "2 objects, 2 policies: 2 clean (2 not covered by any policy)\n";
    assert_eq!(run(&stage, &[]), out(0, expected));
}

#[test]
fn the_manifest_of_a_step_of_a_workflow_is_text() {
    let workflow = |manifest: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {{name: a, namespace: x}}\nspec:\n  templates:\n  \
             - name: m\n    resource: {{action: create, manifest: {manifest:?}}}\n"
        )
    };
    let told = |what: &str| {
        format!(
            "NOT CHECKED  Workflow x/a
  a.yaml:7
    holds an object that no policy reads there: {what}

1 object, 1 policy: 1 not checked
"
        )
    };
    let pod = told(
        "Pod in spec.templates[0].resource.manifest; check it as a
    manifest of its own",
    );
    let template = told(
        "text that cannot be read in
    spec.templates[0].resource.manifest; check it as a manifest of its own",
    );
    for (manifest, expected) in [
        (
            "apiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {}\n",
            pod,
        ),
        ("kind: {{a}}\n- b\n", template),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
            "1 object, 1 policy: 1 clean\n".to_owned(),
        ),
    ] {
        let stage = stage(&["hostpath-mounts"], &workflow(manifest));
        let status = i32::from(expected.contains("NOT CHECKED"));
        assert_eq!(run(&stage, &[]), out(status, &expected));
    }
}

#[test]
fn a_volume_has_the_path_of_a_node_and_no_pods() {
    let manifest = "apiVersion: v1
kind: PersistentVolume
metadata: {name: a}
spec: {hostPath: {path: /}}
---
apiVersion: example.com/v1
kind: Gadget
metadata: {name: a, namespace: x}
spec: {additionalVolumes: [{name: v, volumeSource: {hostPath: {path: /}}}]}
";
    let expected = "NOT CHECKED  Gadget x/a
  a.yaml:9
    holds pods in spec.additionalVolumes[0].volumeSource.hostPath, and no policy reads it; check the pods that
    its controller makes of it

2 objects, 1 policy: 1 not checked, 1 clean (1 not covered by any policy)
";
    let stage = stage(&["emptydir-storage"], manifest);
    assert_eq!(run(&stage, &[]), out(1, expected));
}

#[test]
fn a_kind_whose_wrapped_pods_the_settings_name_is_read() {
    let manifest = "apiVersion: example.com/v1
kind: Bundle
metadata: {name: a, namespace: x}
spec:
  objects: [{apiVersion: apps/v1, kind: Deployment, spec: {template: {spec: {containers: [{name: c, image: i}]}}}}]
";
    let stage = stage(&["hostpath-mounts"], manifest);
    let (status, text, _) = run(&stage, &[]);
    assert!(
        status == 1 && text.contains("Deployment in spec.objects[0]; check it"),
        "{text}"
    );
    stage.write(
        "s.yaml",
        "hostpath-mounts: {customKinds: [{apiGroup: example.com, kind: Bundle, podSpecPath: spec.objects.spec.template.spec}]}\n",
    );
    let expected = "1 object, 1 policy: 1 clean\n";
    assert_eq!(run(&stage, &["--settings", "s.yaml"]), out(0, expected));
}

#[test]
fn a_policy_of_others_may_read_all_of_what_it_is_asked_about() {
    let accept = Validate::Answer(r#"{"accepted":true}"#);
    let stage = Stage::with_policy_for_all("one", &accept);
    stage.write(
        "a.yaml",
        "apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a, namespace: x}\nspec:\n  containers: [{name: c, image: i}]\n  \
         object: {apiVersion: v1, kind: Secret, data: {a: b}}\n",
    );
    let expected = "1 object, 1 policy: 1 clean\n";
    assert_eq!(run(&stage, &[]), out(0, expected));
}

#[test]
fn a_label_also_keeps_a_policy_from_a_kind_of_its_settings() {
    let manifest = "apiVersion: example.com/v1
kind: Gadget
metadata: {name: a, namespace: x, labels: {skip: 'yes'}}
spec: {volumes: []}
";
    let stage = stage(&["hostpath-mounts"], manifest);
    stage.write(
        "p.yaml",
        "apiVersion: policies.kubewarden.io/v1
kind: ClusterAdmissionPolicy
metadata: {name: paths}
spec:
  module: registry://registry.example.com/policies/hostpath-mounts:v1
  mutating: false
  rules:
  - {apiGroups: [''], apiVersions: [v1], resources: [pods], operations: [CREATE]}
  - {apiGroups: [example.com], apiVersions: [v1], resources: [gadgets], operations: [CREATE]}
  objectSelector: {matchExpressions: [{key: skip, operator: DoesNotExist}]}
  settings: {customKinds: [{apiGroup: example.com, kind: Gadget, podSpecPath: spec}]}
",
    );
    let expected = "NOT CHECKED  Gadget x/a
  a.yaml:1
    the objectSelector of paths leaves it out, by its labels

1 object, 1 policy: 1 not checked
";
    assert_eq!(
        run(&stage, &["--policies-from", "p.yaml"]),
        out(1, expected)
    );
}
