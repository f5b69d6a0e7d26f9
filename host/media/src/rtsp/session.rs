//! Connecting to an RTSP server, and saying in plain words why it failed.

use std::sync::Arc;

use retina::client::{
    Credentials, Demuxed, PlayOptions, Session, SessionGroup, SessionOptions, SetupOptions,
    TcpTransportOptions, Transport, UdpTransportOptions,
};
use retina::codec::{FrameFormat, ParametersRef};

use crate::packets::VideoCodec;
use crate::spec::{RtspAddress, RtspTransport};

/// A playing session and what it says of its video stream.
pub(super) struct Connected {
    pub(super) demuxed: Demuxed,
    pub(super) stream: usize,
    pub(super) codec: VideoCodec,
    pub(super) clock_rate: u32,
    pub(super) frame_rate: Option<f64>,
}

/// Describes, sets up and plays the first video stream.
pub(super) async fn connect(rtsp: &RtspAddress, sessions: &Arc<SessionGroup>) -> Result<Connected, String> {
    let login = rtsp.login.as_ref();
    let credentials =
        login.map(|login| Credentials { username: login.user.clone(), password: login.password.clone() });
    let options = SessionOptions::default()
        .creds(credentials)
        .session_group(Arc::clone(sessions))
        .user_agent("Ocellus".to_owned());
    let explain = |error: retina::Error| explain(&error, login.is_some());
    let mut session = Session::describe(rtsp.url.clone(), options).await.map_err(explain)?;
    let (stream, codec) = choose(session.streams())?;
    let transport = match rtsp.transport {
        RtspTransport::Tcp => Transport::Tcp(TcpTransportOptions::default()),
        RtspTransport::Udp => Transport::Udp(UdpTransportOptions::default()),
    };
    let setup = SetupOptions::default().transport(transport).frame_format(FrameFormat::SIMPLE);
    session.setup(stream, setup).await.map_err(explain)?;
    let session = session.play(PlayOptions::default()).await.map_err(explain)?;
    let demuxed = session.demuxed().map_err(explain)?;
    let (clock_rate, frame_rate) = match demuxed.streams().get(stream) {
        Some(chosen) => (chosen.clock_rate_hz(), frame_rate(chosen)),
        None => (90_000, None),
    };
    Ok(Connected { demuxed, stream, codec, clock_rate, frame_rate })
}

fn choose(streams: &[retina::client::Stream]) -> Result<(usize, VideoCodec), String> {
    let videos = streams.iter().enumerate().filter(|(_, stream)| stream.media() == "video");
    let supported = videos.clone().find_map(|(index, stream)| {
        let codec = match stream.encoding_name() {
            "h264" => VideoCodec::H264,
            "h265" => VideoCodec::H265,
            "jpeg" => VideoCodec::Mjpeg,
            _ => return None,
        };
        Some((index, codec))
    });
    supported.ok_or_else(|| {
        let found: Vec<&str> = videos.map(|(_, stream)| stream.encoding_name()).collect();
        if found.is_empty() {
            "the server offers no video".to_owned()
        } else {
            format!("the server's video is {}; set the camera to H.264, H.265 or MJPEG", found.join(", "))
        }
    })
}

fn frame_rate(stream: &retina::client::Stream) -> Option<f64> {
    let stated = stream.framerate().map(f64::from);
    let of_parameters = match stream.parameters() {
        // Seconds a frame, as a fraction.
        Some(ParametersRef::Video(video)) => video.frame_rate().map(|(n, d)| f64::from(d) / f64::from(n)),
        _ => None,
    };
    stated.or(of_parameters).filter(|rate| rate.is_finite() && (0.01..=1000.0).contains(rate))
}

fn explain(error: &retina::Error, has_login: bool) -> String {
    match error.status_code() {
        Some(401 | 403) if has_login => "the server refused the user name or the password".to_owned(),
        Some(401 | 403) => "the server asks for a login; write rtsp://user:password@host/path".to_owned(),
        Some(404) => "the server has no such stream; check the path behind the host".to_owned(),
        Some(453) => "the server has no bandwidth left; end another viewer".to_owned(),
        Some(status) => format!("the server answered with RTSP status {status}"),
        None => first_line(error),
    }
}

/// `retina` adds what helps in a packet trace below the first line. It never holds the login, which is
/// not part of the URL it was given, but may hold the URL with a token: lines with one are left out.
pub(super) fn first_line(error: &retina::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default().trim();
    if line.contains("://") { "the protocol failed".to_owned() } else { line.to_owned() }
}
