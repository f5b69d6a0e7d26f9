//! From text to address. Reasons never quote the text: the caller adds it, redacted.

use std::path::PathBuf;

use ocellus_core::Size;
use url::Url;

use super::{
    Address, DeviceAddress, FileAddress, HttpAddress, Login, RtspAddress, RtspTransport, SceneAddress, redact,
};
use crate::scene::SceneSettings;
use crate::source::{Pace, Repeat};

const KINDS: &str = "write a path, file:PATH, rtsp://HOST/PATH, http://HOST/PATH, usb:0 or scene:NAME";

pub(super) fn parse(text: &str) -> Result<Address, String> {
    if text.trim().is_empty() {
        return Err(format!("it is empty; {KINDS}"));
    }
    if text.contains('\0') {
        return Err("it contains a NUL character; remove it".to_owned());
    }
    if text.starts_with("/dev/video") {
        return Ok(Address::Device(DeviceAddress { path: PathBuf::from(text), size: None, rate: None }));
    }
    let Some((scheme, rest)) = scheme(text) else {
        return Ok(Address::File(PathBuf::from(text).into()));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "file" => file(rest),
        "rtsp" | "rtsps" => rtsp(text),
        "http" | "https" => http(text),
        "usb" => usb(rest),
        "scene" => scene(rest),
        other => Err(format!("{other:?} is not a kind of source; {KINDS}")),
    }
}

/// The part before `:`, if it looks like a scheme and not like the start of a file's name.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let known = ["file", "rtsp", "rtsps", "http", "https", "usb", "scene"];
    let looks_like_one = scheme.len() >= 2
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
    (known.contains(&scheme.to_ascii_lowercase().as_str()) || looks_like_one).then_some((scheme, rest))
}

fn file(rest: &str) -> Result<Address, String> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = match path.strip_prefix("//") {
        Some(after) => {
            let slash = after.find('/').ok_or("the path is missing; write file:///absolute/path")?;
            if !matches!(&after[..slash], "" | "localhost") {
                return Err(
                    "a file URL cannot name another host; mount the share and write its path".to_owned()
                );
            }
            &after[slash..]
        }
        None => path,
    };
    if path.is_empty() {
        return Err("the path is missing; write file:clip.mp4".to_owned());
    }
    let mut address = FileAddress::from(PathBuf::from(percent_decoded(path)?));
    for (key, value) in pairs(query) {
        match key.as_str() {
            "loop" => {
                address.repeat = Some(match value.as_str() {
                    "true" | "1" | "yes" => Repeat::Loop,
                    "false" | "0" | "no" => Repeat::Once,
                    _ => return Err(format!("loop={value} is neither true nor false")),
                });
            }
            "pace" => address.pace = Some(pace(&value)?),
            other => return Err(format!("a file has no parameter {other:?}; it has loop and pace")),
        }
    }
    Ok(Address::File(address))
}

fn rtsp(text: &str) -> Result<Address, String> {
    let (mut url, login) = network_url(text)?;
    let mut transport = RtspTransport::Tcp;
    if let Some(query) = url.query().map(str::to_owned) {
        // Only our own parameter is taken out; the rest is the camera's, byte for byte.
        let mut kept = Vec::new();
        for piece in query.split('&') {
            match piece.strip_prefix("transport=") {
                Some("tcp") => transport = RtspTransport::Tcp,
                Some("udp") => transport = RtspTransport::Udp,
                Some(_) => return Err("transport must be tcp or udp".to_owned()),
                None => kept.push(piece),
            }
        }
        url.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    }
    Ok(Address::Rtsp(RtspAddress { url, login, transport, redacted: redact::text(text) }))
}

fn http(text: &str) -> Result<Address, String> {
    let (url, login) = network_url(text)?;
    Ok(Address::Http(HttpAddress { url, login, redacted: redact::text(text) }))
}

/// A URL with a host, and the login taken out of it.
fn network_url(text: &str) -> Result<(Url, Option<Login>), String> {
    const ENCODE: &str = "write special characters of a password as %XX, such as %40 for @, %23 for #, %2F for / and %3F for ?";
    let mut url = Url::parse(text).map_err(|error| format!("{error}; {ENCODE}"))?;
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the host is missing; write it after ://".to_owned());
    }
    if url.fragment().is_some() {
        return Err(format!("it has a part after '#'; {ENCODE}"));
    }
    if url.username().is_empty() && url.password().is_none() && text.contains('@') {
        let path_and_query = format!("{}{}", url.path(), url.query().unwrap_or_default());
        // `rtsp://admin:12/3@cam` parses as host `admin`: more likely a password than a path.
        if url.port().is_some() && path_and_query.contains('@') {
            return Err(format!("it has an '@' after the host; {ENCODE}"));
        }
    }
    let login = if url.username().is_empty() && url.password().is_none() {
        None
    } else {
        Some(Login {
            user: percent_decoded(url.username())?,
            password: percent_decoded(url.password().unwrap_or_default())?,
        })
    };
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| "the login cannot be read; write it as user:password@host".to_owned())?;
    Ok((url, login))
}

fn usb(rest: &str) -> Result<Address, String> {
    let (device, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = if device.starts_with("/dev/") {
        PathBuf::from(device)
    } else {
        let number: u8 = device.parse().map_err(|_| {
            "the device must be a number, as in usb:0, or a path, as in usb:/dev/video0".to_owned()
        })?;
        PathBuf::from(format!("/dev/video{number}"))
    };
    let mut address = DeviceAddress { path, size: None, rate: None };
    for (key, value) in pairs(query) {
        match key.as_str() {
            "size" => {
                let sides = value.split_once('x').and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
                let (width, height) = sides.ok_or("size must look like 1280x720")?;
                address.size = Some(Size::new(width, height));
            }
            "rate" => {
                let rate = value.parse().ok().filter(|rate| (1..=1000).contains(rate));
                address.rate =
                    Some(rate.ok_or("rate must be a whole number of pictures a second, 1 to 1000")?);
            }
            other => return Err(format!("a USB camera has no parameter {other:?}; it has size and rate")),
        }
    }
    Ok(Address::Device(address))
}

fn scene(rest: &str) -> Result<Address, String> {
    if rest.is_empty() {
        return Err("the scene's name is missing; write scene:crossing".to_owned());
    }
    let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut asked = None;
    let mut kept = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        match part.strip_prefix("pace=") {
            Some(value) => asked = Some(pace(value)?),
            None => kept.push(part),
        }
    }
    let scene = if kept.is_empty() { name.to_owned() } else { format!("{name}?{}", kept.join("&")) };
    scene.parse::<SceneSettings>().map_err(|error| error.to_string())?;
    Ok(Address::Scene(SceneAddress { scene, pace: asked }))
}

fn pace(value: &str) -> Result<Pace, String> {
    match value {
        "realtime" => Ok(Pace::Realtime),
        "unpaced" => Ok(Pace::Unpaced),
        other => Err(format!("pace={other} is neither realtime nor unpaced")),
    }
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> + '_ {
    url::form_urlencoded::parse(query.as_bytes()).map(|(key, value)| (key.into_owned(), value.into_owned()))
}

/// Replaces `%XX` by the byte it stands for.
fn percent_decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => {
                let digit =
                    |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
                digit(high).zip(digit(low)).map(|(high, low)| high * 16 + low)
            }
            _ => None,
        };
        match escaped {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    let decoded = String::from_utf8(bytes).map_err(|_| "its %XX escapes are not UTF-8".to_owned())?;
    if decoded.contains('\0') {
        Err("it contains a NUL character; remove it".to_owned())
    } else {
        Ok(decoded)
    }
}
