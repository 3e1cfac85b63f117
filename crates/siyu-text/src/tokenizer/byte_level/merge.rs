//! Merging the bytes of a piece into tokens.

use super::{
    characters::Characters,
    merges::{Merges, NONE},
    utf8,
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// Most bytes merged by looking through all pairs for the next.
const SHORT: usize = 48;

/// Bytes of a long piece that are merged at a time.
const WINDOW: usize = 2048;

/// Bytes at a window's end whose tokens may differ from those of the whole piece.
const LOOSE: usize = WINDOW / 4;

/// Buffers of the merging of long pieces.
#[derive(Default)]
pub(super) struct Buffers {
    symbols: Vec<Symbol>,
    queue: BinaryHeap<Reverse<(u32, u32)>>,
}

/// A token in the making: the one that starts at a byte's place.
#[derive(Clone, Copy)]
struct Symbol {
    id: u32,
    /// Rank of the merge with the next one.
    rank: u32,
    before: u32,
    next: u32,
}

impl Merges {
    /// Appends the tokens of a piece: again and again, of all neighbours the pair with the least rank becomes one, the
    /// leftmost of several.
    pub(super) fn merge(&self, piece: &[u8], characters: &Characters, buffers: &mut Buffers, ids: &mut Vec<u32>) {
        if piece.len() > SHORT {
            return self.merge_long(piece, buffers, ids);
        }
        let mut tokens = [0; SHORT];
        let (mut at, mut count) = (0, 0);
        while at < piece.len() {
            let (code, length) = utf8::decode(piece, at);
            if let Some(token) = characters.closed(code) {
                tokens[count] = token;
                count += 1;
            } else {
                for byte in &piece[at..at + length] {
                    tokens[count] = self.of_byte(*byte);
                    count += 1;
                }
            }
            at += length;
        }
        self.merge_tokens(&mut tokens, count, ids);
    }

    /// Appends the tokens of at most [`SHORT`] bytes, which need not be whole characters.
    pub(super) fn merge_bytes(&self, piece: &[u8], ids: &mut Vec<u32>) {
        let mut tokens = [0; SHORT];
        for (token, byte) in tokens.iter_mut().zip(piece) {
            *token = self.of_byte(*byte);
        }
        self.merge_tokens(&mut tokens, piece.len(), ids);
    }

    /// Merges the first `count` tokens in place: all pairs are looked through for the next.
    fn merge_tokens(&self, tokens: &mut [u32; SHORT], mut count: usize, ids: &mut Vec<u32>) {
        let mut ranks = [NONE; SHORT];
        for at in 1..count {
            ranks[at - 1] = self.rank(tokens[at - 1], tokens[at]);
        }
        while count > 1 {
            let (mut at, mut least) = (0, NONE);
            for (place, rank) in ranks[..count - 1].iter().enumerate() {
                if *rank < least {
                    (at, least) = (place, *rank);
                }
            }
            if least == NONE {
                break;
            }
            tokens[at] = self.made(least);
            tokens.copy_within(at + 2..count, at + 1);
            ranks.copy_within(at + 1..count, at);
            count -= 1;
            ranks[at] = if at + 1 < count { self.rank(tokens[at], tokens[at + 1]) } else { NONE };
            if at > 0 {
                ranks[at - 1] = self.rank(tokens[at - 1], tokens[at]);
            }
        }
        ids.extend_from_slice(&tokens[..count]);
    }

    /// Merges windows and joins them, which takes time linear in the piece's length.
    ///
    /// A sequence of tokens is the one that merging gives if each two neighbours are what merging gives for their bytes:
    /// the first merge across one of the borders would happen in those two alone as well. So tokens of one window may
    /// follow those of another if the two at the border keep apart.
    fn merge_long(&self, piece: &[u8], buffers: &mut Buffers, ids: &mut Vec<u32>) {
        let begin = ids.len();
        let mut lengths = Vec::new();
        // Where the next window starts in `piece`, and its tokens in `ids`.
        let (mut start, mut from) = (0, begin);
        // Borders that may turn out wrong before the piece is merged as a whole.
        let mut trials = 16 + piece.len() / WINDOW;
        loop {
            let end = piece.len().min(start + WINDOW);
            ids.truncate(from);
            lengths.truncate(from - begin);
            self.merge_queued(&piece[start..end], buffers, ids, &mut lengths);
            if from > begin && !self.keeps_apart(piece, start, &lengths, &ids[begin..], from - begin) {
                if trials == 0 || from - begin < 2 {
                    ids.truncate(begin);
                    return self.merge_queued(piece, buffers, ids, &mut lengths);
                }
                trials -= 1;
                from -= 1;
                start -= lengths[from - begin];
                continue;
            }
            if end == piece.len() {
                return;
            }
            // At least one token of each window is kept.
            loop {
                start += lengths[from - begin];
                from += 1;
                if from == ids.len() || start + lengths[from - begin] > end - LOOSE {
                    break;
                }
            }
        }
    }

    /// Whether merging leaves the tokens before and at `border` as they are; their bytes meet at `at`.
    fn keeps_apart(&self, piece: &[u8], at: usize, lengths: &[usize], ids: &[u32], border: usize) -> bool {
        let bytes = &piece[at - lengths[border - 1]..at + lengths[border]];
        let (mut found, mut buffers) = (Vec::new(), Buffers::default());
        self.merge_queued(bytes, &mut buffers, &mut found, &mut Vec::new());
        found == ids[border - 1..=border]
    }

    /// Merges with a queue of the pairs, in time `n log n`; appends the tokens and how many bytes each has.
    fn merge_queued(&self, piece: &[u8], buffers: &mut Buffers, ids: &mut Vec<u32>, lengths: &mut Vec<usize>) {
        let Buffers { symbols, queue } = buffers;
        symbols.clear();
        queue.clear();
        let end = u32::try_from(piece.len()).expect("a text has less than four gigabytes");
        symbols.extend((0..end).zip(piece).map(|(at, byte)| Symbol {
            id: self.of_byte(*byte),
            rank: NONE,
            before: at.wrapping_sub(1),
            next: at + 1,
        }));
        for at in 0..end {
            self.rate(symbols, queue, at, end);
        }
        while let Some(Reverse((rank, at))) = queue.pop() {
            let Symbol { rank: current, next, before, .. } = symbols[at as usize];
            // The pair may be gone.
            if current != rank {
                continue;
            }
            let beyond = symbols[next as usize].next;
            symbols[next as usize].rank = NONE;
            symbols[at as usize] = Symbol { id: self.made(rank), rank: NONE, before, next: beyond };
            if beyond < end {
                symbols[beyond as usize].before = at;
            }
            self.rate(symbols, queue, at, end);
            if before < end {
                self.rate(symbols, queue, before, end);
            }
        }
        let mut at = 0;
        while at < end {
            let symbol = symbols[at as usize];
            ids.push(symbol.id);
            lengths.push((symbol.next - at) as usize);
            at = symbol.next;
        }
    }

    /// Finds the rank of the symbol at `at` with the next, and queues it.
    fn rate(&self, symbols: &mut [Symbol], queue: &mut BinaryHeap<Reverse<(u32, u32)>>, at: u32, end: u32) {
        let Symbol { id, next, .. } = symbols[at as usize];
        let rank = if next < end { self.rank(id, symbols[next as usize].id) } else { NONE };
        symbols[at as usize].rank = rank;
        if rank != NONE {
            queue.push(Reverse((rank, at)));
        }
    }
}
