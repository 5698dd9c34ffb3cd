use std::{ops::RangeInclusive, time::Duration};

use http::{
    HeaderMap,
    header::{AGE, CACHE_CONTROL},
};

/// How long an answer says that it is fresh ([RFC 9111 §4.2.1]), less what it has already spent in caches on
/// its way, within these bounds. `None` if it does not say.
///
/// [RFC 9111 §4.2.1]: https://www.rfc-editor.org/rfc/rfc9111#section-4.2.1
pub(crate) fn freshness(
    headers: &HeaderMap,
    within: &RangeInclusive<Duration>,
) -> Option<Duration> {
    let directives = || {
        let values =
            headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).map(|directive| {
            directive.split_once('=').map_or((directive.trim(), ""), |(name, argument)| {
                (name.trim(), argument.trim().trim_matches('"'))
            })
        })
    };
    let has = |wanted: &str| directives().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let max_age = || {
        let (_, seconds) = directives().find(|(name, _)| name.eq_ignore_ascii_case("max-age"))?;
        Some(Duration::from_secs(delta_seconds(seconds)?))
    };
    let said = if has("no-store") || has("no-cache") { Some(Duration::ZERO) } else { max_age() };
    let spent = headers.get(AGE).and_then(|age| delta_seconds(age.to_str().ok()?)).unwrap_or(0);
    let left = said?.saturating_sub(Duration::from_secs(spent));
    Some(left.clamp(*within.start(), *within.end()))
}

/// Digits, and for more than fit the largest number (RFC 9111 §1.2.2).
fn delta_seconds(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn max_age_counts_within_bounds() {
        type Lines = &'static [(&'static str, &'static str)];
        let cases: [(&str, Lines, Option<u64>); 17] = [
            ("nothing", &[], None),
            ("plain", &[("cache-control", "max-age=600")], Some(600)),
            ("case and space", &[("cache-control", "public , Max-Age = 600")], Some(600)),
            ("quoted", &[("cache-control", "max-age=\"600\"")], Some(600)),
            (
                "two lines",
                &[("cache-control", "public"), ("cache-control", "max-age=600")],
                Some(600),
            ),
            ("too short", &[("cache-control", "max-age=5")], Some(60)),
            ("too long", &[("cache-control", "max-age=86400")], Some(3600)),
            (
                "beyond a number",
                &[("cache-control", "max-age=99999999999999999999999")],
                Some(3600),
            ),
            ("no store", &[("cache-control", "no-store, max-age=600")], Some(60)),
            ("no cache", &[("cache-control", "no-cache")], Some(60)),
            (
                "in a cache for a while",
                &[("cache-control", "max-age=600"), ("age", "200")],
                Some(400),
            ),
            ("in a cache for long", &[("cache-control", "max-age=600"), ("age", "900")], Some(60)),
            ("odd age", &[("cache-control", "max-age=600"), ("age", "-1")], Some(600)),
            ("negative", &[("cache-control", "max-age=-1")], None),
            ("a word", &[("cache-control", "max-age=soon")], None),
            ("empty", &[("cache-control", "max-age=")], None),
            ("another directive", &[("cache-control", "s-maxage=600, public")], None),
        ];
        let within = Duration::from_secs(60)..=Duration::from_secs(3600);
        for (name, lines, expected) in cases {
            let mut headers = HeaderMap::new();
            for (header, value) in lines {
                let header: http::HeaderName = header.parse().unwrap();
                headers.append(header, value.parse().unwrap());
            }
            let found = freshness(&headers, &within);
            assert_eq!(found, expected.map(Duration::from_secs), "{name}");
        }
    }
}
