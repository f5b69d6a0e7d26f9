//! The inner loops of pre-processing, written so that the compiler vectorises them.

/// Working memory for one row; kept between rows and pictures.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// A blended source row of Y in 256ths, its last value twice.
    luma: Vec<u16>,
    /// The same of U or V.
    chroma: Vec<u16>,
    /// For every target pixel the two neighbouring values of the blended row, the left one in the low
    /// half: Y, U, V.
    picked: [Vec<u32>; 3],
}

/// For every target column the source column before it and the share of the next one.
#[derive(Debug, Default)]
pub(super) struct Columns {
    /// Each below `sources`, or 0; nobody else writes it, and [`pick`] relies on it.
    before: Vec<u32>,
    shares: Vec<f32>,
    sources: usize,
}

impl Columns {
    pub(super) fn new(columns: impl Iterator<Item = (usize, f32)>, sources: usize) -> Columns {
        let mut filled = Columns::default();
        filled.fill(columns, sources);
        filled
    }

    /// Replaces all columns; memory is kept.
    pub(super) fn fill(&mut self, columns: impl Iterator<Item = (usize, f32)>, sources: usize) {
        self.sources = sources;
        self.before.clear();
        self.shares.clear();
        for (column, share) in columns {
            self.before.push(u32::try_from(column.min(sources.saturating_sub(1))).unwrap_or(0));
            self.shares.push(share);
        }
    }
}

/// Two source rows and the share of the lower one, in 256ths.
#[derive(Debug, Clone, Copy)]
pub(super) struct Blend<'p> {
    pub(super) upper: &'p [u8],
    pub(super) lower: &'p [u8],
    pub(super) share: u16,
}

/// Where one target row comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowSources<'p> {
    pub(super) y: Blend<'p>,
    pub(super) u: Blend<'p>,
    pub(super) v: Blend<'p>,
    pub(super) luma_columns: &'p Columns,
    pub(super) chroma_columns: &'p Columns,
}

/// Where one target row goes.
#[derive(Debug)]
pub(super) struct RowSink<'t> {
    pub(super) red: &'t mut [f32],
    pub(super) green: &'t mut [f32],
    pub(super) blue: &'t mut [f32],
}

impl RowSink<'_> {
    pub(super) fn reborrow(&mut self) -> RowSink<'_> {
        RowSink { red: self.red, green: self.green, blue: self.blue }
    }
}

/// The factors from Y, U and V in 256ths to colours, with the wanted range folded in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shading {
    y: f32,
    red_v: f32,
    green_u: f32,
    green_v: f32,
    blue_u: f32,
    white: f32,
}

impl Shading {
    /// ITU-R BT.601, limited range: 255/219 for Y, 255/224 for U and V; `unit` is what one step of 0..255
    /// becomes.
    pub(super) fn new(unit: f32) -> Shading {
        let step = unit / 256.0;
        Shading {
            y: 255.0 / 219.0 * step,
            red_v: 1.402 * 255.0 / 224.0 * step,
            green_u: -0.344_136 * 255.0 / 224.0 * step,
            green_v: -0.714_136 * 255.0 / 224.0 * step,
            blue_u: 1.772 * 255.0 / 224.0 * step,
            white: 255.0 * unit,
        }
    }
}

/// Resizes and converts one row.
pub(super) fn row(rows: &mut Rows, sources: RowSources<'_>, shading: Shading, sink: RowSink<'_>) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        #[expect(unsafe_code, reason = "the processor has just been asked whether it has AVX2")]
        // SAFETY: the only condition is that the processor has AVX2.
        unsafe {
            row_avx2(rows, sources, shading, sink);
        }
        return;
    }
    row_any(rows, sources, shading, sink);
}

/// The same code, compiled for AVX2.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn row_avx2(rows: &mut Rows, sources: RowSources<'_>, shading: Shading, sink: RowSink<'_>) {
    row_any(rows, sources, shading, sink);
}

#[inline(always)]
fn row_any(rows: &mut Rows, sources: RowSources<'_>, shading: Shading, sink: RowSink<'_>) {
    let Rows { luma, chroma, picked: [y, u, v] } = rows;
    blend(sources.y, luma);
    pick(luma, sources.luma_columns, y);
    blend(sources.u, chroma);
    pick(chroma, sources.chroma_columns, u);
    blend(sources.v, chroma);
    pick(chroma, sources.chroma_columns, v);
    shade(
        [y.as_slice(), u.as_slice(), v.as_slice()],
        [&sources.luma_columns.shares, &sources.chroma_columns.shares],
        shading,
        sink,
    );
}

/// upper · (256 − share) + lower · share, which is at most 255 · 256.
#[inline(always)]
fn blend(rows: Blend<'_>, blended: &mut Vec<u16>) {
    let width = rows.upper.len().min(rows.lower.len());
    blended.resize(width + 1, 0);
    let (upper, lower) = (&rows.upper[..width], &rows.lower[..width]);
    let below = rows.share.min(256);
    let above = 256 - below;
    for ((target, upper), lower) in blended.iter_mut().zip(upper).zip(lower) {
        *target = u16::from(*upper) * above + u16::from(*lower) * below;
    }
    blended[width] = blended[width.saturating_sub(1)];
}

/// Loads only, without a check for each: this is half the cost of pre-processing otherwise.
#[inline(always)]
fn pick(blended: &[u16], columns: &Columns, picked: &mut Vec<u32>) {
    picked.resize(columns.before.len(), 0);
    if columns.sources == 0 || blended.len() <= columns.sources {
        return;
    }
    for (target, before) in picked.iter_mut().zip(&columns.before) {
        let before = *before as usize;
        debug_assert!(before + 1 < blended.len());
        #[expect(
            unsafe_code,
            reason = "a check for each pixel keeps the loop from being loads and stores alone"
        )]
        // SAFETY: `before` is at most sources − 1 (see `Columns`), and `blended` is longer than `sources`.
        let pair = unsafe { [*blended.get_unchecked(before), *blended.get_unchecked(before + 1)] };
        *target = u32::from(pair[0]) | u32::from(pair[1]) << 16;
    }
}

#[inline(always)]
fn shade(picked: [&[u32]; 3], shares: [&[f32]; 2], shading: Shading, sink: RowSink<'_>) {
    let RowSink { red, green, blue } = sink;
    let width = red.len();
    let [y, u, v] = picked.map(|pairs| &pairs[..width]);
    let [luma_shares, chroma_shares] = shares.map(|shares| &shares[..width]);
    let (green, blue) = (&mut green[..width], &mut blue[..width]);
    for x in 0..width {
        let luma = (between(y[x], luma_shares[x]) - 16.0 * 256.0) * shading.y;
        let u = between(u[x], chroma_shares[x]) - 128.0 * 256.0;
        let v = between(v[x], chroma_shares[x]) - 128.0 * 256.0;
        red[x] = (luma + v * shading.red_v).clamp(0.0, shading.white);
        green[x] = (luma + u * shading.green_u + v * shading.green_v).clamp(0.0, shading.white);
        blue[x] = (luma + u * shading.blue_u).clamp(0.0, shading.white);
    }
}

#[inline(always)]
fn between(pair: u32, share: f32) -> f32 {
    // Signed, because vector units convert signed numbers at once; both fit easily.
    let (before, after) = ((pair & 0xffff) as i32 as f32, (pair >> 16) as i32 as f32);
    before + (after - before) * share
}
