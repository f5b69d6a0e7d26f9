//! A rule that wants the network; the host refuses it before it runs.

wit_bindgen::generate!({ path: "../../../wit/v0.1", world: "rule" });

use ocellus::plugin::types::Scope;

struct Network;

impl Guest for Network {
    fn describe() -> Description {
        Description {
            name: "network".into(),
            version: "1.0.0".into(),
            summary: "Calls home.".into(),
            settings_schema: "{}".into(),
            scope: Scope::Camera,
            powers: Vec::new(),
        }
    }

    fn configure(_: String, _: Vec<Camera>) -> Result<(), String> {
        Ok(())
    }

    fn process(_: Frame, _: Tracks) -> Result<Output, String> {
        std::net::TcpStream::connect("192.0.2.1:80").map_err(|error| error.to_string())?;
        Err("connected".into())
    }

    fn finish(_: u64) -> Result<Output, String> {
        Err("nothing".into())
    }

    fn save() -> Vec<u8> {
        Vec::new()
    }

    fn restore(_: Vec<u8>, _: String) -> Result<(), String> {
        Ok(())
    }

    fn query(_: String) -> Result<String, String> {
        Err("nothing".into())
    }

    fn command(_: u64, _: String) -> Result<Output, String> {
        Err("nothing".into())
    }
}

export!(Network);
