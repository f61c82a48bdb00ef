//! What a pod may do with a path of the node.

/// What a pod may do with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing: reading does enough harm, or it is a socket or a device, which "read-only" leaves as it is.
    Never,
    /// Read it.
    ReadOnly,
    /// Read it; writing is a matter of `writableMounts`, because pods fill it.
    Filled,
    /// Read and write it.
    ReadWrite,
}
