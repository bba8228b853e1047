//! The language as its users see it: bytes from a socket to fields and an answer.

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod memory;
