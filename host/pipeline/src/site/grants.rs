//! What an operator granted a rule, and what they had seen it ask for, as it is stored.

use ocellus_core::{Power, Powers};
use ocellus_runtime::Grants;
use serde::{Deserialize, Serialize};

/// What a rule may do, and what its operator knows that it asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct RuleGrants {
    pub(crate) granted: Grants,
    /// The powers of every version that the operator bound or activated: nothing of it is news.
    pub(crate) seen: Powers,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    powers: Vec<String>,
    webhooks: Vec<String>,
    seen: Vec<String>,
}

impl RuleGrants {
    pub(crate) fn to_json(&self) -> String {
        let names = |powers: Powers| powers.iter().map(|power| power.as_str().to_owned()).collect();
        let stored = Stored {
            powers: names(self.granted.powers()),
            webhooks: self.granted.webhooks().map(str::to_owned).collect(),
            seen: names(self.seen),
        };
        serde_json::to_string(&stored).unwrap_or_default()
    }

    /// # Errors
    /// What is wrong with it.
    pub(crate) fn from_json(text: &str) -> Result<RuleGrants, String> {
        if text.is_empty() {
            return Ok(RuleGrants::default());
        }
        let stored: Stored = serde_json::from_str(text).map_err(|error| error.to_string())?;
        // A power that this release does not know is one that it cannot give.
        let known = |names: &[String]| names.iter().filter_map(|name| Power::named(name)).collect::<Powers>();
        let granted =
            Grants::new(known(&stored.powers), &stored.webhooks).map_err(|error| error.to_string())?;
        Ok(RuleGrants { granted, seen: known(&stored.seen) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_survive_their_text_and_unknown_powers_are_not_given() {
        let powers: Powers = [Power::Webhook, Power::Messages].into_iter().collect();
        let granted = Grants::new(powers, &["https://example.org/".to_owned()]).unwrap();
        let grants = RuleGrants { granted, seen: powers.with(Power::KeyValue) };
        assert_eq!(RuleGrants::from_json(&grants.to_json()), Ok(grants));
        assert_eq!(RuleGrants::from_json(""), Ok(RuleGrants::default()));
        let odd = RuleGrants::from_json(r#"{"powers":["files","messages"]}"#).unwrap();
        assert_eq!(odd.granted.powers(), Powers::NONE.with(Power::Messages));
        assert!(RuleGrants::from_json(r#"{"powers":["webhook"]}"#).is_err());
    }
}
