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

/// Where the allocator gets memory from: first the rest of what the guest starts with, then the host.
#[derive(Debug)]
struct Memory {
    /// Where the memory of the allocator ends; none at the start.
    end: Option<NonNull<u8>>,
}

// SAFETY: it does not allocate.
unsafe impl Source for Memory {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, layout: Layout) -> Result<(), ()> {
        if talc.source.end.is_none() {
            let start = (&raw const __heap_base).cast_mut();
            let length = (memory_size::<0>() * PAGE).saturating_sub(start.addr());
            // SAFETY: nothing else uses the memory behind the linker's part.
            talc.source.end = unsafe { talc.claim(start, length) };
            if talc.source.end.is_some() {
                // Where the rest is not enough, this is called again.
                return Ok(());
            }
        }
        let overhead = 2 * CHUNK_UNIT + layout.align();
        let pages = layout.size().saturating_add(overhead).div_ceil(PAGE);
        let start = memory_grow::<0>(pages);
        if start == usize::MAX {
            return Err(());
        }
        let (start, length) = ((start * PAGE) as *mut u8, pages * PAGE);
        // SAFETY: these pages are new. Only the allocator asks for pages, so they lie right behind its own.
        talc.source.end = unsafe {
            match talc.source.end {
                Some(end) => Some(talc.extend(end, start.wrapping_add(length))),
                None => talc.claim(start, length),
            }
        };
        Ok(())
    }
}
