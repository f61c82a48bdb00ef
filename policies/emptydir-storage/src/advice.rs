//! What to write instead of a size that is next to nothing.

use shared::kubernetes::quantity::amount::Size;

/// What to write instead of `size`, if it looks like a slip: `100m` and `10` lack a unit.
pub(crate) fn about(size: &Size<'_>) -> Option<String> {
    let text = size.text();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(number) = text.strip_suffix('m').filter(|number| is_number(number)) {
        return Some(format!("write {number}Mi: m stands for thousandths"));
    }
    is_number(&text).then(|| format!("add a unit, such as {text}Mi"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::lines;

    fn fix(size: &Value) -> String {
        let found = lines(&json!({"sizeLimit": size}), &json!({}));
        let (_, fix) = found[0].split_once("; fix: ").unwrap();
        fix.replace(" [tiny_size_limit]", "")
    }

    #[test]
    fn knows_slips() {
        let other = "write a size such as 100Mi, or leave sizeLimit out";
        for (size, expected) in [
            (json!("100m"), "write 100Mi: m stands for thousandths"),
            (json!("10"), "add a unit, such as 10Mi"),
            (json!(10), "add a unit, such as 10Mi"),
            (json!("1.5"), other),
            (json!(1.5), other),
            (json!("1k"), other),
            (json!("100u"), other),
            (json!("1.5m"), other),
        ] {
            assert_eq!(fix(&size), expected, "{size}");
        }
    }
}
