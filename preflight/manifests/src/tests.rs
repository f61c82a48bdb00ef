//! Reading texts and folders, whole results compared.

use super::*;

fn read_text(text: &str) -> Manifests {
    super::read_text("f.yaml", text)
}

fn names(manifests: &Manifests) -> Vec<(usize, &str, &str)> {
    manifests
        .objects
        .iter()
        .map(|object| {
            (
                object.line,
                object.kind(),
                object.name().unwrap_or_default(),
            )
        })
        .collect()
}

fn problems(manifests: &Manifests) -> Vec<String> {
    manifests
        .problems
        .iter()
        .map(|problem| format!("{}: {}", problem.place, problem.text))
        .collect()
}

#[test]
fn points_to_the_line_of_each_field() {
    let manifests = read_text(
        "# a comment\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: one\n  - \
         name: two\n    image: x\n    ports:\n    -\n      containerPort: 1\ndata:\n  \"tls.crt\": x\n",
    );
    let [object] = manifests.objects.as_slice() else {
        panic!("{manifests:?}")
    };
    for (path, line) in [
        ("spec.containers[0]", 8),
        ("spec.containers[1].image", 10),
        ("spec.containers[1].resources.requests.cpu", 9),
        ("spec.containers[1].ports[0].containerPort", 13),
        ("spec.containers[7].image", 7),
        ("metadata.name", 5),
        ("data[\"tls.crt\"]", 15),
        ("nothing", 3),
        ("", 3),
    ] {
        assert_eq!(object.line_of(path), line, "{path}");
    }
}

#[test]
fn takes_lists_apart() {
    let manifests = read_text(
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: PodList\n  items:\n  - metadata: {name: a}\n- \
         {apiVersion: v1, kind: Service, metadata: {name: b}}\n---\napiVersion: v1\nkind: List\nitems: []\n",
    );
    assert_eq!(names(&manifests), [(7, "Pod", "a"), (8, "Service", "b")]);
    assert_eq!(manifests.objects[0].line_of("metadata.name"), 7);
    assert_eq!(problems(&manifests), [""; 0]);
}

#[test]
fn what_has_items_is_a_list_whatever_its_kind() {
    let kind = "kubectl takes every object with the field `items` for a list: it applies the items, which are checked, and \
                not the object itself; write `kind: List`, or remove the field";
    let case = |key: &str| {
        format!(
            "can be read in two ways: some readers take the field {key:?} for `items`, and the object for a list; call it \
             `items`, or something else"
        )
    };
    let item = "{apiVersion: v1, kind: Pod, metadata: {name: a}}";
    for (kind_of_list, rest, names, expected) in [
        ("List", format!("items: [{item}]"), &["a"][..], vec![]),
        ("List", "items:".to_owned(), &[], vec![]),
        ("PodList", "items: [{metadata: {name: a}}]".to_owned(), &["a"], vec![]),
        ("Pod", format!("items: [{item}]"), &["a"], vec![format!("f.yaml:3: {kind}")]),
        ("Pod", "items: []".to_owned(), &[], vec![format!("f.yaml:3: {kind}")]),
        ("Pod", "items:".to_owned(), &[], vec![format!("f.yaml:3: {kind}")]),
        (
            "Pod",
            "items: {}".to_owned(),
            &[""],
            vec![
                "f.yaml:3: `items` has to be a sequence: kubectl takes every object with this field for a list".to_owned(),
            ],
        ),
        ("List", format!("Items: [{item}]"), &[""], vec![format!("f.yaml:3: {}", case("Items"))]),
        ("Pod", "itemſ: 1".to_owned(), &[""], vec![format!("f.yaml:3: {}", case("itemſ"))]),
        (
            "PodList",
            "items: [{kind: Pod, metadata: {name: a}}]".to_owned(),
            &[],
            vec!["f.yaml:3: not a Kubernetes object: `apiVersion` must be there, as text".to_owned()],
        ),
        ("List", format!("items: [{{apiVersion: v1, kind: List, items: [{item}]}}]"), &["a"], vec![]),
    ] {
        let manifests = read_text(&format!("apiVersion: v1\nkind: {kind_of_list}\n{rest}\n"));
        let found: Vec<&str> = manifests.objects.iter().map(|object| object.name().unwrap_or_default()).collect();
        assert_eq!(found, names, "{kind_of_list} {rest}");
        assert_eq!(problems(&manifests), expected, "{kind_of_list} {rest}");
    }
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let manifests = read_text(
        "{apiVersion: v1, kind: Pod, metadata: {name: a}}\n---\nkind: [\n---\n---\n# nothing\n---\nkind: Pod\n---\n- \
         1\n---\n{apiVersion: v1, kind: Pod, metadata: {name: b}}\n",
    );
    assert_eq!(names(&manifests), [(1, "Pod", "a"), (12, "Pod", "b")]);
    assert_eq!(
        problems(&manifests),
        [
            "f.yaml:3: cannot be read: what starts here has no end (column 7)",
            "f.yaml:8: not a Kubernetes object: `apiVersion` must be there, as text",
            "f.yaml:10: not a Kubernetes object: `apiVersion` and `kind` must be there, as text",
        ]
    );
}

#[test]
fn reads_json_with_lines() {
    let manifests = read_text(
        "{\n  \"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n  \"spec\": {\n    \"a\": [1,\n2]}}",
    );
    assert_eq!(names(&manifests), [(1, "Pod", "")]);
    assert_eq!(manifests.objects[0].line_of("spec.a[1]"), 6);
}

#[test]
fn json_is_read_as_json_where_the_file_begins_with_it() {
    let json = "{\"apiVersion\": \"v1\", \"kind\": \"Pod\",\n \"x\": \"a\u{85}\u{2028}\\ud83d\\ude00\\/\", \"y\": [1.0, -0, 1e3, 5.777777777777777e+43]}\n";
    let manifests = read_text(json);
    let [object] = manifests.objects.as_slice() else {
        panic!("{manifests:?}")
    };
    assert_eq!(object.value["x"], "a\u{85}\u{2028}😀/");
    assert_eq!(
        object.value["y"].to_string(),
        "[1,0,1000,5.777777777777777e+43]"
    );
    assert_eq!(object.line_of("y[1]"), 2);
    // kubectl reads this as YAML, where a surrogate is no character.
    let manifests = read_text(&format!("# c\n{json}"));
    assert_eq!(
        problems(&manifests),
        [
            "f.yaml:3: cannot be read: found invalid Unicode character escape code (column 13), while parsing a quoted scalar from line 3"
        ]
    );
}

#[test]
fn reads_each_object_of_a_json_stream() {
    let pod = |name: &str| {
        format!(
            "{{\n  \"apiVersion\": \"v1\", \"kind\": \"Pod\",\n  \"metadata\": {{\"name\": \"{name}\"}}\n}}"
        )
    };
    let [a, b, c, d] = ["a", "}{", "c", "d"].map(pod);
    // As jq prints them, without a line between, behind a separator, and before what is broken.
    let text = format!("\n{a}\n{b}{c}\n---\n{d}\n{{\"kind\": [\n");
    let manifests = read_text(&text);
    assert_eq!(
        names(&manifests),
        [
            (2, "Pod", "a"),
            (6, "Pod", "}{"),
            (9, "Pod", "c"),
            (14, "Pod", "d")
        ]
    );
    assert_eq!(manifests.objects[2].line_of("metadata.name"), 11);
    assert_eq!(
        problems(&manifests),
        ["f.yaml:18: cannot be read: what starts here has no end (column 10)"]
    );
}

#[test]
fn nothing_is_a_problem_and_an_empty_list_is_not() {
    let folder = tempfile::tempdir().unwrap();
    for (text, problems) in [
        ("", 1),
        ("\n---\n# nothing\n...\n", 1),
        ("null\n", 1),
        ("---\n~ # nothing\n---\nnull\n", 1),
        ("null\n---\napiVersion: v1\nkind: List\nitems: []\n", 0),
        ("apiVersion: v1\nkind: List\nitems: []\n", 0),
    ] {
        let file = folder.path().join("a.yaml");
        std::fs::write(&file, text).unwrap();
        let read = read(&[file]);
        assert_eq!(
            (read.objects.len(), read.problems.len()),
            (0, problems),
            "{text}"
        );
    }
}

#[test]
fn a_folder_is_read_in_order_and_other_files_are_noted() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    let pod = |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}}}");
    write("b.yml", &pod("b"));
    write(
        "a/z.json",
        "{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"z\"}}",
    );
    write("a.yaml", &pod("a"));
    write("c.txt", &pod("text"));
    write(".hidden/x.yaml", &pod("hidden"));
    write(".gitignore", "out/\n");
    write("out/x.yaml", &pod("ignored"));
    write("chart/Chart.yaml", "apiVersion: v2\nname: x\n");
    write("chart/values.yaml", "a: 1\n");
    write("chart/values-prod.yml", "a: 2\n");
    write("chart/values.schema.json", "{}\n");
    write("chart/questions.yaml", "questions: []\n");
    write("k/kustomization.yaml", "resources: []\n");
    write(
        "k/other.yaml",
        "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization\n",
    );
    write("data.json", "{\"a\": 1}");
    std::fs::write(folder.path().join("latin1.yaml"), b"a: 1\nb: \xe9\n").unwrap();

    let manifests = read(&[folder.path().to_owned()]);
    let path = folder.path().display().to_string();
    let strip = |text: String| text.replace(&format!("{path}/"), "").replace(&path, "DIR");
    assert_eq!(
        names(&manifests),
        [(1, "Pod", "z"), (1, "Pod", "a"), (1, "Pod", "b")]
    );
    let notes = manifests
        .notes
        .iter()
        .map(|note| strip(format!("{}: {}", note.place, note.text)));
    assert_eq!(
        notes.collect::<Vec<_>>(),
        [
            "DIR: left out 1 Helm chart and 1 kustomization: check the output of \
             `helm template CHART` and `kubectl kustomize DIR`",
            "data.json:1: not a Kubernetes object, skipped",
            "k/other.yaml:1: a kustomization, skipped: pipe what `kubectl kustomize` builds into `preflight -`",
        ]
    );
    let kustomizations = manifests.kustomizations.iter();
    let kustomizations = kustomizations.map(|object| strip(object.file.clone()));
    assert_eq!(
        kustomizations.collect::<Vec<_>>(),
        ["k/kustomization.yaml", "k/other.yaml"]
    );
    let problems: Vec<String> = problems(&manifests).into_iter().map(strip).collect();
    assert_eq!(problems, ["latin1.yaml:2: is not text in UTF-8"]);
    assert_eq!(
        left_out(folder.path(), &manifests),
        [
            ".hidden/: left out because its name begins with a dot",
            "out/: left out by `out/` in .gitignore",
        ]
    );
}

/// What was left out, without the folder.
fn left_out(folder: &Path, manifests: &Manifests) -> Vec<String> {
    let left_out = manifests.left_out.iter();
    let left_out = left_out.map(|LeftOut { path, why }| format!("{path}: {why}"));
    let folder = folder.display().to_string();
    let strip = |text: String| {
        let text = text.replace(&format!("{folder}/"), "");
        text.replace(&folder, "DIR")
    };
    left_out.map(strip).collect()
}

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// The names of the objects, and notes and problems, without the folder.
fn told(folder: &Path, paths: &[PathBuf]) -> (Vec<String>, Vec<String>, Vec<String>) {
    let manifests = read(paths);
    let strip = |text: String| text.replace(&folder.display().to_string(), "DIR");
    let notes = manifests.notes.iter();
    let notes = notes.map(|note| strip(format!("{}: {}", note.place, note.text)));
    let names = manifests.objects.iter().filter_map(Object::name);
    (
        names.map(ToOwned::to_owned).collect(),
        notes.collect(),
        problems(&manifests).into_iter().map(strip).collect(),
    )
}

#[test]
fn what_cannot_be_read_is_told_wherever_it_is() {
    let folder = folder(&[
        ("k/kustomization.yaml", "patches: [{path: a.yaml\n"),
        ("k/a.yaml", POD),
    ]);
    let path = folder.path();
    #[cfg(unix)]
    std::os::unix::fs::symlink("nowhere", path.join("link.yaml")).unwrap();
    std::fs::write(path.join("utf16.yaml"), b"\xff\xfea\0").unwrap();
    let (objects, _, problems) = told(path, &[path.to_owned()]);
    assert_eq!(objects, ["pod"]);
    let expected = [
        "DIR/k/kustomization.yaml:1: cannot be read: what starts here has no end (column 11)",
        #[cfg(unix)]
        "DIR/link.yaml: cannot be read: No such file or directory (os error 2)",
        "DIR/utf16.yaml:1: is text in UTF-16: save it as UTF-8",
    ];
    assert_eq!(problems, expected);
}

#[test]
fn what_follows_an_object_of_a_stream_does_not_take_it_along() {
    for (text, names, problems) in [
        (
            format!("{POD_JSON}\n[1]\n{POD_JSON}\n"),
            ["pod"; 2].as_slice(),
            1,
        ),
        (format!("{POD_JSON},\n{POD_JSON}\n"), &["pod"], 1),
        (format!("{POD_JSON}\n# the end\n"), &["pod"], 0),
    ] {
        let manifests = read_text(&text);
        let found = manifests.objects.iter().filter_map(Object::name);
        assert_eq!(found.collect::<Vec<_>>(), names, "{text}");
        assert_eq!(manifests.problems.len(), problems, "{text}");
    }
}

const POD_JSON: &str = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}}"#;
const POD: &str = "{apiVersion: v1, kind: Pod, metadata: {name: pod}}";

#[test]
fn what_is_excluded_is_not_read_unless_it_is_named() {
    let pod = |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}}}");
    let folder = folder(&[
        ("a.yaml", &pod("a")),
        ("a.test.yaml", &pod("a-test")),
        ("in/b.test.yaml", &pod("b-test")),
        ("in/old/c.yaml", &pod("c")),
        ("old/d.yaml", &pod("d")),
        (".hidden/e.yaml", &pod("e")),
        ("out/f.yaml", &pod("f")),
        (".gitignore", "out/\n"),
    ]);
    let path = folder.path();
    let read = |patterns: &[&str]| {
        let patterns = patterns.iter().map(|pattern| (*pattern).to_owned());
        let exclude = Exclude::new(patterns.collect()).unwrap();
        let paths = [path.to_owned(), path.join("old/d.yaml")];
        let manifests = read_without(&paths, &exclude);
        let names = manifests.objects.iter().filter_map(Object::name);
        let left_out = left_out(path, &manifests);
        let is_excluded = |text: &String| text.ends_with(": left out by --exclude");
        let excluded = left_out.iter().filter(|text| is_excluded(text)).count();
        (names.collect::<Vec<_>>().join(" "), excluded)
    };
    assert_eq!(read(&[]), ("a-test a b-test c d".to_owned(), 0));
    assert_eq!(read(&["*.test.yaml", "old"]), ("a d".to_owned(), 4));
    assert_eq!(
        read(&["/old/", "in/*.yaml"]),
        ("a-test a c d".to_owned(), 2)
    );
    assert_eq!(
        Exclude::new(vec!["a[".to_owned()]).unwrap_err().to_string(),
        "error parsing glob 'a[': unclosed character class; missing ']'"
    );
}

#[test]
fn helm_says_where_an_object_is_from() {
    let manifests = read_text(&format!(
        "---\n# Source: shop/templates/pod.yaml\n{POD}\n---\n{POD}\n# Source: x\n---\n# A note\n\n# Source: shop/charts/db/templates/list.yaml \n\
         apiVersion: v1\nkind: List\nitems: [{POD}]\n"
    ));
    let places = manifests.objects.iter();
    let places = places.map(|object| object.place_of("kind").to_string());
    assert_eq!(
        places.collect::<Vec<_>>(),
        [
            "f.yaml:3 (shop/templates/pod.yaml)",
            "f.yaml:5",
            "f.yaml:13 (shop/charts/db/templates/list.yaml)",
        ]
    );
}

#[test]
fn patches_of_kustomizations_are_left_out_unless_they_are_named() {
    let pod = |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}}}");
    let folder = folder(&[
        ("base/pod.yaml", POD),
        ("base/kustomization.yaml", "resources: [pod.yaml]\n"),
        (
            "prod/Kustomization",
            "patches: [{path: ./a.yaml}, {patch: 'a: 1'}]\npatchesStrategicMerge: [in/b.yaml, 'a: 1']\n",
        ),
        ("prod/a.yaml", &pod("a")),
        ("prod/in/b.yaml", &pod("b")),
        ("prod/other.yaml", &pod("other")),
        (
            "part/kustomization.yml",
            "kind: Component\npatchesJson6902:\n- path: ../shared/c.json\n",
        ),
        (
            "shared/c.json",
            "[{\"op\": \"remove\", \"path\": \"/spec\"}]",
        ),
    ]);
    let path = folder.path();
    assert_eq!(
        told(path, &[path.join("base/.."), path.join("prod/a.yaml")]),
        (
            ["pod", "other", "a"].map(ToOwned::to_owned).to_vec(),
            vec![],
            vec![],
        )
    );
    assert_eq!(
        left_out(path, &read(&[path.to_owned()])),
        [
            "prod/Kustomization: a kustomization that is not built: it has `patches`, `patchesStrategicMerge`",
            "prod/a.yaml: a patch of prod/Kustomization",
            "prod/in/b.yaml: a patch of prod/Kustomization",
            "shared/c.json: a patch of part/kustomization.yml",
        ]
    );
}

#[test]
fn templates_of_charts_are_left_out_unless_their_folder_is_named() {
    let folder = folder(&[
        ("Chart.yaml", "apiVersion: v2\nname: x\n"),
        ("crds/a.yaml", POD),
        ("templates/in/a.yaml", POD),
        ("templates/b.yaml", "{{ fail }}\n"),
        ("charts/sub/Chart.yaml", "apiVersion: v2\nname: y\n"),
        ("charts/sub/templates/c.yaml", "{{ fail }}\n"),
        ("other/templates/d.yaml", POD),
    ]);
    let path = folder.path();
    let pods = |count: usize| vec!["pod".to_owned(); count];
    assert_eq!(told(path, &[path.to_owned()]), (pods(2), vec![], vec![]));
    assert_eq!(
        left_out(path, &read(&[path.to_owned()])),
        [
            "charts/sub/templates/c.yaml: a template of the Helm chart in charts/sub",
            "templates/b.yaml: a template of the Helm chart in DIR",
            "templates/in/a.yaml: a template of the Helm chart in DIR",
        ]
    );
    let templates = path.join("templates");
    assert_eq!(
        told(path, std::slice::from_ref(&templates)),
        (pods(1), vec![], vec![])
    );
    assert_eq!(
        left_out(path, &read(&[templates])),
        ["templates/b.yaml: a template, which is rendered before it is applied"]
    );
    let nothing = "DIR/charts: there is nothing to check in this folder but 1 Helm chart (1 template): check the output \
                   of `helm template CHART`";
    assert_eq!(
        told(path, &[path.join("charts")]),
        (pods(0), vec![], vec![nothing.to_owned()])
    );
}

#[test]
fn each_file_that_helm_renders_is_left_out_whatever_it_is_called() {
    let template = "{{ fail }}\n";
    let folder = folder(&[
        ("pod.yaml", POD),
        (".gitignore", "ignored.*\n*.tgz\n!y-1.0.0.tgz\n"),
        ("c/Chart.yaml", "apiVersion: v2\nname: x\n"),
        ("c/README.md", "text\n"),
        ("c/LICENSE", "text\n"),
        ("c/.helmignore", "*.txt\n"),
        ("c/files/a.txt", "text\n"),
        ("c/packed.tgz", "x"),
        ("c/templates/_helpers.tpl", template),
        ("c/templates/NOTES.txt", "text\n"),
        ("c/templates/.swp", template),
        ("c/templates/empty", ""),
        ("c/templates/e.tpl", template),
        ("c/templates/e.YAML", template),
        ("c/templates/none", template),
        ("c/templates/tests/e.gotmpl", template),
        ("c/templates/tests/.e.txt", template),
        ("c/templates/ignored.txt", template),
        ("c/charts/y-1.0.0.tgz", "x"),
        ("c/charts/z-1.0.0.tgz", "x"),
        ("c/charts/_no-1.0.0.tgz", "x"),
        ("c/charts/y-1.0.0.tgz.prov", "x"),
        ("c/charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\n"),
        ("c/charts/sub/templates/e.txt", template),
        ("charts/y-1.0.0.tgz", "x"),
        ("other/templates/e.tpl", template),
    ]);
    let path = folder.path();
    let manifests = read(&[path.to_owned()]);
    assert_eq!(names(&manifests), [(1, "Pod", "pod")]);
    assert_eq!(
        left_out(path, &manifests),
        [
            "c/charts/sub/templates/e.txt: a template of the Helm chart in c/charts/sub",
            "c/charts/y-1.0.0.tgz: a packed chart in the Helm chart in c",
            "c/charts/z-1.0.0.tgz: left out by `*.tgz` in .gitignore",
            "c/templates/e.YAML: a template of the Helm chart in c",
            "c/templates/e.tpl: a template of the Helm chart in c",
            "c/templates/ignored.txt: left out by `ignored.*` in .gitignore",
            "c/templates/none: a template of the Helm chart in c",
            "c/templates/tests/.e.txt: left out because its name begins with a dot",
            "c/templates/tests/e.gotmpl: a template of the Helm chart in c",
        ]
    );
    assert_eq!(manifests.notes, []);
}

#[test]
fn a_chart_that_names_others_which_are_not_there_is_left_out() {
    let chart = "apiVersion: v2\nname: x\ndependencies:\n- {name: db, version: 1}\n- {name: web, version: 1}\n- {name: \
                 queue, version: 1}\n";
    let folder = folder(&[
        ("pod.yaml", POD),
        ("c/Chart.yaml", chart),
        ("c/charts/web-1.0.0.tgz", "x"),
        ("old/Chart.yaml", "apiVersion: v1\nname: x\n"),
        (
            "old/requirements.yaml",
            "dependencies: [{name: db, version: 1}]\n",
        ),
    ]);
    let path = folder.path();
    assert_eq!(
        left_out(path, &read(&[path.to_owned()])),
        [
            "c/Chart.yaml: a Helm chart whose folder `charts` lacks db, queue: run `helm dependency build c` first",
            "c/charts/web-1.0.0.tgz: a packed chart in the Helm chart in c",
            "old/Chart.yaml: a Helm chart whose folder `charts` lacks db: run `helm dependency build old` first",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_among_templates_is_one_of_them() {
    use std::os::unix::fs::symlink;

    let folder = folder(&[
        ("c/Chart.yaml", "apiVersion: v2\nname: x\n"),
        ("d/Chart.yaml", "apiVersion: v2\nname: y\n"),
        ("d/templates/a.yaml", POD),
        ("shared/pod.yaml", POD),
        ("shared/pod.tpl", POD),
    ]);
    let path = folder.path();
    symlink("../shared", path.join("c/templates")).unwrap();
    symlink("../../shared", path.join("d/templates/in")).unwrap();
    symlink("../../shared/pod.tpl", path.join("d/templates/b.tpl")).unwrap();
    symlink("shared", path.join("plain")).unwrap();
    // A chart that is a link is there, and is read where it is.
    let dependency = "apiVersion: v2\nname: e\ndependencies: [{name: y, version: 1}]\n";
    std::fs::create_dir_all(path.join("e/charts")).unwrap();
    std::fs::write(path.join("e/Chart.yaml"), dependency).unwrap();
    symlink("../../d", path.join("e/charts/y")).unwrap();
    assert_eq!(
        left_out(path, &read(&[path.to_owned()])),
        [
            "c/templates/: a template of the Helm chart in c",
            "d/templates/a.yaml: a template of the Helm chart in d",
            "d/templates/b.tpl: a template of the Helm chart in d",
            "d/templates/in/: a template of the Helm chart in d",
        ]
    );
}

#[test]
fn a_kustomization_that_changes_what_is_applied_is_left_out() {
    let folder = folder(&[
        ("base/pod.yaml", POD),
        (
            "base/kustomization.yaml",
            "resources: [pod.yaml]\nnamespace: a\n",
        ),
        ("base/none.txt", POD),
        (
            "prod/kustomization.yaml",
            "resources: [../base]\npatches: [{patch: '[]'}]\n",
        ),
        ("prod/pod.yaml", POD),
        ("text/kustomization.yaml", "resources: [../base/none.txt]\n"),
    ]);
    let path = folder.path();
    let changes = "a kustomization that is not built: it has `patches`";
    let manifests = read(&[path.to_owned()]);
    assert_eq!(
        left_out(path, &manifests),
        [
            format!("prod/kustomization.yaml: {changes}"),
            "text/kustomization.yaml: a kustomization that is not built: it names ../base/none.txt, which is not read"
                .to_owned(),
        ]
    );
    // It is named, and so there is no note.
    assert_eq!(manifests.notes, []);
    let of = |paths: &[&str]| {
        let paths: Vec<PathBuf> = paths.iter().map(|name| path.join(name)).collect();
        left_out(path, &read(&paths))
    };
    assert_eq!(of(&["base"]), [""; 0]);
    assert_eq!(
        of(&["base", "prod"]),
        [format!("prod/kustomization.yaml: {changes}")]
    );
    assert_eq!(
        of(&["prod"]),
        [format!(
            "prod/kustomization.yaml: {changes}, and it names ../base, which is not read"
        )]
    );
    // As a shell writes `base/*.yaml`.
    assert_eq!(of(&["base/kustomization.yaml", "base/pod.yaml"]), [""; 0]);
    assert_eq!(
        of(&["base/kustomization.yaml"]),
        [
            "base/kustomization.yaml: a kustomization that is not built: it names pod.yaml, which is not read"
        ]
    );
}

#[test]
fn what_is_not_there_is_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let manifests = read(&[folder.path().to_owned(), folder.path().join("nope.yaml")]);
    let path = folder.path().display();
    assert_eq!(
        problems(&manifests),
        [
            format!("{path}: there is no .yaml, .yml or .json file in this folder"),
            format!("{path}/nope.yaml: cannot be read: No such file or directory (os error 2)"),
        ]
    );
}

#[test]
fn a_folder_of_empty_files_is_a_problem() {
    let folder = folder(&[("a.yaml", ""), ("in/b.yaml", "# nothing\n---\nnull\n")]);
    let path = folder.path();
    let empty =
        "DIR: the .yaml, .yml and .json files in this folder are empty: there is no manifest in it";
    let problems = |paths: &[PathBuf]| told(path, paths).2;
    assert_eq!(problems(&[path.to_owned()]), [empty]);
    for (name, text) in [
        ("a.yaml", POD),
        ("a.yaml", "a: 1\n"),
        ("a.yaml", "apiVersion: v1\nkind: List\nitems: []\n"),
    ] {
        std::fs::write(path.join(name), text).unwrap();
        assert_eq!(problems(&[path.to_owned()]), [""; 0], "{text}");
    }
}

#[test]
fn what_is_called_like_a_chart_or_a_kustomization_is_read_for_objects() {
    let folder = folder(&[
        (
            "Chart.yaml",
            &format!("apiVersion: v2\nname: x\n---\n{POD}\n"),
        ),
        ("k/kustomization.yaml", POD),
        ("other/kustomization.yml", "kind: Kustomization\n"),
        ("other/Kustomization", "resources: [\n"),
    ]);
    let path = folder.path();
    let (objects, _, problems) = told(path, &[path.to_owned()]);
    assert_eq!(objects, ["pod", "pod"]);
    assert_eq!(
        problems,
        ["DIR/other/Kustomization:1: cannot be read: what starts here has no end (column 12)"]
    );
}

#[test]
fn an_index_of_charts_is_no_manifest_and_a_review_is_a_problem() {
    let review = "{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {}}";
    let folder = folder(&[
        ("index.yaml", "apiVersion: v1\nentries: {}\n"),
        ("kindless.yaml", "apiVersion: v1\nmetadata: {name: a}\n"),
        ("review.yaml", review),
        ("request.yaml", "{operation: CREATE, resource: {}}"),
    ]);
    let path = folder.path();
    let (_, notes, problems) = told(path, &[path.to_owned()]);
    assert_eq!(
        notes,
        [
            "DIR/index.yaml:1: the index of a Helm repository, not a Kubernetes object, skipped",
            "DIR/request.yaml:1: an admission request, skipped: check it with `preflight review FILE`",
        ]
    );
    assert_eq!(
        problems,
        [
            "DIR/kindless.yaml:1: not a Kubernetes object: `kind` must be there, as text",
            "DIR/review.yaml:1: an AdmissionReview asks about an object, and is none: check it with `preflight review FILE`",
        ]
    );
}

#[test]
fn a_file_that_is_no_manifest_is_one_note_and_a_template_is_left_out() {
    let data = "a: 1\n---\nb: 1\nb: 2\n---\n- {kind: Pod}\n---\nitems: [{a: 1}, {b: 2}]\n";
    let folder = folder(&[
        (
            "api.json",
            r#"{"openapi": "3.1.0", "paths": {"/": {"get": 1, "get": 2}}}"#,
        ),
        ("data.yaml", data),
        ("twice.yaml", "kind: Pod\nkind: Pod\n"),
        (
            "chart/files/pod.yaml",
            "{{ if .Values.a }}\napiVersion: v1\n{{ end }}\n---\na: {{ b }}\n",
        ),
        (
            "mixed.yaml",
            &format!("{POD}\n---\n{{{{ .Values.more }}}}: [\n"),
        ),
    ]);
    let path = folder.path();
    let (objects, notes, problems) = told(path, &[path.to_owned()]);
    assert_eq!(objects, ["pod"]);
    assert_eq!(
        notes,
        [
            "DIR/api.json:1: not a Kubernetes object, skipped",
            "DIR/data.yaml:1: not a Kubernetes object, skipped, as are 4 documents of this file",
        ]
    );
    assert_eq!(
        problems,
        [
            "DIR/twice.yaml:2: can be read in two ways: the key \"kind\" is there twice, in lines 1 and 2: keep one of them"
        ]
    );
    let left_out = read(&[path.to_owned()]).left_out;
    let left_out = left_out.iter().map(|it| format!("{}: {}", it.path, it.why));
    let left_out: Vec<String> = left_out
        .map(|text| text.replace(&path.display().to_string(), "DIR"))
        .collect();
    assert_eq!(
        left_out,
        [
            "DIR/chart/files/pod.yaml: a template, which is rendered before it is applied",
            "DIR/mixed.yaml: a template, which is rendered before it is applied",
        ]
    );
}

#[test]
fn a_folder_of_nothing_but_templates_is_a_problem() {
    let folder = folder(&[("a.yaml", "a: {{ b }}\n")]);
    let path = folder.path();
    let (_, _, problems) = told(path, &[path.to_owned()]);
    assert_eq!(
        problems,
        [
            "DIR: there is nothing to check in this folder but templates: check what they are rendered to"
        ]
    );
    // A file that is named is a problem itself.
    let (_, _, problems) = told(path, &[path.join("a.yaml")]);
    assert_eq!(
        problems,
        [
            "DIR/a.yaml:1: cannot be read: a key that is not text: quote it (column 5); it looks like a template: pipe \
             what `helm template` renders into `preflight -`"
        ]
    );
}

#[test]
fn a_gitignore_and_a_dot_hide_nothing_in_silence() {
    let pod = |name: &str| format!("{{apiVersion: v1, kind: Pod, metadata: {{name: {name}}}}}");
    let folder = folder(&[
        (
            ".gitignore",
            "\u{feff}*.yaml\n!/a.yaml\n!.shown.yaml\nnode_modules\n[\n",
        ),
        ("a.yaml", &pod("a")),
        ("b.yaml", &pod("b")),
        ("b.txt", "no manifest\n"),
        (".shown.yaml", &pod("shown")),
        (".hidden.json", &pod("hidden")),
        (".git/config.yaml", &pod("git")),
        (".git/x/c.yaml", &pod("git")),
        ("node_modules/x/y.yaml", &pod("module")),
        ("in/.gitignore", "!c.yaml\nd.json\n"),
        ("in/c.yaml", &pod("c")),
        ("in/d.json", &pod("d")),
    ]);
    let path = folder.path();
    let read = |reads_ignored| {
        let exclude = Exclude::default().reading_ignored(reads_ignored);
        let manifests = read_without(&[path.to_owned()], &exclude);
        assert_eq!(problems(&manifests), [""; 0]);
        let names = manifests.objects.iter().filter_map(Object::name);
        (
            names.collect::<Vec<_>>().join(" "),
            left_out(path, &manifests),
        )
    };
    let hidden = ".hidden.json: left out because its name begins with a dot";
    let (names, left_out) = read(false);
    assert_eq!(names, "shown a c");
    assert_eq!(
        left_out,
        [
            hidden,
            "b.yaml: left out by `*.yaml` in .gitignore",
            "in/d.json: left out by `d.json` in in/.gitignore",
            "node_modules/: left out by `node_modules` in .gitignore",
        ]
    );
    let (names, left_out) = read(true);
    assert_eq!(names, "a b c d module");
    assert_eq!(
        left_out,
        [
            hidden,
            ".shown.yaml: left out because its name begins with a dot"
        ]
    );
}

#[cfg(unix)]
#[test]
fn no_link_of_a_folder_leads_out_of_it_and_nothing_without_an_end_is_read() {
    use std::os::unix::fs::symlink;

    let outside = folder(&[("secret.yaml", POD)]);
    let folder = folder(&[("in/a.yaml", POD), ("big.yaml", "")]);
    let path = folder.path();
    symlink("in/a.yaml", path.join("within.yaml")).unwrap();
    symlink("in", path.join("folder-within")).unwrap();
    symlink(outside.path().join("secret.yaml"), path.join("out.yaml")).unwrap();
    symlink(outside.path(), path.join("folder-out")).unwrap();
    symlink("/dev/zero", path.join("zero.yaml")).unwrap();
    symlink("/dev/zero", path.join("in/.gitignore")).unwrap();
    symlink("/dev/zero", path.join("in/kustomization.yaml")).unwrap();
    symlink("no-manifest", path.join("text")).unwrap();
    let big = std::fs::File::create(path.join("big.yaml")).unwrap();
    big.set_len(bounded::MAX_BYTES + 1).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(path.join("pipe.yaml"))
        .status();
    assert!(made.unwrap().success());

    let manifests = read(&[path.to_owned(), path.join("pipe.yaml")]);
    let dir = path.display().to_string();
    let problems: Vec<String> = problems(&manifests)
        .into_iter()
        .map(|problem| problem.replace(&dir, "DIR"))
        .collect();
    let link = "is a link that leads out of the folder, and was not followed; name the file that it leads to, if it is \
                meant";
    let pipe = "DIR/pipe.yaml: cannot be read: it is a pipe; write into standard input instead, and name that `-`";
    assert_eq!(
        problems,
        [
            "DIR/big.yaml: cannot be read: it is larger than 64 MiB; split it".to_owned(),
            format!("DIR/in/kustomization.yaml: {link}"),
            format!("DIR/out.yaml: {link}"),
            pipe.to_owned(),
            format!("DIR/zero.yaml: {link}"),
        ]
    );
    assert_eq!(names(&manifests).len(), 2, "a.yaml, and the link to it");
    assert_eq!(
        left_out(path, &manifests),
        ["folder-out/: a link to a folder outside, which is not followed"]
    );
}

/// The files of the objects in these paths of a folder, as seen from it.
fn files_of(folder: &Path, paths: &[&str]) -> Vec<String> {
    let paths: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
    let manifests = read(&paths);
    assert_eq!(problems(&manifests), [""; 0]);
    let start = format!("{}/", folder.display());
    let files = manifests.objects.iter();
    let files = files.map(|object| object.file.replacen(&start, "", 1));
    files.collect()
}

#[test]
fn a_file_is_read_once_by_its_first_name() {
    let folder = folder(&[("in/a.yaml", POD), ("in/b.yaml", POD), ("in/.c.yaml", POD)]);
    let path = folder.path();
    for (paths, expected) in [
        (
            &["in/a.yaml", "in/./a.yaml", "in/../in/a.yaml"][..],
            &["in/a.yaml"][..],
        ),
        (&["in", "in/a.yaml"], &["in/a.yaml", "in/b.yaml"]),
        (&["in/b.yaml", "in"], &["in/b.yaml", "in/a.yaml"]),
        (&["in", "in/", "."], &["in/a.yaml", "in/b.yaml"]),
        (&["in/../in", "in"], &["in/../in/a.yaml", "in/../in/b.yaml"]),
        (
            &["in", "in/.c.yaml"],
            &["in/a.yaml", "in/b.yaml", "in/.c.yaml"],
        ),
    ] {
        assert_eq!(files_of(path, paths), expected, "{paths:?}");
    }
    // Two files that are the same are two.
    std::fs::write(path.join("a.yaml"), POD).unwrap();
    assert_eq!(
        files_of(path, &["a.yaml", "in/a.yaml"]),
        ["a.yaml", "in/a.yaml"]
    );
}

#[test]
fn a_file_that_is_named_is_so_in_its_folder_too() {
    let folder = folder(&[("a.yaml", "a: 1\n"), ("b.yaml", "b: 1\n"), ("c.yaml", POD)]);
    let path = folder.path();
    let manifests = read(&[path.to_owned(), path.join("b.yaml")]);
    let told = problems(&manifests).into_iter();
    let told = told.chain(manifests.notes.iter().map(|note| note.place.to_string()));
    let told: Vec<String> = told
        .map(|it| it.replace(&path.display().to_string(), "DIR"))
        .collect();
    assert_eq!(
        told,
        [
            "DIR/b.yaml:1: not a Kubernetes object: `apiVersion` and `kind` must be there, as text",
            "DIR/a.yaml:1",
        ]
    );
}

#[cfg(unix)]
#[test]
fn a_link_is_the_file_that_it_leads_to_unless_that_is_in_another_folder() {
    use std::os::unix::fs::symlink;

    let folder = folder(&[("base/a.yaml", POD)]);
    let path = folder.path();
    for environment in ["dev", "prod"] {
        std::fs::create_dir(path.join(environment)).unwrap();
        symlink("../base/a.yaml", path.join(environment).join("a.yaml")).unwrap();
    }
    symlink("a.yaml", path.join("base/z.yaml")).unwrap();
    let all = ["base/a.yaml", "dev/a.yaml", "prod/a.yaml"];
    for (paths, expected) in [
        (&["."][..], &all[..]),
        (
            &["base/a.yaml", "dev/a.yaml", "base/z.yaml"],
            &["base/a.yaml"],
        ),
        (&["dev/a.yaml", "."], &["dev/a.yaml", "prod/a.yaml"]),
    ] {
        let files = files_of(path, paths).into_iter();
        let files: Vec<String> = files.map(|file| file.replacen("./", "", 1)).collect();
        assert_eq!(files, expected, "{paths:?}");
    }
}

#[test]
fn a_line_of_dashes_is_dropped_where_kubectl_drops_it() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n";
    let json = r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}"#;
    let old_breaks = pod.replace('\n', "\r");
    for (text, found) in [
        // At the start, and below one that was dropped, the line belongs to the document, where these characters end it.
        (format!("--- # x\r{old_breaks}"), 1),
        (format!("{pod}---\n--- # x\r{old_breaks}"), 2),
        (format!("--- # x\u{85}{json}"), 1),
        (format!("--- # x\u{2028}{json}\n"), 1),
        // Below anything else, be it a blank line or a comment, it is not handed on, with all that is in it.
        (format!("\n--- # x\r{old_breaks}"), 0),
        (format!("---\n--- # x\r{old_breaks}"), 0),
        (format!("# c\n---\u{a0}\n{pod}"), 1),
        (format!("\n---\u{3000}# x\n{json}"), 1),
        (format!("{pod}---\n---\n{pod}"), 2),
        // Each document may begin with a byte order mark, and the file with another one.
        (format!("{pod}---\n\u{feff}{pod}"), 2),
        (format!("\u{feff}\u{feff}{pod}---\n{pod}"), 2),
        (format!("%YAML 1.1\n# c\n---\n{pod}"), 1),
    ] {
        let manifests = read_text(&text);
        let pods = manifests
            .objects
            .iter()
            .filter(|object| object.name() == Some("a"));
        assert_eq!(
            (pods.count(), problems(&manifests)),
            (found, vec![]),
            "{text:?}"
        );
    }
    let manifests = read_text("---\u{a0}\nkind: Pod\n");
    assert_eq!(problems(&manifests).len(), 1, "{manifests:?}");
}

#[test]
fn what_json_holds_and_no_value_can_is_a_problem() {
    let half = "cannot be read: an escape such as \\ud800 is half of a character, which some readers replace: write all of it";
    for (text, expected) in [
        (r#"{"kind": "List", "\ud800": 1, "items": []}"#, half),
        (
            "{\"kind\": \"Pod\",\n\"spec\": {\"path\": \"/\\udc00\"}}",
            half,
        ),
        (
            "{\"kind\": \"Pod\",\n\"spec\": [1e400]}",
            "cannot be read: a number that JSON cannot hold",
        ),
    ] {
        let line = text.lines().count();
        let folder = folder(&[("p.json", text), ("ok.yaml", OK)]);
        for read in [
            read_text(text),
            read(&[folder.path().join("p.json")]),
            read(&[folder.path().to_owned()]),
        ] {
            let [problem] = read.problems.as_slice() else {
                panic!("{text}: {read:?}")
            };
            assert_eq!(
                (problem.place.line, problem.text.as_str()),
                (Some(line), expected)
            );
        }
    }
}

/// An object that is not in question.
const OK: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ok}\n";

#[test]
fn a_document_is_no_manifest_only_where_all_of_it_was_looked_at() {
    for text in [
        "a: 1\n...\nkind: Pod\n a\n",
        "!!binary a2luZA==: Pod\napiVersion: v1\na: 1\na: 1\n",
        "? !!binary |\n  a2lu\n  ZA==\n: Pod\na: 1\na: 1\n",
    ] {
        let folder = folder(&[("p.yaml", text), ("ok.yaml", OK)]);
        let read = read(&[folder.path().to_owned()]);
        assert_eq!(
            (read.problems.len(), read.notes.len()),
            (1, 0),
            "{text}: {read:?}"
        );
    }
}

#[test]
fn a_manifest_that_is_called_like_the_configuration_is_named() {
    for (name, text, is_named) in [
        (".preflight.yaml", "policies: [secret-data]\n", false),
        (".preflight.yaml", "# nothing\n", false),
        (".preflight.yaml", OK, true),
        (".preflight.yaml", "apiVersion: v1\nitems: [\n", true),
        (
            ".preflight-baseline.json",
            r#"{"version": 1, "findings": []}"#,
            false,
        ),
        (
            ".preflight-baseline.json",
            r#"{"apiVersion": "v1", "kind": "Pod"}"#,
            true,
        ),
    ] {
        let folder = folder(&[(name, text), ("ok.yaml", OK)]);
        let read = read(&[folder.path().to_owned()]);
        let left_out: Vec<_> = read.left_out.iter().map(|one| one.why.clone()).collect();
        let expected = if is_named { vec![Why::Hidden] } else { vec![] };
        assert_eq!(left_out, expected, "{name} {text}");
    }
}

#[test]
fn very_many_values_in_one_line_take_no_time() {
    let manifests = read_text(&"{}".repeat(200_000));
    assert_eq!(manifests.problems.len(), 200_000);
}
