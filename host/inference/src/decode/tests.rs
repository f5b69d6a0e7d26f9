use super::*;

const INPUT: Size = Size { width: 64, height: 64 };
/// 8 × 8 + 4 × 4 + 2 × 2 cells.
const CELLS: usize = 84;

fn decoded(layout: Layout, values: &[f32], columns: usize, confidence: f32) -> (Vec<Candidate>, u64) {
    let classes = match layout {
        Layout::Yolox | Layout::YoloxDecoded => columns - 5,
        Layout::Yolov8 => values.len() / columns - 4,
        Layout::EndToEnd | Layout::RtDetr => 3,
        Layout::RtDetrRows | Layout::RfDetr | Layout::DetrLogits => columns - 4,
        Layout::Yolov5Face => columns - 13,
    };
    let mut decoder = Decoder::new(layout, INPUT, classes);
    let mut candidates = Vec::new();
    let output = Output { values, columns };
    decoder.decode(output, confidence, &mut candidates);
    (candidates, decoder.rejected())
}

#[test]
fn yolox_boxes_come_from_their_cell() {
    let mut values = vec![0.0; CELLS * 7];
    // Cell (1, 2) of the second grid: stride 16, row 64 + 2 * 4 + 1.
    values[(64 + 9) * 7..][..7].copy_from_slice(&[0.5, 0.25, 1.0_f32.ln(), 2.0_f32.ln(), 0.9, 0.1, 0.8]);
    let (found, rejected) = decoded(Layout::Yolox, &values, 7, 0.5);
    assert_eq!((found.len(), rejected), (1, 0));
    let candidate = found[0];
    assert_eq!((candidate.class, candidate.row), (1, 73));
    assert!((candidate.score - 0.72).abs() < 1e-6);
    let rect = candidate.rect;
    for (found, wanted) in [(rect.x, 16.0), (rect.y, 20.0), (rect.width, 16.0), (rect.height, 32.0)] {
        assert!((found - wanted).abs() < 1e-4, "{rect:?}");
    }
}

#[test]
fn boxes_of_plates_come_with_the_corners_of_their_row() {
    let mut values = vec![0.0; 3 * 15];
    let row = [32.0, 20.0, 10.0, 8.0, 0.9, 27.0, 16.0, 37.0, 17.0, 37.0, 25.0, 27.0, 24.0, 0.1, 0.8];
    values[15..30].copy_from_slice(&row);
    let (found, rejected) = decoded(Layout::Yolov5Face, &values, 15, 0.5);
    assert_eq!((found.len(), rejected), (1, 0));
    let candidate = found[0];
    assert_eq!((candidate.class, candidate.row, candidate.rect), (1, 1, Rect::new(27.0, 16.0, 10.0, 8.0)));
    assert!((candidate.score - 0.72).abs() < 1e-6);
    let output = Output { values: &values, columns: 15 };
    let found = corners(output, &candidate).unwrap();
    assert_eq!(
        found.map(|corner| [corner.x, corner.y]),
        [[27.0, 16.0], [37.0, 17.0], [37.0, 25.0], [27.0, 24.0]]
    );
    values[20] = f32::NAN;
    let output = Output { values: &values, columns: 15 };
    assert!(
        corners(output, &candidate).is_none()
            && corners(output, &Candidate { row: 9, ..candidate }).is_none()
    );
    assert!(decoded(Layout::Yolov5Face, &values, 15, 0.8).0.is_empty());
}

#[test]
fn decoded_yolox_boxes_are_taken_as_they_are() {
    let mut values = vec![0.0; CELLS * 6];
    values[60..66].copy_from_slice(&[32.0, 20.0, 10.0, 8.0, 1.0, 0.5]);
    let (found, _) = decoded(Layout::YoloxDecoded, &values, 6, 0.5);
    assert_eq!(found, [Candidate { rect: Rect::new(27.0, 16.0, 10.0, 8.0), class: 0, score: 0.5, row: 10 }]);
}

#[test]
fn yolov8_gives_each_column_its_best_class_once() {
    let mut values = vec![0.0; 7 * CELLS];
    for (row, value) in [32.0, 16.0, 8.0, 4.0, 0.4, 0.6, 0.5].into_iter().enumerate() {
        values[row * CELLS + 83] = value;
        values[row * CELLS + 3] = if row < 4 { value } else { 0.1 };
    }
    let (found, _) = decoded(Layout::Yolov8, &values, CELLS, 0.3);
    assert_eq!(found, [Candidate { rect: Rect::new(28.0, 14.0, 8.0, 4.0), class: 1, score: 0.6, row: 83 }]);
}

#[test]
fn end_to_end_rows_are_finished_boxes() {
    let values =
        [1.0, 2.0, 11.0, 22.0, 0.9, 2.0, 1.0, 2.0, 11.0, 22.0, 0.2, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
    let (found, rejected) = decoded(Layout::EndToEnd, &values, 6, 0.0);
    assert_eq!((found.len(), rejected), (2, 0));
    assert_eq!(found[0], Candidate { rect: Rect::new(1.0, 2.0, 10.0, 20.0), class: 2, score: 0.9, row: 0 });
}

const DETR: [Layout; 4] = [Layout::RtDetr, Layout::RtDetrRows, Layout::RfDetr, Layout::DetrLogits];

#[test]
fn a_query_gives_its_best_class_and_shares_become_pixels() {
    let values = [0.5, 0.25, 0.25, 0.125, 0.2, 0.7, 0.6, 0.5, 0.5, 0.1, 0.1, 0.1, 0.2, 0.29];
    let (found, _) = decoded(Layout::RtDetrRows, &values, 7, 0.3);
    assert_eq!(found, [Candidate { rect: Rect::new(24.0, 12.0, 16.0, 8.0), class: 1, score: 0.7, row: 0 }]);
    let logits = [0.5, 0.25, 0.25, 0.125, -1.0, 0.0, -0.1];
    for layout in [Layout::RfDetr, Layout::DetrLogits] {
        let (found, _) = decoded(layout, &logits, 7, 0.5);
        assert_eq!(
            found,
            [Candidate { rect: Rect::new(24.0, 12.0, 16.0, 8.0), class: 1, score: 0.5, row: 0 }]
        );
        assert!(decoded(layout, &logits, 7, 0.501).0.is_empty());
        assert!(decoded(layout, &logits, 7, 1.0).0.is_empty());
        assert_eq!(decoded(layout, &logits, 7, 0.0).0.len(), 1);
    }
}

#[test]
fn only_the_columns_that_are_classes_are_looked_at() {
    let of = |columns, last: f32| {
        let mut values = vec![-9.0; 95];
        values[..4].copy_from_slice(&[0.5, 0.5, 0.2, 0.2]);
        (values[4], values[16], values[4 + 3], values[94]) = (9.0, 8.0, 1.0, last);
        let mut decoder = Decoder::new(Layout::RfDetr, INPUT, 80).with_columns(columns);
        let mut candidates = Vec::new();
        decoder.decode(Output { values: &values, columns: 95 }, 0.5, &mut candidates);
        candidates.first().map(|candidate| candidate.class)
    };
    assert_eq!(of(Columns::CocoIds, 0.0), Some(2), "id 3 is a car; 0 and 12 are nothing");
    assert_eq!(of(Columns::CocoIds, 2.0), Some(79));
    assert_eq!(of(Columns::AllButLast, 99.0), Some(0));
    assert_eq!(of(Columns::All, 99.0), None, "class 90 of 80 is left out");
}

#[test]
fn a_list_has_each_box_once_whatever_its_order() {
    let row = |x: f32, score: f32, class: f32| [x, 2.0, x + 10.0, 22.0, score, class];
    let values = [row(1.0, 0.4, 0.0), row(1.0, 0.9, 2.0), row(3.0, 0.8, 1.0), row(1.0, 0.5, 1.0)].concat();
    let (found, _) = decoded(Layout::RtDetr, &values, 6, 0.3);
    let found: Vec<(u32, f32)> = found.iter().map(|candidate| (candidate.class, candidate.score)).collect();
    assert_eq!(found, [(2, 0.9), (1, 0.8)]);
}

#[test]
fn a_query_of_nonsense_is_left_out_and_counted() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
        for place in 0..7 {
            let mut row = [0.5, 0.5, 0.2, 0.2, 0.9, 0.8, 0.7];
            row[place] = bad;
            for layout in DETR.into_iter().filter(|layout| !layout.is_list()) {
                for candidate in decoded(layout, &row, 7, 0.1).0 {
                    assert!(
                        candidate.rect.is_finite() && candidate.score <= 1.0,
                        "{bad} {place} {candidate:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn numbers_that_make_no_sense_are_left_out_and_counted() {
    let nonsense = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30];
    for bad in nonsense {
        for place in 0..7 {
            let mut row = [0.5, 0.5, 0.5, 0.5, 0.9, 0.9, 0.9];
            row[place] = bad;
            let mut values = vec![0.0; CELLS * 7];
            values[..7].copy_from_slice(&row);
            for candidate in decoded(Layout::Yolox, &values, 7, 0.1).0 {
                assert!(candidate.rect.is_finite() && candidate.score <= 1.0, "{bad} {place} {candidate:?}");
            }
            let mut values = vec![0.0; 7 * CELLS];
            for (index, value) in row.into_iter().enumerate() {
                values[index * CELLS + 5] = value;
            }
            for candidate in decoded(Layout::Yolov8, &values, CELLS, 0.1).0 {
                assert!(candidate.rect.is_finite() && candidate.score <= 1.0, "{bad} {place} {candidate:?}");
            }
            let row = [1.0, 1.0, 9.0, 9.0, 0.9, 1.0];
            let mut values = row;
            values[place % 6] = bad;
            let (found, rejected) = decoded(Layout::EndToEnd, &values, 6, 0.1);
            let below = place % 6 == 4 && bad < 0.1;
            assert_eq!((found.len(), rejected), (0, u64::from(!below)), "{bad} {place}");
        }
    }
}

#[test]
fn a_class_beyond_the_list_or_an_inverted_box_is_left_out() {
    for row in
        [[1.0, 1.0, 9.0, 9.0, 0.9, 3.0], [1.0, 1.0, 9.0, 9.0, 0.9, 0.5], [9.0, 1.0, 1.0, 9.0, 0.9, 0.0]]
    {
        assert_eq!(decoded(Layout::EndToEnd, &row, 6, 0.1), (vec![], 1), "{row:?}");
    }
}

#[test]
fn an_output_of_the_wrong_length_gives_nothing_and_does_not_panic() {
    let pixels = [Layout::Yolox, Layout::YoloxDecoded, Layout::Yolov8, Layout::EndToEnd];
    for layout in pixels.into_iter().chain(DETR) {
        let mut decoder = Decoder::new(layout, INPUT, 2);
        for length in 0..40 {
            for columns in 0..9 {
                let values = vec![0.9; length];
                let mut candidates = Vec::new();
                decoder.decode(Output { values: &values, columns }, 0.1, &mut candidates);
                assert!(candidates.len() <= length);
            }
        }
    }
}
