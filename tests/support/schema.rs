//! Holds what the program prints against the published `docs/events.schema.json`.

use serde_json::Value;

/// Every line must be one event of the schema; returns them parsed.
///
/// # Panics
/// Names the first line that is not JSON or not an event, with the reason.
pub fn events(stdout: &str) -> Vec<Value> {
    let validator = validator();
    stdout.lines().map(|line| valid(&validator, line)).collect()
}

/// The same for a single line as it comes.
pub fn event(line: &str) -> Value {
    valid(&validator(), line)
}

fn validator() -> jsonschema::Validator {
    let schema =
        serde_json::from_str(include_str!("../../docs/events.schema.json")).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is a schema")
}

fn valid(validator: &jsonschema::Validator, line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("not JSON: {error}: {line}"));
    if !validator.is_valid(&event) {
        let name = event["event"].as_str().unwrap_or("?").to_owned();
        panic!("`{name}` is not as docs/events.schema.json says: {}\n{line}", explain(&name, &event));
    }
    event
}

/// The faults against the event's own definition: `oneOf` alone only says that none fits.
fn explain(name: &str, event: &Value) -> String {
    let mut schema: Value =
        serde_json::from_str(include_str!("../../docs/events.schema.json")).expect("the schema is JSON");
    let Some(object) = schema.as_object_mut() else { return String::new() };
    object.remove("oneOf");
    object.insert("$ref".into(), format!("#/$defs/{name}").into());
    match jsonschema::validator_for(&schema) {
        Ok(validator) => {
            validator.iter_errors(event).map(|error| error.to_string()).collect::<Vec<_>>().join("; ")
        }
        Err(_) => "no such event".into(),
    }
}
