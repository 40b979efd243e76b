//! A text that went through the masker: what it was, and what of it may be shown.
//!
//! What lives here: the type that alone can be disclosed. What does not: what is found (`mask`),
//! how a text is committed to (`record::text`).
//!
//! Rules: there is no way to it but through a [`Masker`]. The text as it was is overwritten when it is
//! dropped.

use zeroize::{Zeroize, ZeroizeOnDrop};

use super::Masker;

/// A text, and what of it may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Screened {
    original: Vec<u8>,
    /// The text with its secrets replaced, where it has any.
    masked: Option<Vec<u8>>,
}

impl Masker {
    /// Screens a text.
    #[must_use]
    pub fn screen(&self, text: Vec<u8>) -> Screened {
        let masked = self.mask_new(&text).map(|masked| masked.text);
        Screened { original: text, masked }
    }

    /// Screens once more what was screened in parts: a secret can reach over several of them.
    #[must_use]
    pub fn screen_again(&self, text: &Screened) -> Screened {
        let masked = self.mask(text.shown()).map(|masked| masked.text);
        Screened { original: text.original.clone(), masked: masked.or_else(|| text.masked.clone()) }
    }

    /// Screens words that each end with a NUL. Nothing else tells that words were masked, so one that
    /// looks like a sign is shown as one that may be anything, wherever it stands.
    #[must_use]
    pub fn screen_words(&self, words: Vec<u8>) -> Screened {
        let marked = self.marked(&words);
        let masked = self.mask_words(&marked).map(|masked| masked.text);
        let masked = masked.or_else(|| (marked != words).then_some(marked));
        Screened { original: words, masked }
    }

    /// Screens the value of a variable.
    #[must_use]
    pub fn screen_variable(&self, name: &str, value: Vec<u8>) -> Screened {
        let masked = self.mask_variable(name, &value).map(|masked| masked.text);
        Screened { original: value, masked }
    }
}

impl Screened {
    /// Texts that were screened each on its own, one behind the other.
    #[must_use]
    pub fn joined(parts: &[Screened]) -> Self {
        let original = parts.iter().flat_map(|part| &part.original).copied().collect();
        let is_masked = parts.iter().any(Screened::is_masked);
        let masked = is_masked.then(|| parts.iter().flat_map(|part| part.shown()).copied().collect());
        Screened { original, masked }
    }

    /// Cut behind so many bytes; `tail` stands for what is left out of the original, `shown_tail` for
    /// what is left out of the masked text.
    #[must_use]
    pub fn cut(mut self, most: usize, tail: &str, shown_tail: &str) -> Self {
        let shorten = |text: &mut Vec<u8>, tail: &str| {
            text.truncate(most);
            text.extend_from_slice(tail.as_bytes());
        };
        shorten(&mut self.original, tail);
        if let Some(masked) = &mut self.masked {
            shorten(masked, shown_tail);
        }
        self
    }

    /// Whether it has a secret.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        self.masked.is_some()
    }

    /// What of it may be shown.
    #[must_use]
    pub fn shown(&self) -> &[u8] {
        self.masked.as_deref().unwrap_or(&self.original)
    }

    /// The text itself, for its commitment.
    #[must_use]
    pub fn original(&self) -> &[u8] {
        &self.original
    }
}
