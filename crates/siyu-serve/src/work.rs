//! Work done, counted in tests only: bytes that are read, or entries that are walked over.

siyu_text::counted_work!();
