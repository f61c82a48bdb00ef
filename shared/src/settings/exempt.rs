//! Whom a policy leaves alone, where namespaces and users are all there is to say.

use super::{Namespace, User, has_name};
use crate::settings;

settings! {
    /// Whom the policy does not concern.
    pub struct Exempt {
        /// Objects in these namespaces.
        "namespaces" => namespaces: [Namespace], example ["sandbox"];
        /// Whatever these users ask for.
        "users" => users: [User], example ["system:serviceaccount:gitops:deployer"];
    }
}

impl Exempt {
    /// Whether a namespace is exempt, or the user who asks.
    #[must_use]
    pub fn has(&self, namespace: &str, username: &str) -> bool {
        has_name(&self.namespaces, namespace) || has_name(&self.users, username)
    }
}
