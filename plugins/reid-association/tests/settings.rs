//! The settings: their schema, and what is refused.

use ocellus_sdk::test::{Harness, check_schema};
use reid_association::Association;
use serde_json::{Value as Json, json};

#[test]
fn the_schema_is_the_one_of_the_settings() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/settings.schema.json");
    check_schema::<Association>(path).unwrap();
}

#[test]
fn settings_that_cannot_be_meant_are_refused_by_their_name() {
    let refusal =
        |settings: &Json| Harness::<Association>::on_cameras(settings, &["north", "south"], []).unwrap_err();
    let link = |more: Json| {
        let mut link = json!({"from": "north", "to": "south", "min_s": 2, "max_s": 8});
        link.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"links": [link]})
    };
    let cases = [
        (json!({"shared": true}), "unknown field `shared`"),
        (json!({"classes": []}), "classes is empty; name the classes that are associated"),
        (json!({"classes": ["giraffe"]}), "\"giraffe\" is not a class of camera north"),
        (json!({"appearance": {"same": 0.4, "other": 0.6}}), "give a same above other"),
        (json!({"appearance": {"spread": 0}}), "appearance.spread is 0; give 0.01 to 1"),
        (json!({"sureness": -1}), "sureness is -1; give 0 to 20"),
        (json!({"forget_s": 0}), "forget_s is 0; give 1 to 604800 seconds"),
        (json!({"most_identities": 100_000}), "most_identities is 100000; give 1 to 400 people"),
        (
            json!({"overlapping": [["north", "east"]]}),
            "overlapping[0] names camera \"east\", to which this rule is not bound",
        ),
        (json!({"overlapping": [["north", "north"]]}), "overlapping[0] names \"north\" twice"),
        (link(json!({"to": "east"})), "links[0].to names camera \"east\""),
        (link(json!({"max_s": 2})), "links[0].max_s is 2 and links[0].min_s 2; give a max_s above min_s"),
        (link(json!({"usual_s": 9})), "links[0].usual_s is 9; give 2 to 8 seconds"),
        (link(json!({"exit": [[0, 0], [1, 1]]})), "links[0].exit"),
        (link(json!({"entry_m": [1e9, 0]})), "links[0].entry_m is 1000000000"),
        (link(json!({"within_m": 0})), "links[0].within_m is 0; give 0.1 to 1000 metres"),
    ];
    for (settings, part) in cases {
        let refusal = refusal(&settings);
        assert!(refusal.contains(part), "{settings} gives {refusal:?} without {part:?}");
    }
    Harness::<Association>::on_cameras(link(json!({})), &["north", "south"], []).unwrap();
}
