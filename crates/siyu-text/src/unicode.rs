//! Unicode normal forms, invisible and control characters, line ends.
