//! What every policy of the bundle stands on: requests, views of objects, field paths, verdicts,
//! settings, look-ups in the cluster, and the way in and out of a guest.
//!
//! A policy is a type that implements [`Policy`]. This is a whole one:
//!
//! ```
//! use k8s_openapi::api::core::v1::Service;
//! use shared::{
//!     Cluster, Error, FieldPath, Finding, Level, OnUpdate, Policy, Request, Rule, Verdict, rule, settings,
//! };
//!
//! /// Refuses Services of type `LoadBalancer`.
//! struct NoLoadBalancers;
//!
//! static LOAD_BALANCER: Rule = rule! {
//!     id: "load_balancer",
//!     summary: "A Service of type LoadBalancer",
//!     why: "Every one costs an address of the company's",
//!     fix: "use an Ingress",
//!     levels: [Deny by "loadBalancer"],
//! };
//!
//! settings! {
//!     /// The settings of no-load-balancers. All are optional.
//!     struct Settings {
//!         /// A Service of type LoadBalancer.
//!         "loadBalancer" => load_balancer: Level = Level::Deny, example "warn";
//!         /// What to do about violations that an object already had before an UPDATE.
//!         "onUpdate" => on_update: OnUpdate = OnUpdate::NewViolations, example "enforceAll";
//!     }
//! }
//!
//! impl shared::Settings for Settings {
//!     fn on_update(&self) -> OnUpdate {
//!         self.on_update
//!     }
//! }
//!
//! impl Policy for NoLoadBalancers {
//!     const NAME: &'static str = "no-load-balancers";
//!     const RULES: &'static [&'static Rule] = &[&LOAD_BALANCER];
//!     type Settings = Settings;
//!
//!     fn wants(field: &str) -> bool {
//!         matches!(field, "spec" | "type")
//!     }
//!
//!     fn validate(
//!         request: &Request<'_>,
//!         settings: &Settings,
//!         _: &dyn Cluster,
//!     ) -> Result<Verdict, Error> {
//!         if !request.kind.is_a::<Service>() {
//!             return Ok(Verdict::unclaimed(request));
//!         }
//!         let mut verdict = Verdict::accept();
//!         let kind = request.object().map("spec", |spec| spec.text("type"))?;
//!         if kind == Some("LoadBalancer") {
//!             let path = FieldPath::new("spec.type");
//!             let finding = Finding::new(&LOAD_BALANCER, &path, "is \"LoadBalancer\"");
//!             verdict.report(settings.load_balancer, finding);
//!         }
//!         Ok(verdict)
//!     }
//! }
//!
//! // In a crate of its own, this makes a guest of it.
//! shared::export_policy!(NoLoadBalancers);
//!
//! # struct Nothing;
//! # impl Cluster for Nothing {
//! #     fn ask(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, String> { Err(String::new()) }
//! # }
//! let payload = br#"{"request": {
//!     "kind": {"group": "", "version": "v1", "kind": "Service"}, "namespace": "shop", "name": "web",
//!     "operation": "CREATE", "object": {"spec": {"type": "LoadBalancer"}}
//! }}"#;
//! let response = shared::evaluation::evaluate::<NoLoadBalancers>(payload, &Nothing);
//! assert_eq!(
//!     response.message.unwrap(),
//!     "Service shop/web violates no-load-balancers: spec.type: is \"LoadBalancer\"; fix: use an \
//!      Ingress [load_balancer]"
//! );
//! ```
//!
//! Everything here is pure and runs natively; only [`export_policy!`] and the module `guest` know
//! that there is a host.

pub mod cluster;
mod error;
pub mod evaluation;
#[cfg(target_arch = "wasm32")]
pub mod guest;
pub mod index;
pub mod kubernetes;
pub mod message;
mod policy;
mod request;
pub mod response;
mod rule;
pub mod rules;
pub mod settings;
pub mod similar;
#[cfg(feature = "testing")]
pub mod testing;
mod verdict;
pub use cluster::Cluster;
pub use document::{
    Arena, Cursor, DecodeError, Field, FieldNames, FieldPath, IntOrString, Json, Quote, Wanted,
    quote, shown_key, written,
};
pub use error::{ClusterError, Error};
pub use policy::Policy;
pub use request::{GroupVersionKind, ObjectMeta, Operation, Request};
#[cfg(not(target_arch = "wasm32"))]
pub use rule::DefaultLevel;
pub use rule::Rule;
pub use settings::{OnUpdate, Problems, Reader, Settings, list_of};
pub use verdict::finding::Finding;
pub use verdict::{Level, Verdict};

/// The Rust of the page for contributors is compiled and run, so that it stays true.
#[cfg(doctest)]
#[doc = include_str!("../../CONTRIBUTING.md")]
struct Contributing;

/// Makes a guest of a policy: what a host calls to start it, and the metadata that it reads.
///
/// It stands in the `lib.rs` of a policy, whose build script calls `policy_metadata::build::embed`. On other targets
/// than wasm it does nothing, so that all policies can be linked into one test program.
#[macro_export]
macro_rules! export_policy {
    ($policy:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            const JSON: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/metadata.json"));

            #[allow(
                unsafe_code,
                reason = "the section is data that nothing in the guest reads"
            )]
            #[unsafe(link_section = "io.kubewarden.metadata")]
            pub static METADATA: [u8; JSON.len()] =
                *include_bytes!(concat!(env!("OUT_DIR"), "/metadata.json"));

            #[allow(unsafe_code, reason = "hosts start a guest by this name")]
            #[unsafe(no_mangle)]
            pub extern "C" fn wapc_init() {
                $crate::guest::register::<$policy>();
            }
        };
    };
}
