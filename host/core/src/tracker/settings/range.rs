//! Ranges of settings, and the words for them.

use std::ops::RangeInclusive;

use super::SettingsError;

pub(super) fn check<T>(key: &'static str, value: T, range: RangeInclusive<T>) -> Result<(), SettingsError>
where
    T: Copy + PartialOrd + std::fmt::Display + Range,
{
    if range.contains(&value) {
        return Ok(());
    }
    Err(SettingsError { key, value: value.to_string(), remedy: T::remedy(&range) })
}

/// A number whose allowed range can be put into words.
pub(super) trait Range: Sized {
    fn remedy(range: &RangeInclusive<Self>) -> String;
}

impl Range for f32 {
    fn remedy(range: &RangeInclusive<f32>) -> String {
        if *range.start() == f32::MIN_POSITIVE {
            format!("use a number above 0 and at most {}", range.end())
        } else {
            format!("use a number from {} to {}", range.start(), range.end())
        }
    }
}

impl Range for u32 {
    fn remedy(range: &RangeInclusive<u32>) -> String {
        format!("use a whole number from {} to {}", range.start(), range.end())
    }
}
