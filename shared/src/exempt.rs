//! Whom a policy leaves alone.

use crate::settings::Reader;

/// The setting `exempt`: the namespaces and the users that a policy leaves alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exempt {
    namespaces: Vec<String>,
    users: Vec<String>,
    objects: Vec<String>,
}

impl Exempt {
    /// Reads `namespaces` and `users`.
    pub fn read(exempt: &mut Reader<'_, '_>) -> Self {
        Self {
            namespaces: exempt.namespaces("namespaces"),
            users: exempt.users("users"),
            objects: Vec::new(),
        }
    }

    /// Reads these, and single objects in the field `objects`: `<namespace>/<name>`.
    pub fn with_objects(exempt: &mut Reader<'_, '_>, objects: &'static str) -> Self {
        let read = Self::read(exempt);
        Self {
            objects: exempt.namespaced_names(objects),
            ..read
        }
    }

    /// Reads these, and single Services in the field `services`.
    pub fn with_services(exempt: &mut Reader<'_, '_>) -> Self {
        let read = Self::read(exempt);
        Self {
            objects: exempt.services("services"),
            ..read
        }
    }

    /// Whether it lists the namespace of an object, or the user who asks for it.
    #[must_use]
    pub fn has(&self, namespace: &str, username: &str) -> bool {
        self.namespaces.iter().any(|name| name == namespace)
            || self.users.iter().any(|name| name == username)
    }

    /// Whether it has this object.
    #[must_use]
    pub fn has_object(&self, namespace: &str, name: &str) -> bool {
        let is = |object: &String| object.split_once('/') == Some((namespace, name));
        self.objects.iter().any(is)
    }
}
