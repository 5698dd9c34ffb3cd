//! Where an issuer's keys are, as the issuer itself says: OpenID Connect Discovery 1.0 and
//! [RFC 8414](https://www.rfc-editor.org/rfc/rfc8414).

use http::{HeaderMap, HeaderValue, Response, StatusCode, header::ACCEPT};
use serde::de::{self, MapAccess};

use super::fetch::{BoxError, Getter};
use crate::{
    endpoint::{Endpoint, Transport},
    error::ConfigError,
    jose::json::{Members, Text, read_object},
};

/// The two addresses of an issuer's metadata, in the order in which they are asked.
pub(crate) struct Discovery {
    issuer: Box<str>,
    addresses: [Endpoint; 2],
    /// What the address of the keys has to be.
    keys: Transport,
}

impl Discovery {
    /// # Errors
    ///
    /// The issuer is no URL with `https`, or has a query or a fragment (RFC 8414 §2).
    pub(crate) fn of(issuer: &str, transport: Transport) -> Result<Self, ConfigError> {
        // What has a user name in it has a password, too.
        let shown = if issuer.contains('@') { "" } else { issuer };
        let wrong = |what: &str| {
            ConfigError::new(format!(
                "the issuer {shown:?} {what}: discovery needs its `https` URL, without query or fragment; \
                 plain http elsewhere than on loopback takes `danger_allow_http`"
            ))
        };
        // A terminating slash is dropped before the addresses are built, and only here.
        let base = issuer.strip_suffix('/').unwrap_or(issuer);
        let parsed = Endpoint::parse(base, transport).map_err(wrong)?;
        if base.contains('?') {
            return Err(wrong("has a query"));
        }
        let path_at = base.find("://").and_then(|scheme| {
            let after = scheme.saturating_add(3);
            base.get(after..)?.find('/').map(|path| after.saturating_add(path))
        });
        let (origin, path) = base.split_at(path_at.unwrap_or(base.len()));
        let address = |text: String| Endpoint::parse(&text, transport).map_err(wrong);
        let keys = match transport {
            Transport::Any => Transport::Any,
            _ if parsed.is_plain_loopback() => Transport::Loopback,
            _ => Transport::Https,
        };
        Ok(Self {
            issuer: issuer.into(),
            addresses: [
                address(format!("{base}/.well-known/openid-configuration"))?,
                address(format!("{origin}/.well-known/oauth-authorization-server{path}"))?,
            ],
            keys,
        })
    }

    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address that is asked first.
    pub(crate) fn address(&self) -> &Endpoint {
        let [first, _] = &self.addresses;
        first
    }

    /// Asks for the address of the keys. The second address is asked if the first one gives an answer
    /// that is of no use; where there is no answer at all, another question would only take longer.
    pub(crate) async fn locate(&self, getter: &Getter) -> Result<Endpoint, BoxError> {
        let [first, second] = &self.addresses;
        let wrong = match self.read(&getter.get(first, headers()).await?) {
            Ok(found) => return Ok(found),
            Err(wrong) => wrong,
        };
        let answer = getter.get(second, headers()).await?;
        self.read(&answer).map_err(|also| format!("{first}: {wrong}; {second}: {also}").into())
    }

    fn read(&self, answer: &Response<impl AsRef<[u8]>>) -> Result<Endpoint, String> {
        if answer.status() != StatusCode::OK {
            return Err(format!("the status is {}", answer.status().as_u16()));
        }
        let json = std::str::from_utf8(answer.body().as_ref()).map_err(|_| "it is not UTF-8")?;
        let Metadata { issuer, jwks_uri } =
            read_object(json).map_err(|_| "it is no JSON object of metadata")?;
        let Text(issuer) = issuer.ok_or("it names no `issuer`")?;
        if *issuer != *self.issuer {
            return Err(another(&self.issuer, &issuer));
        }
        let Text(jwks_uri) = jwks_uri.ok_or("it has no `jwks_uri`")?;
        Endpoint::parse(&jwks_uri, self.keys).map_err(|wrong| format!("its `jwks_uri` {wrong}"))
    }
}

/// The commonest mistake, said so that it can be mended. What the server says is bounded and escaped.
fn another(ours: &str, theirs: &str) -> String {
    if ours.trim_end_matches('/') == theirs.trim_end_matches('/') {
        return "its `issuer` differs by a trailing slash".to_owned();
    }
    let theirs: String = theirs.chars().take(200).collect();
    format!("its `issuer` is another: {theirs:?}")
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers
}

#[derive(Default)]
struct Metadata<'m> {
    issuer: Option<Text<'m>>,
    jwks_uri: Option<Text<'m>>,
}

impl<'m> Members<'m> for Metadata<'m> {
    fn member<A: MapAccess<'m>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "issuer" => self.issuer = Some(map.next_value()?),
            "jwks_uri" => self.jwks_uri = Some(map.next_value()?),
            _ => drop(map.next_value::<de::IgnoredAny>()?),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(issuer: &str) -> Option<[String; 2]> {
        let discovery = Discovery::of(issuer, Transport::Loopback).ok()?;
        Some(discovery.addresses.map(|address| address.uri().to_string()))
    }

    #[test]
    fn one_address_is_appended_and_one_inserted() {
        let cases = [
            (
                "https://a.example",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/",
                "https://a.example/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server",
            ),
            (
                "https://a.example/tenant/one",
                "https://a.example/tenant/one/.well-known/openid-configuration",
                "https://a.example/.well-known/oauth-authorization-server/tenant/one",
            ),
            (
                "https://a.example:8443/tenant/",
                "https://a.example:8443/tenant/.well-known/openid-configuration",
                "https://a.example:8443/.well-known/oauth-authorization-server/tenant",
            ),
            (
                "http://127.0.0.1:3000/tenant",
                "http://127.0.0.1:3000/tenant/.well-known/openid-configuration",
                "http://127.0.0.1:3000/.well-known/oauth-authorization-server/tenant",
            ),
        ];
        for (issuer, appended, inserted) in cases {
            assert_eq!(addresses(issuer), Some([appended.into(), inserted.into()]), "{issuer}");
        }
    }

    #[test]
    fn what_is_no_issuer_is_refused() {
        let wrong = [
            "",
            "/",
            "a.example",
            "http://a.example",
            "https://a.example?tenant=1",
            "https://a.example/?tenant=1",
            "https://a.example/#one",
            "https://user@a.example",
            "https://",
        ];
        for issuer in wrong {
            assert_eq!(addresses(issuer), None, "{issuer}");
        }
    }

    #[test]
    fn metadata_is_for_this_issuer_to_the_letter() {
        let keys = "https://keys.example/jwks";
        let good = |issuer: &str| format!(r#"{{"issuer":"{issuer}","jwks_uri":"{keys}"}}"#);
        let cases = [
            ("good", good("https://a.example/t"), true),
            ("among others", format!(r#"{{"x":[1],{}"#, &good("https://a.example/t")[1..]), true),
            ("with a slash", good("https://a.example/t/"), false),
            ("other case", good("https://A.example/t"), false),
            ("another one", good("https://b.example"), false),
            ("no issuer", format!(r#"{{"jwks_uri":"{keys}"}}"#), false),
            ("no keys", r#"{"issuer":"https://a.example/t"}"#.to_owned(), false),
            (
                "plain http",
                good("https://a.example/t").replace("https://keys", "http://keys"),
                false,
            ),
            (
                "plain http on loopback",
                good("https://a.example/t").replace("https://keys.example", "http://127.0.0.1"),
                false,
            ),
            ("twice", format!(r#"{{"issuer":"x",{}"#, &good("https://a.example/t")[1..]), false),
            ("an array", format!("[{}]", good("https://a.example/t")), false),
            ("HTML", "<html>".to_owned(), false),
        ];
        let discovery = Discovery::of("https://a.example/t", Transport::Loopback).unwrap();
        for (name, body, expected) in cases {
            let found = discovery.read(&Response::new(body)).ok();
            let found = found.map(|endpoint| endpoint.uri().to_string());
            assert_eq!(found.as_deref(), expected.then_some(keys), "{name}");
        }
        let mut gone = Response::new(good("https://a.example/t"));
        *gone.status_mut() = StatusCode::NOT_FOUND;
        assert!(discovery.read(&gone).is_err());
    }
}
