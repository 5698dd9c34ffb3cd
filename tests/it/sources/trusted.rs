//! Which origins may be trusted.

use super::at_hand;

#[test]
fn what_browsers_send_is_taken() {
    for origin in [
        "https://app.example",
        "https://app.example:8443",
        "https://app.example:80",
        "http://app.example",
        "http://app.example:443",
        "http://localhost:3000",
        "http://127.0.0.1:8080",
        "https://[::1]:8443",
        "https://[2001:db8::1]",
        "https://xn--exmple-cua.example",
        "https://app_1.example",
        "https://app.example.",
        "https://localhost",
    ] {
        assert!(at_hand().trusted_origin(origin).is_ok(), "{origin}");
    }
}

#[test]
fn what_browsers_never_send_is_refused_and_told_what_to_do() {
    for origin in [
        "",
        "null",
        "*",
        "app.example",
        "//app.example",
        "https:",
        "https://",
        "https:app.example",
        "HTTPS://app.example",
        "https://App.example",
        "https://app.EXAMPLE",
        "https://app.example:443",
        "http://app.example:80",
        "https://app.example:",
        "https://app.example:0443",
        "https://app.example:08443",
        "https://app.example:65536",
        "https://app.example:port",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example?a=b",
        "https://app.example#a",
        "https://app.example:8443/",
        "https://user@app.example",
        "https://user:pass@app.example",
        "https://@app.example",
        "https://*.app.example",
        "https://%61pp.example",
        "https://app.example, https://b.example",
        "https://app.example https://b.example",
        " https://app.example",
        "https://app.example ",
        "https://app.example\n",
        "https://\u{e4}pp.example",
        "https://\u{65e5}\u{672c}.example",
        "https://[::1",
        "https://::1",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[2001:DB8::1]",
        "ftp://app.example",
        "wss://app.example",
        "file:///app",
        "chrome-extension://abc",
    ] {
        let error = at_hand().trusted_origin(origin).unwrap_err().to_string();
        for words in [
            &*format!("{origin:?}"),
            "as browsers send it",
            "`https://app.example`",
            "small letters",
            "without the scheme's own port",
            "without a path",
        ] {
            assert!(error.contains(words), "{origin:?}: {error}");
        }
    }
}
