//! Questions of rules that have one answer.

use serde_json::Value as Json;

/// Checks the question of a rule that answers with all it knows: nothing, or `{}`. Whoever asks for a part of it, or sends a
/// correction to `query`, would otherwise take the answer for something else.
///
/// # Errors
/// Names what was asked for, and says what to ask instead.
pub fn check_no_question(request: &Json) -> Result<(), String> {
    let asked = match request {
        Json::Null => return Ok(()),
        Json::Object(fields) => match fields.keys().next() {
            None => return Ok(()),
            Some(field) => format!("the question has the field {field:?}"),
        },
        _ => "the question is no object".to_owned(),
    };
    Err(format!("{asked}; ask for {{}}, which is answered with all there is. Corrections are commands"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_is_asked_for_by_nothing() {
        assert_eq!(check_no_question(&Json::Null), Ok(()));
        assert_eq!(check_no_question(&json!({})), Ok(()));
        for (question, says) in [
            (json!({"line": "gate"}), "the field \"line\""),
            (json!([]), "is no object"),
            (json!("all"), "is no object"),
        ] {
            let error = check_no_question(&question).unwrap_err();
            assert!(error.contains(says) && error.contains("ask for {}"), "{error}");
        }
    }
}
