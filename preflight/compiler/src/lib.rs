//! How the code of guests is compiled, so that what was compiled ahead of time fits the engine that runs it.
//!
//! wasmtime compares its own version, the features of the processor and all of [`config`] before it takes such code, and
//! refuses what does not fit. Only what this program, or its user alone, may have written is ever handed to it.

use wasmtime_provider::wasmtime::{Config, Engine, Error};

/// Room for all that 32 bits can address: code need not compare an address with the size of a memory then, for what is
/// outside cannot be read. It is set aside, not used; how much a guest gets of it is up to the engine.
const RESERVED: u64 = 1 << 32;

/// What the code depends on.
#[must_use]
pub fn config() -> Config {
    let mut config = Config::new();
    config
        // The time limit.
        .epoch_interruption(true)
        .memory_reservation(RESERVED)
        .memory_may_move(false)
        // Guests have some kilobytes of data. To copy them is faster than to fault in pages that all guests share, for
        // which every other thread of the process is interrupted.
        .memory_init_cow(false);
    without_frames(&mut config);
    config
}

/// Leaves out what only serves to show the frames of a guest that was stopped: wasmtime-provider hands on the outermost
/// text of an error, which without frames is the reason itself.
pub fn without_frames(config: &mut Config) {
    config
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false)
        .native_unwind_info(false);
}

/// Compiles a module for any machine of this kind: without what only some of their processors have.
pub fn precompile(wasm: &[u8]) -> Result<Vec<u8>, Error> {
    let mut config = config();
    config.target(env!("TARGET"))?;
    Engine::new(&config)?.precompile_module(wasm)
}
