//! What names in settings can be. A name that nothing can have makes a setting do nothing, so it is refused, with what
//! to write instead. What only looks unusual may be meant, and passes.

use document::quote;

crate::settings! {
    /// A namespace.
    pub text Namespace {
        problem: namespace_problem,
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        max_length: 63,
    }

    /// A key in the data of an object.
    pub text DataKey {
        problem: data_key_problem,
        pattern: r"^\.?[-_A-Za-z0-9][-._A-Za-z0-9]*$",
        max_length: 253,
    }

    /// The name of an object in a namespace: `<namespace>/<name>`.
    pub text NamespacedName {
        problem: namespaced_problem,
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-.a-z0-9]*[a-z0-9])?$",
    }

    /// A Service in a namespace: `<namespace>/<name>`.
    pub text NamespacedService {
        problem: service_problem,
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    }

    /// A user, as `userInfo.username` of a request has it.
    pub text User {
        problem: user_problem,
        pattern: "^[^*]+$",
    }

    /// The group of a kind, without a version; empty for the core group.
    pub text ApiGroup {
        problem: group_problem,
        pattern: "^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$",
        max_length: 253,
    }

    /// A kind.
    pub text Kind {
        problem: kind_problem,
        pattern: "^[A-Za-z]([-A-Za-z0-9]*[A-Za-z0-9])?$",
        max_length: 63,
    }

    /// The group, which is a domain, and the version of a custom kind.
    pub text CustomApiVersion {
        problem: custom_api_version_problem,
        pattern: r"^[a-z0-9][-a-z0-9]*(\.[-a-z0-9]+)+/[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
    }

    /// One line for the user who is refused.
    pub text Reason {
        problem: reason_problem,
        pattern: r"^[^\x00-\x1F\x7F]*[^\x00-\x20\x7F][^\x00-\x1F\x7F]*$",
    }
}

/// Whether names have this one.
#[must_use]
pub fn has_name(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known == name)
}

/// Whether names of objects, `<namespace>/<name>`, have this one.
#[must_use]
pub fn has_object(objects: &[String], namespace: &str, name: &str) -> bool {
    let is = |object: &String| object.split_once('/') == Some((namespace, name));
    objects.iter().any(is)
}

/// Whether an object can have this name, of a kind whose names are those of domains: most kinds, and all that pods name.
#[must_use]
pub fn is_object_name(name: &str) -> bool {
    OBJECT.fits(name, false)
}

/// Whether the data of an object can have this key.
/// Source: `IsConfigMapKey` in `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`.
#[must_use]
pub fn is_data_key(key: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let is_name = !key.is_empty() && key.len() <= OBJECT.most && key.bytes().all(is_known);
    is_name && key != "." && !key.starts_with("..")
}

/// What a name looks like.
struct Form {
    /// What is called so, with its article.
    what: &'static str,
    /// Whether there may be dots in it.
    has_dots: bool,
    /// How many bytes it may have.
    most: usize,
}

/// Source: `ValidateNamespaceName` in `staging/src/k8s.io/apimachinery/pkg/api/validation/generic.go`.
const NAMESPACE: Form = Form {
    what: "a namespace",
    has_dots: false,
    most: 63,
};

/// Source: `ValidateServiceName` in the same file; since Kubernetes 1.36, a name may begin with a digit.
const SERVICE: Form = Form {
    what: "the name of a Service",
    ..NAMESPACE
};

/// All other objects that settings name are of kinds with such names. Source: `NameIsDNSSubdomain` in the same file.
const OBJECT: Form = Form {
    what: "the name of an object",
    has_dots: true,
    most: 253,
};

/// Source: `IsDNS1123Subdomain` in `staging/src/k8s.io/apimachinery/pkg/util/validation/validation.go`.
const GROUP: Form = Form {
    what: "an API group",
    ..OBJECT
};

/// Source: `validateCustomResourceDefinitionSpec` in
/// `staging/src/k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation/validation.go`.
const VERSION: Form = Form {
    what: "a version",
    ..NAMESPACE
};

/// What the users that service accounts are have in front of their names.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// What to write instead of a pattern.
const NO_PATTERNS: &str = "patterns are not supported; write each";

/// What Kubernetes calls groups of users, and no user.
/// Source: `staging/src/k8s.io/apiserver/pkg/authentication/user/user.go`.
const GROUPS_OF_USERS: &[&str] = &[
    "system:authenticated",
    "system:masters",
    "system:monitoring",
    "system:nodes",
    "system:serviceaccounts",
    "system:unauthenticated",
];

impl Form {
    /// Whether a name has the form, or would have it in lower case.
    fn fits(&self, name: &str, in_lower_case: bool) -> bool {
        let mut before = b'.';
        for byte in name.bytes() {
            let fits = match byte {
                b'a'..=b'z' | b'0'..=b'9' => true,
                b'A'..=b'Z' => in_lower_case,
                b'-' => before != b'.',
                b'.' => self.has_dots && !matches!(before, b'.' | b'-'),
                _ => false,
            };
            if !fits {
                return false;
            }
            before = byte;
        }
        name.len() <= self.most && !matches!(before, b'.' | b'-')
    }

    /// What is wrong with a name.
    fn problem(&self, name: &str) -> Option<String> {
        if self.fits(name, false) {
            return None;
        }
        let (quoted, what, most) = (quote(name), self.what, self.most);
        Some(if self.fits(name, true) {
            let lower = name.to_ascii_lowercase();
            format!("{quoted} cannot be {what}, which has no capital letters; write \"{lower}\"")
        } else if has_star(name) {
            format!("{quoted} cannot be {what}, and {NO_PATTERNS} name in full")
        } else {
            let dots = if self.has_dots { ", \".\"" } else { "" };
            format!(
                "{quoted} cannot be {what}; write at most {most} of a-z, 0-9, \"-\"{dots}, with a letter or digit at \
                 both ends"
            )
        })
    }
}

fn has_star(text: &str) -> bool {
    text.bytes().any(|byte| byte == b'*')
}

/// Why a namespace cannot have this name, and what to write instead.
#[must_use]
pub fn namespace_problem(name: &str) -> Option<String> {
    NAMESPACE.problem(name)
}

/// What is wrong with the two names of an object in a namespace.
fn object_problem((namespace, name): (&str, &str), form: &Form) -> Option<String> {
    let problem = NAMESPACE.problem(namespace);
    problem.or_else(|| form.problem(name))
}

/// What is wrong with `<namespace>/<name>`.
fn namespaced_problem(object: &str) -> Option<String> {
    in_namespace_problem(object, &OBJECT)
}

/// What is wrong with the `<namespace>/<name>` of a Service.
fn service_problem(service: &str) -> Option<String> {
    in_namespace_problem(service, &SERVICE)
}

fn in_namespace_problem(object: &str, form: &Form) -> Option<String> {
    if let Some((namespace, name)) = object.split_once('/')
        && !namespace.is_empty()
        && !name.is_empty()
        && !name.contains('/')
    {
        return object_problem((namespace, name), form);
    }
    let account = object.strip_prefix(SERVICE_ACCOUNT);
    let instead = match account.and_then(|account| account.split_once(':')) {
        Some((namespace, name)) => format!("; write \"{namespace}/{name}\""),
        None => String::new(),
    };
    let object = quote(object);
    Some(format!("{object} is not <namespace>/<name>{instead}"))
}

/// What is wrong with a user. Clusters may call their users anything, but for names that begin with `system:`, which are
/// those of Kubernetes.
///
/// Source: `staging/src/k8s.io/apiserver/pkg/authentication/serviceaccount/util.go`,
/// `pkg/auth/nodeidentifier/default.go`.
fn user_problem(user: &str) -> Option<String> {
    if user.is_empty() {
        return Some("is empty".to_owned());
    }
    let quoted = quote(user);
    if has_star(user) {
        return Some(format!(
            "{quoted} has a \"*\", and {NO_PATTERNS} user in full, such as \"{SERVICE_ACCOUNT}shop:robot\""
        ));
    }
    if let Some(account) = user.strip_prefix(SERVICE_ACCOUNT) {
        return match account.split_once(':') {
            Some(names) => object_problem(names, &OBJECT),
            None => Some(format!(
                "{quoted} has no name; write \"{SERVICE_ACCOUNT}<namespace>:<name>\""
            )),
        };
    }
    if let Some(node) = user.strip_prefix("system:node:") {
        return OBJECT.problem(node);
    }
    let is_group = GROUPS_OF_USERS.contains(&user) || user.starts_with("system:serviceaccounts:");
    is_group.then(|| format!("{quoted} is a group of users; write each user"))
}

/// What is wrong with a key of a Secret or a `ConfigMap`.
fn data_key_problem(key: &str) -> Option<String> {
    if is_data_key(key) {
        return None;
    }
    let quoted = quote(key);
    Some(if has_star(key) {
        format!("{quoted} cannot be a key, and {NO_PATTERNS} key in full")
    } else {
        format!("{quoted} cannot be a key; write at most 253 of A-Z, a-z, 0-9, \"-\", \"_\", \".\"")
    })
}

/// What is wrong with an API group. That of the core group is empty.
fn group_problem(group: &str) -> Option<String> {
    if group.is_empty() {
        return None;
    }
    let quoted = quote(group);
    if is_version(group) {
        return Some(format!(
            "{quoted} is a version, which does not count; leave it out for the core group"
        ));
    }
    match group.split_once('/') {
        Some((before, version))
            if GROUP.fits(before, false) && (version.is_empty() || is_version(version)) =>
        {
            Some(format!(
                "{quoted} is not a group; write \"{before}\": the version does not count"
            ))
        }
        _ => GROUP.problem(group),
    }
}

/// Whether this is the version of an API, such as `v1beta1`, and no group: those of definitions have dots.
fn is_version(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next() == Some(b'v')
        && bytes.next().is_some_and(|byte| byte.is_ascii_digit())
        && bytes.all(|byte| byte.is_ascii_alphanumeric())
}

/// What is wrong with the `apiVersion` of a custom kind. Its group is a domain, which the API server demands.
/// Source: the same function as that of a version.
fn custom_api_version_problem(api_version: &str) -> Option<String> {
    match api_version.split_once('/') {
        Some((group, version)) if group.contains('.') && !version.is_empty() => {
            let problem = GROUP.problem(group);
            problem.or_else(|| VERSION.problem(version))
        }
        _ => Some(format!(
            "{} is not the group and version of a custom kind, such as \"argoproj.io/v1alpha1\"",
            quote(api_version)
        )),
    }
}

/// What is wrong with a kind. Capitals are a custom, which a definition need not follow.
/// Source: `ValidateCustomResourceDefinitionNames`, in the same file.
fn kind_problem(kind: &str) -> Option<String> {
    if kind.is_empty() {
        return Some("is missing".to_owned());
    }
    let first = kind.bytes().next();
    let starts = first.is_some_and(|byte| byte.is_ascii_alphabetic());
    (!starts || !NAMESPACE.fits(kind, true)).then(|| {
        format!(
            "{} cannot be a kind; write one word, such as \"Rollout\"",
            quote(kind)
        )
    })
}

/// What is wrong with fields behind one another. No field of any kind with pods has such signs in its name.
#[must_use]
pub fn field_path_problem(path: &str) -> Option<String> {
    let mut before = b'.';
    for byte in path.bytes() {
        if matches!(byte, b'/' | b'$' | b'{' | b'}' | b' ') || byte == b'.' && before == b'.' {
            before = b'.';
            break;
        }
        before = byte;
    }
    (before == b'.').then(|| {
        let quoted = quote(path);
        format!("{quoted} is not a path such as \"spec.template.spec\"")
    })
}

/// What is wrong with a reason that the platform team gives to the users whom it refuses something.
fn reason_problem(reason: &str) -> Option<String> {
    let problem = if reason.trim_ascii().is_empty() {
        "must say why, for the user who is refused"
    } else if reason.bytes().any(|byte| byte.is_ascii_control()) {
        "must be one line"
    } else {
        return None;
    };
    Some(problem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each text, and what is wrong with it; empty where nothing is.
    fn check(problem: impl Fn(&str) -> Option<String>, texts: &[(&str, &str)]) {
        for (text, expected) in texts {
            let expected = match *expected {
                "" => String::new(),
                // Most begin with the text.
                expected => expected.replace("TEXT", &quote(text).to_string()),
            };
            assert_eq!(problem(text).unwrap_or_default(), expected, "{text:?}");
        }
    }

    const LABEL: &str = "TEXT cannot be a namespace; write at most 63 of a-z, 0-9, \"-\", with a letter or digit at both ends";
    const LOWER: &str =
        "\"Shop\" cannot be a namespace, which has no capital letters; write \"shop\"";
    const ROBOT: &str =
        "\"Robot\" cannot be the name of an object, which has no capital letters; write \"robot\"";

    #[test]
    fn a_namespace_is_a_label() {
        let pattern =
            "TEXT cannot be a namespace, and patterns are not supported; write each name in full";
        check(
            namespace_problem,
            &[
                ("shop", ""),
                ("1-shop-2", ""),
                ("0", ""),
                (&"a".repeat(63), ""),
                (&"a".repeat(64), LABEL),
                ("Shop", LOWER),
                ("team-*", pattern),
                ("*", pattern),
                ("", LABEL),
                ("-", LABEL),
                ("-shop", LABEL),
                ("shop-", LABEL),
                ("Shop_1", LABEL),
                ("shop.eu", LABEL),
                ("shop/web", LABEL),
                ("shop ", LABEL),
                ("shöp", LABEL),
            ],
        );
    }

    #[test]
    fn an_object_in_a_namespace_has_two_names_and_no_more() {
        let two = "TEXT is not <namespace>/<name>";
        check(
            namespaced_problem,
            &[
                ("shop/robot", ""),
                ("shop/robot.v1", ""),
                ("robot", two),
                ("", two),
                ("/", two),
                ("/robot", two),
                ("shop/", two),
                ("shop/robot/x", two),
                (
                    "system:serviceaccount:shop:robot",
                    "TEXT is not <namespace>/<name>; write \"shop/robot\"",
                ),
                ("Shop/robot", LOWER),
                ("shop/Robot", ROBOT),
                (
                    "shop/*",
                    "\"*\" cannot be the name of an object, and patterns are not supported; write each name in full",
                ),
                (
                    "shop/a..b",
                    "\"a..b\" cannot be the name of an object; write at most 253 of a-z, 0-9, \"-\", \".\", with a letter \
                     or digit at both ends",
                ),
            ],
        );
    }

    #[test]
    fn the_name_of_a_service_has_no_dots() {
        check(
            service_problem,
            &[
                ("shop/web", ""),
                ("shop/1-web", ""),
                (
                    "shop/web.v1",
                    "\"web.v1\" cannot be the name of a Service; write at most 63 of a-z, 0-9, \"-\", with a letter or \
                     digit at both ends",
                ),
                ("Shop/web", LOWER),
                ("web", "TEXT is not <namespace>/<name>"),
            ],
        );
    }

    #[test]
    fn a_user_may_be_called_anything_but_what_kubernetes_calls_others() {
        let pattern = "TEXT has a \"*\", and patterns are not supported; write each user in full, such as \
                       \"system:serviceaccount:shop:robot\"";
        let group = "TEXT is a group of users; write each user";
        check(
            user_problem,
            &[
                ("jane", ""),
                ("Jane Doe", ""),
                ("jane@example.com", ""),
                ("https://issuer.example.com#jane", ""),
                ("oidc:Jane/ops", ""),
                ("system:admin", ""),
                ("system:kube-controller-manager", ""),
                ("system:node:worker-1.example.com", ""),
                ("system:serviceaccount:shop:robot", ""),
                ("system:serviceaccount:shop:robot.v1", ""),
                ("", "is empty"),
                ("*", pattern),
                ("system:*", pattern),
                (
                    "system:serviceaccount:shop",
                    "TEXT has no name; write \"system:serviceaccount:<namespace>:<name>\"",
                ),
                ("system:serviceaccount:Shop:robot", LOWER),
                ("system:serviceaccount:shop:Robot", ROBOT),
                (
                    "system:serviceaccount:shop:a:b",
                    "\"a:b\" cannot be the name of an object; write at most 253 of a-z, 0-9, \"-\", \".\", with a letter or \
                     digit at both ends",
                ),
                ("system:node:Robot", ROBOT),
                ("system:masters", group),
                ("system:serviceaccounts", group),
                ("system:serviceaccounts:shop", group),
            ],
        );
    }

    #[test]
    fn a_key_is_one_that_the_api_server_takes() {
        let form = "TEXT cannot be a key; write at most 253 of A-Z, a-z, 0-9, \"-\", \"_\", \".\"";
        check(
            data_key_problem,
            &[
                ("tls.crt", ""),
                (".dockerconfigjson", ""),
                ("A_b-1", ""),
                (&"k".repeat(253), ""),
                (&"k".repeat(254), form),
                (
                    "*.pem",
                    "TEXT cannot be a key, and patterns are not supported; write each key in full",
                ),
                ("", form),
                (".", form),
                ("..a", form),
                ("a/b", form),
            ],
        );
    }

    #[test]
    fn a_group_has_no_version() {
        let version = |group: &str| {
            format!("TEXT is not a group; write \"{group}\": the version does not count")
        };
        let core = "TEXT is a version, which does not count; leave it out for the core group";
        let form = "TEXT cannot be an API group; write at most 253 of a-z, 0-9, \"-\", \".\", with a letter or digit at \
                    both ends";
        check(
            group_problem,
            &[
                ("", ""),
                ("apps", ""),
                ("argoproj.io", ""),
                ("v1.example.com", ""),
                ("vault", ""),
                ("v", ""),
                ("v-1", ""),
                ("v1-tools", ""),
                ("apps/v1", &version("apps")),
                ("argoproj.io/v1alpha1", &version("argoproj.io")),
                ("apps/", &version("apps")),
                ("v1", core),
                ("v2beta13", core),
                (
                    "Argoproj.io",
                    "TEXT cannot be an API group, which has no capital letters; write \"argoproj.io\"",
                ),
                (
                    "*",
                    "TEXT cannot be an API group, and patterns are not supported; write each name in full",
                ),
                ("apps/Deployment", form),
                ("/v1", form),
            ],
        );
    }

    #[test]
    fn an_api_version_of_a_custom_kind_has_a_domain_and_a_version() {
        let wrong =
            "TEXT is not the group and version of a custom kind, such as \"argoproj.io/v1alpha1\"";
        check(
            custom_api_version_problem,
            &[
                ("argoproj.io/v1alpha1", ""),
                ("example.com/stable", ""),
                ("apps/v1", wrong),
                ("v1", wrong),
                ("", wrong),
                ("argoproj.io/", wrong),
                ("argoproj.io", wrong),
                (
                    "Argoproj.io/v1",
                    "\"Argoproj.io\" cannot be an API group, which has no capital letters; write \"argoproj.io\"",
                ),
                (
                    "argoproj.io/V1",
                    "\"V1\" cannot be a version, which has no capital letters; write \"v1\"",
                ),
                (
                    "argoproj.io/*",
                    "\"*\" cannot be a version, and patterns are not supported; write each name in full",
                ),
                (
                    "argoproj.io/v1/Rollout",
                    "\"v1/Rollout\" cannot be a version; write at most 63 of a-z, 0-9, \"-\", with a letter or digit at \
                     both ends",
                ),
            ],
        );
    }

    #[test]
    fn a_kind_is_one_word() {
        let word = "TEXT cannot be a kind; write one word, such as \"Rollout\"";
        check(
            kind_problem,
            &[
                ("Rollout", ""),
                // Some definitions have no capitals.
                ("rollout", ""),
                ("", "is missing"),
                ("Cron.example.com", word),
                ("example.com/v1/Cron", word),
                ("*", word),
                ("1Cron", word),
                ("Cron Job", word),
                ("Cron-", word),
            ],
        );
    }

    #[test]
    fn a_path_is_of_fields_alone() {
        let wrong = "TEXT is not a path such as \"spec.template.spec\"";
        check(
            field_path_problem,
            &[
                ("spec", ""),
                ("spec.template.spec", ""),
                ("spec.x-pods.spec", ""),
                ("", wrong),
                (".spec", wrong),
                ("spec..template", wrong),
                ("spec/template/spec", wrong),
                ("$.spec.template", wrong),
                ("{.spec.template}", wrong),
                ("spec. template", wrong),
            ],
        );
    }
}
