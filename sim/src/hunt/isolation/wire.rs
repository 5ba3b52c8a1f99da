//! Bytes: numbers and texts, written and read.

use std::io::{self, Read};

/// How long a frame may be: a tape of a hundred million choices.
const FRAME_MAX: usize = 1 << 30;

/// What is being written.
#[derive(Debug, Default)]
pub(super) struct Output(Vec<u8>);

impl Output {
    pub(super) fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    pub(super) fn wide(&mut self, number: u128) {
        self.0.extend(number.to_le_bytes());
    }

    pub(super) fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.extend(text.as_bytes());
    }

    pub(super) fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Output, T)) {
        self.flag(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }

    pub(super) fn list<T>(
        &mut self,
        values: impl ExactSizeIterator<Item = T>,
        mut write: impl FnMut(&mut Output, T),
    ) {
        self.number(values.len() as u64);
        values.for_each(|value| write(self, value));
    }

    /// All of it.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// All of it, with its length before it.
    pub(super) fn into_frame(self) -> Vec<u8> {
        let mut frame = (self.0.len() as u64).to_le_bytes().to_vec();
        frame.extend(self.0);
        frame
    }
}

/// What is being read. Each part is `None` if it is not there.
#[derive(Debug)]
pub(super) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Input<'a> {
        Input(bytes)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    pub(super) fn wide(&mut self) -> Option<u128> {
        Some(u128::from_le_bytes(self.take(16)?.try_into().ok()?))
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.take(1)? == [1])
    }

    pub(super) fn text(&mut self) -> Option<String> {
        let length = self.number()?.try_into().ok()?;
        Some(std::str::from_utf8(self.take(length)?).ok()?.to_owned())
    }

    pub(super) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Input<'a>) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }

    pub(super) fn list<T>(
        &mut self,
        mut read: impl FnMut(&mut Input<'a>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let length = self.number()?;
        (0..length).map(|_| read(self)).collect()
    }
}

/// The next frame; `None` if whoever writes is gone, in the midst of one or not.
pub(super) fn read_frame(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    if !fill(from, &mut length)? {
        return Ok(None);
    }
    let length = usize::try_from(u64::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > FRAME_MAX {
        return Err(io::Error::other("no record: something else was written into the pipe"));
    }
    let mut frame = vec![0; length];
    Ok(fill(from, &mut frame)?.then_some(frame))
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
