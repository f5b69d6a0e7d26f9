use ocellus_core::{Picture, Size};

use super::*;

fn wish(input: Size) -> Wish {
    Wish { input, colour: ColourOrder::Rgb, scale: Scale::Byte, fit: Fit::LetterboxCentre, pad: 114 }
}

/// A picture without structure, different in every pixel.
fn noise(size: Size) -> Picture {
    let mut state = 1_u32;
    let bytes: Vec<u8> = (0..Picture::byte_len(size))
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect();
    Picture::from_i420(size, bytes).unwrap()
}

fn prepared(wish: Wish, picture: &Picture) -> (Vec<f32>, Letterbox) {
    let mut preprocessor = Preprocessor::new(wish, Shift::NONE);
    let mut tensor = vec![-1.0; preprocessor.slot_len()];
    let letterbox = preprocessor.prepare(picture, 0, &mut tensor);
    (tensor, letterbox)
}

/// The plain formula, one pixel at a time.
fn expected(wish: Wish, picture: &Picture, letterbox: Letterbox, at: (u32, u32)) -> [f32; 3] {
    let sample = |plane: &[u8], size: Size| {
        let (x, x_share) = source_of(at.0, letterbox.inner.width, size.width);
        let (y, y_share) = source_of(at.1, letterbox.inner.height, size.height);
        let pixel = |x: usize, y: usize| {
            let (x, y) = (x.min(size.width as usize - 1), y.min(size.height as usize - 1));
            f32::from(plane[y * size.width as usize + x])
        };
        let row = |y: usize| pixel(x, y) * (1.0 - x_share) + pixel(x + 1, y) * x_share;
        row(y) * (1.0 - y_share) + row(y + 1) * y_share
    };
    let size = picture.size();
    let half = Size::new(size.width / 2, size.height / 2);
    let luma = (sample(picture.y(), size) - 16.0) * 255.0 / 219.0;
    let (u, v) = (sample(picture.u(), half) - 128.0, sample(picture.v(), half) - 128.0);
    let chroma = 255.0 / 224.0;
    let rgb = [
        luma + 1.402 * chroma * v,
        luma - (0.344_136 * u + 0.714_136 * v) * chroma,
        luma + 1.772 * chroma * u,
    ];
    let rgb = if wish.colour == ColourOrder::Bgr { [rgb[2], rgb[1], rgb[0]] } else { rgb };
    rgb.map(|value| value.clamp(0.0, 255.0) * if wish.scale == Scale::Unit { 1.0 / 255.0 } else { 1.0 })
}

#[test]
fn every_pixel_is_as_the_plain_formula_says() {
    let inputs = [Size::new(416, 416), Size::new(64, 96)];
    let pictures =
        [Size::new(1280, 720), Size::new(34, 90), Size::new(2, 2), Size::new(500, 20), Size::new(416, 416)];
    for (input, picture) in inputs.iter().flat_map(|input| pictures.map(|picture| (*input, noise(picture)))) {
        for fit in [Fit::LetterboxCentre, Fit::LetterboxTopLeft, Fit::Stretch] {
            for (colour, scale) in [(ColourOrder::Bgr, Scale::Byte), (ColourOrder::Rgb, Scale::Unit)] {
                let wish = Wish { input, colour, scale, fit, pad: 114 };
                let (tensor, letterbox) = prepared(wish, &picture);
                let area = input.width as usize * input.height as usize;
                let step = if scale == Scale::Unit { 1.0 / 255.0 } else { 1.0 };
                for y in 0..input.height {
                    for x in 0..input.width {
                        let inside = x.wrapping_sub(letterbox.left) < letterbox.inner.width
                            && y.wrapping_sub(letterbox.top) < letterbox.inner.height;
                        let wanted = if inside {
                            expected(wish, &picture, letterbox, (x - letterbox.left, y - letterbox.top))
                        } else {
                            [114.0 * step; 3]
                        };
                        let index = y as usize * input.width as usize + x as usize;
                        for (plane, wanted) in wanted.iter().enumerate() {
                            let found = tensor[plane * area + index];
                            assert!(
                                (found - wanted).abs() <= 1.5 * step,
                                "{wish:?} {x},{y}: {found} {wanted}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn white_is_white_and_black_is_black() {
    for (luma, wanted) in [(235_u8, 255.0), (16, 0.0), (255, 255.0), (0, 0.0)] {
        let size = Size::new(64, 64);
        let mut bytes = vec![luma; 64 * 64];
        bytes.resize(Picture::byte_len(size), 128);
        let (tensor, _) = prepared(wish(size), &Picture::from_i420(size, bytes).unwrap());
        assert!(tensor.iter().all(|value| (value - wanted).abs() < 0.01), "{luma}");
    }
}

#[test]
fn a_slot_shows_nothing_of_the_picture_before() {
    let input = Size::new(64, 64);
    let (wide, tall) = (noise(Size::new(128, 32)), noise(Size::new(32, 128)));
    let mut preprocessor = Preprocessor::new(wish(input), Shift::NONE);
    let mut tensor = vec![-1.0; preprocessor.slot_len() * 2];
    for picture in [&wide, &tall, &wide, &tall] {
        preprocessor.prepare(picture, 1, &mut tensor);
    }
    let (alone, _) = prepared(wish(input), &tall);
    assert_eq!(tensor[preprocessor.slot_len()..], alone);
    assert!(tensor[..preprocessor.slot_len()].iter().all(|value| *value == -1.0));
}

#[test]
fn a_slot_beyond_the_tensor_is_left_alone() {
    let mut preprocessor = Preprocessor::new(wish(Size::new(32, 32)), Shift::NONE);
    let mut tensor = vec![-1.0; preprocessor.slot_len()];
    preprocessor.prepare(&noise(Size::new(32, 32)), 7, &mut tensor);
    assert!(tensor.iter().all(|value| *value == -1.0));
}

#[test]
fn many_sizes_in_turn_are_each_prepared_as_if_alone() {
    let input = Size::new(64, 64);
    let mut preprocessor = Preprocessor::new(wish(input), Shift::NONE);
    let mut tensor = vec![-1.0; preprocessor.slot_len()];
    for round in 0..3 {
        for side in (20..60).step_by(2) {
            let picture = noise(Size::new(side, 30));
            preprocessor.prepare(&picture, 0, &mut tensor);
            assert_eq!(tensor, prepared(wish(input), &picture).0, "round {round}, width {side}");
        }
    }
    assert!(preprocessor.plans.len() <= MAX_PLANS);
}

#[test]
fn colours_are_normalised_in_the_picture_and_in_the_bars() {
    let picture = noise(Size::new(64, 32));
    let shift = Shift { mean: [0.5, 0.4, 0.3], std: [0.2, 0.25, 0.5] };
    for colour in [ColourOrder::Rgb, ColourOrder::Bgr] {
        let wish = Wish { colour, scale: Scale::Unit, ..wish(Size::new(64, 64)) };
        let (plain, _) = prepared(wish, &picture);
        let mut preprocessor = Preprocessor::new(wish, shift);
        let mut tensor = vec![-1.0; preprocessor.slot_len()];
        preprocessor.prepare(&picture, 0, &mut tensor);
        let area = 64 * 64;
        for (index, (found, plain)) in tensor.iter().zip(&plain).enumerate() {
            let place = index / area;
            let plane = if colour == ColourOrder::Rgb { place } else { 2 - place };
            let wanted = (plain - shift.mean[plane]) / shift.std[plane];
            assert!((found - wanted).abs() < 1e-5, "{colour:?} {index}: {found} {wanted}");
        }
    }
}
