//! What an operator grants a rule.

use ocellus_core::{Power, Powers};
use url::Url;

/// Powers, and the addresses that may be called with [`Power::Webhook`]. Nothing by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    powers: Powers,
    webhooks: Vec<Url>,
}

/// Addresses a rule may have.
const WEBHOOKS: usize = 32;

/// Grants that make no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not an address that the host calls.
    #[error(
        "webhook address {found:?} cannot be used: {reason}; write one such as https://example.org/hooks/, and \
         everything below it may be called"
    )]
    Address {
        /// The text.
        found: String,
        /// What is wrong.
        reason: String,
    },
    /// The power without an address is no power.
    #[error("webhook is granted without an address; name those that may be called in webhooks")]
    NoAddress,
    /// An address without the power.
    #[error("webhooks names addresses, and webhook is not among the powers; grant it too, or leave them out")]
    NoPower,
    /// More than 32.
    #[error("webhooks names {0} addresses, at most {WEBHOOKS} are possible")]
    TooMany(usize),
}

impl Grants {
    /// Nothing.
    #[must_use]
    pub fn none() -> Grants {
        Grants::default()
    }

    /// Grants `powers`; `webhooks` are the beginnings of addresses that may be called.
    ///
    /// # Errors
    /// [`GrantError`] for an address that is not `http` or `https`, or where power and addresses do not go together.
    pub fn new(powers: Powers, webhooks: &[String]) -> Result<Grants, GrantError> {
        match (powers.has(Power::Webhook), webhooks.len()) {
            (true, 0) => return Err(GrantError::NoAddress),
            (false, 1..) => return Err(GrantError::NoPower),
            (_, count) if count > WEBHOOKS => return Err(GrantError::TooMany(count)),
            _ => {}
        }
        let webhooks = webhooks.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
        Ok(Grants { powers, webhooks })
    }

    /// The powers.
    #[must_use]
    pub fn powers(&self) -> Powers {
        self.powers
    }

    /// What is left of it for a plugin that asks for `asked`: nobody gets what they did not ask for.
    #[must_use]
    pub(crate) fn within(&self, asked: Powers) -> Grants {
        let powers = self.powers.also_in(asked);
        let webhooks = if powers.has(Power::Webhook) { self.webhooks.clone() } else { Vec::new() };
        Grants { powers, webhooks }
    }

    /// Whether it has this power.
    #[must_use]
    pub fn has(&self, power: Power) -> bool {
        self.powers.has(power)
    }

    /// The beginnings of addresses that may be called.
    pub fn webhooks(&self) -> impl Iterator<Item = &str> {
        self.webhooks.iter().map(Url::as_str)
    }

    /// The address that is called where the rule asks for `url`, if it may have it called: scheme, host and port are
    /// those of a granted one, and its path is at or below that one's. It is written out as it was understood here, so
    /// that nobody after this understands it in another way.
    #[must_use]
    pub fn callable(&self, url: &str) -> Option<String> {
        let mut wanted = address(url).ok()?;
        // Never sent.
        wanted.set_fragment(None);
        let may = self.has(Power::Webhook) && self.webhooks.iter().any(|granted| covers(granted, &wanted));
        may.then(|| wanted.into())
    }
}

fn address(text: &str) -> Result<Url, GrantError> {
    let wrong = |reason: String| GrantError::Address { found: text.chars().take(200).collect(), reason };
    let url = Url::parse(text).map_err(|error| wrong(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("its scheme is {}, not http or https", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it has a user name or a password in it".to_owned()));
    }
    Ok(url)
}

fn covers(granted: &Url, wanted: &Url) -> bool {
    let same_place = granted.scheme() == wanted.scheme()
        && granted.host() == wanted.host()
        && granted.port_or_known_default() == wanted.port_or_known_default();
    let (above, below) = (granted.path(), wanted.path());
    // `/hooks` covers `/hooks/a` and not `/hooks-of-others`.
    let rest = below.strip_prefix(above).filter(|rest| !goes_up(rest));
    same_place && rest.is_some_and(|rest| above.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}

/// Whether a server that decodes a path before it divides it, or divides it elsewhere too, would go up in it. Plain
/// `..` are resolved already.
fn goes_up(path: &str) -> bool {
    let mut path = path.to_ascii_lowercase();
    while path.contains("%25") {
        path = path.replace("%25", "%");
    }
    for (coded, plain) in [("%2e", "."), ("%2f", "/"), ("%5c", "\\"), ("%3b", ";")] {
        path = path.replace(coded, plain);
    }
    path.split(['/', '\\']).any(|part| part.split(';').next() == Some(".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(addresses: &[&str]) -> Result<Grants, GrantError> {
        let addresses: Vec<String> = addresses.iter().map(|&text| text.to_owned()).collect();
        Grants::new(Powers::NONE.with(Power::Webhook), &addresses)
    }

    #[test]
    fn an_address_and_what_is_below_it_may_be_called_and_nothing_else() {
        let granted = grants(&["https://example.org/hooks", "http://10.0.0.1:8080/"]).unwrap();
        for fine in [
            "https://example.org/hooks",
            "https://example.org:443/hooks/door?open=1",
            "http://10.0.0.1:8080/any/thing",
            "https://example.org/hooks/group%2Fproject/..dots",
        ] {
            assert!(granted.callable(fine).is_some(), "{fine}");
        }
        for other in [
            "http://example.org/hooks",
            "https://example.org/hooks-of-others",
            "https://example.org/hooks/../admin",
            "https://example.org/hooks/%2e%2e/admin",
            "https://example.org.evil.net/hooks",
            "https://example.org@evil.net/hooks",
            r"https://example.org\@evil.net/hooks",
            r"https://evil.net\@example.org/hooks",
            r"https://example.org/hooks\..\admin",
            "https://example.org/hooks/..%2fadmin",
            "https://example.org/hooks/%2E%2E%5Cadmin",
            "https://example.org/hooks/%252e%252e%252fadmin",
            "https://example.org/hooks/..;/admin",
            "https://example.org./hooks",
            "https://example.org:8443/hooks",
            "https://[::ffff:10.0.0.1]:8080/",
            "https:///hooks",
            "//example.org/hooks",
            "https://user@example.org/hooks",
            "http://10.0.0.1/any",
            "file:///hooks",
            "hooks",
        ] {
            assert_eq!(granted.callable(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_called_is_what_was_checked() {
        let granted = grants(&["https://example.org/hooks/", "http://10.0.0.1/"]).unwrap();
        for (asked, called) in [
            ("HTTPS://EXAMPLE.ORG:443/hooks/door#part", "https://example.org/hooks/door"),
            (r" https:\\example.org\hooks\door ", "https://example.org/hooks/door"),
            ("https://exa\tmple.org/hooks/a\r\nx: y", "https://example.org/hooks/ax:%20y"),
            ("https://example.org/admin/../hooks/a b", "https://example.org/hooks/a%20b"),
            ("https://ex%61mple.org/hooks/", "https://example.org/hooks/"),
            ("http://0xa000001/", "http://10.0.0.1/"),
        ] {
            assert_eq!(granted.callable(asked).as_deref(), Some(called), "{asked:?}");
        }
    }

    #[test]
    fn nothing_may_be_called_without_the_power() {
        assert_eq!(Grants::none().callable("https://example.org/"), None);
        let none: [String; 1] = ["https://example.org/".to_owned()];
        assert_eq!(Grants::new(Powers::NONE, &none), Err(GrantError::NoPower));
        assert_eq!(grants(&[]), Err(GrantError::NoAddress));
    }

    #[test]
    fn an_address_that_the_host_cannot_call_is_named() {
        for bad in ["", "example.org", "ftp://example.org/", "https://a:b@example.org/"] {
            let error = grants(&[bad]).expect_err(bad).to_string();
            assert!(error.contains(&format!("{bad:?}")), "{error}");
        }
    }
}
