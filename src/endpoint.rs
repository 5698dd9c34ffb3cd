//! Addresses of others and our own, and which of them may be asked.

#[cfg(feature = "jwks")]
use std::fmt;
use std::net::IpAddr;

use http::{Uri, uri::Scheme};

/// Which addresses may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// `http` to anybody: whoever sits in between can hand us keys of his own.
    Any,
    /// `https` alone.
    #[cfg(feature = "jwks")]
    Https,
    /// `https`, and `http` on loopback, where nobody sits in between.
    Loopback,
}

/// An address that may be asked. Prints without its query, which may be a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint(Uri);

impl Endpoint {
    /// The error says what is wrong with the text, without repeating it.
    pub(crate) fn parse(text: &str, transport: Transport) -> Result<Self, &'static str> {
        let uri: Uri = text.parse().map_err(|_| "is no URL")?;
        if text.contains('#') {
            return Err("has a fragment");
        }
        let authority = uri.authority().filter(|_| uri.scheme().is_some());
        let authority = authority.ok_or("is no absolute URL")?;
        if authority.as_str().contains('@') {
            return Err("has a user name in it");
        }
        let endpoint = Self(uri);
        let allowed = match transport {
            Transport::Any => endpoint.has(&Scheme::HTTP),
            #[cfg(feature = "jwks")]
            Transport::Https => false,
            Transport::Loopback => endpoint.has(&Scheme::HTTP) && endpoint.is_loopback(),
        };
        if endpoint.has(&Scheme::HTTPS) || allowed {
            return Ok(endpoint);
        }
        Err("is not https: what comes over plain http can be anybody's")
    }

    #[cfg(feature = "jwks")]
    pub(crate) fn uri(&self) -> &Uri {
        &self.0
    }

    /// Whether there is a host, and a port that is a number if there is one.
    pub(crate) fn names_a_host(&self) -> bool {
        self.0.authority().is_some_and(|authority| {
            let host = authority.host();
            !host.is_empty() && (authority.as_str() == host || authority.port_u16().is_some())
        })
    }

    /// `localhost`, or an address that can only be this machine. Names below `localhost` are for a resolver
    /// to say.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.0.host().unwrap_or_default();
        let literal = host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost")
            || literal.parse().is_ok_and(|ip: IpAddr| ip.is_loopback())
    }

    /// Whether it is `http` on loopback.
    #[cfg(feature = "jwks")]
    pub(crate) fn is_plain_loopback(&self) -> bool {
        self.has(&Scheme::HTTP) && self.is_loopback()
    }

    fn has(&self, scheme: &Scheme) -> bool {
        self.0.scheme() == Some(scheme)
    }
}

#[cfg(feature = "jwks")]
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.0.path())
    }
}

#[cfg(all(test, feature = "jwks"))]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_alone() {
        let cases = [
            ("https://issuer.example/jwks", true, true, true),
            ("https://issuer.example", true, true, true),
            ("https://issuer.example:8443/jwks?tenant=1", true, true, true),
            ("HTTPS://issuer.example/", true, true, true),
            ("http://127.0.0.1:80/jwks", false, true, true),
            ("http://127.9.9.9/jwks", false, true, true),
            ("http://[::1]:80/jwks", false, true, true),
            ("http://localhost/jwks", false, true, true),
            ("http://LOCALHOST/jwks", false, true, true),
            ("http://idp.localhost/jwks", false, false, true),
            ("http://issuer.example/jwks", false, false, true),
            ("http://127.0.0.1.issuer.example/jwks", false, false, true),
            ("http://localhost.issuer.example/jwks", false, false, true),
            ("http://notlocalhost/jwks", false, false, true),
            ("http://127.1/jwks", false, false, true),
            ("http://10.0.0.1/jwks", false, false, true),
            ("http://127.0.0.1@issuer.example/jwks", false, false, false),
            ("https://user:password@issuer.example/jwks", false, false, false),
            ("https://issuer.example/#keys", false, false, false),
            ("ftp://issuer.example/jwks", false, false, false),
            ("file:///etc/passwd", false, false, false),
            ("/jwks", false, false, false),
            ("issuer.example", false, false, false),
            ("https://issuer.example/a b", false, false, false),
            ("", false, false, false),
        ];
        for (text, https, loopback, any) in cases {
            let parses = |transport| Endpoint::parse(text, transport).is_ok();
            let found = [Transport::Https, Transport::Loopback, Transport::Any].map(parses);
            assert_eq!(found, [https, loopback, any], "{text}");
        }
    }

    #[test]
    fn a_query_is_not_printed() {
        let endpoint = Endpoint::parse("https://a.example/jwks?key=secret", Transport::Https);
        assert_eq!(endpoint.unwrap().to_string(), "https://a.example/jwks");
    }
}
