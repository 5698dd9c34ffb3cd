use std::{
    any::{Any, TypeId},
    fmt,
    ops::Deref,
    sync::{Arc, OnceLock},
};

use serde::de::DeserializeOwned;

/// A token's claims as a type of yours; an extractor for axum handlers.
///
/// ```
/// use serde::Deserialize;
/// use tower_bearer::Claims;
///
/// #[derive(Deserialize)]
/// struct User { sub: String }
///
/// async fn me(Claims(user): Claims<User>) -> String {
///     format!("hello {}", user.sub)
/// }
/// ```
///
/// `T` is any `Deserialize` type without borrows; it is not cloned: `user` is an `Arc<User>`. To answer with it as JSON,
/// return `Json(&*user).into_response()`. If the compiler says that the handler is no `Handler`, look for a missing
/// `#[derive(Deserialize)]`. What becomes of a request whose claims cannot be had:
///
/// | the request | `Claims<T>` | `Option<Claims<T>>` |
/// |---|---|---|
/// | has no token (optional layer) | 401 | `None` |
/// | has a bad token (best-effort layer) | as that token's error says | the same |
/// | has claims that do not fit `T` | 403 | 403 |
/// | passed no `JwtLayer` | 500 | 500 |
///
/// `Debug` shows nothing of the claims.
#[expect(clippy::exhaustive_structs, reason = "made to be taken apart in a handler's arguments")]
pub struct Claims<T>(pub Arc<T>);

impl<T> Clone for Claims<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Claims<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Claims<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Claims(..)")
    }
}

/// The claims of a good token do not fit the type asked for.
///
/// It names the claim, where that is known, and never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimsError {
    field: Option<String>,
}

impl ClaimsError {
    /// The claim that is missing or has another type.
    pub fn field(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(crate) fn in_field(name: &str) -> Self {
        Self { field: Some(name).filter(|name| is_plain(name)).map(str::to_owned) }
    }

    /// Finds out which claim it was. The message of the decoder is not kept: it may quote the value.
    fn locate<T: DeserializeOwned>(payload: &str) -> Self {
        use serde_path_to_error::{Segment, deserialize};

        let mut deserializer = serde_json::Deserializer::from_str(payload);
        let Err(error) = deserialize::<_, T>(&mut deserializer) else {
            return Self { field: None };
        };
        let first = error.path().iter().next();
        let message = error.inner().to_string();
        let field = match first {
            Some(Segment::Map { key }) => Some(key.clone()),
            _ => missing_field(&message).map(str::to_owned),
        };
        Self { field: field.filter(|name| is_plain(name)) }
    }
}

/// Whether a name can be logged. Where the type is a map, names are the token's own, and could be long
/// or hold anything.
fn is_plain(name: &str) -> bool {
    name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./:".contains(&byte))
}

/// The name in serde's "missing field `name`", which comes from the type and not from the token.
fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "the claim {field:?} is missing or has another type"),
            None => f.write_str("the claims do not fit the type asked for"),
        }
    }
}

impl std::error::Error for ClaimsError {}

/// The first type that was asked for, decoded.
pub(super) struct Decoded {
    type_id: TypeId,
    value: Arc<dyn Any + Send + Sync>,
}

/// The claims as `T`: shared if `T` was the first type asked for, decoded anew otherwise.
pub(super) fn decode<T>(first: &OnceLock<Decoded>, payload: &str) -> Result<Arc<T>, ClaimsError>
where
    T: DeserializeOwned + Send + Sync + 'static,
{
    let type_id = TypeId::of::<T>();
    if let Some(decoded) = first.get().filter(|decoded| decoded.type_id == type_id)
        && let Ok(value) = Arc::downcast(Arc::clone(&decoded.value))
    {
        return Ok(value);
    }
    let value: Arc<T> = serde_json::from_str(payload)
        .map(Arc::new)
        .map_err(|_| ClaimsError::locate::<T>(payload))?;
    // If another type came first, it keeps its place.
    let _ = first.set(Decoded { type_id, value: Arc::clone(&value) as Arc<dyn Any + Send + Sync> });
    Ok(value)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only decoded")]
    struct User {
        sub: String,
        roles: Vec<String>,
    }

    #[derive(Deserialize)]
    struct Subject {
        sub: String,
    }

    #[test]
    fn errors_name_the_claim_and_never_its_value() {
        let cases = [
            ("missing", r#"{"sub":"SECRET"}"#, Some("roles")),
            ("of another type", r#"{"sub":["SECRET"],"roles":[]}"#, Some("sub")),
            ("wrong within", r#"{"sub":"a","roles":["a",{"SECRET":1}]}"#, Some("roles")),
        ];
        for (name, payload, field) in cases {
            let error = decode::<User>(&OnceLock::new(), payload).unwrap_err();
            assert_eq!(error.field(), field, "{name}");
            assert!(!format!("{error} {error:?}").contains("SECRET"), "{name}");
        }
    }

    #[test]
    fn a_name_of_the_tokens_own_is_not_printed_unless_it_is_plain() {
        type Map = std::collections::BTreeMap<String, String>;
        for (name, field) in [
            ("roles", Some("roles")),
            ("https://example/roles", Some("https://example/roles")),
            ("ada@secret.example", None),
            ("\u{1b}[31m", None),
            (&*"a".repeat(65), None),
        ] {
            let payload = serde_json::json!({ name: 5 }).to_string();
            let error = decode::<Map>(&OnceLock::new(), &payload).unwrap_err();
            assert_eq!(error.field(), field, "{name:?}");
        }
    }

    #[test]
    fn the_first_type_is_shared_and_a_second_is_decoded_again() {
        let (first, payload) = (OnceLock::new(), r#"{"sub":"a"}"#);
        let one = decode::<Subject>(&first, payload).unwrap();
        let again = decode::<Subject>(&first, payload).unwrap();
        assert!(Arc::ptr_eq(&one, &again));
        let other = decode::<serde_json::Value>(&first, payload).unwrap();
        assert_eq!(other["sub"], one.sub);
        assert!(Arc::ptr_eq(&one, &decode::<Subject>(&first, payload).unwrap()));
    }
}
