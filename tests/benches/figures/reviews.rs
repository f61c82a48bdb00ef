//! What each policy takes for the captured reviews that it wants, by their size.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bundle_tests::{complete, names, read, repository, target};
use preflight::MemoryCluster;
use serde_json::{Value, json};

use crate::measure::{Guest, Guests, Question, milliseconds, payload, ratio};
use crate::objects;
use crate::report::Report;

/// For how long one review is measured.
const TIME: Duration = Duration::from_millis(150);

/// How many times the time of the floor a policy may take, with objects of 4 to 8 KB.
const MOST_OF_FLOOR: f64 = 1.8;
/// The same for one that looks things up, which the floor does not.
const MOST_WITH_LOOKUPS: f64 = 2.5;
/// How many times faster than the usual way it has to be.
const LEAST_FASTER: f64 = 2.5;

const CLASSES: &[(&str, Range<usize>)] = &[
    ("under 4 KB", 0..4_000),
    (JUDGED, 4_000..8_000),
    ("over 8 KB", 8_000..usize::MAX),
];
/// The class that the targets are about.
const JUDGED: &str = "4–8 KB";

pub(crate) fn measure(guests: &Guests, report: &mut Report) -> Result<(), String> {
    report.table(
        "Reviews",
        &["policy", "payload"],
        &[
            "reviews",
            "time, µs",
            "× floor",
            "worst",
            "faster than the usual way",
            "worst",
            "memory, KiB",
            "usual, KiB",
        ],
    );
    let reviews = captured()?;
    let created = reviews
        .iter()
        .filter_map(|review| review.get("object").cloned());
    let cluster = Arc::new(MemoryCluster::new(created));
    for policy in &guests.policies {
        for class in Class::all(policy, &reviews)? {
            let requests = class.requests.iter();
            let questions = requests.map(|request| Question::new(request, &cluster));
            let questions: Vec<Question> = questions.collect();
            let Some(row) = Row::measure(guests, policy, &questions)? else {
                continue;
            };
            let is_judged = class.name == JUDGED;
            report.row(&[
                &policy.name,
                &format!("{}{}", class.name, class.made),
                &questions.len().to_string(),
                &format!("{:.0}", milliseconds(row.time) * 1e3),
                &format!("{:.2}", row.of_floor),
                &format!("{:.2}", row.most_of_floor),
                &format!("{:.2}", row.faster),
                &format!("{:.2}", row.least_faster),
                &(row.pages * 64).to_string(),
                &(row.usual_pages * 64).to_string(),
            ]);
            if is_judged {
                let name = &policy.name;
                let most = if policy.looks_up() {
                    MOST_WITH_LOOKUPS
                } else {
                    MOST_OF_FLOOR
                };
                report.target(
                    &format!("`{name}` takes at most {most:.1} times the floor, {JUDGED}"),
                    &format!("{:.2}", row.of_floor),
                    row.of_floor <= most,
                );
                report.target(
                    &format!("`{name}` is at least {LEAST_FASTER:.1} times faster than the usual way, {JUDGED}"),
                    &format!("{:.2}", row.faster),
                    row.faster >= LEAST_FASTER,
                );
            }
        }
    }
    Ok(())
}

/// The reviews of a size that a policy wants.
pub(crate) struct Class {
    name: &'static str,
    pub(crate) requests: Vec<Value>,
    /// Says so where none of that size was captured.
    pub(crate) made: &'static str,
}

impl Class {
    /// The reviews that the targets are about.
    pub(crate) fn judged(policy: &Guest) -> Result<Self, String> {
        let classes = Self::all(policy, &captured()?)?.into_iter();
        let mut classes = classes.filter(|class| class.name == JUDGED);
        classes
            .next()
            .ok_or_else(|| format!("there is no class of {JUDGED}"))
    }

    fn all(policy: &Guest, reviews: &[Value]) -> Result<Vec<Self>, String> {
        let metadata = policy.policy.metadata();
        let metadata = metadata.ok_or_else(|| format!("{} has no metadata", policy.name))?;
        let wanted = reviews.iter();
        let wanted = wanted.filter(|request| target(request).is_wanted_by(metadata));
        let of_size = |(name, sizes): &(&'static str, Range<usize>)| {
            let requests = wanted.clone();
            let requests = requests.filter(|request| sizes.contains(&payload(request).len()));
            let mut class = Self {
                name,
                requests: requests.cloned().collect(),
                made: "",
            };
            // The captured Services are small.
            if *name == JUDGED && class.requests.is_empty() {
                class.made = " (made)";
                for ports in [20, 30, 40, 50] {
                    let request = complete(&json!({ "object": objects::service(ports) }))?;
                    class.requests.push(request);
                }
            }
            Ok(class)
        };
        CLASSES.iter().map(of_size).collect()
    }
}

/// The requests that a real API server sent, with an object: a DELETE has none, which the usual way cannot decode.
fn captured() -> Result<Vec<Value>, String> {
    let folder = repository("tests/reviews");
    let files = names(&folder)?.into_iter();
    let files = files.filter(|file| file != "expected.yaml");
    let requests = files.map(|file| {
        let review: Value = serde_json::from_str(&read(&folder.join(&file))?)
            .map_err(|error| format!("{file}: {error}"))?;
        let request = review.get("request").cloned();
        request.ok_or_else(|| format!("{file} has no request"))
    });
    let mut requests = requests.collect::<Result<Vec<Value>, String>>()?;
    requests.retain(|request| request.get("object").is_some_and(Value::is_object));
    Ok(requests)
}

/// What a policy takes for reviews of a size: medians, and the worst.
struct Row {
    time: Duration,
    of_floor: f64,
    most_of_floor: f64,
    faster: f64,
    least_faster: f64,
    pages: u32,
    usual_pages: u32,
}

impl Row {
    /// None where there are no questions.
    fn measure(
        guests: &Guests,
        policy: &Guest,
        questions: &[Question],
    ) -> Result<Option<Self>, String> {
        let by_size = |question: &&Question| question.payload.len();
        let Some(largest) = questions.iter().max_by_key(by_size) else {
            return Ok(None);
        };
        let (mut times, mut of_floor, mut faster) = (Vec::new(), Vec::new(), Vec::new());
        for question in questions {
            let all = [&guests.floor, policy, &guests.usual];
            let [floor, time, usual] = question.times(all, TIME)?;
            times.push(time);
            of_floor.push(ratio(time, floor));
            faster.push(ratio(usual, time));
        }
        times.sort();
        of_floor.sort_by(f64::total_cmp);
        faster.sort_by(f64::total_cmp);
        let middle = questions.len() / 2;
        Ok(Some(Self {
            time: times.get(middle).copied().unwrap_or_default(),
            of_floor: of_floor.get(middle).copied().unwrap_or_default(),
            most_of_floor: of_floor.last().copied().unwrap_or_default(),
            faster: faster.get(middle).copied().unwrap_or_default(),
            least_faster: faster.first().copied().unwrap_or_default(),
            pages: largest.pages(policy, 1)?,
            usual_pages: largest.pages(&guests.usual, 1)?,
        }))
    }
}
