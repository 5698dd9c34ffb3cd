//! The table of `LifetimeLayer`, row by row: what becomes of a response of each kind.

use super::*;

/// A streaming response with these headers to a request whose token ends in 5 s, and the time that passes until the
/// first thing comes of it, which is the end.
async fn streaming(headers: &[(HeaderName, &'static str)]) -> (String, Duration) {
    let (source, feed) = feed();
    let mut response = Response::new(feed);
    for (name, value) in headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    let response = answered(jwt(issuer()), Some(&token_for(5.0)), response).await;
    assert_eq!(response.status(), 200);
    let (began, mut body) = (Instant::now(), Box::pin(response.into_body()));
    let end = end_within(DAY, &mut body).await;
    assert_eq!(source.is_dropped(), end != "none");
    (end, began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn server_sent_events_end_as_if_they_were_complete() {
    for content_type in [
        "text/event-stream",
        "text/event-stream; charset=utf-8",
        "text/event-stream;charset=utf-8",
        "Text/Event-Stream",
        "text/event-stream ;a=b",
    ] {
        let (end, after) = streaming(&[(CONTENT_TYPE, content_type)]).await;
        assert_eq!(end, "end", "{content_type}");
        assert_at(content_type, after, 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn any_other_whose_length_is_not_known_is_cut() {
    for headers in [
        &[][..],
        &[(CONTENT_TYPE, "application/octet-stream")],
        &[(CONTENT_TYPE, "application/x-ndjson")],
        &[(CONTENT_TYPE, "text/event-streams")],
        &[(CONTENT_TYPE, "text/event")],
        &[(CONTENT_TYPE, "a/b;text/event-stream")],
        &[(CONTENT_TYPE, "application/grpc-web")],
    ] {
        let (end, after) = streaming(headers).await;
        assert_eq!(end, CUT, "{headers:?}");
        assert_at("exp", after, 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_grpc_end_with_a_status() {
    for content_type in ["application/grpc", "application/grpc+proto"] {
        let (end, after) = streaming(&[(CONTENT_TYPE, content_type)]).await;
        assert_eq!(end, r#"{"grpc-status": "16", "grpc-message": "the token has expired"}"#);
        assert_at(content_type, after, 5 * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn what_has_a_length_or_is_a_socket_is_not_touched() {
    let (end, after) = streaming(&[(CONTENT_LENGTH, "1000")]).await;
    assert_eq!((&*end, after), ("none", DAY), "a length that was told");

    for status in [StatusCode::SWITCHING_PROTOCOLS, StatusCode::OK] {
        let (_source, feed) = feed();
        let mut response = Response::new(feed);
        *response.status_mut() = status;
        let response = answered(jwt(issuer()), Some(&token_for(5.0)), response).await;
        let expected = if status == StatusCode::OK { CUT } else { "none" };
        assert_eq!(end_within(DAY, &mut Box::pin(response.into_body())).await, expected);
    }
}

/// What comes of a response to a request whose token ends while its reader sleeps.
async fn read_late<B>(response: Response<B>) -> (Option<u64>, String)
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Default,
{
    let layers = ServiceBuilder::new().layer(jwt(issuer())).layer(LifetimeLayer::new());
    let service = layers.service(once(response));
    let body = service.oneshot(request(Some(&token_for(5.0)))).await.unwrap().into_body();
    let length = body.size_hint().exact();
    pass(DAY).await;
    let whole = body.collect().await.map(Collected::to_bytes);
    (length, whole.map_or_else(|error| error.to_string(), |whole| format!("{whole:?}")))
}

#[tokio::test(start_paused = true)]
async fn bodies_whose_length_is_known_come_as_a_whole_and_keep_it() {
    let full = || http_body_util::Full::new(Bytes::from("whole"));
    assert_eq!(read_late(Response::new(full())).await, (Some(5), r#"b"whole""#.to_owned()));
    assert_eq!(read_late(Response::new(Empty::new())).await, (Some(0), r#"b"""#.to_owned()));
    for status in [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED] {
        let mut response = Response::new(axum::body::Body::empty());
        *response.status_mut() = status;
        assert_eq!(read_late(response).await, (Some(0), r#"b"""#.to_owned()), "{status}");
    }
    let events = Response::builder().header(CONTENT_TYPE, "text/event-stream").body(full());
    assert_eq!(read_late(events.unwrap()).await, (Some(5), r#"b"whole""#.to_owned()));
    let streamed = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from("whole")))]);
    let streamed = UnsyncBoxBody::new(http_body_util::StreamBody::new(streamed));
    assert_eq!(read_late(Response::new(streamed)).await, (None, CUT[7..].to_owned()), "unknown");
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_a_head_has_no_stream_to_end() {
    let ticks = get(|| async {
        axum::body::Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())
    });
    let app = Router::new().route("/", ticks);
    let app = app.route_layer(LifetimeLayer::new()).route_layer(jwt(issuer()));
    let mut request = request(Some(&token_for(5.0))).map(|()| axum::body::Body::empty());
    *request.method_mut() = Method::HEAD;
    let body = app.oneshot(request).await.unwrap().into_body();
    pass(DAY).await;
    assert_eq!(body.collect().await.unwrap().to_bytes(), "");
}
