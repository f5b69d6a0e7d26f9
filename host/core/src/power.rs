//! What a rule may do beyond seeing tracks and reporting events. Nothing, unless an operator grants it.

use std::fmt;

/// Something that a plugin asks for and an operator grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Power {
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
    /// To have the host call addresses on the network that the operator named.
    Webhook,
}

impl Power {
    /// All of them.
    pub const ALL: [Power; 6] = [
        Power::Embeddings,
        Power::Readings,
        Power::Messages,
        Power::KeyValue,
        Power::WallClock,
        Power::Webhook,
    ];

    /// Its name in the API, in the configuration and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Power::Embeddings => "embeddings",
            Power::Readings => "readings",
            Power::Messages => "messages",
            Power::KeyValue => "key-value",
            Power::WallClock => "wall-clock",
            Power::Webhook => "webhook",
        }
    }

    /// The power of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Power> {
        Power::ALL.into_iter().find(|power| power.as_str() == name)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Power {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of powers; empty by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Powers(u8);

impl Powers {
    /// No power.
    pub const NONE: Powers = Powers(0);

    /// Whether it has this one.
    #[must_use]
    pub const fn has(self, power: Power) -> bool {
        self.0 & power.bit() != 0
    }

    /// The set with this one too.
    #[must_use]
    pub const fn with(self, power: Power) -> Powers {
        Powers(self.0 | power.bit())
    }

    /// What is in either.
    #[must_use]
    pub fn and(self, other: Powers) -> Powers {
        Powers(self.0 | other.0)
    }

    /// What is in this and not in the other.
    #[must_use]
    pub fn without(self, other: Powers) -> Powers {
        Powers(self.0 & !other.0)
    }

    /// What is in both.
    #[must_use]
    pub fn also_in(self, other: Powers) -> Powers {
        Powers(self.0 & other.0)
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Its powers, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Power> {
        Power::ALL.into_iter().filter(move |power| self.has(*power))
    }
}

impl FromIterator<Power> for Powers {
    fn from_iter<T: IntoIterator<Item = Power>>(powers: T) -> Powers {
        powers.into_iter().fold(Powers::NONE, Powers::with)
    }
}

/// The names, separated by commas; `none` for the empty set.
impl fmt::Display for Powers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("none");
        }
        for (index, power) in self.iter().enumerate() {
            write!(f, "{}{power}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Powers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Powers({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_power_has_a_place_of_its_own_and_a_name_that_leads_back() {
        for power in Power::ALL {
            let alone = Powers::NONE.with(power);
            assert_eq!(alone.iter().collect::<Vec<_>>(), [power]);
            assert_eq!(Power::named(power.as_str()), Some(power));
        }
        assert_eq!(Power::named("files"), None);
    }

    #[test]
    fn what_was_asked_beyond_what_was_granted_is_named() {
        let asked: Powers = [Power::Webhook, Power::Messages].into_iter().collect();
        let granted = Powers::NONE.with(Power::Messages);
        assert_eq!(asked.without(granted).to_string(), "webhook");
        assert_eq!(granted.without(asked).to_string(), "none");
        assert_eq!(asked.to_string(), "messages, webhook");
    }
}
