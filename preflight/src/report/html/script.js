"use strict";
// Everything from the report becomes a text node: nothing in it is HTML.
const data = JSON.parse(document.getElementById("data").textContent);

// So many cards are added at once, when the reader comes to the end of the others.
const CARDS = 50;
// A table has no more rows.
const ROWS = 200;
const CLEAN = "clean";
const OUTCOMES = ["refused", "not checked", "with warnings", "incomplete", "excepted", "in the baseline",
  CLEAN];
const LEVELS = {refusal: "refused", warning: "warning", needed: "needed from elsewhere"};
const NO_NAMESPACE = "(no namespace)";
const byId = (id) => document.getElementById(id);

/** An element with properties and children. */
function make(name, properties, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children.flat().filter((child) => child !== undefined && child !== null));
  return element;
}

const className = (outcome) => outcome.replace(" ", "-");
const namespaceOf = (object) => object.namespace ?? NO_NAMESPACE;
const nameOf = (object) => `${object.kind} ${object.namespace ? object.namespace + "/" : ""}${object.name || "(without a name)"}`;
const placeOf = (object) => object.file + (object.line ? ":" + object.line : "") + (object.source ? ` (${object.source})` : "");

/** The folders that a file is in, from the outermost on. */
function foldersOf(file) {
  const parts = file.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/") + "/");
}

// What does not change when a filter does: the findings of each object in each run, and what a search looks through.
for (const run of data.runs) {
  run.byObject = data.objects.map(() => []);
  for (const finding of run.findings) run.byObject[finding.object]?.push(finding);
  run.texts = data.objects.map((object, index) => {
    const findings = run.byObject[index].flatMap((finding) =>
      [finding.policy, finding.rule, finding.field, finding.problem, finding.fix, finding.needed, finding.excepted]);
    return [nameOf(object), placeOf(object), ...findings].join("\n").toLowerCase();
  });
}
for (const object of data.objects) object.folders = foldersOf(object.file);

let run = data.runs[0];
let shown = [];
let filled = 0;

const form = byId("filters");
const filters = () => Object.fromEntries(new FormData(form));

/** The objects that the filters leave. */
function matching() {
  const wanted = filters();
  const text = wanted.text.trim().toLowerCase();
  const isMeant = (finding) =>
    (!wanted.policy || finding.policy === wanted.policy) &&
    (!wanted.rule || finding.rule === wanted.rule) &&
    (!wanted.severity || finding.severity === wanted.severity);
  const isOfFindings = wanted.policy || wanted.rule || wanted.severity;
  const found = [];
  data.objects.forEach((object, index) => {
    const findings = run.byObject[index];
    const outcome = run.outcomes[index];
    if ((!wanted.namespace || namespaceOf(object) === wanted.namespace) &&
        (!wanted.folder || object.folders.includes(wanted.folder)) &&
        (!wanted.outcome || (wanted.outcome === "*" ? outcome !== CLEAN : outcome === wanted.outcome)) &&
        (!isOfFindings || findings.some(isMeant)) &&
        (!text || run.texts[index].includes(text))) {
      found.push(index);
    }
  });
  // The worst first; among those, the order of the files.
  const rank = (index) => OUTCOMES.indexOf(run.outcomes[index]);
  return found.sort((one, other) => rank(one) - rank(other) || one - other);
}

function yaml(object) {
  let last = null;
  const lines = object.lines.flatMap(([number, parts]) => {
    const line = make("div", {}, make("span", {className: "number"}, String(number)),
      parts.map((part, index) => (index % 2 ? make("mark", {}, part) : part)));
    const gap = last !== null && number > last + 1 ? make("div", {className: "gap"}, make("span", {className: "number"}, "⋮")) : null;
    last = number;
    return [gap, line];
  });
  return make("pre", {className: "yaml", tabIndex: 0, ariaLabel: `Lines of ${object.file}`}, lines);
}

/** What a rule is about, unfolded on demand. */
function explained(finding) {
  const rule = data.rules[finding.page];
  if (!rule) return null;
  const details = make("details", {}, make("summary", {}, `Why: ${finding.rule}`));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(
      make("p", {}, `${rule.finds}. ${rule.why}.`),
      make("p", {}, make("strong", {}, "Instead: "), `${rule.fix}.`),
      make("p", {}, make("strong", {}, "Default: "), `${rule.level}.`),
      ...rule.example.flatMap(([words, text]) => [make("p", {}, `${words}:`), make("pre", {}, text.trimEnd())]),
      make("p", {}, "Message:"), make("pre", {}, rule.message),
      make("p", {}, make("a", {href: rule.address, rel: "noreferrer"}, "The page of the rule")));
  });
  return details;
}

function findingItem(finding) {
  const where = [finding.line ? `line ${finding.line}` : "", finding.field ?? ""].filter(Boolean).join(", ");
  return make("li", {},
    make("p", {},
      make("span", {className: `tag ${finding.excepted === undefined ? finding.level : ""}`},
        finding.excepted === undefined ? LEVELS[finding.level] : "excepted"),
      make("span", {className: "tag"}, finding.policy),
      finding.rule ? make("span", {className: "tag"}, finding.rule) : null,
      finding.severity ? make("span", {className: "tag"}, `severity ${finding.severity}`) : null),
    where ? make("p", {className: "place"}, where) : null,
    make("p", {className: "problem"}, finding.problem),
    finding.fix ? make("p", {className: "fix"}, make("strong", {}, "Instead: "), finding.fix) : null,
    finding.needed ? make("p", {}, make("strong", {}, "Needs from elsewhere: "), finding.needed) : null,
    finding.excepted !== undefined ? make("p", {}, make("strong", {}, "Excepted: "), finding.excepted) : null,
    explained(finding));
}

function card(index) {
  const object = data.objects[index];
  const outcome = run.outcomes[index];
  const findings = run.byObject[index];
  const checked = run.checked[index].map((policy) => run.policies[policy].name);
  const others = data.runs.length > 1
    ? make("p", {className: "hint"}, data.runs.map((other) => `${other.name}: ${other.outcomes[index]}`).join(" · "))
    : null;
  return make("article", {className: className(outcome) + (findings.length ? "" : " small"), tabIndex: -1},
    make("h3", {}, nameOf(object), " ", make("span", {className: `outcome ${className(outcome)}`}, outcome)),
    make("p", {className: "place"}, placeOf(object)),
    make("p", {className: "hint"}, checked.length ? `checked by ${checked.join(", ")}` : "not covered by any policy"),
    others,
    findings.length ? make("div", {className: "beside"},
      object.lines ? yaml(object) : null,
      make("ul", {className: "findings"}, findings.map(findingItem))) : null);
}

const cards = byId("cards");

function addCards() {
  const more = shown.slice(filled, filled + CARDS);
  cards.append(...more.map(card));
  filled += more.length;
  byId("end").textContent = filled < shown.length ? `${shown.length - filled} more below` : "";
}

function showObjects() {
  shown = matching();
  filled = 0;
  cards.replaceChildren();
  byId("count").textContent = `${shown.length} of ${data.objects.length} objects`;
  addCards();
}

/** Numbers of objects: `{refusal, warning}`. An object that is refused is not counted as one with a warning. */
function tally(of, key) {
  const counts = new Map();
  of.byObject.forEach((findings, index) => {
    const worst = new Map();
    for (const finding of findings) {
      if (finding.excepted === undefined && finding.level !== "needed" && worst.get(finding.policy) !== "refusal") {
        worst.set(finding.policy, finding.level);
      }
    }
    for (const [policy, level] of worst) {
      const name = key(data.objects[index], policy);
      const count = counts.get(name) ?? {refusal: 0, warning: 0};
      count[level] += 1;
      counts.set(name, count);
    }
  });
  return counts;
}

/** The names with the highest numbers, in the order of the alphabet. */
function worst(names, weight) {
  return sorted(names).sort((one, other) => weight(other) - weight(one)).slice(0, ROWS).sort();
}

/** The numbers of a cell, each a button that shows the objects. */
function cell(count, label, choose) {
  const button = (level) => {
    if (!count?.[level]) return null;
    const words = level === "refusal" ? "refused" : "with warnings";
    const button = make("button", {type: "button", className: level, ariaLabel: `${count[level]} ${words}: ${label}`}, String(count[level]));
    button.addEventListener("click", choose);
    return button;
  };
  return make("td", {}, button("refusal"), " ", button("warning"));
}

function table(element, heads, rows) {
  element.replaceChildren(
    make("thead", {}, make("tr", {}, heads.map((head) => make("th", {scope: "col"}, head)))),
    make("tbody", {}, rows.map(([head, ...cells]) => make("tr", {}, make("th", {scope: "row"}, head), cells))));
}

/** Sets these filters, and no others. */
function choose(wanted) {
  for (const control of form.querySelectorAll("input, select")) control.value = "";
  for (const [name, value] of Object.entries(wanted)) form.elements[name].value = value;
  changed();
  byId("objects").focus();
}

const sorted = (values) => [...new Set(values)].sort();

function showMatrix() {
  const key = (namespace, policy) => JSON.stringify([namespace, policy]);
  const counts = tally(run, (object, policy) => key(namespaceOf(object), policy));
  const pairs = [...counts.keys()].map((pair) => JSON.parse(pair));
  const policies = sorted(pairs.map(([, policy]) => policy));
  const weight = (namespace) => policies.reduce((sum, policy) => {
    const count = counts.get(key(namespace, policy));
    return sum + (count ? count.refusal * data.objects.length + count.warning : 0);
  }, 0);
  const all = new Set(pairs.map(([namespace]) => namespace));
  const weights = new Map([...all].map((namespace) => [namespace, weight(namespace)]));
  const namespaces = worst(all, (namespace) => weights.get(namespace));
  byId("matrix").hidden = namespaces.length === 0;
  table(byId("matrix").querySelector("table"), ["namespace", ...policies], namespaces.map((namespace) => [
    namespace,
    ...policies.map((policy) => cell(counts.get(key(namespace, policy)), `${policy} in ${namespace}`, () => choose({namespace, policy}))),
  ]));
  byId("more").textContent = all.size > namespaces.length ? `${all.size - namespaces.length} more namespaces have less to say` : "";
}

function showBeside() {
  if (data.runs.length < 2) return;
  byId("beside").hidden = false;
  const counts = data.runs.map((one) => tally(one, (_, policy) => policy));
  const policies = sorted(counts.flatMap((of) => [...of.keys()]));
  table(byId("beside").querySelector("table"), ["policy", ...data.runs.map((one) => one.name)], policies.map((policy) => [
    policy,
    ...counts.map((of, index) => cell(of.get(policy), `${policy} with ${data.runs[index].name}`, () => {
      choose({run: String(index), policy});
    })),
  ]));
}

function options(name, values, all) {
  const select = form.elements[name];
  const before = select.value;
  select.replaceChildren(make("option", {value: ""}, all), ...values.map(([value, text]) => make("option", {value}, text)));
  select.value = values.some(([value]) => value === before) ? before : "";
}

function showOptions() {
  const plain = (values) => sorted(values.filter(Boolean)).map((value) => [value, value]);
  const outcomes = OUTCOMES.filter((outcome) => run.outcomes.includes(outcome)).map((outcome) => [outcome, outcome]);
  options("outcome", [["*", "all but clean"], ...outcomes], "all");
  options("namespace", plain(data.objects.map(namespaceOf)), "all");
  options("policy", plain(run.findings.map((finding) => finding.policy)), "all");
  options("rule", plain(run.findings.map((finding) => finding.rule)), "all");
  options("folder", plain(data.objects.flatMap((object) => object.folders)), "all");
  options("severity", plain(run.findings.map((finding) => finding.severity)), "all");
}

function showTexts() {
  const texts = [
    ["Could not be checked", run.problems],
    ["Not checked", run.unjudged],
    ["Notes", run.notes],
  ];
  byId("texts").replaceChildren(...texts.filter(([, items]) => items.length).flatMap(([heading, items]) => [
    make("h2", {}, heading),
    make("ul", {}, items.map((item) => make("li", {}, make("span", {className: "place"}, item.place), make("br"), item.text))),
  ]));
}

function showRun() {
  byId("summary").replaceChildren(...run.summary.map((line) => make("p", {}, line)));
  showMatrix();
  showOptions();
  showObjects();
  showTexts();
}

/** Keeps the filters in the address, so that a link leads to what is shown. */
function changed() {
  const chosen = Object.entries(filters()).filter(([, value]) => value !== "");
  history.replaceState(null, "", "#" + new URLSearchParams(chosen));
  const wanted = data.runs[Number(form.elements.run?.value ?? 0)] ?? run;
  if (wanted !== run) {
    run = wanted;
    showRun();
  } else {
    showObjects();
  }
}

const address = new URLSearchParams(location.hash.slice(1));

function readAddress() {
  for (const [name, value] of address) {
    const control = form.elements[name];
    if (control) control.value = value;
  }
}

data.runs.forEach((one, index) => {
  if (data.runs.length < 2) return;
  byId("runs").hidden = false;
  const radio = make("input", {type: "radio", name: "run", value: String(index), defaultChecked: index === 0});
  radio.setAttribute("form", "filters");
  byId("runs").append(make("label", {}, radio, " ", one.name));
});
byId("version").textContent = `preflight ${data.version}`;
// What can be chosen depends on the run.
run = data.runs[Number(address.get("run") ?? 0)] ?? run;
showBeside();
showRun();
readAddress();
changed();

form.addEventListener("input", changed);
byId("runs").addEventListener("input", changed);
form.addEventListener("submit", (event) => event.preventDefault());
byId("all").addEventListener("click", () => choose({}));
new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting) && filled < shown.length) addCards();
}, {rootMargin: "1000px"}).observe(byId("end"));

document.addEventListener("keydown", (event) => {
  const isTyping = event.target.matches("input, select") || event.ctrlKey || event.metaKey || event.altKey;
  if (isTyping) return;
  if (event.key === "/") {
    event.preventDefault();
    form.elements.text.focus();
  } else if (event.key === "j" || event.key === "k") {
    const current = document.activeElement.closest("article");
    const next = event.key === "j" ? (current ? current.nextElementSibling : cards.firstElementChild) : current?.previousElementSibling;
    if (!next) return;
    next.focus();
    next.scrollIntoView({block: "nearest"});
    if (next === cards.lastElementChild) addCards();
  }
});
