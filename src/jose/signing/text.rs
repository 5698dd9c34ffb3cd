//! Private keys and secrets as text, for files.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::{
    SigningKey,
    pair::{Pair, exhausted},
    unfit,
};
use crate::{error::KeyError, jose::algorithm::Algorithm};

impl SigningKey {
    /// The private key in PKCS#8 as PEM, or the secret in base64url, as [`from_text`](Self::from_text) reads it.
    pub(crate) fn to_text(&self) -> Result<Zeroizing<String>, KeyError> {
        let Some(der) = to_pkcs8(&self.0.pair)? else {
            let secret = self.0.pair.secret().unwrap_or_default();
            return Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(secret)));
        };
        let document = pem::Pem::new("PRIVATE KEY", der.to_vec());
        let text = Zeroizing::new(pem::encode(&document));
        drop(Zeroizing::new(document.into_contents()));
        Ok(text)
    }

    /// Reads what [`to_text`](Self::to_text) has written.
    pub(crate) fn from_text(algorithm: Algorithm, text: &str) -> Result<Self, KeyError> {
        if !algorithm.is_symmetric() {
            return Self::from_pem(algorithm, text);
        }
        let secret = URL_SAFE_NO_PAD.decode(text).map(Zeroizing::new);
        Self::from_secret(algorithm, &*secret.map_err(|_| unfit(algorithm))?)
    }
}

/// The private key in PKCS#8; a secret has no such form.
fn to_pkcs8(pair: &Pair) -> Result<Option<Zeroizing<Vec<u8>>>, KeyError> {
    let bytes = match pair {
        Pair::Ec(pair, _) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
        Pair::Ed(pair) => pair.to_pkcs8v1().map(|document| document.as_ref().to_vec()),
        Pair::Hmac(..) => return Ok(None),
        Pair::Rsa(pair, _) => {
            AsDer::<Pkcs8V1Der<'_>>::as_der(&**pair).map(|der| der.as_ref().to_vec())
        }
    };
    Ok(Some(Zeroizing::new(bytes.map_err(|_| exhausted())?)))
}
