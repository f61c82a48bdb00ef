//! How long guests take and how much memory they need, side by side: each round asks every guest once, so that a change of
//! the machine's speed hits all of them. Time is that of the processor: what else runs meanwhile is not counted.

use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bundle_tests::{policies, repository};
use cpu_time::{ProcessTime, ThreadTime};
use preflight::{Engine, HostCalls, Limits, MemoryCluster, Policy};
use serde_json::{Value, json};

/// More than any evaluation here takes, so that its end is not the host's doing.
const LIMITS: Limits = Limits {
    time: Duration::from_mins(1),
    memory: 256 * 1024 * 1024,
};
const PAGE: u64 = 64 * 1024;

/// A module, and the guest that it was made into.
pub(crate) struct Guest {
    pub(crate) name: String,
    pub(crate) wasm: Vec<u8>,
    pub(crate) policy: Policy,
}

impl Guest {
    fn load(engine: &Engine, name: &str, wasm: Vec<u8>) -> Result<Self, String> {
        let policy = engine.load(name, &wasm);
        let policy = policy.map_err(|error| format!("{name}: {error}"))?;
        let name = name.to_owned();
        Ok(Self { name, wasm, policy })
    }

    /// Whether it may ask the cluster for something.
    pub(crate) fn looks_up(&self) -> bool {
        let metadata = self.policy.metadata();
        metadata.is_some_and(|it| !it.context_aware_resources.is_empty())
    }
}

/// All that is measured.
pub(crate) struct Guests {
    /// Accepts without reading.
    pub(crate) floor: Guest,
    /// Decodes as most policies do.
    pub(crate) usual: Guest,
    pub(crate) policies: Vec<Guest>,
}

impl Guests {
    pub(crate) fn load() -> Result<Self, String> {
        let engine = engine(LIMITS)?;
        let made = |name: &str| {
            let path = repository(&format!("target/bench-guests/{name}.wasm"));
            let wasm = fs::read(&path)
                .map_err(|error| format!("{}: {error}: run `make bench`", path.display()))?;
            Guest::load(&engine, name, wasm)
        };
        let policies = policies::all()?;
        let policies = policies
            .iter()
            .map(|name| Guest::load(&engine, name, policies::wasm(name)?));
        Ok(Self {
            floor: made("floor")?,
            usual: made("usual")?,
            policies: policies.collect::<Result<_, String>>()?,
        })
    }

    /// The policy of a name.
    pub(crate) fn policy(&self, name: &str) -> Result<&Guest, String> {
        let found = self.policies.iter().find(|policy| policy.name == name);
        found.ok_or_else(|| format!("there is no {name}"))
    }

    /// The policy of a name, or the floor.
    pub(crate) fn of(&self, name: &str) -> Result<&Guest, String> {
        if name == self.floor.name {
            return Ok(&self.floor);
        }
        self.policy(name)
    }

    /// The median time that it takes to compile each.
    pub(crate) fn compile_times(guests: &[&Guest], rounds: usize) -> Result<Vec<Duration>, String> {
        let engine = engine(LIMITS)?;
        let mut times = vec![Vec::new(); guests.len()];
        for _ in 0..rounds {
            for (guest, times) in guests.iter().zip(&mut times) {
                // Several threads compile.
                let start = ProcessTime::now();
                let policy = engine.load(&guest.name, &guest.wasm);
                times.push(start.elapsed());
                policy.map_err(|error| error.to_string())?;
            }
        }
        times.into_iter().map(median).collect()
    }
}

fn engine(limits: Limits) -> Result<Engine, String> {
    Engine::new(limits).map_err(|error| error.to_string())
}

/// Every answer that a policy got, by what it asked.
pub(crate) type Answers = Arc<Mutex<HashMap<(String, Vec<u8>), Result<Vec<u8>, String>>>>;

/// A host that has looked everything up before: what a look-up takes is not the policy's doing.
pub(crate) struct Ready<H> {
    pub(crate) host: H,
    pub(crate) answers: Answers,
}

impl<H: HostCalls> HostCalls for Ready<H> {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let question = (operation.to_owned(), payload.to_vec());
        let ask = || self.host.call(binding, namespace, operation, payload);
        answers.entry(question).or_insert_with(ask).clone()
    }
}

/// A payload, and the cluster that it comes to.
pub(crate) struct Question {
    pub(crate) payload: Vec<u8>,
    cluster: Arc<MemoryCluster>,
}

impl Question {
    pub(crate) fn new(request: &Value, cluster: &Arc<MemoryCluster>) -> Self {
        Self {
            payload: payload(request).into_bytes(),
            cluster: Arc::clone(cluster),
        }
    }

    /// A guest that gives up early would look fast, so that is an error.
    fn ask(&self, policy: &Policy, host: impl HostCalls) -> Result<(), String> {
        let answer = policy.validate_payload(&self.payload, host);
        let answer = answer.map_err(|error| error.to_string())?;
        match answer.code {
            Some(400 | 500) => Err(format!("{}: {:?}", policy.name(), answer.message)),
            _ => Ok(()),
        }
    }

    /// The median time of each guest.
    pub(crate) fn times<const N: usize>(
        &self,
        guests: [&Guest; N],
        time: Duration,
    ) -> Result<[Duration; N], String> {
        let started = Instant::now();
        let answers: [Answers; N] = std::array::from_fn(|_| Answers::default());
        let mut times = [const { Vec::new() }; N];
        let mut rounds = 0;
        while rounds < 5 || started.elapsed() < time {
            for ((guest, answers), times) in guests.iter().zip(&answers).zip(&mut times) {
                let host = Ready {
                    host: self.cluster.host(guest.policy.metadata()),
                    answers: Arc::clone(answers),
                };
                let start = ThreadTime::now();
                let answer = self.ask(&guest.policy, host);
                times.push(start.elapsed());
                answer?;
            }
            rounds += 1;
        }
        let mut medians = [Duration::ZERO; N];
        for (times, place) in times.into_iter().zip(&mut medians) {
            *place = median(times)?;
        }
        Ok(medians)
    }

    /// The fewest pages of memory, of 64 KiB, that an evaluation gets by with. `from` is what it needs at least.
    pub(crate) fn pages(&self, guest: &Guest, from: u32) -> Result<u32, String> {
        let is_enough = |pages: u32| {
            let memory = u64::from(pages) * PAGE;
            let policy = engine(Limits { memory, ..LIMITS })
                .and_then(|engine| Guest::load(&engine, &guest.name, guest.wasm.clone()));
            // A module that starts with more is not even loaded.
            policy.is_ok_and(|guest| {
                let host = self.cluster.host(guest.policy.metadata());
                self.ask(&guest.policy, host).is_ok()
            })
        };
        let (mut low, mut high) = (from, from);
        while !is_enough(high) {
            if u64::from(high) * PAGE > LIMITS.memory {
                return Err("no memory is enough".to_owned());
            }
            low = high + 1;
            high *= 2;
        }
        while low < high {
            let middle = low.midpoint(high);
            if is_enough(middle) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        Ok(high)
    }

    /// How many bytes the host answers.
    pub(crate) fn bytes(&self, guest: &Guest) -> Result<usize, String> {
        let host = Arc::new(self.cluster.host(guest.policy.metadata()));
        self.ask(&guest.policy, Arc::clone(&host))?;
        let mut bytes = 0;
        for call in host.calls() {
            let request = call.request.to_string();
            let answer = host.call(
                "kubewarden",
                "kubernetes",
                &call.operation,
                request.as_bytes(),
            );
            // Where there are no items, the kind may not be known.
            bytes += answer.map_or(0, |answer| answer.len());
        }
        Ok(bytes)
    }
}

/// What a guest gets of a request.
pub(crate) fn payload(request: &Value) -> String {
    json!({"request": request, "settings": {}}).to_string()
}

fn median(mut times: Vec<Duration>) -> Result<Duration, String> {
    times.sort();
    let middle = times.get(times.len() / 2).copied();
    middle.ok_or_else(|| "nothing was measured".to_owned())
}

pub(crate) fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
