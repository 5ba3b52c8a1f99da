//! Finding the tests in a source file: no parser of Rust, but its texts, comments and brackets.

/// A test function of a file.
pub(crate) struct Test {
    pub(crate) name: String,
    /// Where it begins, at its first attribute, and where it ends.
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Its attributes, as they are written, but for the one that makes it a test.
    pub(crate) attributes: String,
    /// What it returns, if it says so.
    pub(crate) output: Option<String>,
    /// From its opening to its closing brace.
    pub(crate) body: String,
}

/// The test functions of a source file, in order.
pub(crate) fn tests(source: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    let mut at = 0;
    while let Some(found) = source[at..].find("#[") {
        let from = at + found;
        at = from + 2;
        if source[..from].rsplit('\n').next().is_some_and(|line| !line.trim().is_empty()) {
            continue;
        }
        if let Some(test) = test_at(source, from) {
            at = test.to;
            tests.push(test);
        }
    }
    tests
}

fn test_at(source: &str, from: usize) -> Option<Test> {
    let (mut at, mut attributes, mut is_test) = (from, String::new(), false);
    loop {
        at += source[at..].len() - source[at..].trim_start().len();
        if source[at..].starts_with("//") {
            at += source[at..].find('\n')?;
        } else if source[at..].starts_with("#[") {
            let end = closing(source, at + 1)? + 1;
            let attribute = &source[at..end];
            let makes_test = ["#[tokio::test", "#[maybe_tokio_test", "#[test]"];
            if makes_test.iter().any(|begin| attribute.starts_with(begin)) {
                is_test = true;
            } else {
                attributes.push_str(attribute);
                attributes.push('\n');
            }
            at = end;
        } else {
            break;
        }
    }
    let head = &source[at..];
    let rest = head.strip_prefix("async ").unwrap_or(head).strip_prefix("fn ")?;
    if !is_test {
        return None;
    }
    let name = rest[..rest.find('(')?].to_owned();
    let open = at + head.find('{')?;
    let output = source[at..open].split_once("->").map(|(_, output)| output.trim().to_owned());
    let close = closing(source, open)? + 1;
    Some(Test { name, from, to: close, attributes, output, body: source[open..close].to_owned() })
}

/// Where the bracket closes that opens at `open`.
pub(crate) fn closing(source: &str, open: usize) -> Option<usize> {
    let bytes = source.as_bytes();
    let (mut at, mut depth) = (open, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            b'"' => at = text_end(bytes, at),
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                at += source[at..].find('\n')?;
            }
            b'\'' if bytes.get(at + 1) == Some(&b'\\') => at += 2 + source[at + 2..].find('\'')?,
            b'\'' if bytes.get(at + 2) == Some(&b'\'') => at += 2,
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where a text ends that begins at `at`; one between `#`s too.
fn text_end(bytes: &[u8], at: usize) -> usize {
    let hashes = bytes[..at].iter().rev().take_while(|&&byte| byte == b'#').count();
    let is_raw = bytes.get(at.wrapping_sub(hashes + 1)) == Some(&b'r');
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        match byte {
            b'\\' if !is_raw => end += 1,
            b'"' if !is_raw => return end,
            b'"' if bytes[end + 1..].iter().take_while(|&&byte| byte == b'#').count() >= hashes => {
                return end + hashes;
            }
            _ => {}
        }
        end += 1;
    }
    end
}
