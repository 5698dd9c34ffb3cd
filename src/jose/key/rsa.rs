//! Which numbers are an RSA public key
//! ([RFC 7518 §3.3](https://www.rfc-editor.org/rfc/rfc7518#section-3.3)).

use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, RsaSubjectPublicKey,
};

use crate::{error::KeyError, jose::algorithm::Algorithm};

/// A modulus and an exponent, big-endian and without leading zeros.
pub(super) type Components = RsaPublicKeyComponents<Box<[u8]>>;

const MIN_BITS: usize = 2048;
const MAX_BITS: usize = 8192;

/// Checks modulus and exponent; leading zero bytes are dropped first.
pub(super) fn components(n: &[u8], e: &[u8]) -> Result<Components, KeyError> {
    let (n, e) = (without_leading_zeros(n), without_leading_zeros(e));
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !(MIN_BITS..=MAX_BITS).contains(&bits(n)) {
        return Err(KeyError::invalid("an RSA key has from 2048 to 8192 bits"));
    }
    if !odd(n) {
        return Err(KeyError::invalid("the RSA modulus is even"));
    }
    // Below 2^33, and not 1.
    if !odd(e) || bits(e) > 33 || e == [1] {
        return Err(KeyError::invalid("an RSA exponent is odd, at least 3 and below 2^33"));
    }
    Ok(Components { n: n.into(), e: e.into() })
}

/// Reads `SubjectPublicKeyInfo` or PKCS#1 `RSAPublicKey`, and nothing behind it.
pub(super) fn from_der(der: &[u8]) -> Option<Result<Components, KeyError>> {
    use aws_lc_rs::encoding::AsDer;

    let key = RsaSubjectPublicKey::from_der(der).ok()?;
    let canonical = key.as_ref() == der
        || key
            .as_der()
            .is_ok_and(|spki: aws_lc_rs::encoding::PublicKeyX509Der<'_>| spki.as_ref() == der);
    canonical.then(|| {
        components(
            key.modulus().big_endian_without_leading_zero(),
            key.exponent().big_endian_without_leading_zero(),
        )
    })
}

/// What aws-lc calls the algorithm, if it is one of RSA.
pub(super) fn parameters(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::PS256 => Some(&RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Some(&RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Some(&RSA_PSS_2048_8192_SHA512),
        Algorithm::RS256 => Some(&RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Some(&RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn bits(number: &[u8]) -> usize {
    let leading = number.first().map_or(0, |byte| byte.leading_zeros() as usize);
    number.len().saturating_mul(8).saturating_sub(leading)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modulus(bits: usize) -> Vec<u8> {
        let mut n = vec![0xff; bits.div_ceil(8)];
        n[0] = 0xff >> (n.len() * 8 - bits);
        n
    }

    #[test]
    fn sizes_and_parity() {
        let even = {
            let mut n = modulus(2048);
            n[255] = 0xfe;
            n
        };
        let padded = [vec![0, 0], modulus(2048)].concat();
        let f4: &[u8] = &[1, 0, 1];
        let cases: [(&str, &[u8], &[u8], bool); 15] = [
            ("2048 bits", &modulus(2048), f4, true),
            ("2047 bits", &modulus(2047), f4, false),
            ("1024 bits", &modulus(1024), f4, false),
            ("8192 bits", &modulus(8192), f4, true),
            ("8193 bits", &modulus(8193), f4, false),
            ("leading zeros", &padded, &[0, 1, 0, 1], true),
            ("zeros do not make a key longer", &[vec![0; 128], modulus(1024)].concat(), f4, false),
            ("even modulus", &even, f4, false),
            ("empty modulus", &[], f4, false),
            ("exponent 3", &modulus(2048), &[3], true),
            ("exponent 1", &modulus(2048), &[1], false),
            ("exponent 1, padded", &modulus(2048), &[0, 1], false),
            ("even exponent", &modulus(2048), &[1, 0, 0], false),
            ("exponent 2^33 - 1", &modulus(2048), &[1, 255, 255, 255, 255], true),
            ("exponent 2^33 + 1", &modulus(2048), &[2, 0, 0, 0, 1], false),
        ];
        for (name, n, e, good) in cases {
            assert_eq!(components(n, e).is_ok(), good, "{name}");
        }
    }
}
