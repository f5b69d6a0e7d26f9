//! Texts without credentials.

/// Stands for what is hidden.
const HIDDEN: &str = "***";

/// Parameter names whose value is a secret, in lower case.
const SECRET_NAMES: [&str; 14] = [
    "password",
    "passwd",
    "pass",
    "pwd",
    "token",
    "secret",
    "key",
    "auth",
    "sig",
    "signature",
    "user",
    "usr",
    "username",
    "credential",
];

/// Hides what may be a credential in a source's text: all between `://` and the last `@`, and the values
/// of parameters with a telling name, in the query and in the path.
///
/// It works on the text, not on a parsed URL, since a password with an unencoded `/`, `#` or `?` makes
/// the parsed parts lie. Where in doubt it hides too much.
pub(super) fn text(text: &str) -> String {
    let Some(scheme_end) = text.find("://") else {
        return parameters(text);
    };
    let (scheme, rest) = text.split_at(scheme_end + 3);
    match rest.rfind('@') {
        Some(at) => format!("{scheme}{HIDDEN}{}", parameters(&rest[at..])),
        None => format!("{scheme}{}", parameters(rest)),
    }
}

/// Replaces the values of `name=value` pairs with a secret name.
fn parameters(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for piece in text.split_inclusive(['?', '&', ';', '/', '#']) {
        let (body, end) = match piece.char_indices().next_back() {
            Some((at, last @ ('?' | '&' | ';' | '/' | '#'))) => (&piece[..at], last.to_string()),
            _ => (piece, String::new()),
        };
        shown.push_str(&pair(body));
        shown.push_str(&end);
    }
    shown
}

fn pair(text: &str) -> String {
    // Cameras that put the login into the path write `user=admin_password=x_channel=1.sdp`: the first
    // secret name hides the rest of the piece.
    for (at, _) in text.match_indices('=') {
        let name =
            text[..at].rsplit(['_', '=', ',', '.', '-']).next().unwrap_or_default().to_ascii_lowercase();
        let secret = SECRET_NAMES.contains(&name.as_str())
            || ["password", "passwd", "token", "secret", "apikey"].iter().any(|part| name.contains(part));
        if secret && at + 1 < text.len() {
            return format!("{}={HIDDEN}", &text[..at]);
        }
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn logins_are_hidden_even_when_they_break_the_url() {
        assert_eq!(text("rtsp://admin:hunter2@cam/1"), "rtsp://***@cam/1");
        for raw in [
            "rtsp://admin:hunter2/x@cam/1",
            "rtsp://admin:12#hunter2@cam/1",
            "rtsp://admin:a?hunter2@cam/1",
            "rtsp://admin:a@hunter2@cam/1",
        ] {
            assert_eq!(text(raw), "rtsp://***@cam/1", "{raw}");
        }
    }

    #[test]
    fn secret_parameters_are_hidden_and_others_stay() {
        assert_eq!(text("http://cam/v?channel=1&token=abc&x=2"), "http://cam/v?channel=1&token=***&x=2");
        assert_eq!(text("http://cam/v?usr=me&pwd=abc"), "http://cam/v?usr=***&pwd=***");
        assert_eq!(text("http://cam/v?Access_Token=abc"), "http://cam/v?Access_Token=***");
        assert_eq!(text("rtsp://cam/user=admin_password=abc_channel=1.sdp"), "rtsp://cam/user=***");
        assert_eq!(text("rtsp://cam/subtype=0?fps=10"), "rtsp://cam/subtype=0?fps=10");
    }

    #[test]
    fn plain_paths_are_left_alone() {
        assert_eq!(text("/videos/key frame.mp4"), "/videos/key frame.mp4");
        assert_eq!(text("scene:crossing?seed=3"), "scene:crossing?seed=3");
    }
}
