use super::{
    chart::{Chart, Curve},
    *,
};

#[test]
fn numbers_have_as_many_places_as_tell_something() {
    assert_eq!(
        [0.0, 2e-4, 0.123_456, 12.345_6, 1_234_567.0].map(decimal),
        ["0", "2.00e-4", "0.1235", "12.346", "1,234,567"]
    );
}

#[test]
fn a_curve_spans_its_picture_and_passes_over_what_is_no_number() {
    let points = vec![(1.0, 4.0), (2.0, f64::NAN), (3.0, 3.0), (4.0, 2.0)];
    let chart = Chart::of("Loss", "", &[Curve { name: "train", class: "first", points }]);
    let json = serde_json::to_value(&chart).unwrap();
    assert_eq!(json["lines"][0]["path"], "130.0,0.0 390.0,95.0 520.0,190.0");
    assert_eq!((json["top"].as_str(), json["bottom"].as_str()), (Some("4.000"), Some("2.000")));
}

#[test]
fn a_long_run_is_drawn_with_few_points() {
    let points = (0..100_000).map(|step| (f64::from(step), f64::from(step % 7))).collect();
    let chart = Chart::of("Loss", "", &[Curve { name: "train", class: "first", points }]);
    let json = serde_json::to_value(&chart).unwrap();
    assert!(json["lines"][0]["path"].as_str().unwrap().split(' ').count() <= 400);
}
