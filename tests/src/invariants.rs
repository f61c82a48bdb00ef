//! What holds for every answer, whatever was asked.

use preflight::Response;

/// The API server cuts longer warnings. Source: `staging/src/k8s.io/apiserver/pkg/endpoints/filters/warning.go`.
const WARNING_LIMIT: usize = 256;
/// Far more than anybody reads, and far less than any host has a limit for.
const MESSAGE_LIMIT: usize = 10 * 1024;

/// Finds what the hosts or the API server would drop or cut.
pub fn check(response: &Response) -> Result<(), String> {
    for warning in &response.warnings {
        let length = warning.chars().count();
        if length > WARNING_LIMIT {
            return Err(format!("a warning has {length} characters: {warning}"));
        }
        if warning.contains(char::is_control) {
            return Err(format!("a warning has control characters: {warning:?}"));
        }
    }
    let message = response.message.as_deref().unwrap_or_default();
    if message.len() > MESSAGE_LIMIT {
        return Err(format!("the message has {} bytes", message.len()));
    }
    let control = |character: char| character.is_control() && character != '\n';
    if message.contains(control) {
        return Err(format!("the message has control characters: {message:?}"));
    }
    if response.accepted == response.code.is_some() {
        return Err("a code must be set if and only if the request is refused".to_owned());
    }
    if response.accepted == response.message.is_some() {
        return Err("a message must be set if and only if the request is refused".to_owned());
    }
    if response.mutated_object.is_some() {
        return Err("no policy of this bundle changes objects".to_owned());
    }
    Ok(())
}
