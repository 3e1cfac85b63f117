//! The files of a model folder: configuration, tensors, adapters, end tokens.
