//! The names of strategies, as values of an option.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{Arg, Command, Error};

use crate::strategy::portfolio::{MEMBERS, Member};

/// Reads the name of a strategy, with a parameter if it has one. Shells complete the bare names.
#[derive(Clone, Copy, Debug)]
pub(super) struct StrategyName;

impl TypedValueParser for StrategyName {
    type Value = Member;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<Member, Error> {
        let name = StringValueParser::new().parse_ref(command, argument, value)?;
        if !name.contains('(') {
            // It corrects what is misspelt.
            let names = PossibleValuesParser::new(MEMBERS.iter().map(|(name, _)| *name));
            names.parse_ref(command, argument, value)?;
        }
        name.parse().map_err(|error| {
            Error::raw(ErrorKind::InvalidValue, format!("{error}\n")).with_cmd(command)
        })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(MEMBERS.iter().map(|(name, _)| PossibleValue::new(*name))))
    }
}
