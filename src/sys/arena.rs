//! The memory of the recorder: a piece that is there when the program begins, taken from its front.
//!
//! What lives here: the allocator of the program. What does not: memory that must not be swapped
//! (`sys::lock_memory`), limits of what is read (each reader).
//!
//! Rules: only the recorder that a hook runs opens the arena; every other command, and what does not
//! fit, has the C library's allocator. What is given back is used again if it was the last that was
//! taken; the recorder ends before the rest matters. Nothing waits for a lock, so a fork is safe.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The bytes of the arena. The kernel gives a page of it when that is first written.
const BYTES: usize = 512 << 10;

/// An allocator that serves from memory of its own while it is open, and from the C library's else.
///
/// musl's allocator asks the kernel for memory some twenty times in one call of the recorder, which
/// takes longer than all that the recorder does with it.
pub struct Arena {
    memory: UnsafeCell<[u8; BYTES]>,
    /// Where the next block begins.
    next: AtomicUsize,
    /// Where the last block must end: at 0 while the arena is closed.
    limit: AtomicUsize,
}

// SAFETY: a byte of the memory belongs to the one block that `next` moved over, and `next` is moved by
// compare-and-exchange alone, which orders what one thread did with a byte before what the next does.
unsafe impl Sync for Arena {}

impl Arena {
    /// An arena that is closed.
    #[must_use]
    pub const fn closed() -> Self {
        // All of it is zero, so the program's file need not hold it.
        Arena { memory: UnsafeCell::new([0; BYTES]), next: AtomicUsize::new(0), limit: AtomicUsize::new(0) }
    }

    /// Serves from its own memory from now on.
    pub fn open(&self) {
        self.limit.store(BYTES, Ordering::Relaxed);
    }

    /// Where a block begins in the arena; `None` if System gave the block.
    fn offset(&self, block: *const u8) -> Option<usize> {
        let offset = block.addr().wrapping_sub(self.memory.get().addr());
        (offset < BYTES).then_some(offset)
    }

    /// A new block, if there is room.
    fn take(&self, layout: Layout) -> Option<*mut u8> {
        let (base, limit) = (self.memory.get().addr(), self.limit.load(Ordering::Relaxed));
        let mut next = self.next.load(Ordering::Acquire);
        loop {
            let start = (base + next).checked_next_multiple_of(layout.align())? - base;
            let end = start.checked_add(layout.size()).filter(|end| *end <= limit)?;
            match self.next.compare_exchange_weak(next, end, Ordering::AcqRel, Ordering::Acquire) {
                // SAFETY: start is within the memory, or at its end for a block of no bytes.
                Ok(_) => return Some(unsafe { self.memory.get().cast::<u8>().add(start) }),
                Err(now) => next = now,
            }
        }
    }

    /// Moves the end of the last block; false if it was not the last, or there is no room.
    fn moves(&self, end: usize, to: usize) -> bool {
        to <= BYTES && self.next.compare_exchange(end, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

// Nothing of it is repeated at each place that asks for memory: that makes the program 700 kB larger.
// SAFETY: blocks of the arena do not overlap, see `take`, are aligned, and stay where they are; every
// other block is handed to the allocator that it came from.
unsafe impl GlobalAlloc for Arena {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        self.take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match self.take(layout) {
            Some(block) => {
                // SAFETY: take hands out so many bytes, which may have been used before.
                unsafe { block.write_bytes(0, layout.size()) };
                block
            }
            // SAFETY: the caller's promise is passed on.
            None => unsafe { System.alloc_zeroed(layout) },
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        match self.offset(block) {
            Some(start) => _ = self.moves(start + layout.size(), start),
            // SAFETY: the arena did not give this block, so System did.
            None => unsafe { System.dealloc(block, layout) },
        }
    }

    #[inline(never)]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Some(start) = self.offset(block) else {
            // SAFETY: the arena did not give this block, so System did.
            return unsafe { System.realloc(block, layout, size) };
        };
        if self.moves(start + layout.size(), start + size) || size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises that the size fits the alignment, and both blocks are so long.
        unsafe {
            let new = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !new.is_null() {
                new.copy_from_nonoverlapping(block, layout.size());
            }
            new
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap()
    }

    /// Whether the block is one of the arena.
    fn is_own(arena: &Arena, block: *mut u8) -> bool {
        arena.offset(block).is_some()
    }

    #[test]
    fn a_closed_arena_or_a_full_one_serves_a_block() {
        let arena = Box::new(Arena::closed());
        // SAFETY: each block is given back with its layout, once.
        unsafe {
            let block = arena.alloc(layout(8, 8));
            assert!(!block.is_null() && !is_own(&arena, block));
            arena.open();
            let whole = arena.alloc(layout(BYTES, 1));
            assert!(is_own(&arena, whole));
            let none = arena.alloc_zeroed(layout(1, 1));
            assert!(!is_own(&arena, none) && *none == 0);
            arena.dealloc(none, layout(1, 1));
            arena.dealloc(whole, layout(BYTES, 1));
            let block = arena.realloc(block, layout(8, 8), 16);
            assert!(!is_own(&arena, block));
            arena.dealloc(block, layout(16, 8));
            assert!(arena.alloc(layout(usize::MAX >> 1, 1)).is_null());
        }
    }

    #[test]
    fn blocks_overlap_or_lose_what_they_hold() {
        let arena = Box::new(Arena::closed());
        arena.open();
        let mut state = 1_u64;
        let mut random = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % below
        };
        let mut blocks: Vec<(*mut u8, Layout, u8)> = Vec::new();
        // SAFETY: each block is written within its layout and given back with it, once.
        unsafe {
            for round in 0..20_000_usize {
                let fill = (round % 251) as u8 + 1;
                match random(4) {
                    0 if !blocks.is_empty() => {
                        let (block, layout, _) = blocks.swap_remove(random(blocks.len()));
                        arena.dealloc(block, layout);
                    }
                    1 if !blocks.is_empty() => {
                        let at = random(blocks.len());
                        let (block, old, had) = blocks[at];
                        let size = random(300) + 1;
                        let new = arena.realloc(block, old, size);
                        let kept = std::slice::from_raw_parts(new, size.min(old.size()));
                        assert!(kept.iter().all(|byte| *byte == had));
                        new.write_bytes(fill, size);
                        blocks[at] = (new, layout(size, old.align()), fill);
                    }
                    _ => {
                        let layout = layout(random(300) + 1, 1 << random(7));
                        let block = arena.alloc_zeroed(layout);
                        assert_eq!(block.addr() % layout.align(), 0);
                        assert!(
                            std::slice::from_raw_parts(block, layout.size()).iter().all(|byte| *byte == 0)
                        );
                        block.write_bytes(fill, layout.size());
                        blocks.push((block, layout, fill));
                    }
                }
                for (block, layout, fill) in blocks.iter().rev().take(8) {
                    let held = std::slice::from_raw_parts(*block, layout.size());
                    assert!(held.iter().all(|byte| byte == fill), "round {round}");
                }
            }
            for (block, layout, fill) in blocks {
                assert!(std::slice::from_raw_parts(block, layout.size()).iter().all(|byte| *byte == fill));
                arena.dealloc(block, layout);
            }
        }
    }

    #[test]
    fn a_last_block_that_is_given_back_is_not_used_again() {
        let arena = Box::new(Arena::closed());
        arena.open();
        // SAFETY: each block is given back with its layout, once.
        unsafe {
            let one = arena.alloc(layout(10, 1));
            let longer = arena.realloc(one, layout(10, 1), 1000);
            assert_eq!(one, longer);
            arena.dealloc(longer, layout(1000, 1));
            assert_eq!(arena.alloc(layout(3, 1)), one);
        }
    }

    #[test]
    fn threads_take_the_same_bytes() {
        let arena = Arena::closed();
        arena.open();
        std::thread::scope(|scope| {
            for fill in 1..5_u8 {
                let arena = &arena;
                scope.spawn(move || {
                    for _ in 0..500 {
                        // SAFETY: the block is written within its layout.
                        unsafe {
                            let block = arena.alloc(layout(64, 8));
                            block.write_bytes(fill, 64);
                            std::thread::yield_now();
                            assert!(std::slice::from_raw_parts(block, 64).iter().all(|byte| *byte == fill));
                            arena.dealloc(block, layout(64, 8));
                        }
                    }
                });
            }
        });
    }
}
