//! Direct calls in a piece of a program's code.
//!
//! What lives here: how each kind of processor writes them. What does not: which code, and which
//! function (`run::reader`).
//!
//! Rules: each kind is tested on every machine.

/// The place behind each direct call of a function within a piece of code of this kind of machine.
#[must_use]
pub fn call_behind(code: &[u8], at: u64, function: u64) -> Vec<u64> {
    #[cfg(target_arch = "aarch64")]
    return on_aarch64(code, at, function);
    #[cfg(target_arch = "x86_64")]
    return on_x86_64(code, at, function);
    #[cfg(not(any(target_arch = "aarch64", target_arch = "x86_64")))]
    return Vec::new();
}

#[cfg(any(test, target_arch = "x86_64"))]
fn on_x86_64(code: &[u8], at: u64, function: u64) -> Vec<u64> {
    const CALL: u8 = 0xe8;
    let ends = code.windows(5).zip(at + 5..).filter(|(bytes, _)| bytes[0] == CALL);
    ends.filter(|(bytes, behind)| {
        let far = i32::from_le_bytes([bytes[1], bytes[2], bytes[3], bytes[4]]);
        behind.wrapping_add_signed(i64::from(far)) == function
    })
    .map(|(_, behind)| behind)
    .collect()
}

#[cfg(any(test, target_arch = "aarch64"))]
fn on_aarch64(code: &[u8], at: u64, function: u64) -> Vec<u64> {
    let words = code.chunks_exact(4).zip((at..).step_by(4));
    words
        .filter(|(bytes, here)| {
            let word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
            // BL: 26 bits of a signed distance in words.
            let far = i64::from((word << 6).cast_signed() >> 6) * 4;
            word >> 26 == 0b10_0101 && here.wrapping_add_signed(far) == function
        })
        .map(|(_, here)| here + 4)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_of_x86_64_is_found_by_where_it_goes() {
        let code = [0x90, 0xe8, 0xfa, 0xff, 0xff, 0xff, 0xe8, 0, 0, 0, 0];
        assert_eq!(on_x86_64(&code, 0x1000, 0x1000), [0x1006]);
        assert_eq!(on_x86_64(&code, 0x1000, 0x100b), [0x100b]);
        assert_eq!(on_x86_64(&code, 0x1000, 0x2000), [0; 0]);
    }

    #[test]
    fn a_call_of_aarch64_is_found_by_where_it_goes() {
        // A call back, a jump there, a call ahead, and what is no whole instruction.
        let words: [u32; 4] = [0xd503_201f, 0x97ff_ffff, 0x17ff_fffe, 0x9400_0002];
        let code: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).chain([0x94]).collect();
        assert_eq!(on_aarch64(&code, 0x1000, 0x1000), [0x1008]);
        assert_eq!(on_aarch64(&code, 0x1000, 0x1014), [0x1010]);
        assert_eq!(on_aarch64(&code, 0x1000, 0x2000), [0; 0]);
        // The calls in the reader_loop and the parse_and_execute of bash 5.2.15 and 5.3 of Debian.
        for (word, at, function) in [
            (0x97ff_ff6e_u32, 0x3_57e8, 0x3_55a0),
            (0x97fe_38fc, 0xa_7030, 0x3_5420),
            (0x97ff_ff6e, 0x3_8208, 0x3_7fc0),
            (0x97fe_0639, 0xb_64fc, 0x3_7de0),
        ] {
            assert_eq!(on_aarch64(&word.to_le_bytes(), at, function), [at + 4]);
        }
    }
}
