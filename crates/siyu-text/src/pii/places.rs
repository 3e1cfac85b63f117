//! Which parts of a text the masks in its place stand for.

/// A mask, and what it stands for.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Byte range of the mask in the masked text.
    mask: (usize, usize),
    /// Byte range of the value in the text that was given.
    given: (usize, usize),
}

/// The masks of a text that was masked in several rounds, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Places {
    /// The range of the given text that a range of the masked text stands for; where it cuts a mask, all of that.
    pub(super) fn given(&self, start: usize, end: usize) -> (usize, usize) {
        (self.offset(start, |place| place.given.0), self.offset(end, |place| place.given.1))
    }

    fn offset(&self, at: usize, inside: impl Fn(&Place) -> usize) -> usize {
        let before = self.0.partition_point(|place| place.mask.1 <= at);
        match self.0.get(before) {
            Some(place) if place.mask.0 < at => inside(place),
            _ => before.checked_sub(1).map_or(at, |last| at - self.0[last].mask.1 + self.0[last].given.1),
        }
    }

    /// Ranges of the masked text become masks of a length: `(start, end, length)`, sorted and not overlapping.
    pub(super) fn replace(&mut self, ranges: &[(usize, usize, usize)]) {
        let mut places: Vec<Place> = Vec::with_capacity(self.0.len() + ranges.len());
        let mut old = self.0.iter().peekable();
        // What the masks so far add to and take from offsets.
        let (mut added, mut taken) = (0, 0);
        for &(start, end, length) in ranges {
            while let Some(place) = old.next_if(|place| place.mask.1 <= start) {
                let moved = |at: usize| at + added - taken;
                places.push(Place { mask: (moved(place.mask.0), moved(place.mask.1)), given: place.given });
            }
            while old.next_if(|place| place.mask.0 < end).is_some() {}
            let mask = start + added - taken;
            places.push(Place { mask: (mask, mask + length), given: self.given(start, end) });
            added += length;
            taken += end - start;
        }
        let moved = |at: usize| at + added - taken;
        places.extend(old.map(|place| Place { mask: (moved(place.mask.0), moved(place.mask.1)), given: place.given }));
        self.0 = places;
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[test]
    fn offsets_lead_back_over_two_rounds() {
        let mut places = Places::default();
        // `ab 123 cd 4567 ef` to `ab <M> cd <M> ef`.
        places.replace(&[(3, 6, 3), (10, 14, 3)]);
        assert_eq!(places.given(0, 2), (0, 2));
        assert_eq!(places.given(7, 9), (7, 9));
        assert_eq!(places.given(14, 16), (15, 17));
        // `cd` becomes `<LONG>`, and then the last mask with what follows it one mask.
        places.replace(&[(7, 9, 6)]);
        assert_eq!(places.given(3, 6), (3, 6));
        assert_eq!(places.given(14, 20), (10, 17));
        places.replace(&[(14, 20, 1)]);
        assert_eq!(places.given(14, 15), (10, 17));
        assert_eq!(places.given(7, 13), (7, 9));
    }
}
