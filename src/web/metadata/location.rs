//! Where metadata is to be found ([RFC 9728 §3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)).

use crate::endpoint::{Endpoint, Transport};

/// What is inserted between host and path.
pub(super) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Where the metadata of one resource is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) url: String,
    /// The path of that URL first. None of them stands twice.
    pub(super) paths: Vec<String>,
}

impl Location {
    /// The error says what is wrong with the text, without repeating it.
    pub(super) fn of(resource: &str) -> Result<Self, &'static str> {
        let endpoint = Endpoint::parse(resource, Transport::Loopback)?;
        if !endpoint.names_a_host() {
            return Err("names no host, or a port that is none");
        }
        let (origin, rest) = split(resource);
        check(rest)?;
        // Of the slashes at an end it is only that after the host which is dropped.
        let after_host = rest.strip_prefix('/').unwrap_or(rest);
        let bare = after_host.is_empty() || after_host.starts_with('?');
        let inserted = if bare { after_host } else { rest };
        let url = format!("{origin}{WELL_KNOWN}{inserted}");
        let path = format!("{WELL_KNOWN}{}", path_of(inserted));
        // Widespread clients drop a slash at the end of a path as well.
        let without_slash = path.strip_suffix('/').unwrap_or(&path).to_owned();
        let mut location = Self { url, paths: vec![path] };
        location.add(without_slash);
        location.add(WELL_KNOWN.to_owned());
        Ok(location)
    }

    /// One more path, unless it is there.
    pub(super) fn add(&mut self, path: String) {
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
    }
}

/// An absolute URL cut behind its host and port.
fn split(url: &str) -> (&str, &str) {
    let host_at = url.find("://").map_or(0, |at| at.saturating_add(3));
    let (_, after) = url.split_at(host_at);
    let host_len = after.find(['/', '?']).unwrap_or(after.len());
    url.split_at(host_at.saturating_add(host_len))
}

fn path_of(path_and_query: &str) -> &str {
    path_and_query.split('?').next().unwrap_or_default()
}

/// Path and query as [RFC 3986 §3.3](https://www.rfc-editor.org/rfc/rfc3986#section-3.3) has them.
pub(super) fn check(path_and_query: &str) -> Result<(), &'static str> {
    if !is_encoded(path_and_query) {
        return Err("holds a character that has to be percent-encoded");
    }
    if path_of(path_and_query).split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err("has `.` or `..` in its path, which clients take out");
    }
    Ok(())
}

/// Whether all that has to be percent-encoded is.
fn is_encoded(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?".contains(&byte);
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default();
    first.bytes().all(plain)
        && parts.all(|part| {
            let code =
                part.get(..2).is_some_and(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
            code && part.bytes().all(plain)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_well_known_string_stands_between_host_and_path() {
        const ROOT: &str = "/.well-known/oauth-protected-resource";
        let cases: [(&str, &str, &[&str]); 19] = [
            ("https://a.example", "https://a.example{}", &[ROOT]),
            ("https://a.example/", "https://a.example{}", &[ROOT]),
            ("https://a.example/mcp", "https://a.example{}/mcp", &["{}/mcp", ROOT]),
            ("https://a.example/mcp/", "https://a.example{}/mcp/", &["{}/mcp/", "{}/mcp", ROOT]),
            ("https://a.example/a/b", "https://a.example{}/a/b", &["{}/a/b", ROOT]),
            ("https://a.example?t=1", "https://a.example{}?t=1", &[ROOT]),
            ("https://a.example/?t=1", "https://a.example{}?t=1", &[ROOT]),
            ("https://a.example/mcp?t=/1/", "https://a.example{}/mcp?t=/1/", &["{}/mcp", ROOT]),
            (
                "https://a.example/mcp/?t=1",
                "https://a.example{}/mcp/?t=1",
                &["{}/mcp/", "{}/mcp", ROOT],
            ),
            ("https://a.example:8443", "https://a.example:8443{}", &[ROOT]),
            ("https://a.example:8443/mcp", "https://a.example:8443{}/mcp", &["{}/mcp", ROOT]),
            ("https://a.example:443/", "https://a.example:443{}", &[ROOT]),
            (
                "https://[2001:db8::1]:8443/mcp",
                "https://[2001:db8::1]:8443{}/mcp",
                &["{}/mcp", ROOT],
            ),
            ("http://127.0.0.1:3000/mcp", "http://127.0.0.1:3000{}/mcp", &["{}/mcp", ROOT]),
            ("http://localhost", "http://localhost{}", &[ROOT]),
            ("https://a.example/a%2Fb%7d", "https://a.example{}/a%2Fb%7d", &["{}/a%2Fb%7d", ROOT]),
            ("https://a.example//mcp", "https://a.example{}//mcp", &["{}//mcp", ROOT]),
            ("https://a.example/:t/*", "https://a.example{}/:t/*", &["{}/:t/*", ROOT]),
            ("HTTPS://A.example/Mcp", "HTTPS://A.example{}/Mcp", &["{}/Mcp", ROOT]),
        ];
        for (resource, url, paths) in cases {
            let full = |text: &&str| text.replace("{}", ROOT);
            let location = Location::of(resource).unwrap();
            assert_eq!(location.url, full(&url), "{resource}");
            assert_eq!(location.paths, paths.iter().map(full).collect::<Vec<_>>(), "{resource}");
        }
    }

    #[test]
    fn what_is_no_resource_identifier_is_refused() {
        for resource in [
            "",
            "a.example",
            "/mcp",
            "https://",
            "https:///mcp",
            "https://:443/mcp",
            "https://a.example:/mcp",
            "https://a.example:0x1/mcp",
            "https://a.example:65536/mcp",
            "http://a.example/mcp",
            "ftp://a.example/mcp",
            "urn:example:api",
            "https://a.example/mcp#part",
            "https://a.example#",
            "https://ada:lovelace@a.example/mcp",
            "https://a.example/m cp",
            "https://a.example/{tenant}",
            "https://a.example/a|b",
            "https://a.example/a\\b",
            "https://a.example/a\"b",
            "https://a.example/größe",
            "https://größe.example/",
            "https://a.example/100%",
            "https://a.example/%2",
            "https://a.example/%zz",
            "https://a.example/a/../b",
            "https://a.example/./b",
            "https://a.example/b/..",
            "https://a.example/\r\nmcp",
        ] {
            assert!(Location::of(resource).is_err(), "{resource:?}");
        }
    }
}
