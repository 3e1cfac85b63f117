//! Work done, counted in tests only: so that time is linear in the text is shown without a clock.

/// The counter, for a module of its own in each crate: what counts only in a crate's tests cannot be called from another
/// crate's.
#[doc(hidden)]
#[macro_export]
macro_rules! counted_work {
    () => {
        #[cfg(test)]
        thread_local! {
            static DONE: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
        }

        /// Takes note of so many units of work, about a byte each.
        #[inline(always)]
        #[allow(clippy::inline_always, reason = "nothing is left of it outside of tests")]
        pub(crate) fn add(units: usize) {
            #[cfg(test)]
            DONE.set(DONE.get() + units);
            #[cfg(not(test))]
            let _ = units;
        }

        /// The work that `f` does on this thread.
        #[allow(dead_code, reason = "not every crate needs it")]
        #[cfg(test)]
        pub(crate) fn during(f: impl FnOnce()) -> usize {
            let before = DONE.get();
            f();
            DONE.get() - before
        }

        #[allow(dead_code, reason = "not every crate needs it")]
        /// Fails unless `f` does at most `most` units for each byte of `unit` repeated, be it often or twice as often.
        #[cfg(test)]
        pub(crate) fn assert_linear(unit: &str, times: usize, most: usize, f: impl Fn(&str)) {
            let [half, whole] = [times / 2, times].map(|times| {
                let text = unit.repeat(times);
                let work = during(|| f(&text));
                assert!(work > 0 && work <= most * text.len(), "{work} units for {} bytes of {unit:?}", text.len());
                work
            });
            assert!(whole <= half * 2 + half / 4 + 10_000, "{half} units, and {whole} for twice the text of {unit:?}");
        }
    };
}

counted_work!();
