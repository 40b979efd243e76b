//! `attesh mask`: what would be masked.

use serde_json::{Value, json};

use super::args::{Mask, MaskRules, MaskTest, MaskVerb, Masks};
use super::given::{Exit, given_text, masking};
use super::row::put_text;
use crate::failure::Failure;
use crate::mask::RULES;
use crate::mask::asked::Asked;
use crate::record::TEXT_MAX;
use crate::report;
use crate::session::masking as masks;
use crate::text;

pub fn run(args: &Mask) -> Exit {
    match &args.verb {
        MaskVerb::Test(args) => test(args),
        MaskVerb::Rules(args) => rules(args),
    }
}

/// What a recorder masks here beyond the built-in rules, with what the options add.
pub fn asked(given: &Masks) -> Result<Asked, Failure> {
    let mut asked = masks::usual()?;
    masks::add(&mut asked, masking(given)?, "--mask")?;
    Ok(asked)
}

fn test(args: &MaskTest) -> Exit {
    let text = match &args.text[..] {
        [] => given_text("no text was given", "attesh mask test")?,
        words => words.join(" ").into_bytes(),
    };
    if text.len() > TEXT_MAX {
        return Err(Failure::usage(format!("the text has more than {TEXT_MAX} bytes")));
    }
    let masked = masks::masker_of(&asked(&args.masks)?, &text).mask_new(&text);
    let rules = masked.as_ref().map(|masked| masked.rules.clone()).unwrap_or_default();
    let is_masked = masked.is_some();
    let shown = masked.map_or(text, |masked| masked.text);
    if args.json {
        let mut value = json!({"masked": is_masked, "rules": rules});
        put_text(&mut value, &shown, is_masked);
        report::json("attesh.mask-test/v1", value)?;
        return Ok(0);
    }
    report::line(text::visible_lines(&String::from_utf8_lossy(&shown)).trim_end_matches('\n'))?;
    report::say(&match &rules[..] {
        [] => "nothing of it is masked".to_owned(),
        rules => format!("masked by {}", rules.join(", ")),
    });
    Ok(0)
}

fn rules(args: &MaskRules) -> Exit {
    if args.json {
        let rule = |rule: &crate::mask::Rule| -> Value {
            json!({"name": rule.name, "finds": rule.finds, "page": rule.page, "patterns": rule.patterns})
        };
        let rules: Vec<Value> = RULES.iter().map(rule).collect();
        report::json("attesh.mask-rules/v1", json!({"rules": rules}))?;
        return Ok(0);
    }
    let rows = RULES.iter().map(|rule| vec![rule.name.to_owned(), rule.finds.to_owned()]);
    report::table(&rows.collect::<Vec<_>>())?;
    Ok(0)
}
