use std::time::Duration;

use ocellus_core::Size;
use ocellus_media::{OpenOptions, SourceKind, SourceSpec, Stop, open};

use crate::support::*;

#[test]
fn an_unpaced_scene_gives_the_same_pictures_every_time_at_its_rate() {
    let run = || {
        let mut source = open_text("scene:crossing?seed=3&fps=5", &unpaced()).unwrap();
        assert_eq!((source.info().size, source.info().frame_rate), (Size::new(640, 384), Some(5.0)));
        let pictures: Vec<_> = (0..4).map(|_| source.read().unwrap().unwrap()).collect();
        assert_eq!(pictures[3].time, Duration::from_millis(600));
        digest(&pictures)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_paced_scene_is_live_and_stops() {
    let stop = Stop::new();
    let spec = SourceSpec::parse("scene:parking-lot?fps=1").unwrap();
    let mut source = open(&spec, &OpenOptions::default(), &stop).unwrap();
    assert_eq!(source.info().kind, SourceKind::Live);
    assert!(source.read().unwrap().is_some());
    stop.stop();
    assert!(source.read().unwrap_err().is_stopped());
}
