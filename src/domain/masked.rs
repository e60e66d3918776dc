//! Client data shows nothing of itself in logs.

/// A `Debug` that has the type's name alone: what belongs to clients never comes into a log by mistake.
macro_rules! mask_debug {
    ($($type:ident),*) => {$(
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type)).finish_non_exhaustive()
            }
        }
    )*};
}
pub(crate) use mask_debug;
