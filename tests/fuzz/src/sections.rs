//! Mutations of components by their sections, so that what comes out is still one in its outline.
//!
//! Bytes changed at random break a component's lengths, and the validator refuses it at the first of them.

use libfuzzer_sys::fuzzer_mutate;

const MAGIC: &[u8] = b"\0asm";
const HEADER: usize = 8;
/// Components within components that are looked into.
const DEPTH: u32 = 4;

/// A section: its number and its content.
type Section = (u8, Vec<u8>);

/// A step of a small generator of numbers, since mutations must be the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count.max(1)
    }
}

/// Changes `data[..size]` in place; returns the new length, at most `most`.
pub fn mutate(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed));
    let changed = if dice.below(8) == 0 { None } else { change(&data[..size], &mut dice, DEPTH) };
    match changed {
        Some(changed) if changed.len() <= most => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        _ => fuzzer_mutate(data, size, most),
    }
}

/// The same component with one section changed, or `None` where `bytes` have no sections.
fn change(bytes: &[u8], dice: &mut Dice, depth: u32) -> Option<Vec<u8>> {
    let (header, mut sections) = read(bytes)?;
    let index = dice.below(sections.len());
    let other = dice.below(sections.len());
    match dice.below(12) {
        0 => drop(sections.remove(index)),
        1 => sections.insert(other, sections[index].clone()),
        2 => sections.swap(index, other),
        3 => sections[index].1 = sections[other].1.clone(),
        // A component within itself.
        4 if bytes.len() < 1 << 16 => sections.insert(index, (4, bytes.to_vec())),
        _ => {
            let content = &mut sections[index].1;
            let inner = if depth > 0 { change(content, dice, depth - 1) } else { None };
            *content = inner.unwrap_or_else(|| by_bytes(content));
        }
    }
    Some(write(header, &sections))
}

/// What the fuzzer itself makes of the content; it looks for what has led to new code before.
fn by_bytes(content: &[u8]) -> Vec<u8> {
    let most = content.len() + 64;
    let mut changed = content.to_vec();
    changed.resize(most, 0);
    let size = fuzzer_mutate(&mut changed, content.len(), most);
    changed.truncate(size);
    changed
}

fn read(bytes: &[u8]) -> Option<(&[u8], Vec<Section>)> {
    if !bytes.starts_with(MAGIC) {
        return None;
    }
    let (header, mut rest) = bytes.split_at_checked(HEADER)?;
    let mut sections = Vec::new();
    while let Some((&number, after)) = rest.split_first() {
        let (size, after) = read_size(after)?;
        let (content, after) = after.split_at_checked(size)?;
        sections.push((number, content.to_vec()));
        rest = after;
    }
    (!sections.is_empty()).then_some((header, sections))
}

fn write(header: &[u8], sections: &[Section]) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for (number, content) in sections {
        bytes.push(*number);
        let mut size = content.len();
        while size >= 0x80 {
            bytes.push(size as u8 | 0x80);
            size >>= 7;
        }
        bytes.push(size as u8);
        bytes.extend_from_slice(content);
    }
    bytes
}

/// A LEB128 number of at most five bytes, and what follows it.
fn read_size(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let length = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(length);
    let size = number.iter().rev().fold(0, |size, byte| size << 7 | usize::from(byte & 0x7f));
    Some((size, rest))
}
