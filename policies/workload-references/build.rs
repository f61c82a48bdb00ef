//! Embeds `metadata.yml` and `README.md` in the policy.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    policy_metadata::build::embed()
}
