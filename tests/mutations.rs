//! Reviews and cases, with changes that no one would make: whatever a policy is given, it answers, in words that hosts
//! take, the same each time, and without a byte of a Secret.
//!
//! `MUTATIONS=200000` in the environment makes more of them than a run of all tests has time for, and `MUTATIONS_SEED=7`
//! makes others. Whatever fails is printed with its seed and number.

#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that panics has failed; clippy.toml says so, but only of the functions marked as tests"
)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, thread};

use bundle_tests::{Case, Input, cases, invariants, names, policies, read, repository};
use preflight::{ClusterHost, HostCalls, MemoryCluster, Policy as Guest, Response};
use serde_json::{Value, json};

use marks::MARKS;
use random::Random;

#[path = "mutations/marks.rs"]
mod marks;
#[path = "mutations/mutate.rs"]
mod mutate;
#[path = "mutations/random.rs"]
mod random;

/// Where the environment does not say.
const SEED: u64 = 0x5eed_0006;
/// How many are made where the environment does not say.
const MUTATIONS: u64 = 6_000;
/// Where the API server cuts the values of policies of its own.
/// Source: `staging/src/k8s.io/apiserver/pkg/admission/plugin/policy/validating/dispatcher.go`.
const ANNOTATION_LIMIT: usize = 10 * 1024;

/// A number of the environment.
fn from_environment(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// A request before anything is changed.
struct Source {
    name: String,
    request: Value,
    /// The policy that it is a case of, with the settings of that case.
    of: Option<(String, Value)>,
    /// What a policy that has none of its own finds in the cluster.
    cluster: Arc<MemoryCluster>,
}

/// What one policy is tried with.
struct Subject {
    name: String,
    guest: Arc<Guest>,
    settings: Vec<Value>,
    clusters: Vec<Arc<MemoryCluster>>,
}

/// Everything that changes are made to.
struct Corpus {
    seed: u64,
    sources: Vec<Source>,
    subjects: Vec<Subject>,
}

impl Corpus {
    fn read() -> Self {
        let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
        for name in policies::all().unwrap() {
            let subject = Subject {
                name: name.clone(),
                guest: policies::load(&name).unwrap(),
                settings: vec![Value::Null],
                clusters: Vec::new(),
            };
            subjects.insert(name, subject);
        }
        let mut sources = reviews();
        for (policy, case) in cases().unwrap() {
            let subject = subjects.get_mut(&policy).unwrap();
            match Case::read(&policy, &case).unwrap().input {
                Input::Settings(settings) => subject.settings.push(settings),
                Input::Request {
                    request,
                    settings,
                    cluster,
                } => {
                    subject.settings.extend(settings.clone());
                    subject.clusters.push(Arc::clone(&cluster));
                    // What large objects do has tests of its own.
                    if request.to_string().len() < 50_000 {
                        sources.push(Source {
                            name: format!("{policy}/{case}"),
                            request,
                            of: Some((policy, settings.unwrap_or_default())),
                            cluster,
                        });
                    }
                }
            }
        }
        Self {
            seed: from_environment("MUTATIONS_SEED", SEED),
            sources,
            subjects: subjects.into_values().collect(),
        }
    }
}

/// The captured reviews, with all that they created as the cluster.
fn reviews() -> Vec<Source> {
    let folder = repository("tests/reviews");
    let mut requests = Vec::new();
    for file in names(&folder).unwrap() {
        if file != "expected.yaml" {
            let mut review: Value =
                serde_json::from_str(&read(&folder.join(&file)).unwrap()).unwrap();
            requests.push((file, review["request"].take()));
        }
    }
    let created = requests
        .iter()
        .filter(|(_, request)| request["operation"] == "CREATE")
        .map(|(_, request)| request["object"].clone());
    let cluster = Arc::new(MemoryCluster::new(created));
    requests
        .into_iter()
        .map(|(name, request)| Source {
            name,
            request,
            of: None,
            cluster: Arc::clone(&cluster),
        })
        .collect()
}

/// A host that remembers what it was asked, and may answer something else.
struct Host {
    inner: ClusterHost,
    changed: Option<Random>,
    asked: Mutex<Vec<u8>>,
}

impl HostCalls for Host {
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String> {
        let mut asked = self.asked.lock().unwrap();
        for part in [namespace.as_bytes(), operation.as_bytes(), payload] {
            asked.extend(part);
            asked.push(b'\n');
        }
        let answer = self.inner.call(binding, namespace, operation, payload);
        let Some(mut random) = self.changed.clone() else {
            return answer;
        };
        let Ok(mut bytes) = answer else {
            let text = random.pick(&["", "x\u{1b}[31m\n- y", "é"]);
            return Err(text.repeat(random.below(5_000)));
        };
        if random.once_in(4) {
            mutate::damage(&mut random, &mut bytes);
            return Ok(bytes);
        }
        let mut value: Value = serde_json::from_slice(&bytes).unwrap();
        for _ in 0..=random.below(3) {
            mutate::change_anywhere(&mut random, &mut value);
        }
        Ok(mutate::write(&value).into_bytes())
    }
}

/// What comes out of a guest: its answer to the byte, or how it ended, and what it asked its host.
#[derive(PartialEq)]
struct Outcome {
    answer: Result<Vec<u8>, String>,
    asked: Vec<u8>,
    took: Took,
}

/// A time, which is another each time.
struct Took(Duration);

impl PartialEq for Took {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Outcome {
    /// Everything that can be seen.
    fn text(&self) -> String {
        let (Ok(answer), asked) = (&self.answer, &self.asked) else {
            return self.answer.as_ref().unwrap_err().clone();
        };
        String::from_utf8_lossy(&[answer.as_slice(), asked].concat()).into_owned()
    }
}

fn ask(
    guest: &Guest,
    payload: &[u8],
    cluster: &Arc<MemoryCluster>,
    changed: Option<&Random>,
) -> Outcome {
    let host = Arc::new(Host {
        inner: cluster.host(guest.metadata()),
        changed: changed.cloned(),
        asked: Mutex::default(),
    });
    let started = Instant::now();
    let answer = guest.answer_payload(payload, Arc::clone(&host));
    let took = Took(started.elapsed());
    let asked = std::mem::take(&mut *host.asked.lock().unwrap());
    Outcome {
        answer: answer.map_err(|error| error.to_string()),
        asked,
        took,
    }
}

/// Whether an answer is one, and one that hosts and the API server hand on as it is.
fn check(outcome: &Outcome) -> Result<(), String> {
    let answer = outcome.answer.as_ref().map_err(Clone::clone)?;
    let unreadable = |error: serde_json::Error| error.to_string();
    let fields: BTreeMap<String, Value> = serde_json::from_slice(answer).map_err(unreadable)?;
    let known = [
        "accepted",
        "audit_annotations",
        "code",
        "message",
        "warnings",
    ];
    if let Some(field) = fields.keys().find(|field| !known.contains(&field.as_str())) {
        return Err(format!("the answer has {field:?}"));
    }
    let response: Response = serde_json::from_slice(answer).map_err(unreadable)?;
    invariants::check(&response)?;
    if !matches!(response.code, None | Some(400 | 403 | 500)) {
        return Err(format!("the code is {:?}", response.code));
    }
    for (rule, places) in &response.audit_annotations {
        let name = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '_');
        if rule.len() > 63 || !rule.chars().all(name) {
            return Err(format!("{rule:?} is no name"));
        }
        if places.len() > ANNOTATION_LIMIT || places.contains(char::is_control) {
            return Err(format!("an audit annotation would be cut: {places:?}"));
        }
    }
    Ok(())
}

/// What one run has seen.
#[derive(Default)]
struct Seen {
    evaluations: usize,
    /// Answers by their code, and those that accept.
    codes: BTreeMap<(String, u16), usize>,
    /// How many were made twice, with another mark in each.
    marked: usize,
    /// How many of these were not looked through for marks, because one may stand where it is told.
    unsure: usize,
    slowest: BTreeMap<String, Duration>,
}

impl Seen {
    fn add(&mut self, policy: &str, outcome: &Outcome) {
        let response = outcome.answer.as_ref().ok();
        let code = response.and_then(|answer| {
            let response: Response = serde_json::from_slice(answer).ok()?;
            Some(response.code.unwrap_or(200))
        });
        *self
            .codes
            .entry((policy.to_owned(), code.unwrap_or_default()))
            .or_default() += 1;
        let slowest = self.slowest.entry(policy.to_owned()).or_default();
        *slowest = outcome.took.0.max(*slowest);
        self.evaluations += 1;
    }

    fn join(&mut self, other: Self) {
        self.evaluations += other.evaluations;
        self.marked += other.marked;
        self.unsure += other.unsure;
        for (key, count) in other.codes {
            *self.codes.entry(key).or_default() += count;
        }
        for (policy, time) in other.slowest {
            let slowest = self.slowest.entry(policy).or_default();
            *slowest = time.max(*slowest);
        }
    }
}

/// A changed request, before a policy's settings come to it.
struct Made {
    payload: Value,
    is_damaged: bool,
    /// What was done, for who has to find out what fails.
    story: String,
    random: Random,
}

fn make(random: &Random, source: &Source, mark: &str) -> Option<Made> {
    let mut random = random.clone();
    let mut request = source.request.clone();
    let is_marked = marks::put(&mut random, &mut request, mark);
    let mut payload = json!({"request": request, "settings": {}});
    let mut story = source.name.clone();
    for _ in 0..=random.below(4) {
        story.extend([", ", mutate::change(&mut random, &mut payload)]);
    }
    marks::keep_in_place(&mut payload);
    let is_damaged = random.once_in(8);
    (is_marked || mark == MARKS[0]).then_some(Made {
        payload,
        is_damaged,
        story,
        random,
    })
}

/// The bytes for one policy, and how its host answers.
fn write(made: &Made, source: &Source, subject: &Subject) -> (Vec<u8>, Option<Random>) {
    let mut random = made.random.clone();
    let mut payload = made.payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        let mut settings = match &source.of {
            Some((policy, settings)) if *policy == subject.name => settings.clone(),
            _ if random.once_in(2) => Value::Null,
            _ => random.pick(&subject.settings).clone(),
        };
        if random.once_in(16) {
            mutate::change_anywhere(&mut random, &mut settings);
        }
        // A change may have taken them, or made something else of them.
        if fields
            .get("settings")
            .is_some_and(|value| *value == json!({}))
        {
            fields.insert("settings".to_owned(), settings);
        }
    }
    let mut bytes = mutate::write(&payload).into_bytes();
    if made.is_damaged {
        for _ in 0..=random.below(3) {
            mutate::damage(&mut random, &mut bytes);
        }
    }
    (bytes, random.once_in(8).then_some(random))
}

/// Whether every mark in the bytes is where it is secret.
fn is_in_place(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    match serde_json::from_slice::<Value>(bytes) {
        // Then it cannot be told, for it cannot be read.
        Err(_) => true,
        Ok(mut payload) => marks::pieces_in_place(&mut payload) == marks::pieces(&text),
    }
}

/// Makes one of the changed requests, and asks every policy.
fn try_one(corpus: &Corpus, number: u64, seen: &mut Seen) -> Result<(), String> {
    let mut random = Random::new(corpus.seed, number);
    let source = random.pick(&corpus.sources);
    let own = random.once_in(2);
    let at = random.below(1_000);
    let Some(made) = make(&random, source, MARKS[0]) else {
        return Ok(());
    };
    let twin = make(&random, source, MARKS[1]);
    seen.marked += usize::from(twin.is_some());
    for subject in &corpus.subjects {
        let cluster = match subject.clusters.get(at % subject.clusters.len().max(1)) {
            Some(cluster) if !own => cluster,
            _ => &source.cluster,
        };
        let (payload, changed) = write(&made, source, subject);
        let fails = |what: &str, outcome: &Outcome| {
            let text = String::from_utf8_lossy(&payload);
            let payload: String = text.chars().take(6_000).collect();
            let text: String = outcome.text().chars().take(6_000).collect();
            format!(
                "seed {}, number {number}, {}: {what}\n{}\n{payload}\n{text}",
                corpus.seed, subject.name, made.story
            )
        };
        let outcome = ask(&subject.guest, &payload, cluster, changed.as_ref());
        seen.add(&subject.name, &outcome);
        check(&outcome).map_err(|problem| fails(&problem, &outcome))?;
        let again = ask(&subject.guest, &payload, cluster, changed.as_ref());
        if again != outcome {
            return Err(fails("it answers something else when asked again", &again));
        }
        let Some(twin) = &twin else {
            continue;
        };
        if made.is_damaged && !is_in_place(&payload) {
            seen.unsure += 1;
            continue;
        }
        if marks::pieces(&outcome.text()) > 0 {
            return Err(fails("a mark came out", &outcome));
        }
        // Bytes that were changed may break the one and not the other.
        if !made.is_damaged {
            let (payload, _) = write(twin, source, subject);
            let other = ask(&subject.guest, &payload, cluster, changed.as_ref());
            if other != outcome {
                return Err(fails(
                    &format!("it depends on a value:\n{}", other.text()),
                    &outcome,
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn whatever_a_policy_is_given_it_answers() {
    let count = from_environment("MUTATIONS", MUTATIONS);
    let corpus = Corpus::read();
    let threads = thread::available_parallelism().map_or(1, |number| number.get() as u64);
    let run = |first: u64| {
        let mut seen = Seen::default();
        let mut numbers = (first..count).step_by(usize::try_from(threads).unwrap());
        let ended = numbers.try_for_each(|number| try_one(&corpus, number, &mut seen));
        ended.map(|()| seen)
    };
    let mut seen = Seen::default();
    thread::scope(|scope| {
        let run = &run;
        let threads: Vec<_> = (0..threads)
            .map(|first| scope.spawn(move || run(first)))
            .collect();
        for thread in threads {
            match thread.join().unwrap() {
                Ok(other) => seen.join(other),
                Err(problem) => panic!("{problem}"),
            }
        }
    });
    let mut text = format!(
        "seed {}: {count} requests, {} answers, {} requests made twice with other marks",
        corpus.seed, seen.evaluations, seen.marked
    );
    for ((policy, code), count) in &seen.codes {
        write!(text, "\n{policy} {code}: {count}").unwrap();
    }
    for (policy, time) in &seen.slowest {
        write!(text, "\n{policy}: slowest in {time:?}").unwrap();
    }
    println!("{text}\n{} not looked through for marks", seen.unsure);
    // What is mostly turned away at the door tries nothing.
    for subject in &corpus.subjects {
        let of = |code: u16| {
            let key = (subject.name.clone(), code);
            seen.codes.get(&key).copied().unwrap_or_default()
        };
        let judged = of(200) + of(403);
        assert!(
            judged * 2 > seen.evaluations / corpus.subjects.len(),
            "{text}"
        );
        assert!(of(400) > 0 && of(403) > 0 && of(500) > 0, "{text}");
    }
    assert!(seen.marked * 10 > usize::try_from(count).unwrap(), "{text}");
    assert!(seen.unsure * 10 < seen.marked, "{text}");
}

#[test]
fn whatever_settings_are_they_are_right_or_wrong() {
    let corpus = Corpus::read();
    for subject in &corpus.subjects {
        let (mut right, mut wrong) = (0, 0);
        for number in 0..2_000 {
            let mut random = Random::new(corpus.seed, number);
            let mut settings = random.pick(&subject.settings).clone();
            for _ in 0..=random.below(2) {
                mutate::change_anywhere(&mut random, &mut settings);
            }
            // Numbers that are too large for any type are not JSON to serde_json.
            let Ok(settings) = serde_json::from_str(&mutate::write(&settings)) else {
                continue;
            };
            let place = format!("seed {}, number {number}, {}", corpus.seed, subject.name);
            let answer = subject
                .guest
                .validate_settings(&settings)
                .unwrap_or_else(|error| panic!("{place}: {error}\n{settings}"));
            assert_eq!(answer.valid, answer.message.is_none(), "{place}");
            let message = answer.message.as_deref().unwrap_or_default();
            assert!(message.chars().count() <= 10_050, "{place}: {message}");
            assert!(!message.contains(char::is_control), "{place}: {message:?}");
            let again = subject.guest.validate_settings(&settings).unwrap();
            assert_eq!(again, answer, "{place}");
            *(if answer.valid { &mut right } else { &mut wrong }) += 1;
        }
        assert!(
            right > 100 && wrong > 100,
            "{}: {right}, {wrong}",
            subject.name
        );
    }
}
