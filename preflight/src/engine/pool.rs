//! Memories and tables of guests that are set aside once. A guest that ends gives its own back, cleaned.

use rayon::current_num_threads;
use wasmtime_provider::wasmtime::{Enabled, PoolingAllocationConfig};

/// More than any policy has, in Rust or Go. What is not used costs nothing.
const ELEMENTS: usize = 100_000;

/// What of a memory is cleaned by writing over it. What is further up is given back to the system, which is slower for the
/// few pages that most guests use.
const MAX_KEPT_BYTES: usize = 1024 * 1024;

/// Guests of other threads than those of rayon.
const SPARE: u32 = 16;

/// A pool for the threads of rayon, and some more.
pub(super) fn config(memory: u64) -> PoolingAllocationConfig {
    let guests = u32::try_from(current_num_threads()).unwrap_or(u32::MAX);
    let guests = guests.saturating_add(SPARE);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(guests)
        .total_memories(guests)
        .total_tables(guests.saturating_mul(2))
        .total_component_instances(0)
        .total_gc_heaps(0)
        .max_tables_per_module(2)
        .table_elements(ELEMENTS)
        // A guest that asks for more is told that there is none.
        .max_memory_size(usize::try_from(memory).unwrap_or(usize::MAX))
        .linear_memory_keep_resident(MAX_KEPT_BYTES)
        .table_keep_resident(MAX_KEPT_BYTES)
        .max_unused_warm_slots(0);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        // Only the pages that were used are cleaned.
        pool.pagemap_scan(Enabled::Yes);
    }
    pool
}
