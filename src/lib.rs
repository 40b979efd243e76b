//! attesh
