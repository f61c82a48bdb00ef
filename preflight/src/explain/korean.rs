//! The pages in Korean.
//!
//! The translations are in `explain.ko.json`, kept by hand and in the order of the pages. Each text stands beside the
//! English that it translates, so that a test finds the ones that are missing or out of date. Levels have one where they
//! say more than what is written in settings.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Page;

/// The texts of a page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Translation {
    policy: String,
    rule: String,
    finds: Text,
    why: Text,
    fix: Text,
    level: Option<Text>,
}

/// A text of a page.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    /// As the page has it.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "a test compares it with the page")
    )]
    en: String,
    /// To be read as it is, with its full stops.
    ko: String,
}

static TRANSLATIONS: LazyLock<Vec<Translation>> = LazyLock::new(|| {
    // A test reads it: it is part of the program.
    serde_json::from_str(include_str!("../explain.ko.json")).unwrap_or_default()
});

/// A page with its texts in Korean. They are whole sentences, with their full stops. The example and its message stay as
/// they are.
#[must_use]
pub fn korean(page: &Page) -> Page {
    let mut translations = TRANSLATIONS.iter();
    let of_page = |one: &&Translation| one.policy == page.policy && one.rule == page.rule;
    match translations.find(of_page) {
        Some(translation) => translate(page, translation),
        None => page.clone(),
    }
}

fn translate(page: &Page, translation: &Translation) -> Page {
    let level = translation.level.as_ref();
    Page {
        finds: translation.finds.ko.clone(),
        why: translation.why.ko.clone(),
        fix: translation.fix.ko.clone(),
        level: level.map_or_else(|| page.level.clone(), |level| level.ko.clone()),
        ..page.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::pages;

    impl Translation {
        fn name(&self) -> String {
            format!("{}/{}", self.policy, self.rule)
        }
    }

    /// What is to be changed in the translations, for them to be those of the pages.
    fn differences(pages: &[Page], translations: &[Translation]) -> Vec<String> {
        let mut all = Vec::new();
        for page in pages {
            let name = page.name();
            let Some(translation) = translations.iter().find(|one| one.name() == name) else {
                all.push(format!("{name}: is not translated"));
                continue;
            };
            // `deny` and the names of settings are written as they are: only where they hold is told in words.
            let level = Some(&page.level).filter(|level| level.contains(" for "));
            for (field, english, text) in [
                ("finds", Some(&page.finds), Some(&translation.finds)),
                ("why", Some(&page.why), Some(&translation.why)),
                ("fix", Some(&page.fix), Some(&translation.fix)),
                ("level", level, translation.level.as_ref()),
            ] {
                let problem = match (english, text) {
                    (Some(english), Some(text)) if text.en != *english => {
                        format!("the English is now {english:?}")
                    }
                    (Some(_), Some(text)) if !text.ko.chars().any(is_korean) => {
                        "is not in Korean".to_owned()
                    }
                    (Some(english), Some(text)) => {
                        let lost: Vec<&str> = codes(english)
                            .filter(|code| !codes(&text.ko).any(|other| other == *code))
                            .collect();
                        if lost.is_empty() {
                            continue;
                        }
                        format!("lacks {}", lost.join(", "))
                    }
                    (Some(english), None) => format!("lacks the Korean for {english:?}"),
                    (None, Some(_)) => "is to be left out: it has no words".to_owned(),
                    (None, None) => continue,
                };
                all.push(format!("{name}: {field}: {problem}"));
            }
        }
        let mut known: Vec<String> = pages.iter().map(Page::name).collect();
        for translation in translations {
            let name = translation.name();
            match known.iter().position(|page| *page == name) {
                Some(position) => {
                    known.remove(position);
                }
                None => all.push(format!("{name}: no rule, or translated twice")),
            }
        }
        all
    }

    /// What is written as code.
    fn codes(text: &str) -> impl Iterator<Item = &str> {
        text.split('`').skip(1).step_by(2)
    }

    fn is_korean(letter: char) -> bool {
        ('가'..='힣').contains(&letter)
    }

    #[test]
    fn every_text_of_every_rule_is_in_korean() {
        let translations: Vec<Translation> =
            serde_json::from_str(include_str!("../explain.ko.json")).unwrap();
        let wrong = differences(pages(), &translations);
        assert!(
            wrong.is_empty(),
            "preflight/src/explain.ko.json is to be corrected:\n{}",
            wrong.join("\n")
        );
    }

    #[test]
    fn translations_are_in_the_order_of_the_pages() {
        let names: Vec<String> = TRANSLATIONS.iter().map(Translation::name).collect();
        let pages: Vec<String> = pages().iter().map(Page::name).collect();
        assert_eq!(names, pages);
    }

    #[test]
    fn a_translation_that_is_missing_or_out_of_date_is_found() {
        let page = &pages()[0];
        let text = |en: &str, ko: &str| Text {
            en: en.to_owned(),
            ko: ko.to_owned(),
        };
        let page = Page {
            policy: "p".to_owned(),
            rule: "odd_value".to_owned(),
            finds: "A `value` that is odd".to_owned(),
            why: "It cannot be halved".to_owned(),
            fix: "write an even value".to_owned(),
            level: "deny".to_owned(),
            ..page.clone()
        };
        let good = Translation {
            policy: "p".to_owned(),
            rule: "odd_value".to_owned(),
            finds: text(&page.finds, "홀수인 `value`"),
            why: text(&page.why, "반으로 나눌 수 없습니다."),
            fix: text(&page.fix, "짝수를 쓰십시오."),
            level: None,
        };
        let for_new = Page {
            level: "deny; warn (`odd`) for a new object".to_owned(),
            ..page.clone()
        };
        let changed = |change: fn(&mut Translation)| {
            let mut translation = good.clone();
            change(&mut translation);
            translation
        };
        let outdated = changed(|it| it.why.en = "It is odd".to_owned());
        let lacks_code = changed(|it| it.finds.ko = "홀수인 값".to_owned());
        let copied = changed(|it| it.fix.ko = "write an even value".to_owned());
        let needless = changed(|it| it.level = Some(it.fix.clone()));
        let of_none = changed(|it| it.rule = "even_value".to_owned());
        for (page, translations, expected) in [
            (&page, vec![&good], vec![]),
            (&page, vec![], vec!["p/odd_value: is not translated"]),
            (
                &page,
                vec![&outdated],
                vec!["p/odd_value: why: the English is now \"It cannot be halved\""],
            ),
            (
                &page,
                vec![&lacks_code],
                vec!["p/odd_value: finds: lacks value"],
            ),
            (
                &page,
                vec![&copied],
                vec!["p/odd_value: fix: is not in Korean"],
            ),
            (
                &page,
                vec![&needless],
                vec!["p/odd_value: level: is to be left out: it has no words"],
            ),
            (
                &for_new,
                vec![&good],
                vec![
                    "p/odd_value: level: lacks the Korean for \"deny; warn (`odd`) for a new object\"",
                ],
            ),
            (
                &page,
                vec![&good, &of_none],
                vec!["p/even_value: no rule, or translated twice"],
            ),
            (
                &page,
                vec![&good, &good],
                vec!["p/odd_value: no rule, or translated twice"],
            ),
        ] {
            let translations: Vec<Translation> = translations.into_iter().cloned().collect();
            assert_eq!(
                differences(std::slice::from_ref(page), &translations),
                expected
            );
        }
    }

    #[test]
    fn a_page_in_korean_has_the_example_as_it_is() {
        let page = &pages()[0];
        let in_korean = korean(page);
        let translation = &TRANSLATIONS[0];
        assert_eq!(
            in_korean,
            Page {
                finds: translation.finds.ko.clone(),
                why: translation.why.ko.clone(),
                fix: translation.fix.ko.clone(),
                ..page.clone()
            }
        );
        let with_words = pages().iter().find(|page| page.level.contains(" for "));
        let in_korean = korean(with_words.unwrap());
        assert!(
            in_korean.level.chars().any(is_korean),
            "{}",
            in_korean.level
        );
    }
}
