//! Kinds of other projects that bear pods, as their own definitions have them: what many clusters have needs no setting.
//!
//! A path leads through every item of a list, and with `*` through every field of a map. Some kinds have no pod spec of
//! their own, only its volumes: those are read, and what mounts them is not known.

use crate::request::GroupVersionKind;

/// A kind of another project, and where it has a pod spec. A kind with several has several entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WellKnownKind {
    /// The API group.
    pub group: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Where its pod specs are.
    pub pod_spec: &'static str,
}

const fn kind(group: &'static str, kind: &'static str, pod_spec: &'static str) -> WellKnownKind {
    WellKnownKind {
        group,
        kind,
        pod_spec,
    }
}

const AGONES: &str = "agones.dev";
const ARGO: &str = "argoproj.io";
const ELASTIC_AGENT: &str = "agent.k8s.elastic.co";
const ELASTIC_BEAT: &str = "beat.k8s.elastic.co";
const FLINK: &str = "flink.apache.org";
const KNATIVE: &str = "serving.knative.dev";
const KSERVE: &str = "serving.kserve.io";
const KRUISE: &str = "apps.kruise.io";
const KUBEFLOW: &str = "kubeflow.org";
const LEADER_WORKER_SET: &str = "leaderworkerset.x-k8s.io";
const PROMETHEUS: &str = "monitoring.coreos.com";
const RAY: &str = "ray.io";
const SPARK: &str = "sparkoperator.k8s.io";
const SUMMERWIND: &str = "actions.summerwind.dev";
const TEKTON: &str = "tekton.dev";
const TRAINER: &str = "trainer.kubeflow.org";
const VOLCANO: &str = "batch.volcano.sh";

/// The usual place.
const TEMPLATE: &str = "spec.template.spec";

/// All of them, those of a group and of a kind together. In the wasm they are packed: see [`pod_spec_paths`].
pub const WELL_KNOWN: &[WellKnownKind] = &[
    // actions/actions-runner-controller: apis/actions.github.com/v1alpha1, apis/actions.summerwind.net/v1alpha1
    kind(
        "actions.github.com",
        "AutoscalingRunnerSet",
        "spec.listenerTemplate.spec",
    ),
    kind("actions.github.com", "AutoscalingRunnerSet", TEMPLATE),
    kind(SUMMERWIND, "RunnerDeployment", TEMPLATE),
    kind(SUMMERWIND, "RunnerSet", TEMPLATE),
    // googleforgames/agones: pkg/apis/agones/v1
    kind(AGONES, "Fleet", "spec.template.spec.template.spec"),
    kind(AGONES, "GameServer", TEMPLATE),
    kind(AGONES, "GameServerSet", "spec.template.spec.template.spec"),
    // elastic/cloud-on-k8s: pkg/apis
    kind(ELASTIC_AGENT, "Agent", "spec.daemonSet.podTemplate.spec"),
    kind(ELASTIC_AGENT, "Agent", "spec.deployment.podTemplate.spec"),
    kind(ELASTIC_AGENT, "Agent", "spec.statefulSet.podTemplate.spec"),
    kind(ELASTIC_BEAT, "Beat", "spec.daemonSet.podTemplate.spec"),
    kind(ELASTIC_BEAT, "Beat", "spec.deployment.podTemplate.spec"),
    kind(
        "elasticsearch.k8s.elastic.co",
        "Elasticsearch",
        "spec.nodeSets.podTemplate.spec",
    ),
    kind("kibana.k8s.elastic.co", "Kibana", "spec.podTemplate.spec"),
    kind(
        "logstash.k8s.elastic.co",
        "Logstash",
        "spec.podTemplate.spec",
    ),
    // openkruise/kruise: config/crd/bases; openkruise/kruise-game: apis/v1alpha1
    kind(
        KRUISE,
        "AdvancedCronJob",
        "spec.template.broadcastJobTemplate.spec.template.spec",
    ),
    kind(
        KRUISE,
        "AdvancedCronJob",
        "spec.template.jobTemplate.spec.template.spec",
    ),
    kind(KRUISE, "BroadcastJob", TEMPLATE),
    kind(KRUISE, "CloneSet", TEMPLATE),
    kind(KRUISE, "DaemonSet", TEMPLATE),
    kind(KRUISE, "SidecarSet", "spec"),
    kind(KRUISE, "StatefulSet", TEMPLATE),
    kind(
        KRUISE,
        "UnitedDeployment",
        "spec.template.advancedStatefulSetTemplate.spec.template.spec",
    ),
    kind(
        KRUISE,
        "UnitedDeployment",
        "spec.template.cloneSetTemplate.spec.template.spec",
    ),
    kind(
        KRUISE,
        "UnitedDeployment",
        "spec.template.deploymentTemplate.spec.template.spec",
    ),
    kind(
        KRUISE,
        "UnitedDeployment",
        "spec.template.statefulSetTemplate.spec.template.spec",
    ),
    kind(
        KRUISE,
        "UnitedDeployment",
        "spec.topology.subsets.patch.spec",
    ),
    kind(
        "game.kruise.io",
        "GameServerSet",
        "spec.gameServerTemplate.spec",
    ),
    // openshift/api: apps/v1
    kind("apps.openshift.io", "DeploymentConfig", TEMPLATE),
    // argoproj/argo-rollouts: manifests/crds; argoproj/argo-workflows: pkg/apis/workflow/v1alpha1/workflow_types.go, which
    // has volumes alone, and containers in places of its own; `steps` is a list of lists
    kind(
        ARGO,
        "AnalysisRun",
        "spec.metrics.provider.job.spec.template.spec",
    ),
    kind(
        ARGO,
        "AnalysisTemplate",
        "spec.metrics.provider.job.spec.template.spec",
    ),
    kind(
        ARGO,
        "ClusterAnalysisTemplate",
        "spec.metrics.provider.job.spec.template.spec",
    ),
    kind(ARGO, "ClusterWorkflowTemplate", "spec"),
    kind(ARGO, "ClusterWorkflowTemplate", "spec.templateDefaults"),
    kind(ARGO, "ClusterWorkflowTemplate", "spec.templates"),
    kind(
        ARGO,
        "ClusterWorkflowTemplate",
        "spec.templates.dag.tasks.inline",
    ),
    kind(
        ARGO,
        "ClusterWorkflowTemplate",
        "spec.templates.steps.inline",
    ),
    kind(ARGO, "CronWorkflow", "spec.workflowSpec"),
    kind(ARGO, "CronWorkflow", "spec.workflowSpec.templateDefaults"),
    kind(ARGO, "CronWorkflow", "spec.workflowSpec.templates"),
    kind(
        ARGO,
        "CronWorkflow",
        "spec.workflowSpec.templates.dag.tasks.inline",
    ),
    kind(
        ARGO,
        "CronWorkflow",
        "spec.workflowSpec.templates.steps.inline",
    ),
    kind(ARGO, "Experiment", "spec.templates.template.spec"),
    kind(ARGO, "Rollout", TEMPLATE),
    kind(ARGO, "Workflow", "spec"),
    kind(ARGO, "Workflow", "spec.templateDefaults"),
    kind(ARGO, "Workflow", "spec.templates"),
    kind(ARGO, "Workflow", "spec.templates.dag.tasks.inline"),
    kind(ARGO, "Workflow", "spec.templates.steps.inline"),
    kind(ARGO, "WorkflowTemplate", "spec"),
    kind(ARGO, "WorkflowTemplate", "spec.templateDefaults"),
    kind(ARGO, "WorkflowTemplate", "spec.templates"),
    kind(ARGO, "WorkflowTemplate", "spec.templates.dag.tasks.inline"),
    kind(ARGO, "WorkflowTemplate", "spec.templates.steps.inline"),
    // volcano-sh/volcano: config/crd/volcano/bases, config/crd/jobflow/bases
    kind(
        VOLCANO,
        "CronJob",
        "spec.jobTemplate.spec.tasks.template.spec",
    ),
    kind(VOLCANO, "Job", "spec.tasks.template.spec"),
    kind("flow.volcano.sh", "JobTemplate", "spec.tasks.template.spec"),
    // apache/flink-kubernetes-operator: FlinkDeploymentSpec
    kind(FLINK, "FlinkDeployment", "spec.jobManager.podTemplate.spec"),
    kind(FLINK, "FlinkDeployment", "spec.podTemplate.spec"),
    kind(
        FLINK,
        "FlinkDeployment",
        "spec.taskManager.podTemplate.spec",
    ),
    // kubernetes-sigs/jobset: config/components/crd/bases
    kind(
        "jobset.x-k8s.io",
        "JobSet",
        "spec.replicatedJobs.template.spec.template.spec",
    ),
    // kedacore/keda: config/crd/bases
    kind("keda.sh", "ScaledJob", "spec.jobTargetRef.template.spec"),
    // kubeflow/training-operator: manifests/base/crds; kubeflow/trainer: pkg/apis/trainer/v1alpha1; kubeflow/kubeflow:
    // components/notebook-controller
    kind(KUBEFLOW, "JAXJob", "spec.jaxReplicaSpecs.*.template.spec"),
    kind(KUBEFLOW, "MPIJob", "spec.mpiReplicaSpecs.*.template.spec"),
    kind(KUBEFLOW, "Notebook", TEMPLATE),
    kind(
        KUBEFLOW,
        "PyTorchJob",
        "spec.pytorchReplicaSpecs.*.template.spec",
    ),
    kind(KUBEFLOW, "TFJob", "spec.tfReplicaSpecs.*.template.spec"),
    kind(
        KUBEFLOW,
        "XGBoostJob",
        "spec.xgbReplicaSpecs.*.template.spec",
    ),
    kind(
        TRAINER,
        "ClusterTrainingRuntime",
        "spec.template.spec.replicatedJobs.template.spec.template.spec",
    ),
    kind(
        TRAINER,
        "TrainingRuntime",
        "spec.template.spec.replicatedJobs.template.spec.template.spec",
    ),
    // kubernetes-sigs/lws: config/crd/bases
    kind(
        LEADER_WORKER_SET,
        "LeaderWorkerSet",
        "spec.leaderWorkerTemplate.leaderTemplate.spec",
    ),
    kind(
        LEADER_WORKER_SET,
        "LeaderWorkerSet",
        "spec.leaderWorkerTemplate.workerTemplate.spec",
    ),
    // prometheus-operator/prometheus-operator: pkg/apis/monitoring; containers and volumes are added to its own
    kind(PROMETHEUS, "Alertmanager", "spec"),
    kind(PROMETHEUS, "Prometheus", "spec"),
    kind(PROMETHEUS, "PrometheusAgent", "spec"),
    kind(PROMETHEUS, "ThanosRuler", "spec"),
    // open-telemetry/opentelemetry-operator: apis/v1beta1; as above
    kind("opentelemetry.io", "OpenTelemetryCollector", "spec"),
    // ray-project/kuberay: ray-operator/config/crd/bases
    kind(RAY, "RayCluster", "spec.headGroupSpec.template.spec"),
    kind(RAY, "RayCluster", "spec.workerGroupSpecs.template.spec"),
    kind(
        RAY,
        "RayCronJob",
        "spec.jobTemplate.rayClusterSpec.headGroupSpec.template.spec",
    ),
    kind(
        RAY,
        "RayCronJob",
        "spec.jobTemplate.rayClusterSpec.workerGroupSpecs.template.spec",
    ),
    kind(
        RAY,
        "RayCronJob",
        "spec.jobTemplate.submitterPodTemplate.spec",
    ),
    kind(
        RAY,
        "RayJob",
        "spec.rayClusterSpec.headGroupSpec.template.spec",
    ),
    kind(
        RAY,
        "RayJob",
        "spec.rayClusterSpec.workerGroupSpecs.template.spec",
    ),
    kind(RAY, "RayJob", "spec.submitterPodTemplate.spec"),
    kind(
        RAY,
        "RayService",
        "spec.rayClusterConfig.headGroupSpec.template.spec",
    ),
    kind(
        RAY,
        "RayService",
        "spec.rayClusterConfig.workerGroupSpecs.template.spec",
    ),
    // knative/serving: config/core/300-resources
    kind(KNATIVE, "Configuration", TEMPLATE),
    kind(KNATIVE, "Revision", "spec"),
    kind(KNATIVE, "Service", TEMPLATE),
    // kserve/kserve: pkg/apis/serving, which repeats the fields of a pod spec
    kind(KSERVE, "ClusterServingRuntime", "spec"),
    kind(KSERVE, "ClusterServingRuntime", "spec.workerSpec"),
    kind(KSERVE, "InferenceService", "spec.explainer"),
    kind(KSERVE, "InferenceService", "spec.predictor"),
    kind(KSERVE, "InferenceService", "spec.predictor.workerSpec"),
    kind(KSERVE, "InferenceService", "spec.transformer"),
    kind(KSERVE, "ServingRuntime", "spec"),
    kind(KSERVE, "ServingRuntime", "spec.workerSpec"),
    // kubeflow/spark-operator: config/crd/bases; volumes are also beside the templates
    kind(SPARK, "ScheduledSparkApplication", "spec.template"),
    kind(
        SPARK,
        "ScheduledSparkApplication",
        "spec.template.driver.template.spec",
    ),
    kind(
        SPARK,
        "ScheduledSparkApplication",
        "spec.template.executor.template.spec",
    ),
    kind(SPARK, "SparkApplication", "spec"),
    kind(SPARK, "SparkApplication", "spec.driver.template.spec"),
    kind(SPARK, "SparkApplication", "spec.executor.template.spec"),
    // tektoncd/pipeline: pkg/apis/pipeline; volumes alone, as its containers are called steps
    kind(TEKTON, "Pipeline", "spec.finally.taskSpec"),
    kind(TEKTON, "Pipeline", "spec.tasks.pipelineSpec.tasks.taskSpec"),
    kind(TEKTON, "Pipeline", "spec.tasks.taskSpec"),
    kind(TEKTON, "PipelineRun", "spec.pipelineSpec.finally.taskSpec"),
    kind(
        TEKTON,
        "PipelineRun",
        "spec.pipelineSpec.tasks.pipelineSpec.tasks.taskSpec",
    ),
    kind(TEKTON, "PipelineRun", "spec.pipelineSpec.tasks.taskSpec"),
    kind(TEKTON, "PipelineRun", "spec.podTemplate"),
    kind(TEKTON, "PipelineRun", "spec.taskRunSpecs.podTemplate"),
    kind(TEKTON, "PipelineRun", "spec.taskRunTemplate.podTemplate"),
    kind(TEKTON, "Task", "spec"),
    kind(TEKTON, "TaskRun", "spec.podTemplate"),
    kind(TEKTON, "TaskRun", "spec.taskSpec"),
];

/// What stands for one byte each in [`PACKED`]: what many paths have, the longer before its parts. Names of [`STEPS`] are in
/// the wasm once.
const WORDS: [&str; 18] = [
    "metrics.provider.job",
    "spec.template.spec",
    "ReplicaSpecs.*",
    "replicatedJobs",
    "template.spec",
    "spec.template",
    "pipelineSpec",
    "workflowSpec",
    "podTemplate",
    "rayCluster",
    "GroupSpec",
    "Template",
    "taskSpec",
    ".inline",
    "spec.",
    ".spec",
    "tasks",
    "spec",
];

/// A row of [`WORDS`] counts from here, where no path has a byte.
const FIRST_WORD: u8 = 128;

/// The rows as one text, which takes half of what they do: each group on a line of its own, behind it its kinds, each behind
/// a `/`, and behind each kind its paths, each behind a space.
#[expect(clippy::indexing_slicing, reason = "while this is compiled")]
static PACKED: [u8; pack(WELL_KNOWN).1] = {
    let (text, length) = pack(WELL_KNOWN);
    let mut packed = [0; pack(WELL_KNOWN).1];
    let mut index = 0;
    while index < length {
        packed[index] = text[index];
        index += 1;
    }
    packed
};

/// Packs rows, while this is compiled.
#[expect(clippy::indexing_slicing, reason = "while this is compiled")]
const fn pack(rows: &[WellKnownKind]) -> ([u8; 8192], usize) {
    let mut packed = ([0; 8192], 0);
    let (mut group, mut kind) = ("", "");
    let mut index = 0;
    while index < rows.len() {
        let row = &rows[index];
        let is_of_group = starts_with(row.group, 0, group) && group.len() == row.group.len();
        if !is_of_group {
            packed = push(push(packed, "\n", false), row.group, false);
        }
        if !(is_of_group && starts_with(row.kind, 0, kind) && kind.len() == row.kind.len()) {
            packed = push(push(packed, "/", false), row.kind, false);
        }
        packed = push(push(packed, " ", false), row.pod_spec, true);
        (group, kind) = (row.group, row.kind);
        index += 1;
    }
    packed
}

/// Adds a text, with words in place of what they stand for, if it is a path.
#[expect(
    clippy::indexing_slicing,
    clippy::large_types_passed_by_value,
    reason = "while this is compiled"
)]
const fn push(packed: ([u8; 8192], usize), text: &str, is_path: bool) -> ([u8; 8192], usize) {
    let (mut packed, mut length) = packed;
    let mut at = 0;
    while at < text.len() {
        let (mut byte, mut taken) = (text.as_bytes()[at], 1);
        let mut word = 0;
        while word < WORDS.len() {
            if is_path && taken == 1 && starts_with(text, at, WORDS[word]) {
                #[expect(clippy::cast_possible_truncation, reason = "there are few")]
                (byte = FIRST_WORD + word as u8);
                taken = WORDS[word].len();
            }
            word += 1;
        }
        packed[length] = byte;
        length += 1;
        at += taken;
    }
    (packed, length)
}

/// Whether a text has another one at a place.
#[expect(clippy::indexing_slicing, reason = "while this is compiled")]
const fn starts_with(text: &str, at: usize, other: &str) -> bool {
    let mut index = 0;
    while index < other.len() {
        if at + index >= text.len() || text.as_bytes()[at + index] != other.as_bytes()[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Where the pod specs of a kind are, by [`WELL_KNOWN`]. None for kinds that are not in it.
#[must_use]
pub fn pod_spec_paths(kind: &GroupVersionKind<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for group in PACKED.split(|byte| *byte == b'\n') {
        let mut kinds = group.split(|byte| *byte == b'/');
        if kinds.next() != Some(kind.group.as_bytes()) {
            continue;
        }
        for known in kinds {
            let mut paths = known.split(|byte| *byte == b' ');
            if paths.next() == Some(kind.kind.as_bytes()) {
                found.extend(paths.map(unpacked));
            }
        }
    }
    found
}

fn unpacked(packed: &[u8]) -> String {
    let mut path = String::new();
    for byte in packed {
        match WORDS.get(usize::from(*byte).wrapping_sub(usize::from(FIRST_WORD))) {
            Some(word) => path.push_str(word),
            None => path.push(char::from(*byte)),
        }
    }
    path
}

/// The fields on the ways to these pod specs, but for those of [`wants_whole`].
pub const STEPS: &[&str] = &[
    "spec",
    "template",
    "advancedStatefulSetTemplate",
    "broadcastJobTemplate",
    "cloneSetTemplate",
    "daemonSet",
    "dag",
    "deployment",
    "deploymentTemplate",
    "driver",
    "executor",
    "explainer",
    "finally",
    "gameServerTemplate",
    "headGroupSpec",
    "inline",
    "job",
    "jobManager",
    "jobTargetRef",
    "jobTemplate",
    "leaderTemplate",
    "leaderWorkerTemplate",
    "listenerTemplate",
    "metrics",
    "nodeSets",
    "patch",
    "pipelineSpec",
    "podTemplate",
    "predictor",
    "provider",
    "rayClusterConfig",
    "rayClusterSpec",
    "replicatedJobs",
    "statefulSet",
    "statefulSetTemplate",
    "steps",
    "submitterPodTemplate",
    "subsets",
    "taskManager",
    "taskRunSpecs",
    "taskRunTemplate",
    "taskSpec",
    "tasks",
    "templateDefaults",
    "templates",
    "topology",
    "transformer",
    "workerGroupSpecs",
    "workerSpec",
    "workerTemplate",
    "workflowSpec",
];

/// Whether it is another of them, below which fields have any name: replicas are listed by their roles, which a user may spell in any case.
#[must_use]
pub fn wants_whole(field: &str) -> bool {
    field.ends_with("ReplicaSpecs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::kinds::KINDS;

    #[test]
    fn each_is_listed_once_and_in_order_within_its_group() {
        for (index, row) in WELL_KNOWN.iter().enumerate() {
            let twice = WELL_KNOWN.iter().skip(index + 1).any(|other| other == row);
            assert!(!twice, "{row:?}");
            let of_kubernetes = KINDS.iter().any(|known| known.group == row.group);
            assert!(!of_kubernetes && row.group.contains('.'), "{row:?}");
        }
        let pairs = WELL_KNOWN.iter().zip(WELL_KNOWN.iter().skip(1));
        for (one, next) in pairs.filter(|(one, next)| one.group == next.group) {
            assert!(
                (one.kind, one.pod_spec) < (next.kind, next.pod_spec),
                "{next:?}"
            );
        }
    }

    #[test]
    fn what_is_packed_is_what_is_listed() {
        for row in WELL_KNOWN {
            let (group, kind, version) = (row.group, row.kind, "v1");
            let same = WELL_KNOWN
                .iter()
                .filter(|other| (other.group, other.kind) == (group, kind));
            let listed: Vec<&str> = same.map(|row| row.pod_spec).collect();
            let kind = GroupVersionKind {
                group,
                version,
                kind,
            };
            assert_eq!(pod_spec_paths(&kind), listed, "{row:?}");
        }
        for (group, kind) in [
            ("", ""),
            ("ray.io", "Job"),
            ("ray.io", ""),
            ("batch", "Job"),
        ] {
            let version = "v1";
            let kind = GroupVersionKind {
                group,
                version,
                kind,
            };
            assert_eq!(pod_spec_paths(&kind), [""; 0], "{group} {kind:?}");
        }
    }

    #[test]
    fn every_step_of_every_path_is_read() {
        for row in WELL_KNOWN {
            let mut steps = row.pod_spec.split('.');
            let before = steps.by_ref().take_while(|step| *step != "*");
            let mut last = "";
            for step in before {
                let is_read = STEPS.contains(&step) || wants_whole(step);
                assert!(is_read, "{step} of {}", row.kind);
                last = step;
            }
            assert_eq!(
                wants_whole(last),
                row.pod_spec.contains('*'),
                "{}",
                row.kind
            );
        }
        assert!(!STEPS.contains(&"metadata") && !STEPS.contains(&"status"));
    }
}
