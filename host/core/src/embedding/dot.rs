//! The one inner loop of all that is done with embeddings.

/// Sums kept side by side, so that vector units of any width up to this give the same bits.
const LANES: usize = 16;

/// Sum of the products of two vectors, over the length of the shorter one, in an order that does not depend on
/// the machine.
#[must_use]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has AVX2")]
        // SAFETY: the only condition is that the processor has AVX2.
        return unsafe { dot_avx2(a, b) };
    }
    dot_any(a, b)
}

/// Every row of `matrix`, of `query.len()` numbers each, with `query`: `found` is told the row and its dot product.
pub(crate) fn scan(matrix: &[f32], query: &[f32], found: &mut impl FnMut(usize, f32)) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has AVX2")]
        // SAFETY: the only condition is that the processor has AVX2.
        return unsafe { scan_avx2(matrix, query, found) };
    }
    scan_any(matrix, query, found);
}

/// The same code, compiled for AVX2; without fused multiplication, which would round otherwise.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[f32], b: &[f32]) -> f32 {
    dot_any(a, b)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn scan_avx2(matrix: &[f32], query: &[f32], found: &mut impl FnMut(usize, f32)) {
    scan_any(matrix, query, found);
}

#[inline(always)]
fn scan_any(matrix: &[f32], query: &[f32], found: &mut impl FnMut(usize, f32)) {
    for (row, values) in matrix.chunks_exact(query.len().max(1)).enumerate() {
        found(row, dot_any(values, query));
    }
}

#[inline(always)]
fn dot_any(a: &[f32], b: &[f32]) -> f32 {
    let length = a.len().min(b.len());
    let (a, a_rest) = a[..length].as_chunks::<LANES>();
    let (b, b_rest) = b[..length].as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    for lane in 0..a_rest.len() {
        sums[lane] += a_rest[lane] * b_rest[lane];
    }
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            sums[lane] += sums[lane + width];
        }
        width /= 2;
    }
    sums[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_counts_whatever_the_length() {
        for length in [0_u16, 1, 15, 16, 17, 31, 33, 512] {
            let a: Vec<f32> = (0..length).map(f32::from).collect();
            let ones = vec![1.0; a.len()];
            let sum = f32::from(length) * (f32::from(length) - 1.0) / 2.0;
            assert_eq!(dot(&a, &ones), sum.max(0.0), "{length}");
        }
        assert_eq!(dot(&[1.0, 2.0], &[3.0]), 3.0);
    }

    #[test]
    fn the_wide_code_gives_the_bits_of_the_plain_one() {
        let a: Vec<f32> = (0..515_u16).map(|index| (f32::from(index) * 0.37).sin()).collect();
        let b: Vec<f32> = (0..515_u16).map(|index| (f32::from(index) * 0.73).cos()).collect();
        assert_eq!(dot(&a, &b).to_bits(), dot_any(&a, &b).to_bits());
        scan(&a[..510], &b[..255], &mut |row, found| {
            assert_eq!(found.to_bits(), dot_any(&a[row * 255..(row + 1) * 255], &b[..255]).to_bits());
        });
    }
}
