//! The `matchConditions` of a policy: CEL, evaluated as the API server does it before it asks a webhook.
//!
//! Source: `staging/src/k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions/matcher.go`.

use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Program, Value as Cel};
use k8s_openapi::api::admissionregistration::v1::MatchCondition;
use tree::Value;

/// Variables that are not there: the first asks the cluster, the others belong to a `ValidatingAdmissionPolicy`.
const UNKNOWN: &[&str] = &["authorizer", "namespaceObject", "params", "variables"];

/// The functions that the library has, apart from operators, whose names are no words.
const FUNCTIONS: &[&str] = &[
    "bool",
    "bytes",
    "contains",
    "double",
    "endsWith",
    "int",
    "matches",
    "size",
    "startsWith",
    "string",
    "type",
    "uint",
];

/// A list of conditions, all of which have to hold.
#[derive(Debug, Default)]
pub struct Conditions {
    programs: Vec<Program>,
    unknown: Vec<String>,
}

impl Conditions {
    /// Reads a list. What cannot be evaluated here is in [`Conditions::unknown`].
    #[must_use]
    pub fn read(list: Vec<MatchCondition>) -> Self {
        let mut conditions = Self::default();
        for MatchCondition { name, expression } in list {
            match Program::compile(&expression) {
                Ok(program) if is_known(&program) => conditions.programs.push(program),
                _ => conditions.unknown.push(name),
            }
        }
        conditions
    }

    /// The names of those that cannot be evaluated: they need what only a cluster has, or more of CEL than there is.
    #[must_use]
    pub fn unknown(&self) -> &[String] {
        &self.unknown
    }

    /// Whether a webhook with these conditions is asked about an admission request.
    ///
    /// One that is false is enough for a no. An error, such as a field that is not there, counts as true: the API server
    /// goes by `failurePolicy` then, and in a manifest it is mostly a field that the API server fills in.
    #[must_use]
    pub fn hold(&self, request: &Value) -> bool {
        if self.programs.is_empty() {
            return true;
        }
        let field = |name: &str| request.get(name).unwrap_or(&Value::Null);
        let mut context = Context::default();
        for (name, value) in [
            ("object", field("object")),
            ("oldObject", field("oldObject")),
            ("request", request),
        ] {
            context.add_variable_from_value(name, cel(value));
        }
        let is_false =
            |program: &Program| matches!(program.execute(&context), Ok(Cel::Bool(false)));
        !self.programs.iter().any(is_false)
    }
}

/// A value as CEL has it. Numbers without a fraction are signed, as the API server reads them.
fn cel(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(truth) => Cel::Bool(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(number) => Cel::Int(number),
            None => Cel::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cel::String(Arc::new(text.to_string())),
        Value::Array(items) => Cel::List(Arc::new(items.iter().map(cel).collect())),
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .map(|(name, value)| (name.to_string(), cel(value)));
            fields.collect::<HashMap<String, Cel>>().into()
        }
    }
}

fn is_known(program: &Program) -> bool {
    let references = program.references();
    let is_operator = |name: &str| !name.starts_with(|first: char| first.is_ascii_alphabetic());
    let functions = references.functions();
    let has_functions = functions
        .iter()
        .all(|name| is_operator(name) || FUNCTIONS.contains(name));
    let variables = references.variables();
    has_functions && !variables.iter().any(|name| UNKNOWN.contains(name))
}

#[cfg(test)]
mod tests {
    use tree::json;

    use super::*;

    fn conditions(expressions: &[&str]) -> Conditions {
        let condition = |expression: &&str| MatchCondition {
            name: (*expression).to_owned(),
            expression: (*expression).to_owned(),
        };
        Conditions::read(expressions.iter().map(condition).collect())
    }

    #[test]
    fn a_webhook_is_asked_unless_a_condition_is_false() {
        let request = json!({
            "operation": "CREATE",
            "userInfo": {"username": "jane", "groups": ["dev"]},
            "object": {"metadata": {"name": "web", "labels": {"a/b": "c"}}, "spec": {"replicas": 3}},
            "oldObject": null,
        });
        for (expressions, asked) in [
            (&[][..], true),
            (&["true"], true),
            (&["false"], false),
            (&["true", "false"], false),
            (&["object.spec.type != 'x'", "false"], false),
            (&["object.spec.type != 'x'"], true),
            (&["request.userInfo.username == 'jane'"], true),
            (&["!('dev' in request.userInfo.groups)"], false),
            (&["request.userInfo.groups.exists(it, it == 'ops')"], false),
            (&["object.spec.replicas > 3"], false),
            (&["object.spec.replicas - 4 == -1"], true),
            (&["object.spec.replicas % 2 == 0"], false),
            (
                &["oldObject == null && request.operation == 'CREATE'"],
                true,
            ),
            (
                &["has(object.metadata.labels) && object.metadata.labels['a/b'] == 'c'"],
                true,
            ),
            (&["object.metadata.name.matches('^w.b$')"], true),
            (&["object.metadata.name.startsWith('b')"], false),
            (&["object.metadata.name"], true),
        ] {
            let conditions = conditions(expressions);
            assert_eq!(conditions.hold(&request), asked, "{expressions:?}");
            assert!(conditions.unknown().is_empty(), "{expressions:?}");
        }
    }

    #[test]
    fn what_only_a_cluster_can_evaluate_is_named() {
        for expression in [
            "authorizer.group('').resource('pods').check('get').allowed()",
            "authorizer == null",
            "namespaceObject.metadata.name == 'shop'",
            "variables.x || params.y",
            "quantity('1').isGreaterThan(quantity('2'))",
            "object.?spec.?x.orValue('a') == 'a'",
            "1 +",
            "",
        ] {
            let conditions = conditions(&[expression, "false"]);
            assert_eq!(conditions.unknown(), [expression]);
            assert!(!conditions.hold(&json!({})), "the others count");
        }
    }
}
