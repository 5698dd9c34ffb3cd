//! [`ProtectedResource`]: what clients read about an API before they ask for a token ([RFC 9728]).
//!
//! [RFC 9728]: https://www.rfc-editor.org/rfc/rfc9728

mod answer;
mod document;
mod location;
mod method;

use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Request, Response};
use serde_json::Value;
use tower_service::Service;

pub use self::method::BearerMethod;
use self::{
    answer::{missing, served},
    document::Document,
    location::{Location, check},
};
use crate::{
    endpoint::{Endpoint, Transport},
    error::ConfigError,
    policy::catalog::ScopeCatalog,
};

/// The metadata of an API, and the service that hands it out ([RFC 9728](https://www.rfc-editor.org/rfc/rfc9728)).
///
/// A client that knows nothing but the URL of an API learns here who issues its tokens and which scopes there are. It
/// finds the document by the `resource_metadata` of a challenge, or at the well-known paths. So do clients of the
/// [Model Context Protocol](https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization).
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::post};
/// use tower_bearer::{ConfigError, JwtLayer, ProtectedResource, ScopeCatalog, Verifier};
///
/// fn app(verifier: Verifier) -> Result<Router, ConfigError> {
///     let scopes = ScopeCatalog::new(["notes:read", "notes:write"])?;
///     let resource = ProtectedResource::new("https://api.example/mcp")?
///         .authorization_server("https://issuer.example")?
///         .scopes(&scopes);
///     let layer = JwtLayer::new(verifier)
///         .resource_metadata(resource.metadata_url())?
///         .require(scopes.all(["notes:read"])?);
///     let app = Router::new().route("/mcp", post(|| async { "notes" })).route_layer(layer);
///     // After the layer: the metadata is for those who have no token yet.
///     Ok(resource.paths().fold(app, |app, path| app.route_service(path, resource.clone())))
/// }
/// # drop(app);
/// # }
/// ```
///
/// The document:
///
/// ```
/// # use tower_bearer::{ProtectedResource, ScopeCatalog};
/// # let scopes = ScopeCatalog::new(["notes:read", "notes:write"])?;
/// # let resource = ProtectedResource::new("https://api.example/mcp")?
/// #     .authorization_server("https://issuer.example")?
/// #     .scopes(&scopes);
/// assert_eq!(resource.metadata_url(), "https://api.example/.well-known/oauth-protected-resource/mcp");
/// assert_eq!(
///     resource.document(),
///     r#"{"resource":"https://api.example/mcp","bearer_methods_supported":["header"],"authorization_servers":["https://issuer.example"],"scopes_supported":["notes:read","notes:write"]}"#,
/// );
/// # Ok::<(), tower_bearer::ConfigError>(())
/// ```
///
/// # Where it answers
///
/// `GET` and `HEAD` get the document, `OPTIONS` a CORS preflight's answer, other methods 405, other paths 404. Neither
/// `Host` nor any other header changes what is said: all of it comes from the set-up. A request's query is not looked at.
///
/// | path, for `https://api.example/mcp` | who asks there |
/// |---|---|
/// | `/.well-known/oauth-protected-resource/mcp` | whoever follows §3.1 or a challenge; it is the [`metadata_url`](Self::metadata_url) |
/// | `/.well-known/oauth-protected-resource` | clients that have found nothing there |
/// | a path of [`also_at`](Self::also_at) | a proxy that rewrites paths |
///
/// At the root the document names the same `resource`, with its path. A client that holds to the letter of §3.3 takes
/// such a document for `https://api.example` and does not use it, as it would not use a 404. One that falls back to the
/// root, as those of the Model Context Protocol do, compares `resource` with the URL that it was given, and is served.
/// Only one resource of a host can have the root: for the others, mount the first of the [`paths`](Self::paths) alone.
///
/// A `resource` that ends in a slash keeps it, but where it is all there is of a path (§3.1). As
/// widespread clients drop it all the same, the path without it is served as well.
///
/// # Without axum
///
/// It is a [`Service`] for requests with any body. Before another one:
///
/// ```
/// use http::{Request, Response};
/// use tower_bearer::{ProtectedResource, tower_service::Service};
///
/// async fn serve<B>(resource: &ProtectedResource, request: Request<B>) -> Response<String> {
///     if resource.paths().any(|path| path == request.uri().path()) {
///         let Ok(response) = resource.clone().call(request).await;
///         return response;    // `.map(Full::from)` and the like for other bodies
///     }
///     Response::new("what is protected".to_owned())
/// }
/// # drop(serve::<()>);
/// ```
///
/// # Browsers
///
/// Any origin may read the document. To read the challenge that leads to it, a browser needs the leave of the API's own
/// CORS layer, which should stand outside of the [`JwtLayer`](crate::JwtLayer):
/// `Access-Control-Expose-Headers: WWW-Authenticate`.
///
/// A clone is one reference count; each setting renders the document anew, a request never does.
#[derive(Clone)]
#[must_use = "metadata is of use to nobody until it is served"]
pub struct ProtectedResource(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    resource: String,
    location: Location,
    document: Document,
    rendered: String,
    cache_control: HeaderValue,
}

impl ProtectedResource {
    /// The API with this resource identifier: the URL by which clients know it, and which tokens name as their `aud`
    /// ([RFC 8707 §2](https://www.rfc-editor.org/rfc/rfc8707#section-2)). Clients compare it to the letter.
    ///
    /// # Errors
    ///
    /// It is no absolute URL with `https` (`http` on loopback), has a fragment, a user name, `.` or `..` in its path, or a
    /// character that has to be percent-encoded ([RFC 9728 §1.2](https://www.rfc-editor.org/rfc/rfc9728#section-1.2)).
    pub fn new(resource: impl Into<String>) -> Result<Self, ConfigError> {
        let resource = resource.into();
        let location = Location::of(&resource).map_err(|wrong| {
            let shown = shown(&resource);
            ConfigError::new(format!(
                "the resource {shown:?} {wrong}: it has to be the `https` URL by which clients know this API, \
                 without fragment (RFC 9728 §1.2); plain http is for loopback"
            ))
        })?;
        let mut document = Document::default();
        document.set("resource", resource.as_str());
        document.set("bearer_methods_supported", vec![BearerMethod::Header.name()]);
        let inner = Inner {
            resource,
            location,
            rendered: document.to_string(),
            document,
            cache_control: HeaderValue::from_static("public, max-age=300"),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// Names an issuer of tokens for this API; called several times, all of them.
    ///
    /// The RFC can do without; clients of the Model Context Protocol cannot, and most use the first one.
    ///
    /// # Errors
    ///
    /// It is no absolute URL with `https` (`http` on loopback), has a query or a fragment
    /// ([RFC 8414 §2](https://www.rfc-editor.org/rfc/rfc8414#section-2)), or was named before.
    pub fn authorization_server(self, issuer: impl Into<String>) -> Result<Self, ConfigError> {
        let issuer = issuer.into();
        let wrong = |what: &str| {
            let shown = shown(&issuer);
            ConfigError::new(format!(
                "the authorization server {shown:?} {what}: it has to be the issuer's `https` URL, without query or \
                 fragment (RFC 8414 §2); plain http is for loopback"
            ))
        };
        Endpoint::parse(&issuer, Transport::Loopback).map_err(wrong)?;
        if issuer.contains('?') {
            return Err(wrong("has a query"));
        }
        let mut added = false;
        let named = issuer.clone();
        let changed = self.with(|inner| {
            added = inner.document.append("authorization_servers", named);
        });
        if added { Ok(changed) } else { Err(wrong("is named twice")) }
    }

    /// Publishes these scopes as `scopes_supported`, in their order.
    pub fn scopes(self, scopes: &ScopeCatalog) -> Self {
        self.with(|inner| inner.document.set("scopes_supported", scopes.iter().collect::<Vec<_>>()))
    }

    /// How clients may send tokens, as `bearer_methods_supported`: in the header alone unless it is set, and in no way that
    /// the RFC knows if the list is empty. It should be what the layer's [`source`](crate::JwtLayer::source) takes.
    ///
    /// ```
    /// use tower_bearer::{BearerMethod, ProtectedResource};
    ///
    /// let resource = ProtectedResource::new("https://api.example")?
    ///     .bearer_methods([BearerMethod::Header, BearerMethod::Query]);
    /// assert!(resource.document().contains(r#""bearer_methods_supported":["header","query"]"#));
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    pub fn bearer_methods(self, methods: impl IntoIterator<Item = BearerMethod>) -> Self {
        let mut names: Vec<_> = Vec::new();
        for method in methods {
            if !names.contains(&method.name()) {
                names.push(method.name());
            }
        }
        self.with(|inner| inner.document.set("bearer_methods_supported", names))
    }

    /// The name of the API for people, as `resource_name`; an empty one is none.
    pub fn name(self, name: impl Into<String>) -> Self {
        let name = name.into();
        self.with(|inner| match name.as_str() {
            "" => inner.document.remove("resource_name"),
            _ => inner.document.set("resource_name", name),
        })
    }

    /// A page for developers, as `resource_documentation`.
    ///
    /// # Errors
    ///
    /// It is no absolute URL with `https` or `http`.
    pub fn documentation(self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.page("resource_documentation", url.into())
    }

    /// A page on what clients may do with the data, as `resource_policy_uri`.
    ///
    /// # Errors
    ///
    /// As [`documentation`](Self::documentation).
    pub fn policy_uri(self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.page("resource_policy_uri", url.into())
    }

    /// The terms of service, as `resource_tos_uri`.
    ///
    /// # Errors
    ///
    /// As [`documentation`](Self::documentation).
    pub fn tos_uri(self, url: impl Into<String>) -> Result<Self, ConfigError> {
        self.page("resource_tos_uri", url.into())
    }

    /// Any other member: of the [registry](https://www.rfc-editor.org/rfc/rfc9728#section-8.1), in another language
    /// (`resource_name#de`), or of your own.
    ///
    /// ```
    /// use tower_bearer::ProtectedResource;
    ///
    /// let resource = ProtectedResource::new("https://api.example")?
    ///     .member("jwks_uri", "https://api.example/jwks")?
    ///     .member("resource_name#de", "Notizen")?;
    /// # drop(resource);
    /// # Ok::<(), tower_bearer::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Its name is empty, has a setting of its own here, or was given before; or its value is empty or `null`, which
    /// [RFC 9728 §3.2](https://www.rfc-editor.org/rfc/rfc9728#section-3.2) has left out.
    pub fn member(
        self,
        name: impl Into<String>,
        value: impl Into<Value>,
    ) -> Result<Self, ConfigError> {
        let (name, value) = (name.into(), value.into());
        let wrong =
            |what| ConfigError::new(format!("the member {name:?} of a resource's metadata {what}"));
        if is_ours(&name) {
            return Err(wrong("has a setting of its own, or follows from the others"));
        }
        if name.is_empty() || is_empty(&value) {
            return Err(wrong("is empty: leave it out"));
        }
        if self.0.document.contains(&name) {
            return Err(wrong("is given twice"));
        }
        Ok(self.with(|inner| inner.document.set(name, value)))
    }

    /// How long the document may be kept by clients and caches, in whole seconds; 5 minutes unless it is set.
    pub fn max_age(self, age: Duration) -> Self {
        let value = format!("public, max-age={}", age.as_secs());
        let value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("no-cache"));
        self.with(|inner| inner.cache_control = value)
    }

    /// Answers at this path as well: where a proxy takes a prefix away or puts one in front, requests come with another
    /// path than clients have sent. [`metadata_url`](Self::metadata_url) remains what clients have to be told.
    ///
    /// A proxy that hands on nothing but `/notes/…`, and that without `/notes`, hides the well-known paths. Clients are then
    /// led by the challenge alone, which may name any URL (§5.1):
    ///
    /// ```
    /// use tower_bearer::{JwtLayer, ProtectedResource, Verifier};
    ///
    /// # fn layer(verifier: Verifier) -> Result<JwtLayer, tower_bearer::ConfigError> {
    /// let resource = ProtectedResource::new("https://api.example/notes")?.also_at("/metadata")?;
    /// let layer = JwtLayer::new(verifier).resource_metadata("https://api.example/notes/metadata")?;
    /// # Ok(layer)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// It does not begin with a slash, has a query, `.` or `..`, or a character that has to be percent-encoded.
    pub fn also_at(self, path: impl Into<String>) -> Result<Self, ConfigError> {
        let path = path.into();
        let wrong = |what| ConfigError::new(format!("the path {path:?} of metadata {what}"));
        if !path.starts_with('/') || path.contains('?') {
            return Err(wrong("is none: it has to begin with a slash, and to have no query"));
        }
        check(&path).map_err(wrong)?;
        Ok(self.with(|inner| inner.location.add(path)))
    }

    /// The resource identifier.
    pub fn resource(&self) -> &str {
        &self.0.resource
    }

    /// Where clients find the document: the resource identifier with `/.well-known/oauth-protected-resource` between its host and
    /// its path ([RFC 9728 §3.1](https://www.rfc-editor.org/rfc/rfc9728#section-3.1)). For
    /// [`JwtLayer::resource_metadata`](crate::JwtLayer::resource_metadata).
    pub fn metadata_url(&self) -> &str {
        &self.0.location.url
    }

    /// The paths at which it answers; that of the [`metadata_url`](Self::metadata_url) is the first.
    ///
    /// They are routes of axum as they are: braces cannot stand in them. But axum panics at a segment that begins with a
    /// colon or an asterisk, if there should be one, unless its router was told
    /// [`without_v07_checks`](https://docs.rs/axum/latest/axum/struct.Router.html#method.without_v07_checks).
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &str> {
        self.0.location.paths.iter().map(String::as_str)
    }

    /// The document, as JSON.
    pub fn document(&self) -> &str {
        &self.0.rendered
    }

    fn page(self, name: &'static str, url: String) -> Result<Self, ConfigError> {
        // A page may be meant from one of its headings on.
        let page = url.split('#').next().unwrap_or_default();
        if let Err(wrong) = Endpoint::parse(page, Transport::Any) {
            let shown = shown(&url);
            return Err(ConfigError::new(format!("the `{name}` {shown:?} {wrong}")));
        }
        Ok(self.with(|inner| inner.document.set(name, url)))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        let inner = Arc::make_mut(&mut self.0);
        change(inner);
        inner.rendered = inner.document.to_string();
        self
    }
}

/// What has a user name in it has a password, too.
fn shown(url: &str) -> &str {
    if url.contains('@') { "" } else { url }
}

fn is_ours(member: &str) -> bool {
    matches!(
        member,
        "authorization_servers"
            | "bearer_methods_supported"
            | "resource"
            | "resource_documentation"
            | "resource_name"
            | "resource_policy_uri"
            | "resource_tos_uri"
            | "scopes_supported"
    )
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

impl<B> Service<Request<B>> for ProtectedResource {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Inner { resource: _, location, document: _, rendered, cache_control } = &*self.0;
        let here = location.paths.iter().any(|path| path == request.uri().path());
        let response =
            if here { served(request.method(), rendered, cache_control) } else { missing() };
        ready(Ok(response))
    }
}

impl fmt::Debug for ProtectedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProtectedResource").field(&self.0.rendered).finish()
    }
}
