//! Personal data: finding and masking it.
