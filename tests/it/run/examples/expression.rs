//! GitHub's expressions, as far as the recipe has them: members, texts, `==`, `!=`, `&&`, `||`,
//! always() and format().

use serde_json::{Value, json};

/// The value of an expression. What is not there is null, and nothing else is forgiven.
pub fn value(text: &str, contexts: &Value) -> Value {
    let mut reader = Reader { rest: text.trim(), contexts };
    let value = reader.either();
    assert!(reader.rest.is_empty(), "{text}: {}", reader.rest);
    value
}

struct Reader<'a> {
    rest: &'a str,
    contexts: &'a Value,
}

fn holds(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value != &json!("")
}

impl Reader<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.rest.strip_prefix(word);
        self.rest = found.unwrap_or(self.rest).trim_start();
        found.is_some()
    }

    fn either(&mut self) -> Value {
        let mut left = self.both();
        while self.take("||") {
            let right = self.both();
            left = if holds(&left) { left } else { right };
        }
        left
    }

    fn both(&mut self) -> Value {
        let mut left = self.compared();
        while self.take("&&") {
            let right = self.compared();
            left = if holds(&left) { right } else { left };
        }
        left
    }

    fn compared(&mut self) -> Value {
        let left = self.one();
        if self.take("==") {
            return json!(left == self.one());
        }
        if self.take("!=") {
            return json!(left != self.one());
        }
        left
    }

    fn one(&mut self) -> Value {
        if self.take("'") {
            let (text, rest) = self.rest.split_once('\'').unwrap();
            self.rest = rest.trim_start();
            return json!(text);
        }
        let name = self.name();
        if self.take("(") {
            return self.call(&name);
        }
        let mut found = self.contexts.get(&name).unwrap_or_else(|| panic!("no context {name}")).clone();
        loop {
            let member = if self.take(".") {
                self.name()
            } else if self.take("[") {
                let member = self.either();
                assert!(self.take("]"));
                member.as_str().unwrap().to_owned()
            } else {
                return found;
            };
            found = found.get(&member).cloned().unwrap_or_default();
        }
    }

    fn name(&mut self) -> String {
        let end = self.rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
        let (name, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        name.to_owned()
    }

    fn call(&mut self, name: &str) -> Value {
        let mut arguments = Vec::new();
        while !self.take(")") {
            arguments.push(self.either());
            self.take(",");
        }
        match (name, &arguments[..]) {
            ("always", []) => json!(true),
            ("format", [form, value]) => {
                json!(form.as_str().unwrap().replace("{0}", value.as_str().unwrap()))
            }
            other => panic!("{other:?}"),
        }
    }
}
