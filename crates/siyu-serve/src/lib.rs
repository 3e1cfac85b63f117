//! Answers generation requests over HTTP behind its own gate.
