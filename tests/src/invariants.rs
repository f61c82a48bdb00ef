//! What holds for every answer, whatever was asked.

use preflight::Response;
use properties::Answer;

/// Finds what the hosts or the API server would drop or cut.
pub fn check(response: &Response) -> Result<(), String> {
    let answer = Answer {
        accepted: response.accepted,
        message: response.message.clone(),
        code: response.code,
        warnings: response.warnings.clone(),
        audit_annotations: response.audit_annotations.clone(),
    };
    answer.check()?;
    if response.mutated_object.is_some() {
        return Err("no policy of this bundle changes objects".to_owned());
    }
    Ok(())
}
