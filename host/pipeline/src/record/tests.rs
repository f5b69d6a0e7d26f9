use super::*;

fn header() -> RecordHeader {
    RecordHeader {
        camera: Name::new("clip").unwrap(),
        size: Size::new(640, 384),
        classes: vec!["person".into()],
        has_embeddings: false,
        has_readings: false,
    }
}

fn track() -> Track {
    Track {
        id: 3,
        class: 0,
        confidence: 0.1 + 0.2,
        state: TrackState::Lost,
        rect: Rect::new(1.1, 2.3, 1.0 / 3.0, 7.7),
        first_seen: TimeUs(5),
        ground: None,
    }
}

fn two_frames() -> Vec<u8> {
    let mut writer = RecordWriter::new(Vec::new(), &header()).unwrap();
    writer.frame(0, TimeUs(0), &[track()], Facts::default()).unwrap();
    writer.frame(1, TimeUs(100_000), &[], Facts::default()).unwrap();
    writer.finish().unwrap()
}

/// Frames read, and how it ended.
fn read(bytes: &[u8]) -> Result<(u64, RecordEnd), RecordError> {
    let mut reader = RecordReader::new(bytes)?;
    let mut frames = 0;
    while reader.next_frame()?.is_some() {
        frames += 1;
    }
    assert_eq!(reader.next_frame()?, None);
    Ok((frames, reader.end().unwrap()))
}

/// The refusal of these lines after a header of `version`.
fn refused(version: u32, lines: &[&str]) -> String {
    let head = format!(
        r#"{{"format":"ocellus-tracks","version":{version},"camera":"c","width":9,"height":9,"classes":["person"]}}"#
    );
    read(format!("{head}\n{}\n", lines.join("\n")).as_bytes()).unwrap_err().to_string()
}

#[test]
fn what_is_written_is_read_back_bit_for_bit() {
    let bytes = two_frames();
    let mut reader = RecordReader::new(bytes.as_slice()).unwrap();
    assert_eq!(reader.header(), &header());
    assert_eq!(reader.next_frame().unwrap().unwrap().tracks, vec![track()]);
    assert_eq!(reader.next_frame().unwrap().unwrap().tracks, vec![]);
    assert_eq!(reader.next_frame().unwrap(), None);
    assert_eq!(reader.end(), Some(RecordEnd::Whole));
}

#[test]
fn a_file_that_was_cut_anywhere_shows_it_and_gives_what_is_left() {
    let bytes = two_frames();
    let head = bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let lines = |bytes: &[u8]| bytes.iter().filter(|&&byte| byte == b'\n').count() as u64;
    // The last line needs no line break.
    for length in head..bytes.len() - 1 {
        let (frames, end) = read(&bytes[..length]).unwrap();
        // A line that lacks nothing but its break counts.
        let whole = lines(&bytes[..=length]);
        assert_eq!((frames, end), (whole - 1, RecordEnd::Cut { line: whole }), "{length}");
    }
    assert_eq!(read(&bytes[..bytes.len() - 1]).unwrap(), (2, RecordEnd::Whole));
}

#[test]
fn a_file_of_version_1_is_read_and_marks_no_end() {
    let text = String::from_utf8(two_frames()).unwrap().replace("\"version\":2", "\"version\":1");
    let frames = &text[..text.find("{\"end\"").unwrap()];
    assert_eq!(read(frames.as_bytes()).unwrap(), (2, RecordEnd::Unmarked));
    let cut = &frames[..frames.len() - 9];
    assert_eq!(read(cut.as_bytes()).unwrap(), (1, RecordEnd::Cut { line: 2 }));
}

fn looks(axis: usize) -> Embedding {
    let mut values = [0.1; 32];
    values[axis] = 1.0;
    Embedding::new(&values).unwrap().rounded()
}

#[test]
fn embeddings_are_written_where_they_change_and_read_back_bit_for_bit() {
    let (one, other) = (looks(1), looks(2));
    let tracks = [track(), Track { id: 4, ..track() }];
    let frames: [&[Option<Embedding>]; 6] = [
        &[None, Some(one.clone())],
        &[None, Some(one.clone())],
        &[Some(other.clone()), Some(looks(1))],
        &[None, Some(one.clone())],
        &[],
        &[Some(one.clone()), None],
    ];
    let mut writer =
        RecordWriter::new(Vec::new(), &RecordHeader { has_embeddings: true, ..header() }).unwrap();
    for (sequence, embeddings) in (0_u64..).zip(frames) {
        let facts = Facts { embeddings, ..Facts::default() };
        writer.frame(sequence, TimeUs(sequence), &tracks, facts).unwrap();
    }
    writer.frame(6, TimeUs(6), &[], Facts::default()).unwrap();
    let embeddings = [Some(one.clone()), None];
    writer.frame(7, TimeUs(7), &tracks, Facts { embeddings: &embeddings, ..Facts::default() }).unwrap();
    let bytes = writer.finish().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(text.starts_with("{\"format\":\"ocellus-tracks\",\"version\":3"), "{text}");
    assert_eq!(text.matches("\"embedding\":\"\"").count(), 2, "{text}");
    assert_eq!(text.matches("\"embedding\":").count(), 6, "{text}");
    let mut reader = RecordReader::new(bytes.as_slice()).unwrap();
    for embeddings in frames {
        assert_eq!(&*reader.next_frame().unwrap().unwrap().embeddings, embeddings);
    }
    assert!(reader.next_frame().unwrap().unwrap().embeddings.is_empty());
    let again = reader.next_frame().unwrap().unwrap();
    assert_eq!(&*again.embeddings, &[Some(one), None], "a track that was away is known no more");
    assert_eq!(reader.next_frame().unwrap(), None);
}

#[test]
fn an_embedding_that_is_none_is_refused_by_its_line() {
    let line = |text: &str| {
        format!(
            r#"{{"frame":0,"time_us":0,"tracks":[{{"id":7,"class":0,"confidence":0.9,"state":"lost","box":[1,2,3,4],"first_seen_us":0,"embedding":"{text}"}}]}}"#
        )
    };
    let long = "A".repeat(6000);
    for (version, text, word) in [
        (3, "!!!", "track 7: embedding is not base64"),
        (3, "AAAA", "3 bytes that are none"),
        (3, "AAAAAAAAAAAAAAAAAAAA", "15 bytes that are none"),
        (3, &long, "6000 characters"),
        (2, "f39/f39/f39/f39/", "which files of version 2 do not have"),
        (1, "", "which files of version 1 do not have"),
    ] {
        let error = refused(version, &[&line(text)]);
        assert!(error.contains("line 2") && error.contains(word), "{error}");
    }
}

#[test]
fn readings_are_written_with_their_tracks_and_read_back_bit_for_bit() {
    let tracks = [track(), Track { id: 4, ..track() }];
    let reading = |track, text: &str, confidence| TrackReading {
        track,
        kind: "plate".to_owned(),
        text: text.to_owned(),
        confidence,
    };
    let id = tracks[0].id;
    let frames = [
        vec![reading(id, "AB \"1\"", 0.1 + 0.2)],
        vec![],
        vec![reading(id, "粤B2", 1.0), reading(4, "X", f32::MIN_POSITIVE)],
    ];
    for has_embeddings in [false, true] {
        let header = RecordHeader { has_embeddings, has_readings: true, ..header() };
        let mut writer = RecordWriter::new(Vec::new(), &header).unwrap();
        for (sequence, readings) in (0_u64..).zip(&frames) {
            let facts = Facts { readings, ..Facts::default() };
            writer.frame(sequence, TimeUs(sequence), &tracks, facts).unwrap();
        }
        let bytes = writer.finish().unwrap();
        let mut reader = RecordReader::new(bytes.as_slice()).unwrap();
        assert_eq!(reader.header(), &header);
        for readings in &frames {
            assert_eq!(&*reader.next_frame().unwrap().unwrap().readings, readings.as_slice());
        }
        assert_eq!(reader.next_frame().unwrap(), None);
    }
}

#[test]
fn a_reading_that_is_none_is_refused_by_its_line() {
    let line = |readings: &str| {
        format!(
            r#"{{"frame":0,"time_us":0,"tracks":[{{"id":7,"class":0,"confidence":0.9,"state":"lost","box":[1,2,3,4],"first_seen_us":0,"readings":[{readings}]}}]}}"#
        )
    };
    let one = |text: &str, confidence: &str| {
        format!(r#"{{"kind":"plate","text":"{text}","confidence":{confidence}}}"#)
    };
    let many = vec![one("A", "0.5"); 17].join(",");
    for (version, readings, word) in [
        (4, one("A", "1.5"), "confidence of a reading is 1.5"),
        (4, one(&"A".repeat(300), "0.5"), "longer than 64 bytes of kind and 256 of text"),
        (4, many, "17 readings, and at most 16"),
        (3, one("A", "0.5"), "which files of version 3 do not have"),
    ] {
        let error = refused(version, &[&line(&readings)]);
        assert!(error.contains("line 2") && error.contains("track 7") && error.contains(word), "{error}");
    }
}

#[test]
fn another_file_is_refused_with_a_hint() {
    let error = RecordReader::new(&b"{\"sequence\":1}\n"[..]).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("analyze"), "{error}");
    assert!(RecordReader::new(&b""[..]).is_err());
    assert!(refused(5, &[]).contains("version 5"));
}

#[test]
fn a_missing_frame_and_time_going_back_are_named() {
    let first = r#"{"frame":0,"time_us":0,"tracks":[]}"#;
    for (second, word) in [
        (r#"{"frame":2,"time_us":9,"tracks":[]}"#, "expected 1"),
        (r#"{"frame":1,"time_us":0,"tracks":[]}"#, "not after"),
        (r#"{"frame":1,"time_us":9,"#, "at column 23"),
        (r#"{"end":true,"frames":2}"#, "2 frames, and this one has 1"),
    ] {
        let error = refused(2, &[first, second]);
        assert!(error.contains("line 3") && error.contains(word), "{error}");
    }
    let last = format!(r#"{{"frame":{},"time_us":0,"tracks":[]}}"#, u64::MAX);
    let error = refused(2, &[&last, first]);
    assert!(error.contains("line 3") && error.contains("highest number"), "{error}");
    let error = refused(2, &[first, r#"{"end":true,"frames":1}"#, first]);
    assert!(error.contains("line 4") && error.contains("behind"), "{error}");
}

#[test]
fn tracks_that_no_tracker_gives_are_refused_by_their_line() {
    let track = |id: u64, class: u32, rect: &str| {
        format!(
            r#"{{"id":{id},"class":{class},"confidence":0.9,"state":"confirmed","box":{rect},"first_seen_us":0}}"#
        )
    };
    let good = track(1, 0, "[1,2,3,4]");
    for (bad, word) in [
        (track(2, 0, "[1,2,1e39,4]"), "number out of range"),
        (track(2, 0, "[1,2,3,-4]"), "must not be negative"),
        (track(2, 1, "[1,2,3,4]"), "class is 1, and the header names 1"),
        (track(1, 0, "[5,5,5,5]"), "track 1 is there twice"),
        (track(2, 0, "[1,2,3,4]").replace("0.9", "1e39"), "number out of range"),
    ] {
        let error = refused(2, &[&format!(r#"{{"frame":0,"time_us":0,"tracks":[{good},{bad}]}}"#)]);
        assert!(error.contains("line 2") && error.contains(word), "{error}");
    }
}
