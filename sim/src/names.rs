//! Names that are looked up where the compiler evaluates constants, so that an unknown one in an
//! attribute is an error of the compiler.

/// Whether two texts are the same.
pub(crate) const fn is_same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    if left.len() != right.len() {
        return false;
    }
    let mut at = 0;
    while at < left.len() {
        if left[at] != right[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Texts put together, up to `N` bytes, where there is no allocation.
pub(crate) struct Line<const N: usize> {
    bytes: [u8; N],
    length: usize,
}

impl<const N: usize> Line<N> {
    pub(crate) const fn new() -> Line<N> {
        Line { bytes: [0; N], length: 0 }
    }

    /// Puts a text behind the others.
    pub(crate) const fn with(mut self, text: &str) -> Line<N> {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            self.bytes[self.length] = text[at];
            self.length += 1;
            at += 1;
        }
        self
    }

    pub(crate) const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.length).0) {
            Ok(text) => text,
            Err(_) => "?",
        }
    }
}
