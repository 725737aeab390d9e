//! When to ask again (`spec/http.md` §1.8).

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// What is said where nobody knows better.
const SOON: HeaderValue = HeaderValue::from_static("1");

/// Says so many seconds, where they are known.
pub(crate) fn say(response: &mut Response, seconds: Option<u32>) {
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
}

/// Says it on every answer that is only a no for now, whoever made it.
pub(crate) fn always_say(response: &mut Response) {
    if matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        response.headers_mut().entry(RETRY_AFTER).or_insert(SOON);
    }
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::http::header::RETRY_AFTER;
    use axum::response::IntoResponse;

    use super::{always_say, say};

    #[test]
    fn every_no_for_now_says_when_to_ask_again() {
        let said = |status: StatusCode, seconds| {
            let mut response = status.into_response();
            say(&mut response, seconds);
            always_say(&mut response);
            response.headers().get(RETRY_AFTER).map(|value| value.to_str().expect("ASCII").to_owned())
        };
        assert_eq!(said(StatusCode::TOO_MANY_REQUESTS, Some(12)).as_deref(), Some("12"));
        assert_eq!(said(StatusCode::TOO_MANY_REQUESTS, None).as_deref(), Some("1"));
        assert_eq!(said(StatusCode::SERVICE_UNAVAILABLE, None).as_deref(), Some("1"));
        assert_eq!((said(StatusCode::OK, None), said(StatusCode::INTERNAL_SERVER_ERROR, None)), (None, None));
    }
}
