//! docs/shell-session.md and docs/schemas/statement.json say what attesh-seal(5) says and the code
//! does: the tables, the words, the limits, and a signed file as the example.

use std::collections::{BTreeMap, BTreeSet};

use attesh::journal::story::FindingCode;
use attesh::record::{self, CloseReason, Evidence, FactTime, Inherited, Unseen};
use attesh::seal::envelope::Envelope;
use attesh::seal::few::WORDS_MAX;
use attesh::seal::statement::{
    COMMANDS_MAX, Completeness, OriginStatus, PARTICULARS_MAX, PREDICATE_TYPE, STATEMENT_TYPE, SUBJECTS_MAX,
};
use serde_json::{Value, json};

use super::seal::{Row, listed};
use crate::house::tidy::top;

fn read(path: &str) -> String {
    std::fs::read_to_string(top().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn document() -> String {
    read("docs/shell-session.md")
}

fn schema() -> Value {
    serde_json::from_str(&read("docs/schemas/statement.json")).unwrap()
}

/// What stands in the document between a heading and the next one of its level.
fn section(heading: &str) -> String {
    let document = document();
    let level = heading.split(' ').next().unwrap();
    let rest = document.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading}")).1;
    rest.split(&format!("\n{level} ")).next().unwrap().to_owned()
}

/// The fenced block of a section.
fn fenced(heading: &str, kind: &str) -> String {
    let section = section(heading);
    let rest = section.split_once(&format!("```{kind}\n")).unwrap_or_else(|| panic!("no {kind}")).1;
    rest.split("\n```").next().unwrap().to_owned()
}

#[test]
fn a_section_of_the_template_is_missing_or_in_another_place() {
    let document = document();
    let headings: Vec<&str> = document.lines().filter(|line| line.starts_with('#')).collect();
    let headings: Vec<&str> = headings.into_iter().filter(|line| !line.starts_with("####")).collect();
    assert_eq!(
        headings,
        [
            "# Predicate type: Shell session",
            "## Purpose",
            "## Use Cases",
            "## Prerequisites",
            "## Model",
            "## Schema",
            "### Parsing Rules",
            "### Fields",
            "## Example",
            "## Conformance",
            "## Changelog and Migrations",
        ]
    );
    assert!(document.contains(&format!("\nType URI: {PREDICATE_TYPE}\n")));
    for linked in document.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        let there = linked.starts_with("https://") || top().join("docs").join(linked).exists();
        assert!(there, "there is no {linked}");
    }
}

#[test]
fn a_table_of_the_document_is_not_that_of_the_page() {
    let line =
        |row: &Row| format!("| `{}` | {} | {} | {} |\n", row.name, row.kind, row.presence, row.meaning);
    let table = |(name, rows): &(String, Vec<Row>)| {
        let rows: String = rows.iter().map(line).collect();
        format!("#### {name}\n\n| member | type | presence | meaning |\n|---|---|---|---|\n{rows}")
    };
    let wanted = listed().iter().map(table).collect::<Vec<_>>().join("\n");
    let fields = section("### Fields");
    let (_, found) = fields.split_once("\n#### ").unwrap();
    assert_eq!(format!("#### {}", found.split("\n## ").next().unwrap().trim_end()), wanted.trim_end());
}

#[test]
fn a_member_is_missing_in_the_shape_that_the_document_shows() {
    let shape = fenced("## Schema", "jsonc");
    let shown = shape.lines().filter_map(|line| line.strip_prefix("    \"")?.split('"').next());
    let (_, rows) = listed().into_iter().find(|(name, _)| name == "predicate").unwrap();
    assert_eq!(shown.collect::<Vec<_>>(), rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>());
}

/// JSON without the white space between its tokens.
fn compact(json: &str) -> String {
    let (mut quoted, mut escaped) = (false, false);
    json.chars()
        .filter(|c| {
            let keep = quoted || !c.is_ascii_whitespace();
            quoted ^= *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            keep
        })
        .collect()
}

#[test]
fn the_example_is_not_what_was_signed() {
    let envelope = std::fs::read(top().join("tests/vectors/compat/0.1/build.intoto.json")).unwrap();
    let payload = Envelope::read(&envelope).unwrap().unverified_payload().to_vec();
    assert_eq!(compact(&fenced("## Example", "json")), String::from_utf8(payload).unwrap());
}

/// A schema with what it refers to in its place.
fn resolved(schema: &Value, one: &Value) -> Value {
    let mut one = one.clone();
    if let Some(name) = one["$ref"].as_str().and_then(|place| place.strip_prefix("#/$defs/")) {
        for (key, value) in schema["$defs"][name].as_object().unwrap() {
            let own = one.as_object_mut().unwrap();
            own.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
    one
}

/// The types that a schema takes, as the tables name them.
fn takes(schema: &Value, one: &Value) -> BTreeSet<String> {
    let one = resolved(schema, one);
    let of = |value: &Value| match value {
        Value::Null => "null",
        Value::Bool(_) => "flag",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    };
    let named = |word: &Value| match word.as_str().unwrap() {
        "boolean" => "flag".to_owned(),
        "string" => "text".to_owned(),
        "array" => "list".to_owned(),
        word => word.to_owned(),
    };
    match (&one["const"], &one["enum"], &one["anyOf"], &one["type"]) {
        (Value::Null, Value::Null, Value::Null, Value::Array(types)) => types.iter().map(named).collect(),
        (Value::Null, Value::Null, Value::Null, one) => BTreeSet::from([named(one)]),
        (Value::Null, Value::Null, several, _) => {
            several.as_array().unwrap().iter().flat_map(|one| takes(schema, one)).collect()
        }
        (Value::Null, words, _, _) => {
            words.as_array().unwrap().iter().map(|one| of(one).to_owned()).collect()
        }
        (value, _, _, _) => BTreeSet::from([of(value).to_owned()]),
    }
}

#[test]
fn the_schema_has_another_member_or_type_than_the_page() {
    let schema = schema();
    for (table, rows) in listed() {
        let object = &schema["$defs"][&table];
        assert_eq!(
            (&object["type"], &object["additionalProperties"]),
            (&json!("object"), &json!(false)),
            "{table}"
        );
        let has: BTreeSet<&String> = object["properties"].as_object().unwrap().keys().collect();
        assert_eq!(has, rows.iter().map(|row| &row.name).collect(), "{table}");
        let always = rows.iter().filter(|row| row.presence == "always").map(|row| json!(row.name));
        assert_eq!(object["required"], always.collect::<Value>(), "{table}");
        for row in &rows {
            let (kind, null) = match row.kind.strip_suffix(" or null") {
                Some(kind) => (kind, true),
                None => (row.kind.as_str(), false),
            };
            let kind = if kind.starts_with("list of ") { "list" } else { kind };
            let kind = if kind == "time" { "text" } else { kind };
            let mut wanted = BTreeSet::from([kind.to_owned()]);
            wanted.extend(null.then(|| "null".to_owned()));
            assert_eq!(takes(&schema, &object["properties"][&row.name]), wanted, "{table}.{}", row.name);
        }
    }
}

#[test]
fn the_schema_has_another_word_or_limit_than_the_code() {
    let schema = schema();
    let at = |table: &str, member: &str| resolved(&schema, &schema["$defs"][table]["properties"][member]);
    fn words<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<Value> {
        all.iter().map(|one| json!(name(*one))).collect()
    }
    let with_null = |mut all: Vec<Value>| {
        all.push(Value::Null);
        all
    };
    let inherited = at("interpreter", "inherited")["items"].clone();
    for (found, wanted) in [
        (at("shells", "closed"), with_null(words(CloseReason::ALL, CloseReason::name))),
        (at("outcome", "end"), words(Completeness::ALL, Completeness::name)),
        (at("commands", "outcome"), words(Unseen::ALL, Unseen::name)),
        (at("plans", "evidence"), words(Evidence::ALL, Evidence::name)),
        (inherited, words(Inherited::ALL, Inherited::name)),
        (at("anomalies", "code"), words(FindingCode::ALL, FindingCode::name)),
        (at("facts", "at"), words(FactTime::ALL, FactTime::name)),
        (at("origin", "status"), words(OriginStatus::ALL, OriginStatus::name)),
    ] {
        assert_eq!(found["enum"], Value::Array(wanted));
    }
    for (table, member, wanted) in [
        ("Statement", "_type", STATEMENT_TYPE),
        ("Statement", "predicateType", PREDICATE_TYPE),
        ("journal", "format", record::FORMAT),
    ] {
        assert_eq!(at(table, member)["const"], wanted);
    }
    let limits = BTreeMap::from([
        (("Statement", "subject"), SUBJECTS_MAX),
        (("predicate", "commands"), COMMANDS_MAX),
        (("predicate", "heads"), PARTICULARS_MAX),
        (("predicate", "plans"), PARTICULARS_MAX),
        (("predicate", "anomalies"), PARTICULARS_MAX),
        (("predicate", "facts"), PARTICULARS_MAX),
        (("predicate", "mustUnderstand"), WORDS_MAX),
        (("session", "shells"), PARTICULARS_MAX),
        (("plans", "units"), COMMANDS_MAX),
        (("interpreter", "options"), WORDS_MAX),
        (("interpreter", "arguments"), WORDS_MAX),
    ]);
    for ((table, member), most) in limits {
        assert_eq!(at(table, member)["maxItems"], most, "{table}.{member}");
    }
    assert_eq!(at("predicate", "unrecordedTailMs")["maximum"], record::INTEGER_MAX);
    assert_eq!(schema["$id"], PREDICATE_TYPE);
}
