//! JSON objects as they are spelled: members in their order, values as they stand.

/// The members of an object: each name, and its value as it is spelled.
pub type Members = Vec<(String, String)>;

/// Takes an object apart.
pub fn members(object: &str) -> Members {
    let inner = object.strip_prefix('{').unwrap().strip_suffix('}').unwrap();
    let (mut depth, mut quoted, mut escaped, mut from, mut all) = (0, false, false, 0, Vec::new());
    for (at, c) in inner.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => {
                all.push(&inner[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    all.push(&inner[from..]);
    let named = all.into_iter().filter(|member| !member.is_empty()).map(|member| {
        let (name, value) = member.split_once(':').unwrap();
        (name.trim_matches('"').to_owned(), value.to_owned())
    });
    named.collect()
}

/// The object of these members, in this order.
pub fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}
