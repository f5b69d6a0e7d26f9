//! What a rule may do beyond seeing tracks.

use ocellus_core::{Power, Powers};
use ocellus_runtime::{GrantError, Grants};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that a plugin asks for and an operator grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PowerName {
    /// To see the appearance of tracks as vectors, by which people can be told apart.
    Embeddings,
    /// To see texts that were read on tracks, such as number plates.
    Readings,
    /// To tell other rules of the site something, and to hear from them.
    Messages,
    /// To keep values under keys over restarts and versions.
    KeyValue,
    /// To know the time of day.
    WallClock,
    /// To have the host call the addresses in `webhooks`.
    Webhook,
}

/// What a rule may do beyond seeing tracks; nothing that does not stand here.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RuleGrants {
    /// The powers that it has, of those that its plugin asks for.
    powers: Vec<PowerName>,
    /// Addresses that it may have called with the power `webhook`, and all that is below them.
    #[schema(example = json!(["https://example.org/hooks/"]))]
    webhooks: Vec<String>,
}

impl RuleGrants {
    /// # Errors
    /// An address that cannot be called, or where power and addresses do not go together.
    pub(crate) fn into_grants(self) -> Result<Grants, GrantError> {
        Grants::new(self.powers.into_iter().map(Power::from).collect(), &self.webhooks)
    }
}

impl From<&Grants> for RuleGrants {
    fn from(grants: &Grants) -> RuleGrants {
        RuleGrants {
            powers: names(grants.powers()),
            webhooks: grants.webhooks().map(str::to_owned).collect(),
        }
    }
}

/// The powers by name.
pub(crate) fn names(powers: Powers) -> Vec<PowerName> {
    powers.iter().map(PowerName::from).collect()
}

impl From<PowerName> for Power {
    fn from(name: PowerName) -> Power {
        match name {
            PowerName::Embeddings => Power::Embeddings,
            PowerName::Readings => Power::Readings,
            PowerName::Messages => Power::Messages,
            PowerName::KeyValue => Power::KeyValue,
            PowerName::WallClock => Power::WallClock,
            PowerName::Webhook => Power::Webhook,
        }
    }
}

impl From<Power> for PowerName {
    fn from(power: Power) -> PowerName {
        match power {
            Power::Embeddings => PowerName::Embeddings,
            Power::Readings => PowerName::Readings,
            Power::Messages => PowerName::Messages,
            Power::KeyValue => PowerName::KeyValue,
            Power::WallClock => PowerName::WallClock,
            Power::Webhook => PowerName::Webhook,
        }
    }
}
