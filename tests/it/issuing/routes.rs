//! The ready routes, over HTTP.

mod cookies;
mod forged;
mod hostile;
mod leaving;
mod outages;
mod own;
mod renewing;
mod well_known;

use axum::Router;
use http::{Method, header::SET_COOKIE};
use http_body_util::Full;
use hyper::{Request, body::Bytes};
use serde_json::Value;
use tower_bearer::{Grant, Session, SessionCookies, SessionRoutes, TokenPair};

use super::{Service, logout::Fragile};
use crate::support::{App, Hand, Reply};

/// The routes on loopback, and the service behind them.
struct Site {
    service: Service<Fragile>,
    app: App,
    store: Fragile,
}

async fn granted(_: Session) -> Result<Grant, tower_bearer::GrantError> {
    Ok(Grant::new())
}

impl Site {
    async fn with_cookies() -> Self {
        let cookies = SessionCookies::browser_app();
        Self::of(|sessions| SessionRoutes::with_cookies(cookies, sessions, granted)).await
    }

    async fn with_json() -> Self {
        Self::of(|sessions| SessionRoutes::with_json(sessions, granted)).await
    }

    async fn of(
        routes: impl FnOnce(tower_bearer::Sessions<Fragile>) -> SessionRoutes<Fragile>,
    ) -> Self {
        let hand = Hand::default();
        let store = Fragile::new(hand.clone());
        let service = Service::with(hand, store.clone());
        let routes: Router = routes(service.sessions.clone()).router().unwrap();
        Self { app: App::serve(routes).await, service, store }
    }

    fn cut_off(&self, is_down: bool) {
        self.store.cut_off(is_down);
    }

    /// With these headers and without a body.
    async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.say(method, path, headers, "").await
    }

    async fn say(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.send_once(request.body(Full::new(body.into())).unwrap()).await
    }

    /// `POST` with the cookies of this pair.
    async fn post(&self, path: &str, pair: &TokenPair) -> Reply {
        self.ask(Method::POST, path, &[("cookie", &both(pair))]).await
    }

    /// `POST` with this refresh token as JSON.
    async fn post_json(&self, path: &str, token: &str) -> Reply {
        let body = serde_json::json!({ "refresh_token": token }).to_string();
        self.say(Method::POST, path, &[("content-type", "application/json")], body).await
    }
}

/// The `Cookie` of a browser that has this pair.
fn both(pair: &TokenPair) -> String {
    let access = pair.access_token().as_str();
    format!("__Host-access_token={access}; {}", refresh(pair.refresh_token()))
}

fn refresh(token: &str) -> String {
    format!("__Host-refresh_token={token}")
}

const CLEARED: [&str; 2] = [
    "__Host-access_token=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
    "__Host-refresh_token=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0",
];

impl Reply {
    fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }

    /// The refresh token that the browser has now.
    fn next_refresh(&self) -> &str {
        let cookies = self.cookies();
        let cookie = cookies.iter().find_map(|cookie| cookie.strip_prefix("__Host-refresh_token="));
        cookie.unwrap().split(';').next().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// 400, with this code, for nobody else to keep.
    #[track_caller]
    fn assert_fault(&self, code: &str, case: &str) {
        assert_eq!((self.status, self.header("cache-control")), (400, "no-store"), "{case}");
        assert_eq!(self.body, format!(r#"{{"error":"{code}"}}"#), "{case}");
    }
}
