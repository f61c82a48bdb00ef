//! Policies that are pulled from a registry.

use policy_registry::testing::Registry;

use crate::{
    guests::{Validate, guest, metadata},
    stage::{Stage, err, out},
};

const REFUSE: Validate<'_> = Validate::Answer(r#"{"accepted":false,"message":"no"}"#);

#[test]
fn runs_what_a_registry_has() {
    let Some(registry) = Registry::open().unwrap() else {
        return eprintln!("docker-registry is not installed: nothing was tried");
    };
    let wasm = guest(Some(&metadata("strict")), &REFUSE);
    let tagged = registry.reference("policies/strict:v1");
    let pinned = policy_registry::push(&tagged, &wasm).unwrap();
    let stage = Stage::new(&[]);
    stage.write(
        "pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\n",
    );
    let expected = "REFUSED  Pod default/web  by strict
  pod.yaml:1
    no

1 object, 1 policy: 1 refused
";
    for reference in [&tagged, &pinned] {
        assert_eq!(
            stage.run(&["--width", "60", "--wasm", reference, "pod.yaml"]),
            out(1, expected)
        );
    }
    let none = registry.reference("policies/none:v1");
    assert_eq!(
        stage.run(&["--wasm", &none, "pod.yaml"]),
        err(&format!("{none}: there is no such policy"))
    );
}
