//! Turns a pipeline file into DataFusion plans, runs them, writes a dataset.
