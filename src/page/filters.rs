//! What the templates do with a value, beside escaping it.

use std::convert::Infallible;
use std::fmt::Display;

use askama::Values;
use askama::filters::Safe;

use super::markdown;
use super::room;
use crate::verify::Mark;

/// In Markdown, a text in a code span, whatever it is.
#[askama::filter_fn]
pub(super) fn code(text: impl Display, _: &dyn Values) -> Result<Safe<String>, Infallible> {
    Ok(Safe(markdown::code(&text.to_string())))
}

/// In Markdown, the beginning of a text in a code span.
#[askama::filter_fn]
pub(super) fn brief(text: impl Display, _: &dyn Values) -> Result<Safe<String>, Infallible> {
    Ok(Safe(markdown::code(&room::brief(&text.to_string()))))
}

/// In Markdown, lines in a fence.
#[askama::filter_fn]
pub(super) fn fenced(lines: &[String], _: &dyn Values) -> Result<Safe<String>, Infallible> {
    Ok(Safe(markdown::fenced(lines)))
}

/// The beginning of a text, in one line.
#[askama::filter_fn]
pub(super) fn start(text: impl Display, _: &dyn Values) -> Result<String, Infallible> {
    Ok(room::brief(&text.to_string()))
}

/// The name of the class of a mark.
#[askama::filter_fn]
pub(super) fn class(mark: &Mark, _: &dyn Values) -> Result<&'static str, Infallible> {
    Ok(match mark {
        Mark::Good => "good",
        Mark::Bad => "bad",
        Mark::Open => "open",
    })
}

/// A place or a length on the chart.
#[askama::filter_fn]
pub(super) fn fixed(number: &f64, _: &dyn Values) -> Result<String, Infallible> {
    Ok(format!("{number:.2}"))
}
