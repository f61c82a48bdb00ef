//! The memory of a guest.
//!
//! The allocator of the standard library takes 6 KB more of each policy. And it starts by asking the host for a page, as
//! talc's own sources do, which takes a tenth of an evaluation. The linker rounds the memory of a guest up to whole pages:
//! what is left of the last one is enough for most evaluations.

use std::alloc::Layout;
use std::arch::wasm32::{memory_grow, memory_size};
use std::ptr::NonNull;

use talc::base::{CHUNK_UNIT, Talc, binning::Binning};
use talc::cell::TalcSyncCell;
use talc::source::Source;
use talc::wasm::WasmBinning;

#[global_allocator]
static HEAP: TalcSyncCell<Memory, WasmBinning> = TalcSyncCell::new_wasm(Memory { end: None });

/// The size of a page: <https://webassembly.github.io/spec/core/exec/runtime.html#memory-instances>
const PAGE: usize = 64 * 1024;

unsafe extern "C" {
    /// Where the linker's part of the memory ends: stack and data lie before.
    static __heap_base: u8;
}

/// A page of the host. To touch one for the first time costs as much as a hundred allocations, and the allocator writes at
/// the end of what it has: it has the pages that it needs and no others.
const STEP: usize = 4 * 1024;

/// Where the allocator gets memory from: first the rest of what the guest starts with, then the host.
#[derive(Debug)]
struct Memory {
    /// Where the memory of the allocator ends; none at the start.
    end: Option<NonNull<u8>>,
}

// SAFETY: it does not allocate.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        let start = (&raw const __heap_base).cast_mut();
        let from = talc.source.end.map_or(start, NonNull::as_ptr);
        let bins = B::BIN_COUNT as usize * size_of::<usize>();
        let needed = layout.size() + layout.align() + 2 * CHUNK_UNIT + bins;
        let to = from.addr().saturating_add(needed);
        let to = to.checked_next_multiple_of(STEP).ok_or(())?;
        let missing = to.saturating_sub(memory_size::<0>() * PAGE);
        if missing > 0 && memory_grow::<0>(missing.div_ceil(PAGE)) == usize::MAX {
            return Err(());
        }
        // SAFETY: nothing else uses the memory behind the linker's part, and only the allocator asks for more of it.
        talc.source.end = unsafe {
            match talc.source.end {
                Some(end) => Some(talc.extend(end, to as *mut u8)),
                None => talc.claim(start, to - start.addr()),
            }
        };
        talc.source.end.map(|_| ()).ok_or(())
    }
}
