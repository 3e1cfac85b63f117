//! Work done, counted in tests only: so that time is linear in the text is shown without a clock.

#[cfg(test)]
thread_local! {
    static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Takes note of so many units of work: bytes that are read, or entries that are walked over.
pub(crate) fn add(units: usize) {
    #[cfg(test)]
    DONE.set(DONE.get() + units);
    #[cfg(not(test))]
    let _ = units;
}

/// The work that `f` does on this thread.
#[cfg(test)]
pub(crate) fn during(f: impl FnOnce()) -> usize {
    let before = DONE.get();
    f();
    DONE.get() - before
}
