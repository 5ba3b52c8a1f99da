//! The sparse text form of a tape: `1pe:9@2=1,4=1~77ab03`.

use std::fmt;
use std::str::FromStr;

use super::Tape;
use crate::choice::Choice;
use crate::options::{Switching, TimeModel};

/// A tape without its labels and arities: its length, its deviations and a checksum.
///
/// It prints as `1pe:9@2=1,4=1~77ab03`: format 1; `p`reemptive or `c`ooperative; `e`xact or
/// `s`talling; 9 choices, numbered from 0, plain but for number 2 and number 4, where
/// alternative 1 was taken; a checksum over all labels and arities. A replay from a token knows
/// *that* it diverged; only a [`Tape`] knows *where*.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    switching: Switching,
    time: TimeModel,
    length: usize,
    /// Invariant: ascending by number, each number below `length`, each value from 1 up to
    /// below [`Choice::ARITY_MAX`].
    deviations: Vec<(usize, u32)>,
    checksum: u32,
}

/// The version of the format that is written.
const FORMAT: u32 = 1;

impl Token {
    pub(super) fn of(tape: &Tape) -> Token {
        let deviations = tape.choices.iter().enumerate();
        let deviations = deviations.filter(|(_, choice)| !choice.is_plain());
        Token {
            switching: tape.switching,
            time: tape.time,
            length: tape.len(),
            deviations: deviations.map(|(number, choice)| (number, choice.taken())).collect(),
            checksum: tape.checksum(),
        }
    }

    /// The switching of the run that was recorded.
    #[must_use]
    pub const fn switching(&self) -> Switching {
        self.switching
    }

    /// The time model of the run that was recorded.
    #[must_use]
    pub const fn time(&self) -> TimeModel {
        self.time
    }

    /// How many choices were recorded.
    #[must_use]
    pub const fn length(&self) -> usize {
        self.length
    }

    /// The choices that are not plain: number from 0, alternative taken; ascending.
    #[must_use]
    pub fn deviations(&self) -> &[(usize, u32)] {
        &self.deviations
    }

    /// The checksum over labels and arities, 24 bits.
    #[must_use]
    pub const fn checksum(&self) -> u32 {
        self.checksum
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let switching = match self.switching {
            Switching::Cooperative => 'c',
            Switching::Preemptive => 'p',
        };
        let time = match self.time {
            TimeModel::Exact => 'e',
            TimeModel::Stalling => 's',
        };
        write!(f, "{FORMAT}{switching}{time}:{}", self.length)?;
        for (position, (number, taken)) in self.deviations.iter().enumerate() {
            write!(f, "{}{number}={taken}", if position == 0 { '@' } else { ',' })?;
        }
        write!(f, "~{:06x}", self.checksum)
    }
}

impl FromStr for Token {
    type Err = TokenError;

    fn from_str(text: &str) -> Result<Self, TokenError> {
        let refuse = |wrong: String| TokenError { text: text.to_owned(), wrong };
        let (head, rest) = text.split_once(':').ok_or_else(|| refuse("it has no `:`".into()))?;
        let (switching, time) = parse_head(head).map_err(refuse)?;
        let (body, checksum) =
            rest.split_once('~').ok_or_else(|| refuse("it has no checksum after `~`".into()))?;
        let checksum = parse_checksum(checksum).map_err(refuse)?;
        let (length, list) = match body.split_once('@') {
            Some((length, list)) => (length, Some(list)),
            None => (body, None),
        };
        let length = number::<usize>(length, "the number of choices").map_err(refuse)?;
        let deviations = match list {
            Some(list) => parse_deviations(list, length).map_err(refuse)?,
            None => Vec::new(),
        };
        Ok(Token { switching, time, length, deviations, checksum })
    }
}

fn parse_head(head: &str) -> Result<(Switching, TimeModel), String> {
    let letters = head.trim_start_matches(|c: char| c.is_ascii_digit());
    let version = &head[..head.len() - letters.len()];
    if version != "1" {
        return Err(format!("its format is `{version}`, and this version reads format {FORMAT}"));
    }
    let switching = match letters.chars().next() {
        Some('c') => Switching::Cooperative,
        Some('p') => Switching::Preemptive,
        _ => return Err(format!("`{letters}` does not start with `p` or `c`, the switching")),
    };
    let time = match &letters[1..] {
        "e" => TimeModel::Exact,
        "s" => TimeModel::Stalling,
        other => return Err(format!("`{other}` is not `e` or `s`, the time model")),
    };
    Ok((switching, time))
}

fn parse_checksum(text: &str) -> Result<u32, String> {
    let hexadecimal = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u32::from_str_radix(text, 16) {
        Ok(checksum) if hexadecimal => Ok(checksum),
        _ => Err(format!("its checksum `{text}` is not six hexadecimal digits")),
    }
}

fn parse_deviations(list: &str, length: usize) -> Result<Vec<(usize, u32)>, String> {
    let mut deviations: Vec<(usize, u32)> = Vec::new();
    for entry in list.split(',') {
        let (at, taken) =
            entry.split_once('=').ok_or_else(|| format!("`{entry}` is not NUMBER=ALTERNATIVE"))?;
        let at = number::<usize>(at, "the number of a choice")?;
        let taken = number::<u32>(taken, "the alternative taken")?;
        if at >= length {
            return Err(format!("choice {at} does not exist: there are {length}, from 0"));
        }
        if deviations.last().is_some_and(|&(before, _)| before >= at) {
            return Err(format!("choice {at} is out of order"));
        }
        if taken == 0 || taken >= Choice::ARITY_MAX {
            return Err(format!("choice {at} takes {taken}, which is no deviation"));
        }
        deviations.push((at, taken));
    }
    Ok(deviations)
}

fn number<T: FromStr>(text: &str, what: &str) -> Result<T, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(format!("`{text}` is not a number: {what} was expected")),
    }
}

/// A text that is no tape, or one of another version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenError {
    text: String,
    wrong: String,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a tape: {}; a tape looks like `1pe:9@2=1,4=1~77ab03`",
            self.text, self.wrong
        )
    }
}

impl std::error::Error for TokenError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Label;

    fn tape(taken: &[u32]) -> Tape {
        let choices = taken.iter().map(|&taken| Choice::new(Label::Schedule, taken + 2, taken));
        Tape { choices: choices.collect(), ..Tape::default() }
    }

    #[test]
    fn a_token_is_sparse() {
        let token = tape(&[0, 0, 1, 0, 7]).token().to_string();
        assert!(token.starts_with("1pe:5@2=1,4=7~"), "{token}");
        let plain = tape(&[0, 0]).token().to_string();
        assert!(plain.starts_with("1pe:2~"), "{plain}");
    }

    #[test]
    fn each_malformed_token_is_refused_with_its_reason() {
        for (text, reason) in [
            ("", "it has no `:`"),
            ("2pe:0~000000", "its format is `2`, and this version reads format 1"),
            ("pe:0~000000", "its format is ``"),
            ("1xe:0~000000", "does not start with `p` or `c`"),
            ("1px:0~000000", "`x` is not `e` or `s`"),
            ("1p:0~000000", "`` is not `e` or `s`"),
            ("1pe:0", "it has no checksum"),
            ("1pe:0~00000", "is not six hexadecimal digits"),
            ("1pe:0~+00000", "is not six hexadecimal digits"),
            ("1pe:x~000000", "the number of choices was expected"),
            ("1pe:+1~000000", "the number of choices was expected"),
            ("1pe:3@~000000", "`` is not NUMBER=ALTERNATIVE"),
            ("1pe:3@3=1~000000", "choice 3 does not exist"),
            ("1pe:3@1=0~000000", "is no deviation"),
            ("1pe:3@1=1,1=1~000000", "choice 1 is out of order"),
            ("1pe:3@1=99999999999~000000", "the alternative taken was expected"),
            ("1pe:3@1=1073741824~000000", "is no deviation"),
            ("1é:3~000000", "does not start with `p` or `c`"),
        ] {
            let error = text.parse::<Token>().expect_err(text).to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_token_survives_print_and_parse(taken in proptest::collection::vec(0..5_u32, 0..200)) {
            let token = tape(&taken).token();
            proptest::prop_assert_eq!(token.to_string().parse::<Token>(), Ok(token));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC*") {
            let _ = text.parse::<Token>();
        }
    }
}
