//! `Sec-WebSocket-Protocol`, in every form.

use super::{
    Answer::{self, Good, InvalidToken, Malformed, Missing},
    Place, get, good, reads, with,
};

const FOUND: Answer = Good(Place::Socket);

#[tokio::test]
async fn every_form_of_a_list_of_subprotocols() {
    let cases: [(&[&str], Answer); 42] = [
        (&["bearer, {}"], FOUND),
        (&["bearer,{}"], FOUND),
        (&["bearer ,\t{}"], FOUND),
        (&["  bearer  ,  {}  "], FOUND),
        (&["Bearer, {}"], FOUND),
        (&["BEARER, {}"], FOUND),
        (&["chat.v2, bearer, {}"], FOUND),
        (&["bearer, {}, chat.v2"], FOUND),
        (&["chat.v2, bearer, {}, chat.v1"], FOUND),
        (&["bearer", "{}"], FOUND),
        (&["chat.v2", "bearer", "{}", "chat.v1"], FOUND),
        (&["chat.v2, bearer", "{}, chat.v1"], FOUND),
        // Empty elements of a list are none (RFC 9110 §5.6.1.2).
        (&[", bearer, , {},"], FOUND),
        (&["bearer,", "", ", {}"], FOUND),
        (&["{}, {}, bearer, {}"], FOUND),
        (&[""], Missing),
        (&[","], Missing),
        (&["chat.v2"], Missing),
        (&["{}"], Missing),
        (&["token, {}"], Missing),
        (&["bearers, {}"], Missing),
        (&["xbearer, {}"], Missing),
        (&["bearer.v1, {}"], Missing),
        (&["\"bearer\", {}"], Missing),
        (&["bearer.{}"], Missing),
        (&["bearer"], Malformed),
        (&["bearer,"], Malformed),
        (&["bearer, ,"], Malformed),
        (&["chat.v2, bearer"], Malformed),
        (&["{}, bearer"], Malformed),
        (&["bearer, \"{}\""], Malformed),
        (&["bearer, {} {}"], Malformed),
        (&["bearer, {}\u{e9}"], Malformed),
        (&["bearer\u{a0}, {}"], Malformed),
        (&["bearer {}"], Malformed),
        (&["chat.v2, Bearer\t{}"], Malformed),
        (&["bearer={}, bearer, {}"], Malformed),
        (&["bearer, bearer, {}"], Malformed),
        (&["bearer, {}, bearer"], Malformed),
        (&["bearer, {}, BEARER, {}"], Malformed),
        (&["bearer, {}", "bearer, {}"], Malformed),
        (&["bearer, chat.v2, {}"], InvalidToken),
    ];
    let app = reads(Place::Socket.source()).await;
    for (lines, answer) in cases {
        let lines: Vec<_> = lines.iter().map(|line| line.replace("{}", &good())).collect();
        let lines: Vec<_> = lines.iter().map(|line| ("sec-websocket-protocol", &**line)).collect();
        answer.check(&lines, &app.send(with(get(), &lines)).await);
    }
}
