//! What vendors write in JSON, in the form that statements carry.

use std::collections::BTreeMap;

use sealgate_artifact as artifact;

use crate::{Feature, Licensee, Limit, Variable};

impl From<Feature> for artifact::Feature {
    fn from(Feature { name, value }: Feature) -> Self {
        Self { name, value }
    }
}

impl From<Limit> for artifact::Limit {
    fn from(Limit { name, value }: Limit) -> Self {
        Self { name, value }
    }
}

impl From<Licensee> for artifact::Licensee {
    fn from(Licensee { name, company, email }: Licensee) -> Self {
        Self { name, company, email }
    }
}

impl From<Variable> for artifact::VariableValue {
    fn from(value: Variable) -> Self {
        match value {
            Variable::Flag(flag) => Self::Flag(flag),
            Variable::Number(number) => Self::Number(number),
            // spec/license.md §2.9: numbers of statements are whole, and this one goes as text.
            Variable::Decimal(decimal) => Self::Text(decimal.to_string()),
            Variable::Text(text) => Self::Text(text),
        }
    }
}

/// Variables by their names, as a list.
pub fn variables(by_name: BTreeMap<String, Variable>) -> Vec<artifact::Variable> {
    by_name.into_iter().map(|(name, value)| artifact::Variable { name, value: value.into() }).collect()
}
