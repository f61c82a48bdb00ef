//! A host that counts what a guest does: a limit of time would depend on what else the machine has to do.

use std::sync::Arc;

use preflight::HostCalls;
use wasmtime_provider::wasmtime::{
    Caller, Config, Engine, Extern, Linker, Module, Result, Store, StoreLimits, StoreLimitsBuilder,
};

/// Policy servers give a guest 2 s by default. Without the count, so many instructions take about one.
pub(crate) const INSTRUCTIONS: u64 = 10_000_000_000;

/// What the engine of preflight lets a guest have.
pub(crate) const MEMORY: usize = 256 * 1024 * 1024;

/// A policy that is measured.
pub(crate) struct Meter {
    engine: Engine,
    module: Module,
}

/// What an evaluation took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// In bytes.
    pub(crate) memory: usize,
}

/// What guest and host have to tell each other.
struct Talk {
    payload: Vec<u8>,
    answer: Vec<u8>,
    host: Arc<dyn HostCalls>,
    /// What the host said last.
    said: Result<Vec<u8>, String>,
    limits: StoreLimits,
}

impl Talk {
    fn error(&self) -> &[u8] {
        self.said.as_ref().err().map_or(&[], String::as_bytes)
    }

    fn response(&self) -> &[u8] {
        self.said.as_deref().unwrap_or_default()
    }
}

const OPERATION: &[u8] = b"validate";

impl Meter {
    pub(crate) fn new(wasm: &[u8]) -> Self {
        let mut config = Config::new();
        config.consume_fuel(true);
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, wasm).unwrap();
        Self { engine, module }
    }

    /// The answer to a payload, or why there is none.
    pub(crate) fn answer(
        &self,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> (Result<Vec<u8>, String>, Cost) {
        let talk = Talk {
            payload: payload.to_vec(),
            answer: Vec::new(),
            host,
            said: Ok(Vec::new()),
            limits: StoreLimitsBuilder::new().memory_size(MEMORY).build(),
        };
        let mut store = Store::new(&self.engine, talk);
        store.limiter(|talk| &mut talk.limits);
        store.set_fuel(INSTRUCTIONS).unwrap();
        let guest = linker(&self.engine)
            .instantiate(&mut store, &self.module)
            .unwrap();
        let start = guest
            .get_typed_func::<(), ()>(&mut store, "wapc_init")
            .unwrap();
        start.call(&mut store, ()).unwrap();
        let lengths = (length(OPERATION), length(payload));
        let call = guest
            .get_typed_func::<(i32, i32), i32>(&mut store, "__guest_call")
            .unwrap();
        let ended = call.call(&mut store, lengths);
        let memory = guest.get_memory(&mut store, "memory").unwrap();
        let cost = Cost {
            instructions: INSTRUCTIONS - store.get_fuel().unwrap(),
            memory: memory.data_size(&store),
        };
        let answer = match ended {
            Ok(1) => Ok(store.into_data().answer),
            Ok(status) => Err(format!("it ended with {status}")),
            Err(error) => Err(format!("{error:#}, after {cost:?}")),
        };
        (answer, cost)
    }
}

fn length(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap()
}

fn read(caller: &mut Caller<'_, Talk>, start: u32, length: u32) -> Vec<u8> {
    let (start, length) = (start as usize, length as usize);
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        unreachable!("every guest exports its memory")
    };
    memory.data(&caller)[start..start + length].to_vec()
}

fn write(caller: &mut Caller<'_, Talk>, start: u32, bytes: &[u8]) {
    let Some(Extern::Memory(memory)) = caller.get_export("memory") else {
        unreachable!("every guest exports its memory")
    };
    memory.write(caller, start as usize, bytes).unwrap();
}

/// The host's side of waPC. What a function gets and gives back is in its name.
fn linker(engine: &Engine) -> Linker<Talk> {
    type Guest<'g> = Caller<'g, Talk>;
    let mut linker = Linker::new(engine);
    let mut add = |add: &dyn Fn(&mut Linker<Talk>) -> Result<()>| add(&mut linker).unwrap();
    add(&|linker| {
        let request = |mut guest: Guest<'_>, operation: u32, payload: u32| {
            let bytes = std::mem::take(&mut guest.data_mut().payload);
            write(&mut guest, operation, OPERATION);
            write(&mut guest, payload, &bytes);
        };
        let answer = |mut guest: Guest<'_>, start: u32, length: u32| {
            guest.data_mut().answer = read(&mut guest, start, length);
        };
        linker.func_wrap("wapc", "__guest_request", request)?;
        linker.func_wrap("wapc", "__guest_response", answer)?;
        linker.func_wrap("wapc", "__guest_error", answer)?;
        Ok(())
    });
    add(&|linker| {
        #[allow(clippy::too_many_arguments, reason = "waPC has so many")]
        let call = |mut guest: Guest<'_>,
                    binding: u32,
                    binding_length: u32,
                    namespace: u32,
                    namespace_length: u32,
                    operation: u32,
                    operation_length: u32,
                    payload: u32,
                    payload_length: u32| {
            let mut text =
                |start, length| String::from_utf8(read(&mut guest, start, length)).unwrap();
            let binding = text(binding, binding_length);
            let namespace = text(namespace, namespace_length);
            let operation = text(operation, operation_length);
            let payload = read(&mut guest, payload, payload_length);
            let host = Arc::clone(&guest.data().host);
            let said = host.call(&binding, &namespace, &operation, &payload);
            guest.data_mut().said = said;
            i32::from(guest.data().said.is_ok())
        };
        linker.func_wrap("wapc", "__host_call", call)?;
        Ok(())
    });
    add(&|linker| {
        let response_length = |guest: Guest<'_>| length(guest.data().response());
        let response = |mut guest: Guest<'_>, start: u32| {
            let bytes = guest.data().response().to_vec();
            write(&mut guest, start, &bytes);
        };
        let error_length = |guest: Guest<'_>| length(guest.data().error());
        let error = |mut guest: Guest<'_>, start: u32| {
            let bytes = guest.data().error().to_vec();
            write(&mut guest, start, &bytes);
        };
        linker.func_wrap("wapc", "__host_response_len", response_length)?;
        linker.func_wrap("wapc", "__host_response", response)?;
        linker.func_wrap("wapc", "__host_error_len", error_length)?;
        linker.func_wrap("wapc", "__host_error", error)?;
        Ok(())
    });
    linker
}
