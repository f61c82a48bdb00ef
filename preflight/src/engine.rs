//! Loads policies and evaluates requests with them, as the real hosts do: waPC over wasmtime.
//!
//! A module is compiled and linked once; each evaluation gets a fresh guest, so that nothing is carried from one
//! request to the next. A guest may run for [`Limits::time`] and use [`Limits::memory`]; there is no way for it to
//! reach files, network, clock or environment.

use std::{
    borrow::Cow,
    fmt,
    ops::Not,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::Arc,
    thread,
    time::Duration,
};

use policy_metadata::Metadata;
use serde::Serialize;
use serde_json::Value;
use wapc::WapcHost;
use wasmtime_provider::{
    EpochDeadlines, WasmtimeEngineProviderBuilder, WasmtimeEngineProviderPre,
    wasmtime::{self, Config, InstanceAllocationStrategy},
};

use crate::embedded::Code;

pub mod cache;
mod error;
mod host;
mod module;
mod pool;
mod response;

pub use error::{EngineError, EvaluationError, LoadError};
pub use host::{HostCalls, NoHost};
pub use response::{PolicyAnswer, Response, SettingsResponse};

/// The precision of the time limit. Short enough that a run-away guest is stopped in time, long enough to cost nothing.
const TICK: Duration = Duration::from_millis(10);

/// What a guest may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long one evaluation may take. Kubewarden's own default is 2 s.
    pub time: Duration,
    /// How many bytes of memory a guest may have. A guest that asks for more is told that there is none, which ends
    /// most of them with a trap.
    pub memory: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            time: Duration::from_secs(2),
            memory: 256 * 1024 * 1024,
        }
    }
}

/// Compiles policies. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    engine: wasmtime::Engine,
    limits: Limits,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// Makes an engine as the real hosts have it, and the thread that keeps its clock.
    pub fn new(limits: Limits) -> Result<Self, EngineError> {
        Self::with(limits, on_demand(limits))
    }

    /// Makes an engine for very many evaluations by the threads of rayon; at most 16 at a time are by others. It takes code
    /// that was compiled ahead of time, and keeps what it compiles in this folder, if others may not write there.
    pub fn for_many(limits: Limits, cache: Option<&Path>) -> Result<Self, EngineError> {
        let with_cache = |mut config: Config| {
            config.cache(cache.and_then(cache::open));
            Self::with(limits, config)
        };
        let mut config = compiler::config();
        let pool = pool::config(limits.memory);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        // A system may not let a program set so much aside.
        with_cache(config).or_else(|_| {
            let mut config = on_demand(limits);
            config.memory_init_cow(false);
            with_cache(config)
        })
    }

    fn with(limits: Limits, mut config: Config) -> Result<Self, EngineError> {
        config.epoch_interruption(true);
        let engine = wasmtime::Engine::new(&config)
            .map_err(|error| EngineError::Configuration(error.to_string()))?;
        let clock = engine.weak();
        thread::Builder::new()
            .name("preflight-clock".to_owned())
            .spawn(move || {
                while let Some(engine) = clock.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(TICK);
                }
            })?;
        Ok(Self { engine, limits })
    }

    /// Compiles a policy. It is called by the title in its metadata, or by `name` where it has none.
    pub fn load(&self, name: &str, wasm: &[u8]) -> Result<Policy, LoadError> {
        self.compile(&self.inspect(name, Cow::Borrowed(wasm))?)
    }

    /// Looks through a module without compiling it.
    pub fn inspect<'w>(&self, name: &str, wasm: Cow<'w, [u8]>) -> Result<Module<'w>, LoadError> {
        let metadata = module::inspect(&wasm, self.limits.memory)?
            .map(module::parse_metadata)
            .transpose()?;
        Ok(Module {
            name: metadata
                .as_ref()
                .and_then(Metadata::title)
                .unwrap_or(name)
                .to_owned(),
            metadata,
            wasm,
            code: None,
        })
    }

    /// Compiles a module, or takes the code that it was compiled to when this program was built.
    pub fn compile(&self, module: &Module<'_>) -> Result<Policy, LoadError> {
        let ticks = self.limits.time.as_millis() / TICK.as_millis();
        // The first tick may come right after the start.
        let deadline = u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1);
        let deadlines = EpochDeadlines {
            wapc_init: deadline,
            wapc_func: deadline,
        };
        let builder = WasmtimeEngineProviderBuilder::new()
            .engine(self.engine.clone())
            .enable_epoch_interruptions(deadlines);
        let builder = match module.code.and_then(|code| self.take(code)) {
            Some(compiled) => builder.module(compiled),
            None => builder.module_bytes(&module.wasm),
        };
        let pre = builder
            .build_pre()
            .map_err(|error| LoadError::Compile(error.to_string()))?;
        Ok(Policy {
            name: module.name.clone(),
            size: module.wasm.len(),
            metadata: module.metadata.clone(),
            pre,
            deadlines,
            limits: self.limits,
        })
    }

    /// Takes compiled code; `None` where it is not for this engine, or not for this machine.
    #[expect(
        unsafe_code,
        reason = "wasmtime cannot tell whether code was changed after it was compiled"
    )]
    fn take(&self, code: Code) -> Option<wasmtime::Module> {
        // SAFETY: code is what `precompile` wrote when this program was built, and is a part of it since.
        unsafe { wasmtime::Module::deserialize(&self.engine, code.bytes()) }.ok()
    }
}

/// An engine as wasmtime has it.
fn on_demand(limits: Limits) -> Config {
    let mut config = Config::new();
    // A memory that may not move cannot grow over what was reserved for it: this is the memory limit.
    config
        .memory_reservation(limits.memory)
        .memory_may_move(false);
    compiler::without_frames(&mut config);
    config
}

/// A module that was looked through, and is not compiled yet.
#[derive(Debug)]
pub struct Module<'w> {
    name: String,
    metadata: Option<Metadata>,
    wasm: Cow<'w, [u8]>,
    code: Option<Code>,
}

impl Module<'static> {
    /// The same with the code that belongs to it.
    pub(crate) fn with_code(self, code: Option<Code>) -> Self {
        Self { code, ..self }
    }
}

impl Module<'_> {
    /// The title in the metadata, or the name of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// A compiled policy, ready for any number of evaluations, also from several threads at once.
pub struct Policy {
    name: String,
    size: usize,
    metadata: Option<Metadata>,
    pre: WasmtimeEngineProviderPre,
    deadlines: EpochDeadlines,
    limits: Limits,
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy")
            .field("name", &self.name)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Payload<'a, R: ?Sized> {
    request: &'a R,
    settings: &'a Value,
    /// Whether findings are told one and all, in all their words. No other host says so, and no request can.
    #[serde(skip_serializing_if = "Not::not")]
    unabridged: bool,
}

/// Where the source of the policies of this bundle is, as their metadata says it.
const SOURCE: &str = env!("CARGO_PKG_REPOSITORY");

impl Policy {
    /// The title in the metadata, or the name that it was loaded by.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of the wasm in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// What the wasm says of itself; `None` when it was never annotated.
    #[must_use]
    pub fn metadata(&self) -> Option<&Metadata> {
        self.metadata.as_ref()
    }

    /// The version in the metadata.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.metadata
            .as_ref()?
            .annotations
            .get(policy_metadata::VERSION)
            .map(String::as_str)
    }

    /// Whether its metadata says that it is from where this program is.
    #[must_use]
    pub fn is_of_this_bundle(&self) -> bool {
        let metadata = self.metadata.as_ref();
        let source =
            metadata.and_then(|metadata| metadata.annotations.get(policy_metadata::SOURCE));
        source.is_some_and(|source| source == SOURCE)
    }

    /// Judges one admission request: anything that serializes to its JSON.
    pub fn validate(
        &self,
        request: &(impl Serialize + ?Sized),
        settings: &Value,
        host: impl HostCalls,
    ) -> Result<Response, EvaluationError> {
        let payload = Payload {
            request,
            settings,
            unabridged: false,
        };
        self.validate_written(&payload, host)
    }

    /// The same, with room for more than an answer of the API server has. A policy of this bundle tells all that it
    /// found, and cuts no warning; others answer as they do anywhere.
    pub fn validate_unabridged(
        &self,
        request: &(impl Serialize + ?Sized),
        settings: &Value,
        host: impl HostCalls,
    ) -> Result<Response, EvaluationError> {
        let payload = Payload {
            request,
            settings,
            unabridged: self.is_of_this_bundle(),
        };
        self.validate_written(&payload, host)
    }

    fn validate_written(
        &self,
        payload: &Payload<'_, impl Serialize + ?Sized>,
        host: impl HostCalls,
    ) -> Result<Response, EvaluationError> {
        let payload =
            serde_json::to_vec(payload).map_err(|_| EvaluationError::UnwritableRequest)?;
        self.validate_payload(&payload, host)
    }

    /// Judges one payload, byte for byte as given: `{"request": …, "settings": …}`.
    pub fn validate_payload(
        &self,
        payload: &[u8],
        host: impl HostCalls,
    ) -> Result<Response, EvaluationError> {
        let answer = self.answer_payload(payload, host)?;
        // serde_json's text may quote what it read, and a guest may send back what it was given.
        serde_json::from_slice(&answer)
            .map_err(|error| EvaluationError::UnreadableAnswer(error.line(), error.column()))
    }

    /// Judges one payload, and hands on what the guest wrote, unread.
    pub fn answer_payload(
        &self,
        payload: &[u8],
        host: impl HostCalls,
    ) -> Result<Vec<u8>, EvaluationError> {
        self.call("validate", payload, host)
    }

    /// Asks the policy whether it can work with these settings.
    pub fn validate_settings(&self, settings: &Value) -> Result<SettingsResponse, EvaluationError> {
        let payload =
            serde_json::to_vec(settings).map_err(|_| EvaluationError::UnwritableRequest)?;
        let answer = self.call("validate_settings", &payload, NoHost)?;
        serde_json::from_slice(&answer)
            .map_err(|error| EvaluationError::UnreadableAnswer(error.line(), error.column()))
    }

    /// The protocol that the policy speaks: `v1`.
    pub fn protocol_version(&self) -> Result<String, EvaluationError> {
        let answer = self.call("protocol_version", &[], NoHost)?;
        serde_json::from_slice(&answer)
            .map_err(|error| EvaluationError::UnreadableAnswer(error.line(), error.column()))
    }

    /// Calls one function of a fresh guest.
    fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: impl HostCalls,
    ) -> Result<Vec<u8>, EvaluationError> {
        let host = Arc::new(host);
        let callback =
            move |_id: u64, binding: &str, namespace: &str, operation: &str, payload: &[u8]| {
                host.call(binding, namespace, operation, payload)
                    .map_err(Into::into)
            };
        let run = || {
            let provider = self
                .pre
                .rehydrate(Some(self.deadlines))
                .map_err(|error| error.to_string())?;
            let guest = WapcHost::new(Box::new(provider), Some(Box::new(callback)))
                .map_err(|error| error.to_string())?;
            guest.call(operation, payload).map_err(|error| match error {
                wapc::errors::Error::GuestCallFailure(text) => text,
                other => other.to_string(),
            })
        };
        // The provider slices the guest's memory by the guest's own numbers: wrong ones must not end this program.
        catch_unwind(AssertUnwindSafe(run))
            .map_err(|_| EvaluationError::BadPointer)?
            .map_err(|text| EvaluationError::of_guest(&text, self.limits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A guest that always says no.
    const GUEST: &str = r#"(module (memory (export "memory") 1)
        (func (export "__guest_call") (param i32 i32) (result i32) (i32.const 0)))"#;

    #[test]
    fn code_of_another_time_is_taken_only_where_it_fits() {
        let wasm = wat::parse_str(GUEST).unwrap();
        let code = Code::of(compiler::precompile(&wasm).unwrap());
        let mut cut = code.bytes().to_vec();
        cut.truncate(cut.len() / 2);
        let [small, large] = [1, 512].map(|mebibytes| mebibytes * 1024 * 1024);
        let limits = |memory| Limits {
            memory,
            ..Limits::default()
        };
        let many = |memory| Engine::for_many(limits(memory), None).unwrap();
        for (engine, code, is_taken) in [
            (many(small), code, true),
            (many(large), code, true),
            // It reserves another size of memory.
            (Engine::new(limits(large)).unwrap(), code, false),
            (many(small), Code::of(cut), false),
            (many(small), Code::of(b"no code".to_vec()), false),
            (many(small), Code::of(wasm.clone()), false),
        ] {
            assert_eq!(engine.take(code).is_some(), is_taken);
            // It is compiled instead, and runs.
            let module = engine.inspect("guest", Cow::Owned(wasm.clone())).unwrap();
            let policy = engine.compile(&module.with_code(Some(code))).unwrap();
            assert_eq!(
                policy.protocol_version().unwrap_err().to_string(),
                "it failed: No error message set for call failure"
            );
        }
    }
}
