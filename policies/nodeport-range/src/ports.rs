//! Ranges of ports, and sets of them.

use std::fmt;

/// At most this many ranges are printed; then their number is given.
const MAX_LISTED: usize = 4;

/// Ports from one to another, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PortRange {
    pub(crate) first: u16,
    pub(crate) last: u16,
}

/// A text that is not a range of ports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PortRangeError {
    /// There are no numbers in it where there should be.
    NotARange,
    /// Port 0 is none.
    Zero,
    /// There is no such port.
    BeyondTheLast,
    /// It ends before it starts.
    Reversed { first: u16, last: u16 },
    /// It has two ends, which are the same port.
    OnePort(u16),
}

impl fmt::Display for PortRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARange => f.write_str("is not a range such as 30000-30100"),
            Self::Zero => f.write_str("has port 0, which is none"),
            Self::BeyondTheLast => f.write_str("goes beyond port 65535"),
            Self::Reversed { first, last } => write!(f, "is reversed; write {last}-{first}"),
            Self::OnePort(port) => write!(f, "is one port; write {port}"),
        }
    }
}

impl PortRange {
    /// Reads the forms that the flag `--service-node-port-range` has: `N`, `N-M`, `N+offset`. A range of one port with
    /// two ends is more likely a slip than meant, so it is not taken.
    ///
    /// Source: `staging/src/k8s.io/apimachinery/pkg/util/net/port_range.go`.
    pub(crate) fn parse(text: &str) -> Result<Self, PortRangeError> {
        let text = text.trim_ascii();
        let (first, last) = if let Some((first, last)) = text.split_once('-') {
            (port(first)?, port(last)?)
        } else if let Some((first, offset)) = text.split_once('+') {
            let first = port(first)?;
            (first, first.saturating_add(port(offset)?))
        } else {
            let port = Self::checked(port(text)?)?;
            return Ok(Self {
                first: port,
                last: port,
            });
        };
        let (first, last) = (Self::checked(first)?, Self::checked(last)?);
        match first.cmp(&last) {
            std::cmp::Ordering::Less => Ok(Self { first, last }),
            std::cmp::Ordering::Equal => Err(PortRangeError::OnePort(first)),
            std::cmp::Ordering::Greater => Err(PortRangeError::Reversed { first, last }),
        }
    }

    fn checked(port: u32) -> Result<u16, PortRangeError> {
        match u16::try_from(port) {
            Ok(0) => Err(PortRangeError::Zero),
            Ok(port) => Ok(port),
            Err(_) => Err(PortRangeError::BeyondTheLast),
        }
    }

    /// How many ports there are.
    fn size(self) -> u32 {
        u32::from(self.last.saturating_sub(self.first)) + 1
    }

    /// Whether a number is one of the ports. A manifest may have any number.
    pub(crate) fn contains(self, number: i64) -> bool {
        (i64::from(self.first)..=i64::from(self.last)).contains(&number)
    }

    /// The part from which the API server takes ports, as long as there are any.
    ///
    /// Source: `calculateRangeOffset` in `pkg/registry/core/service/portallocator/allocator.go` (KEP-3668).
    pub(crate) fn dynamic_band(self) -> Self {
        let size = self.size();
        let offset = if size <= 16 {
            0
        } else {
            (size / 32).clamp(16, 128)
        };
        let first = u16::try_from(u32::from(self.first) + offset);
        Self {
            first: first.unwrap_or(self.last),
            ..self
        }
    }

    /// The part from which it takes ports only when the other part is full.
    pub(crate) fn static_band(self) -> PortSet {
        PortSet::from(self).without(&self.dynamic_band().into())
    }
}

fn port(text: &str) -> Result<u32, PortRangeError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(PortRangeError::NotARange);
    }
    text.parse().map_err(|_| PortRangeError::BeyondTheLast)
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last } = self;
        if first == last {
            write!(f, "{first}")
        } else {
            write!(f, "{first}-{last}")
        }
    }
}

/// Any ports: ranges in ascending order that do not touch each other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PortSet(Vec<PortRange>);

impl From<PortRange> for PortSet {
    fn from(range: PortRange) -> Self {
        Self(vec![range])
    }
}

impl PortSet {
    /// One port.
    pub(crate) fn of(port: u16) -> Self {
        Self::from(PortRange {
            first: port,
            last: port,
        })
    }

    /// All ports of some sets.
    pub(crate) fn all_of<'a>(sets: impl Iterator<Item = &'a Self>) -> Self {
        // There are few: sorting them this way takes less of the wasm than `sort` does.
        let mut ranges: Vec<PortRange> = Vec::new();
        for range in sets.flat_map(|set| &set.0) {
            let place = ranges.iter().position(|other| other.first > range.first);
            ranges.insert(place.unwrap_or(ranges.len()), *range);
        }
        let mut merged: Vec<PortRange> = Vec::new();
        for range in ranges {
            match merged.last_mut() {
                Some(before) if range.first <= before.last.saturating_add(1) => {
                    before.last = before.last.max(range.last);
                }
                _ => merged.push(range),
            }
        }
        Self(merged)
    }

    /// The ports that are not in `other`.
    pub(crate) fn without(&self, other: &Self) -> Self {
        let mut rest = self.0.clone();
        for cut in &other.0 {
            let mut pieces = Vec::new();
            for range in rest {
                if cut.last < range.first || range.last < cut.first {
                    pieces.push(range);
                    continue;
                }
                if let Some(last) = cut.first.checked_sub(1)
                    && range.first <= last
                {
                    pieces.push(PortRange { last, ..range });
                }
                if let Some(first) = cut.last.checked_add(1)
                    && first <= range.last
                {
                    pieces.push(PortRange { first, ..range });
                }
            }
            rest = pieces;
        }
        Self(rest)
    }

    /// The ports that are in `other`, too.
    pub(crate) fn within(&self, other: &Self) -> Self {
        self.without(&self.without(other))
    }

    /// Whether there is no other port in it than this one.
    pub(crate) fn is_just(&self, number: i64) -> bool {
        matches!(&self.0[..], [PortRange { first, last }] if first == last && i64::from(*first) == number)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a number is one of the ports. A manifest may have any number.
    pub(crate) fn contains(&self, number: i64) -> bool {
        self.0.iter().any(|range| range.contains(number))
    }

    /// The port that stands in for a number, always the same: another one when that is taken.
    pub(crate) fn instead_of(&self, number: i64, is_taken: impl Fn(i64) -> bool) -> Option<i64> {
        let size: i64 = self.0.iter().map(|range| i64::from(range.size())).sum();
        let start = number.checked_rem_euclid(size)?;
        let ports = || {
            let of_range = |range: &PortRange| i64::from(range.first)..=i64::from(range.last);
            self.0.iter().flat_map(of_range)
        };
        let start = usize::try_from(start).ok()?;
        let mut candidates = ports().skip(start).chain(ports().take(start));
        candidates.find(|port| !is_taken(*port))
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, range) in self.0.iter().take(MAX_LISTED).enumerate() {
            let separator = if index > 0 { ", " } else { "" };
            write!(f, "{separator}{range}")?;
        }
        match self.0.len().checked_sub(MAX_LISTED) {
            None | Some(0) => Ok(()),
            Some(rest) => write!(f, " and {rest} more"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ranges: &[&str]) -> PortSet {
        let sets: Vec<PortSet> = ranges
            .iter()
            .map(|range| PortRange::parse(range).unwrap().into())
            .collect();
        PortSet::all_of(sets.iter())
    }

    #[test]
    fn reads_the_forms_of_the_flag_and_tells_what_is_wrong() {
        for (text, read) in [
            ("30080", Ok("30080")),
            ("30000-30100", Ok("30000-30100")),
            ("30000+100", Ok("30000-30100")),
            (" 1-65535 ", Ok("1-65535")),
            ("", Err("is not a range such as 30000-30100")),
            ("-5", Err("is not a range such as 30000-30100")),
            ("30000 - 30100", Err("is not a range such as 30000-30100")),
            ("1-2-3", Err("is not a range such as 30000-30100")),
            ("30000:30100", Err("is not a range such as 30000-30100")),
            ("0", Err("has port 0, which is none")),
            ("0-100", Err("has port 0, which is none")),
            ("65536", Err("goes beyond port 65535")),
            ("1-99999999999999999999", Err("goes beyond port 65535")),
            ("65000+1000", Err("goes beyond port 65535")),
            ("30100-30000", Err("is reversed; write 30000-30100")),
            ("30000-30000", Err("is one port; write 30000")),
            ("30000+0", Err("is one port; write 30000")),
        ] {
            let range = PortRange::parse(text).map(|range| range.to_string());
            let range = range.map_err(|error| error.to_string());
            let range = range.as_ref().map(String::as_str).map_err(String::as_str);
            assert_eq!(range, read, "{text}");
        }
    }

    #[test]
    fn has_the_bands_of_the_allocator() {
        for (range, first, second) in [
            ("30000-32767", "30000-30085", "30086-32767"),
            ("20000-32767", "20000-20127", "20128-32767"),
            ("30000-30099", "30000-30015", "30016-30099"),
            ("30000-30016", "30000-30015", "30016"),
            ("30000-30015", "", "30000-30015"),
            ("30000", "", "30000"),
            ("1-65535", "1-128", "129-65535"),
        ] {
            let range = PortRange::parse(range).unwrap();
            assert_eq!(range.static_band().to_string(), first);
            assert_eq!(range.dynamic_band().to_string(), second);
        }
    }

    #[test]
    fn sets_are_added_subtracted_and_cut() {
        assert_eq!(
            set(&["5-9", "1-3", "4", "20", "8-10"]).to_string(),
            "1-10, 20"
        );
        let whole = set(&["1-10", "20"]);
        for (other, without, within) in [
            (set(&[]), "1-10, 20", ""),
            (set(&["3-5"]), "1-2, 6-10, 20", "3-5"),
            (set(&["1-30"]), "", "1-10, 20"),
            (set(&["10-20"]), "1-9", "10, 20"),
            (set(&["1", "65535"]), "2-10, 20", "1"),
        ] {
            assert_eq!(whole.without(&other).to_string(), without);
            assert_eq!(whole.within(&other).to_string(), within);
        }
        assert_eq!(
            set(&["1", "3", "5", "7", "9", "11"]).to_string(),
            "1, 3, 5, 7 and 2 more"
        );
        assert!(whole.contains(10) && whole.contains(20));
        assert!(!whole.contains(11) && !whole.contains(-1) && !whole.contains(65_556));
    }

    #[test]
    fn a_port_that_stands_in_is_always_the_same() {
        let set = set(&["10-12", "20"]);
        for (number, taken, found) in [
            (0, &[][..], Some(10)),
            (3, &[], Some(20)),
            (4, &[], Some(10)),
            (3, &[20], Some(10)),
            (-1, &[20, 10, 11], Some(12)),
            (7, &[10, 11, 12, 20], None),
        ] {
            let port = set.instead_of(number, |port| taken.contains(&port));
            assert_eq!(port, found, "{number} {taken:?}");
        }
        assert_eq!(PortSet::default().instead_of(7, |_| false), None);
    }
}
