//! Chat templates and label masks.
