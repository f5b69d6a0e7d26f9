//! Whether what a plugin gives as the JSON Schema of its settings can be kept and shown.
//!
//! It is looked at and never run: no pattern is tried and no reference is followed beyond finding its target. The
//! rule itself judges its settings.

use std::borrow::Cow;

use serde_json::Value;

use crate::log::cut;

/// Bytes of a schema; the largest of a real plugin has some thousands.
const SCHEMA_BYTES: usize = 256 << 10;
/// Objects and lists within each other.
const SCHEMA_DEPTH: usize = 64;
/// Bytes of a place that a message shows.
const PLACE_BYTES: usize = 200;

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];
/// Keywords whose value is a schema.
const SCHEMA: [&str; 11] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "else",
    "if",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
    "contentSchema",
];
/// Keywords whose value is a list of schemas.
const SCHEMAS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Keywords whose value holds schemas by name.
const NAMED_SCHEMAS: [&str; 5] =
    ["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"];
/// Keywords whose value is a number.
const NUMBERS: [&str; 3] = ["maximum", "minimum", "multipleOf"];
/// Keywords whose value counts something.
const COUNTS: [&str; 8] = [
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
];
/// Keywords whose value is a text.
const TEXTS: [&str; 6] = ["$comment", "$id", "$schema", "description", "pattern", "title"];

/// Refuses a schema that is too large, nested too deeply, no JSON object, or no schema.
///
/// # Errors
/// What is wrong, with its place as a JSON pointer.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.len() > SCHEMA_BYTES {
        return Err(format!("it has {} bytes, the limit is {SCHEMA_BYTES}", text.len()));
    }
    // Before the parser, whose own limit has no name.
    if deepest(text) > SCHEMA_DEPTH {
        return Err(format!("it is nested more than {SCHEMA_DEPTH} levels deep"));
    }
    let root: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !root.is_object() {
        return Err("it must be a JSON object".to_owned());
    }
    Checked { root: &root, place: Vec::new() }.schema(&root)
}

/// Objects and lists within each other, counted by brackets outside texts.
fn deepest(text: &str) -> usize {
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A schema on its way through the check.
struct Checked<'s> {
    root: &'s Value,
    /// Where the check is, from the root.
    place: Vec<Cow<'s, str>>,
}

impl<'s> Checked<'s> {
    fn schema(&mut self, schema: &'s Value) -> Result<(), String> {
        match schema {
            Value::Bool(_) => Ok(()),
            Value::Object(keywords) => keywords.iter().try_for_each(|(keyword, value)| {
                self.within(Cow::Borrowed(keyword), |checked| checked.keyword(keyword, value))
            }),
            _ => Err(self.wrong("must be a schema, which is an object, true or false")),
        }
    }

    /// One keyword of a schema. Unknown ones say nothing to us.
    fn keyword(&mut self, keyword: &'s str, value: &'s Value) -> Result<(), String> {
        match keyword {
            "type" => self.types(value),
            "enum" => self.must(value.is_array(), "must be a list of values"),
            "required" => self.must(is_texts(value), "must be a list of names"),
            "$ref" => self.reference(value),
            // A list of schemas in older drafts.
            "items" if value.is_array() => self.list(value),
            "items" => self.schema(value),
            // True or false in draft 4, a number since.
            "exclusiveMaximum" | "exclusiveMinimum" => {
                self.must(value.is_number() || value.is_boolean(), "must be a number")
            }
            _ if SCHEMA.contains(&keyword) => self.schema(value),
            _ if SCHEMAS.contains(&keyword) => self.list(value),
            _ if NAMED_SCHEMAS.contains(&keyword) => self.named(value),
            _ if NUMBERS.contains(&keyword) => self.must(value.is_number(), "must be a number"),
            _ if COUNTS.contains(&keyword) => {
                let counts = value.as_f64().is_some_and(|count| count >= 0.0 && count.fract() == 0.0);
                self.must(counts, "must be a whole number from 0 on")
            }
            _ if TEXTS.contains(&keyword) => self.must(value.is_string(), "must be a text"),
            _ => Ok(()),
        }
    }

    fn types(&self, value: &Value) -> Result<(), String> {
        let is_type = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
        let right = match value {
            Value::Array(types) => !types.is_empty() && types.iter().all(is_type),
            other => is_type(other),
        };
        self.must(right, &format!("must be one of {}, or a list of them", TYPES.join(", ")))
    }

    /// Only what stands in the schema itself may be referred to: nothing is fetched.
    fn reference(&self, value: &Value) -> Result<(), String> {
        let target = value.as_str().and_then(|text| text.strip_prefix('#'));
        let found = match target {
            // A name that an $anchor gives; who shows the schema looks for it.
            Some(anchor) if !anchor.is_empty() && !anchor.starts_with('/') => true,
            Some(pointer) => self.root.pointer(pointer).is_some(),
            None => false,
        };
        self.must(found, "must refer to a part of the schema itself, such as \"#/$defs/line\"")
    }

    fn list(&mut self, value: &'s Value) -> Result<(), String> {
        let schemas = value.as_array().filter(|schemas| !schemas.is_empty());
        let schemas = schemas.ok_or_else(|| self.wrong("must be a list of schemas"))?;
        schemas.iter().enumerate().try_for_each(|(index, schema)| {
            self.within(Cow::Owned(index.to_string()), |checked| checked.schema(schema))
        })
    }

    fn named(&mut self, value: &'s Value) -> Result<(), String> {
        let schemas = value.as_object().ok_or_else(|| self.wrong("must be an object of schemas"))?;
        schemas
            .iter()
            .try_for_each(|(name, schema)| self.within(Cow::Borrowed(name), |checked| checked.schema(schema)))
    }

    fn within(
        &mut self,
        name: Cow<'s, str>,
        look: impl FnOnce(&mut Self) -> Result<(), String>,
    ) -> Result<(), String> {
        self.place.push(name);
        look(self)?;
        self.place.pop();
        Ok(())
    }

    fn must(&self, right: bool, be: &str) -> Result<(), String> {
        if right { Ok(()) } else { Err(self.wrong(be)) }
    }

    fn wrong(&self, be: &str) -> String {
        let escaped = self.place.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
        let place: String = escaped.map(|name| format!("/{name}")).collect();
        match place.is_empty() {
            true => format!("the schema {be}"),
            false => format!("{} {be}", cut(&place, PLACE_BYTES)),
        }
    }
}

fn is_texts(value: &Value) -> bool {
    value.as_array().is_some_and(|names| names.iter().all(Value::is_string))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        check(text).unwrap_err()
    }

    #[test]
    fn a_schema_that_is_too_large_is_refused_with_the_limit() {
        let padded = |bytes: usize| format!(r#"{{"title":"{}"}}"#, "a".repeat(bytes - 12));
        assert_eq!(check(&padded(SCHEMA_BYTES)), Ok(()));
        assert_eq!(refused(&padded(SCHEMA_BYTES + 1)), "it has 262145 bytes, the limit is 262144");
    }

    #[test]
    fn a_schema_that_is_nested_too_deeply_is_refused_however_deep() {
        let nested = |levels: usize| {
            let inner = levels - 1;
            format!("{}{{}}{}", r#"{"not":"#.repeat(inner), "}".repeat(inner))
        };
        assert_eq!(check(&nested(SCHEMA_DEPTH)), Ok(()));
        for levels in [SCHEMA_DEPTH + 1, 127, 129, 30_000] {
            assert_eq!(refused(&nested(levels)), "it is nested more than 64 levels deep", "{levels}");
        }
        assert!(refused(&"[".repeat(200_000)).contains("64 levels"));
        // Brackets in a text are no levels.
        assert_eq!(check(&format!(r#"{{"title":"\"{}"}}"#, "[{".repeat(100))), Ok(()));
    }

    #[test]
    fn what_is_no_schema_is_refused_with_its_place() {
        for (text, says) in [
            ("", "EOF"),
            ("{", "EOF"),
            ("{} x", "trailing characters"),
            ("[]", "it must be a JSON object"),
            ("true", "it must be a JSON object"),
            (r#"{"type":"lines"}"#, "/type must be one of array, boolean"),
            (r#"{"type":[]}"#, "/type must be one of"),
            (r#"{"properties":[]}"#, "/properties must be an object of schemas"),
            (r#"{"properties":{"a/b":3}}"#, "/properties/a~1b must be a schema"),
            (
                r#"{"properties":{"a":{"items":{"minimum":"1"}}}}"#,
                "/properties/a/items/minimum must be a number",
            ),
            (r#"{"required":[1]}"#, "/required must be a list of names"),
            (r#"{"enum":{}}"#, "/enum must be a list"),
            (r#"{"anyOf":[]}"#, "/anyOf must be a list of schemas"),
            (r#"{"anyOf":[{},{"not":0}]}"#, "/anyOf/1/not must be a schema"),
            (r#"{"minLength":-1}"#, "/minLength must be a whole number"),
            (r#"{"pattern":7}"#, "/pattern must be a text"),
            (r##"{"$ref":"#/$defs/none"}"##, "/$ref must refer to a part of the schema itself"),
            (r#"{"$ref":"file:///etc/passwd"}"#, "/$ref must refer to a part of the schema itself"),
            (r#"{"$ref":"http://192.0.2.1/schema"}"#, "/$ref must refer to a part of the schema itself"),
        ] {
            assert!(refused(text).contains(says), "{text}: {}", refused(text));
        }
    }

    #[test]
    fn bombs_of_patterns_and_references_cost_nothing() {
        assert_eq!(check(r#"{"patternProperties":{"(a+)+$":{"pattern":"((a{1,9999}){1,9999})*"}}}"#), Ok(()));
        assert_eq!(check(r##"{"$ref":"#","allOf":[{"$ref":"#"},{"$ref":"#/allOf/0"}]}"##), Ok(()));
    }

    #[test]
    fn a_usual_schema_is_taken() {
        let usual = r##"{"$schema":"https://json-schema.org/draft/2020-12/schema","title":"Settings","type":"object",
            "properties":{"lines":{"type":"array","minItems":1,"items":{"$ref":"#/$defs/Line"}},
                "limit":{"type":["number","null"],"exclusiveMinimum":0,"default":50.0}},
            "required":["lines"],"additionalProperties":false,
            "$defs":{"Line":{"type":"object","properties":{"type":{"enum":["in","out"]}}}}}"##;
        assert_eq!(check(usual), Ok(()));
        assert_eq!(check("  {}"), Ok(()));
    }
}
