use super::*;

/// All parts, with the stream cut into pieces of `step` bytes.
fn parts(boundary: &str, stream: &[u8], step: usize) -> Result<Vec<Vec<u8>>, MultipartError> {
    let mut multipart = Multipart::new(boundary);
    let mut parts = Vec::new();
    for piece in stream.chunks(step) {
        multipart.push(piece);
        while let Some(part) = multipart.next_part()? {
            parts.push(part);
        }
    }
    Ok(parts)
}

#[test]
fn parts_with_and_without_length_are_found_however_the_bytes_are_cut() {
    let sized = b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: 5\r\n\r\nab\r\nc\r\n--frame\r\nContent-length:2\r\n\r\nxy\r\n";
    let open = b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\nab\r\nc\r\n--frame\r\n\r\nxy\r\n--frame\r\nignored: yes\r\n";
    for step in [1, 2, 3, 7, 1000] {
        let expected = vec![b"ab\r\nc".to_vec(), b"xy".to_vec()];
        assert_eq!(parts("frame", sized, step).unwrap(), expected, "sized, {step}");
        assert_eq!(parts("frame", open, step).unwrap(), expected, "open, {step}");
    }
}

#[test]
fn dashes_in_the_boundary_parameter_do_not_matter() {
    let stream = b"--myboundary\r\nContent-Length: 1\r\n\r\nx\r\n";
    assert_eq!(parts("--myboundary", stream, 9).unwrap(), [b"x"]);
    let stream = b"----myboundary\r\nContent-Length: 1\r\n\r\nx\r\n";
    assert_eq!(parts("--myboundary", stream, 9).unwrap(), [b"x"]);
}

#[test]
fn bare_line_feeds_are_accepted() {
    assert_eq!(parts("b", b"--b\nContent-Length: 3\n\na\nc\n--b\n", 4).unwrap(), [b"a\nc"]);
}

#[test]
fn a_stream_without_its_boundary_is_refused_early() {
    assert_eq!(parts("frame", &[b'x'; 40_000], 1000), Err(MultipartError::NoBoundary));
}

#[test]
fn endless_headers_and_bodies_are_refused() {
    let mut header = b"--frame\r\n".to_vec();
    header.extend(b"x: y\r\n".repeat(10_000));
    assert_eq!(parts("frame", &header, 4096), Err(MultipartError::HeaderTooLarge));
    let declared = format!("--frame\r\nContent-Length: {}\r\n\r\n", usize::MAX);
    assert_eq!(parts("frame", declared.as_bytes(), 4096), Err(MultipartError::PartTooLarge));
    let mut body = b"--frame\r\n\r\n".to_vec();
    body.resize(MAX_PART + 4096, b'\n');
    assert_eq!(parts("frame", &body, 1 << 16), Err(MultipartError::PartTooLarge));
}

#[test]
fn random_bytes_never_panic_and_stay_bounded() {
    let mut state = 1_u64;
    let mut multipart = Multipart::new("b");
    for _ in 0..20_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let pool = b"-b\r\n:Content-Length 19\xff\xd8";
        multipart.push(&[pool[(state >> 33) as usize % pool.len()]]);
        let _ = multipart.next_part();
        assert!(multipart.buffer.len() < MAX_PART);
    }
}
