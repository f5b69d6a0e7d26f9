//! Files that may be packed, read as if they were not.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::MultiGzDecoder;

/// How a file begins that is packed with gzip (RFC 1952, §2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The bytes of a file as they were before it was packed, if it was.
#[derive(Debug)]
pub struct Unpacked<R: BufRead>(Input<R>);

#[derive(Debug)]
enum Input<R: BufRead> {
    Plain(R),
    Packed(Box<BufReader<Cut<MultiGzDecoder<R>>>>),
}

/// A packed file that ends too early, as one does whose writer was killed, just ends: whoever reads it sees that the text is
/// cut off.
#[derive(Debug)]
struct Cut<R>(R);

/// Reads a file that is plain, or packed with gzip.
///
/// # Errors
/// The first bytes cannot be read.
pub fn unpack<R: BufRead>(mut input: R) -> io::Result<Unpacked<R>> {
    let is_packed = input.fill_buf()?.starts_with(&GZIP);
    Ok(Unpacked(match is_packed {
        true => Input::Packed(Box::new(BufReader::new(Cut(MultiGzDecoder::new(input))))),
        false => Input::Plain(input),
    }))
}

impl<R: Read> Read for Cut<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self.0.read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("what gzip packed is damaged ({error})"),
            )),
            read => read,
        }
    }
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Input::Plain(input) => input.read(bytes),
            Input::Packed(input) => input.read(bytes),
        }
    }
}

impl<R: BufRead> BufRead for Unpacked<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match &mut self.0 {
            Input::Plain(input) => input.fill_buf(),
            Input::Packed(input) => input.fill_buf(),
        }
    }

    fn consume(&mut self, amount: usize) {
        match &mut self.0 {
            Input::Plain(input) => input.consume(amount),
            Input::Packed(input) => input.consume(amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        unpack(bytes)?.read_to_end(&mut text)?;
        Ok(text)
    }

    /// Text that hardly repeats itself, so that it is packed in several blocks.
    fn text() -> Vec<u8> {
        (0..20_000_u32)
            .flat_map(|number| format!("{}\n", number.wrapping_mul(2_654_435_761)).into_bytes())
            .collect()
    }

    #[test]
    fn what_is_packed_comes_back_and_what_is_not_stays() {
        assert_eq!(read(&packed(&text())).unwrap(), text());
        assert_eq!(read(&text()).unwrap(), text());
        assert_eq!(read(b"").unwrap(), b"");
        assert_eq!(read(&GZIP[..1]).unwrap(), GZIP[..1]);
        let two = [packed(b"one\n"), packed(b"two\n")].concat();
        assert_eq!(read(&two).unwrap(), b"one\ntwo\n", "files that were joined");
    }

    #[test]
    fn a_cut_file_gives_what_stands_in_it_wherever_it_is_cut() {
        let (text, whole) = (text(), packed(&text()));
        for length in (2..whole.len()).step_by(997) {
            let found = read(&whole[..length]).unwrap();
            assert!(text.starts_with(&found), "{length}");
            assert!(found.len() + 300_000 > length, "{length}");
        }
        assert_eq!(read(&whole[..whole.len() - 1]).unwrap(), text, "all but the checksum");
    }

    #[test]
    fn a_damaged_file_is_refused_and_not_taken_for_a_cut_one() {
        let mut damaged = packed(&text());
        let last = damaged.len() - 6;
        damaged[last] ^= 1;
        let error = read(&damaged).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert!(error.to_string().contains("damaged"), "{error}");
    }
}
