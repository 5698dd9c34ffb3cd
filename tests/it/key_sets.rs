//! Keys and JWK Sets: which are taken, which are refused, which are skipped.
