//! Where a client goes now, asked by the telephone and by `rules explain` alike.

use jiff::civil::DateTime;

use super::problem::Refusal;
use super::settings::Transfers;
use super::store::{Store, StoreError};
use crate::desk_api::{
    ClientCard, ClientTypeId, Directory, FieldFault, ProblemCode, PurposeId, TransferQuestion,
};
use crate::domain::chain::{Evaluation, Situation, evaluate};

/// What the question names, found in the company's data.
pub(crate) struct Asked {
    pub client: Option<ClientCard>,
    purpose: Option<PurposeId>,
    client_type: Option<ClientTypeId>,
    department: Option<String>,
}

impl Asked {
    /// The client is looked for by the caller. Refuses words that the company does not know by their field.
    pub fn check(
        question: TransferQuestion,
        client: Option<ClientCard>,
        directory: &Directory,
        transfers: &Transfers,
    ) -> Result<Self, &'static str> {
        let TransferQuestion { client: _, purpose, client_type, department } = question;
        let knows_purpose = |id: &PurposeId| transfers.purposes.iter().any(|known| known.id == *id);
        let knows_type = |id: &ClientTypeId| directory.client_types.iter().any(|known| known.id == *id);
        let knows_department = |id: &String| directory.departments.iter().any(|known| known.id == *id);
        let known = [
            ("purpose", purpose.as_ref().is_none_or(knows_purpose)),
            ("type", client_type.as_ref().is_none_or(knows_type)),
            ("department", department.as_ref().is_none_or(knows_department)),
        ];
        match known.into_iter().find(|(_, is_known)| !is_known) {
            Some((field, _)) => Err(field),
            None => Ok(Self { client, purpose, client_type, department }),
        }
    }

    /// At a time of the office's place.
    pub async fn evaluate(
        &self,
        store: &Store,
        directory: &Directory,
        transfers: &Transfers,
        at: DateTime,
    ) -> Result<Evaluation, StoreError> {
        let first_call = match &self.client {
            Some(client) if client.manager.is_none() => !store.has_spoken(client.id).await?,
            // A client with a manager is no new one, whatever the register says.
            _ => false,
        };
        let situation = Situation {
            client: self.client.as_ref(),
            first_call,
            purpose: self.purpose.as_ref(),
            client_type: self.client_type.as_ref(),
            department: self.department.as_deref(),
            at,
        };
        Ok(evaluate(&transfers.rules, directory, &situation))
    }
}

/// A word of the query that the company does not know.
pub(crate) fn unknown(field: &str) -> Refusal {
    Refusal::field(ProblemCode::MalformedRequest, field, FieldFault::Unknown)
}
