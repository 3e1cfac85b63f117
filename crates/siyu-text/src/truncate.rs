//! Cutting a text to a token budget.
