//! The four small filters against the eight-state filter in its dense, published form.

use nalgebra::{SMatrix, SVector};
use ocellus_core::Rect;
use ocellus_core::tracker::kalman::{BoxFilter, BoxForm, Noise};

use crate::support::Random;

type Matrix8 = SMatrix<f64, 8, 8>;
type Vector8 = SVector<f64, 8>;

/// The filter of DeepSORT and ByteTrack with full matrices.
struct Dense {
    mean: Vector8,
    covariance: Matrix8,
}

fn diagonal(length: f64, aspect: f64, length_speed: f64, aspect_speed: f64) -> Matrix8 {
    let (l, s) = (length, length_speed);
    Matrix8::from_diagonal(&Vector8::from([l, l, aspect, l, s, s, aspect_speed, s]).map(|d| d * d))
}

fn measured(rect: &Rect) -> SVector<f64, 4> {
    let [x, y, w, h] = [rect.x, rect.y, rect.width, rect.height].map(f64::from);
    SVector::from([x + w / 2.0, y + h / 2.0, w / h, h])
}

impl Dense {
    fn new(rect: &Rect) -> Dense {
        let mut mean = Vector8::zeros();
        mean.fixed_rows_mut::<4>(0).copy_from(&measured(rect));
        let h = mean[3];
        Dense { mean, covariance: diagonal(h / 10.0, 1e-2, h / 16.0, 1e-5) }
    }

    fn predict(&mut self) {
        let h = self.mean[3];
        let mut motion = Matrix8::identity();
        for i in 0..4 {
            motion[(i, i + 4)] = 1.0;
        }
        self.mean = motion * self.mean;
        self.covariance =
            motion * self.covariance * motion.transpose() + diagonal(h / 20.0, 1e-2, h / 160.0, 1e-5);
    }

    fn correct(&mut self, rect: &Rect) {
        let h = self.mean[3];
        let select = SMatrix::<f64, 4, 8>::identity();
        let deviations = SVector::from([h / 20.0, h / 20.0, 1e-1, h / 20.0]);
        let noise = SMatrix::<f64, 4, 4>::from_diagonal(&deviations.map(|d| d * d));
        let innovation = select * self.covariance * select.transpose() + noise;
        let gain = self.covariance * select.transpose() * innovation.try_inverse().unwrap();
        self.mean += gain * (measured(rect) - select * self.mean);
        self.covariance -= gain * innovation * gain.transpose();
    }
}

fn assert_agree(filter: &BoxFilter, dense: &Dense, when: &str) {
    let lanes = filter.lanes();
    let close = |a: f32, b: f64| (f64::from(a) - b).abs() <= 1e-3 * b.abs().max(1e-3);
    for i in 0..4 {
        let (p, v) = (i, i + 4);
        let of = &dense.covariance;
        assert!(close(lanes.position[i], dense.mean[p]), "{when}: position {i}");
        assert!((f64::from(lanes.velocity[i]) - dense.mean[v]).abs() < 1e-2, "{when}: velocity {i}");
        assert!(close(lanes.position_variance[i], of[(p, p)]), "{when}: variance {i}");
        assert!(close(lanes.velocity_variance[i], of[(v, v)]), "{when}: velocity variance {i}");
        assert!(close(lanes.covariance[i], of[(p, v)]), "{when}: covariance {i}");
    }
    for row in 0..8 {
        for column in (0..8).filter(|column| column % 4 != row % 4) {
            assert_eq!(
                dense.covariance[(row, column)],
                0.0,
                "{when}: the dense form mixes {row} and {column}"
            );
        }
    }
}

#[test]
fn four_filters_of_two_states_are_the_filter_of_eight() {
    let mut random = Random::new(5);
    for _ in 0..20 {
        let mut rect = Rect::new(
            random.between(0.0, 900.0),
            random.between(0.0, 500.0),
            random.between(10.0, 90.0),
            random.between(20.0, 200.0),
        );
        let (mut filter, mut dense) =
            (BoxFilter::new(BoxForm::Aspect, &rect, &Noise::ASPECT), Dense::new(&rect));
        for step in 0..60 {
            filter.predict(1.0, &Noise::ASPECT);
            dense.predict();
            assert_agree(&filter, &dense, "predicted");
            rect.x += random.between(-4.0, 8.0);
            rect.y += random.between(-3.0, 3.0);
            rect.width *= random.between(0.97, 1.03);
            if step % 7 != 3 {
                filter.correct(&rect, &Noise::ASPECT);
                dense.correct(&rect);
                assert_agree(&filter, &dense, "corrected");
            }
        }
    }
}

#[test]
fn one_prediction_over_five_frames_is_five_predictions() {
    let mut rect = Rect::new(100.0, 100.0, 50.0, 100.0);
    let mut filter = BoxFilter::new(BoxForm::Aspect, &rect, &Noise::ASPECT);
    for _ in 0..10 {
        rect.x += 5.0;
        filter.predict(1.0, &Noise::ASPECT);
        filter.correct(&rect, &Noise::ASPECT);
    }
    let mut at_once = filter;
    at_once.predict(5.0, &Noise::ASPECT);
    for _ in 0..5 {
        filter.predict(1.0, &Noise::ASPECT);
    }
    let (a, b) = (at_once.lanes(), filter.lanes());
    for i in 0..4 {
        assert!((a.position[i] - b.position[i]).abs() < 1e-2);
        // Unit steps scale the noise with the height of each step, one long step with the first height.
        assert!((a.position_variance[i] / b.position_variance[i] - 1.0).abs() < 1e-3);
        assert!((a.covariance[i] / b.covariance[i] - 1.0).abs() < 1e-3);
        assert!((a.velocity_variance[i] / b.velocity_variance[i] - 1.0).abs() < 1e-3);
    }
}

#[test]
fn variances_stay_positive_under_any_step() {
    let mut random = Random::new(9);
    let rect = Rect::new(0.0, 0.0, 30.0, 60.0);
    let mut filter = BoxFilter::new(BoxForm::Aspect, &rect, &Noise::ASPECT);
    for _ in 0..5_000 {
        filter.predict(random.between(0.0, 3.0), &Noise::ASPECT);
        if random.below(3) > 0 {
            filter.correct(&rect, &Noise::ASPECT);
        }
        let lanes = filter.lanes();
        for i in 0..4 {
            let (p, v, c) = (lanes.position_variance[i], lanes.velocity_variance[i], lanes.covariance[i]);
            assert!(p > 0.0 && v > 0.0 && c * c <= p * v, "{lanes:?}");
        }
    }
}

#[test]
fn a_box_that_shrinks_to_nothing_is_empty_rather_than_negative() {
    let mut filter = BoxFilter::new(BoxForm::Aspect, &Rect::new(0.0, 0.0, 20.0, 100.0), &Noise::ASPECT);
    for height in [80.0, 60.0, 40.0, 20.0] {
        filter.predict(1.0, &Noise::ASPECT);
        filter.correct(&Rect::new(0.0, 0.0, 20.0, height), &Noise::ASPECT);
    }
    filter.predict(30.0, &Noise::ASPECT);
    let rect = filter.rect();
    assert!(rect.width >= 0.0 && rect.height == 0.0, "{rect:?}");
    filter.correct(&Rect::new(0.0, 0.0, 20.0, 20.0), &Noise::ASPECT);
    assert!(filter.rect().is_finite());
}
