use super::*;
use crate::steps::sample::unit_interval;
use proptest::prelude::*;
use xxhash_rust::xxh3::xxh3_64_with_seed;

fn component(root: u32, rows: u64, seed: u64) -> Component {
    let place = unit_interval(xxh3_64_with_seed(&root.to_le_bytes(), seed));
    Component { root, place, rows, stratum: 0, side: None }
}

fn rows(components: &[Component], sides: &[u8]) -> [u64; 3] {
    let mut rows = [0; 3];
    components.iter().zip(sides).for_each(|(component, side)| rows[usize::from(*side)] += component.rows);
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn ten_thousand_components_keep_the_shares_within_half_a_point(seed: u64, uneven: bool, choice in 0usize..5) {
        let shares = [[0.9, 0.05, 0.05], [0.8, 0.1, 0.1], [0.5, 0.25, 0.25], [0.9, 0.0, 0.1], [0.7, 0.3, 0.0]][choice];
        let size = |root: u32| if uneven { 1 + u64::from(root % 7) * u64::from(root % 3) } else { 1 };
        let components: Vec<Component> = (0..10_000).map(|root| component(root, size(root), seed)).collect();
        let (sides, off) = divide(&components, shares);
        prop_assert!(off <= 0.005, "{off}");
        #[expect(clippy::needless_range_loop, reason = "the side numbers three lists")]
        for side in 0..3 {
            prop_assert!(shares[side] > 0.0 || rows(&components, &sides)[side] == 0);
        }
    }

    #[test]
    fn a_few_documents_more_move_almost_none(seed: u64) {
        let components: Vec<Component> = (0..10_000).map(|root| component(root, 1, seed)).collect();
        let (before, _) = divide(&components[..9_990], [0.9, 0.05, 0.05]);
        let (after, _) = divide(&components, [0.9, 0.05, 0.05]);
        let moved = before.iter().zip(&after).filter(|(before, after)| before != after).count();
        // Each of the two bounds may move by one step, a quarter of a hundredth of the documents.
        prop_assert!(moved <= 80, "{moved}");
    }

    #[test]
    fn earlier_sides_hold_and_new_documents_fill_what_is_missing(seed: u64) {
        let mut components: Vec<Component> = (0..5_000).map(|root| component(root, 1, seed)).collect();
        let (before, _) = divide(&components, [0.8, 0.1, 0.1]);
        for (component, side) in components.iter_mut().zip(&before) {
            component.side = Some(*side);
        }
        components.extend((5_000..9_000).map(|root| component(root, 1, seed)));
        let (after, off) = divide(&components, [0.8, 0.1, 0.1]);
        prop_assert_eq!(&after[..5_000], &before[..]);
        prop_assert!(off <= 0.005, "{off}");
    }
}

#[test]
fn components_too_large_for_the_shares_go_where_most_is_missing() {
    let mut components: Vec<Component> = (0..5).map(|root| component(root, 2_000, 1)).collect();
    let (sides, off) = divide(&components, [0.6, 0.2, 0.2]);
    assert_eq!(rows(&components, &sides), [6_000, 2_000, 2_000]);
    assert!(off < 1e-9);
    components.extend((5..10_005).map(|root| component(root, 1, 1)));
    let (sides, off) = divide(&components, [0.9, 0.05, 0.05]);
    assert!(off <= 0.005, "{off}");
    assert!(sides[..5].iter().all(|&side| side == 0));
    let (_, off) = divide(&components[..5], [0.9, 0.05, 0.05]);
    assert!(off > 0.05);
}

#[test]
fn shares_hold_within_each_stratum() {
    let components: Vec<Component> =
        (0..20_000).map(|root| Component { stratum: u64::from(root % 2), ..component(root, 1, 3) }).collect();
    let (sides, _) = divide(&components, [0.8, 0.1, 0.1]);
    for stratum in 0..2 {
        let of: Vec<Component> = components.iter().filter(|component| component.stratum == stratum).cloned().collect();
        let picked: Vec<u8> = components
            .iter()
            .zip(&sides)
            .filter(|(component, _)| component.stratum == stratum)
            .map(|(_, side)| *side)
            .collect();
        assert!(distance(rows(&of, &picked), [0.8, 0.1, 0.1]) <= 0.005);
    }
}

#[test]
fn test_wins_where_a_merge_ties_it_to_training() {
    let mut connected = Components::new(4);
    connected.union(0, 3);
    let earlier = [Some(0), Some(1), None, Some(2)];
    let all = components(4, &connected, |rank| (0.5, 0, earlier[rank as usize]));
    assert_eq!(
        all.iter().map(|one| (one.root, one.rows, one.side)).collect::<Vec<_>>(),
        [(0, 2, Some(2)), (1, 1, Some(1)), (2, 1, None)]
    );
}
