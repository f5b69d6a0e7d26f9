//! What `wit-bindgen` makes of the contract.
#![allow(missing_docs, reason = "generated")]

wit_bindgen::generate!({
    world: "rule",
    path: "../../wit/v0.2",
    pub_export_macro: true,
    export_macro_name: "export_rule",
    default_bindings_module: "ocellus_sdk::bindings",
});
