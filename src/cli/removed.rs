//! `attesh sessions --removed`: the sessions that were removed, by their tombstones.

use serde_json::{Value, json};

use super::args::Sessions;
use super::given::Exit;
use crate::failure::Failure;
use crate::paths;
use crate::report;
use crate::seal::tombstone::Tombstone;
use crate::session::{removed, short_id};
use crate::text;

pub fn list(args: &Sessions) -> Exit {
    let removed = removed::read()?;
    let (list, end) = (&removed.list, removed.list.end());
    if removed.is_gone {
        report::say(&removed::gone());
    }
    if list.torn_bytes > 0 {
        let torn = text::count(list.torn_bytes, "byte");
        report::say(&format!(
            "a tombstone was not written to its end ({torn}): whether its session was removed is not known"
        ));
    }
    if args.json {
        let tombstones: Result<Vec<Value>, Failure> = list.tombstones.iter().map(as_json).collect();
        let key = removed.key.as_ref().map(|key| key.fingerprint());
        let last = end.map(|(_, digest)| digest);
        report::json("attesh.removed/v1", json!({"removed": tombstones?, "last": last, "key": key}))?;
        return Ok(0);
    }
    if list.tombstones.is_empty() {
        report::say("no session was removed by attesh prune");
        return Ok(0);
    }
    let head = ["ID", "NAME", "OPENED", "RECORDS", "SEALED", "REMOVED", "BECAUSE"];
    let head = head.iter().map(|&word| word.to_owned()).collect();
    report::table(&std::iter::once(head).chain(list.tombstones.iter().map(row)).collect::<Vec<_>>())?;
    if let Some((number, digest)) = end {
        report::say(&format!(
            "each line is signed and follows the one before; the last is {number}, sha256:{digest}"
        ));
    }
    Ok(0)
}

/// Whether a prune that died left the session that it was about to remove.
fn is_still_there(one: &Tombstone) -> bool {
    paths::sessions().is_some_and(|root| root.join(&one.session).symlink_metadata().is_ok())
}

fn row(one: &Tombstone) -> Vec<String> {
    let minute =
        |at: &str| at.get(..16).map_or_else(|| at.to_owned(), |at| format!("{}Z", at.replace('T', " ")));
    let damage = one.damage.as_ref().map_or_else(String::new, |code| format!("; its journal: {code}"));
    let left = if is_still_there(one) { "; not finished: it is still there" } else { "" };
    vec![
        short_id(&one.session).to_owned(),
        one.name.clone().unwrap_or_else(|| "-".into()),
        minute(&one.opened_at),
        one.size.to_string(),
        if one.envelopes.is_empty() { "no" } else { "yes" }.to_owned(),
        minute(&one.removed_at),
        format!("{}{damage}{left}", one.because()),
    ]
}

fn as_json(one: &Tombstone) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(one).map_err(|error| Failure::unable(error.to_string()))?;
    value["because"] = json!(one.because());
    value["stillThere"] = json!(is_still_there(one));
    Ok(value)
}
