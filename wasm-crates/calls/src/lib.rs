//! The calls both adapters expose: bytes and plain values in, bytes or JSON out, one error type with a stable code.
