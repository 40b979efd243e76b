//! The older wrapping of in-toto: what is signed stands in the open beside its signature.
//!
//! Rules: what is signed is the canonical JSON of OLPC: members in order, no blanks, and in a text no
//! escapes but those of the quote and the backslash. It begins with a brace, so that no signature of
//! it is one of a DSSE envelope.

use serde_json::{Value, json};

use super::link::{keyid, older_keyid};
use crate::encoding::hex;
use crate::seal::keys::{PublicKey, SIGNATURE_BYTES};

/// The bytes that are signed. A number that is no integer has no canonical form, and none is there.
#[must_use]
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(value, &mut out);
    out.into_bytes()
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => write_text(text, out),
        Value::Array(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            // In the order of their names, as the map has them.
            for (at, (name, member)) in members.iter().enumerate() {
                out.push_str(if at > 0 { "," } else { "" });
                write_text(name, out);
                out.push(':');
                write(member, out);
            }
            out.push('}');
        }
        plain => out.push_str(&plain.to_string()),
    }
}

fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        if matches!(letter, '"' | '\\') {
            out.push('\\');
        }
        out.push(letter);
    }
    out.push('"');
}

/// The file. The one signature stands under both names of the key: a program looks for the name that
/// it knows.
#[must_use]
pub fn file(signed: &Value, key: &PublicKey, sig: &[u8; SIGNATURE_BYTES]) -> Vec<u8> {
    let under = |keyid: String| json!({"keyid": keyid, "sig": hex(sig)});
    let whole = json!({"signatures": [under(keyid(key)), under(older_keyid(key))], "signed": signed});
    format!("{whole}\n").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_other_escapes_than_two() {
        let value = json!({"b": [1, true, null, {"ü\n": "a\"b\\c\t\u{1}"}], "a": {}, "B": []});
        let wanted = "{\"B\":[],\"a\":{},\"b\":[1,true,null,{\"ü\n\":\"a\\\"b\\\\c\t\u{1}\"}]}";
        assert_eq!(String::from_utf8(canonical(&value)).unwrap(), wanted);
    }
}
