//! A cluster's worth of manifests: apps as people write them, a few of them wrong.

use std::fs;
use std::path::Path;

/// How many objects an app has.
pub(crate) const OBJECTS_OF_AN_APP: usize = 5;
/// How many objects of how many apps are refused.
pub(crate) const REFUSED: (usize, usize) = (5, 100);

const APPS_OF_A_NAMESPACE: usize = 40;

/// Writes so many apps, each to a file of its own: the same ones each time.
pub(crate) fn write(folder: &Path, apps: usize) -> Result<(), String> {
    for number in 0..apps {
        let namespace = format!("team-{:04}", number / APPS_OF_A_NAMESPACE);
        let folder = folder.join(&namespace);
        let file = folder.join(format!("app-{number:05}.yaml"));
        let written = fs::create_dir_all(&folder);
        written
            .and_then(|()| fs::write(&file, app(number, &namespace)))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(())
}

/// The documents of an app. Of a hundred, one asks for a port that is none, one has a Secret that is not encoded, one a
/// pod with the socket of the runtime, and one no requests, which its autoscaler measures.
fn app(number: usize, namespace: &str) -> String {
    let is = |place: usize| number % REFUSED.1 == place;
    let (node_port, kind) = match number {
        _ if is(10) => ("\n      nodePort: 29000".to_owned(), "NodePort"),
        // Some of the numbers that there are, each once.
        _ if number.is_multiple_of(20) => (
            format!("\n      nodePort: {}", 30_000 + number / 20),
            "NodePort",
        ),
        _ => (String::new(), "ClusterIP"),
    };
    let password = if is(30) {
        "pa55word!"
    } else {
        "M2w5ZHN0LWtleWJvYXJk"
    };
    let path = if is(50) {
        "/run/docker.sock"
    } else {
        "/srv/shop/cache"
    };
    let requests = if is(70) {
        "{}"
    } else {
        "{cpu: 100m, memory: 256Mi}"
    };
    let documents = format!(
        "{DEPLOYMENT}---\n{AUTOSCALER}---\n{SERVICE}---\n{SECRET}---\n{}",
        if number.is_multiple_of(2) {
            POD
        } else {
            VERTICAL
        }
    );
    [
        ("$NAMESPACE", namespace),
        ("$NAME", &format!("app-{number:05}")),
        ("$TYPE", kind),
        ("$NODE_PORT", &node_port),
        ("$PASSWORD", password),
        ("$PATH", path),
        ("$REQUESTS", requests),
    ]
    .into_iter()
    .fold(documents, |text, (word, value)| text.replace(word, value))
}

const DEPLOYMENT: &str = r#"# Rolled out by the pipeline of the team.
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $NAME
  namespace: $NAMESPACE
  labels: &labels
    app.kubernetes.io/name: $NAME
    app.kubernetes.io/part-of: shop
    app.kubernetes.io/managed-by: kustomize
  annotations:
    shop.example.com/owner: "team of $NAMESPACE"
spec:
  selector:
    matchLabels: {app.kubernetes.io/name: $NAME}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: 25%, maxUnavailable: 0}
  template:
    metadata:
      labels: *labels
    spec:
      serviceAccountName: $NAME
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: registry.example.com/shop/$NAME:1.2.3
          args: ["--listen=:8080", "--log-level=info"]
          env:
            - name: LOG_FORMAT
              value: json
            - name: DATABASE_PASSWORD
              valueFrom:
                secretKeyRef: {name: $NAME, key: password}
          ports:
            - {name: http, containerPort: 8080, protocol: TCP}
          readinessProbe:
            httpGet: {path: /ready, port: http}
            periodSeconds: 10
          resources:
            requests: $REQUESTS
            limits: {memory: 256Mi}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
        - name: proxy
          image: registry.example.com/shop/proxy:2.0.1
          resources:
            requests: {cpu: 50m, memory: 64Mi}
      volumes:
        - name: tmp
          emptyDir: {sizeLimit: 64Mi}
"#;

const AUTOSCALER: &str = "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: $NAME
  namespace: $NAMESPACE
spec:
  minReplicas: 2
  maxReplicas: 10
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $NAME}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: 70}
";

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata:
  name: $NAME
  namespace: $NAMESPACE
spec:
  type: $TYPE
  selector:
    app.kubernetes.io/name: $NAME
  ports:
    - name: http
      port: 80
      targetPort: http$NODE_PORT
";

const SECRET: &str = r#"apiVersion: v1
kind: Secret
metadata:
  name: $NAME
  namespace: $NAMESPACE
type: Opaque
data:
  user: YXBw
  password: $PASSWORD
stringData:
  app.yaml: |
    database:
      host: db.$NAMESPACE.svc
      pool: {min: 2, max: 10}
    features: [search, "wish list"]
"#;

const POD: &str = "apiVersion: v1
kind: Pod
metadata:
  name: $NAME-warmup
  namespace: $NAMESPACE
spec:
  restartPolicy: Never
  containers:
    - name: warmup
      image: registry.example.com/shop/warmup:1.0.0
      volumeMounts:
        - {name: cache, mountPath: /cache, readOnly: true}
  volumes:
    - name: cache
      hostPath: {path: $PATH, type: Directory}
";

const VERTICAL: &str = r#"apiVersion: autoscaling.k8s.io/v1
kind: VerticalPodAutoscaler
metadata:
  name: $NAME
  namespace: $NAMESPACE
spec:
  targetRef: {apiVersion: apps/v1, kind: Deployment, name: $NAME}
  updatePolicy: {updateMode: "Off"}
"#;
