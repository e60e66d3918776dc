//! People a call can be passed to: managers, heads, departments, absences and who stands in (duties 4, 6, 15, 19).

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::chain::Purpose;
use super::client::{ClientType, ClientTypeId, Names};

/// The stable short name of a person in the company's data: `ivanova`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema), schema(value_type = String))]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All that passing a call on needs to know.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Directory {
    /// In the company's order.
    pub people: Vec<DirectoryEntry>,
    /// In the company's order.
    #[serde(default)]
    pub departments: Vec<Department>,
    /// In the order they are offered.
    #[serde(default)]
    pub client_types: Vec<ClientType>,
    /// What clients call for, in the order it is offered.
    #[serde(default)]
    pub purposes: Vec<Purpose>,
}

/// A person of the company.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct DirectoryEntry {
    /// In rules and data.
    pub id: PersonId,
    /// Family name first, as the company writes it.
    pub name: String,
    /// Decides for what the person is a target.
    pub job: Job,
    /// None: cannot be reached by telephone.
    #[serde(default)]
    pub extension: Option<String>,
    /// The department's id.
    #[serde(default)]
    pub department: Option<String>,
    /// Types of clients this person serves; empty for people who serve no clients.
    #[serde(default)]
    pub serves: Vec<ClientTypeId>,
    /// Past and coming ones.
    #[serde(default)]
    pub absences: Vec<Absence>,
}

/// What a person does here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub enum Job {
    /// Takes and makes the calls.
    Operator,
    /// Has clients of their own.
    Manager,
    /// Leads a department.
    Head,
    /// Speaks with debtors (duty 6).
    Finance,
    /// Commercial director.
    Director,
    /// A job that this version does not know.
    #[serde(other)]
    Other,
}

/// Days on which a person is not there, both included.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Absence {
    /// First day away.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub from: Date,
    /// Last day away.
    #[cfg_attr(feature = "desk", schema(value_type = String, format = Date))]
    pub to: Date,
    /// Who stands in.
    #[serde(default)]
    pub deputy: Option<PersonId>,
}

impl Absence {
    fn covers(&self, day: Date) -> bool {
        self.from <= day && day <= self.to
    }
}

/// A department of the company.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "desk", derive(utoipa::ToSchema))]
pub struct Department {
    /// In rules and data.
    pub id: String,
    /// On screens.
    pub names: Names,
    /// Who leads it; none: nobody now.
    #[serde(default)]
    pub head: Option<PersonId>,
}

impl DirectoryEntry {
    /// The absence that covers this day, if any.
    pub fn absence_on(&self, day: Date) -> Option<&Absence> {
        self.absences.iter().find(|absence| absence.covers(day))
    }
}

impl Directory {
    /// The person of this id.
    pub fn person(&self, id: &PersonId) -> Option<&DirectoryEntry> {
        self.people.iter().find(|person| person.id == *id)
    }

    /// Who answers for this person on this day: the person, or the deputy, or the deputy's deputy. None when
    /// nobody in that line is there.
    pub fn present_for(&self, id: &PersonId, day: Date) -> Option<&DirectoryEntry> {
        let mut person = self.person(id)?;
        // As many steps as there are people: two who stand in for each other end the walk.
        for _ in 0..self.people.len() {
            match person.absence_on(day) {
                None => return Some(person),
                Some(absence) => person = self.person(absence.deputy.as_ref()?)?,
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn person(id: &str, deputy: Option<&str>) -> DirectoryEntry {
        let absence = deputy.map(|deputy| Absence {
            from: date(2026, 5, 1),
            to: date(2026, 5, 9),
            deputy: Some(PersonId(deputy.into())),
        });
        DirectoryEntry {
            id: PersonId(id.into()),
            name: id.into(),
            job: Job::Manager,
            extension: None,
            department: None,
            serves: vec![],
            absences: absence.into_iter().collect(),
        }
    }

    fn present(people: Vec<DirectoryEntry>, day: Date) -> Option<String> {
        let directory = Directory { people, ..Directory::default() };
        directory.present_for(&PersonId("anna".into()), day).map(|person| person.id.0.clone())
    }

    #[test]
    fn the_deputys_deputy_answers_when_both_are_away() {
        let people =
            || vec![person("anna", Some("boris")), person("boris", Some("vera")), person("vera", None)];
        assert_eq!(present(people(), date(2026, 5, 9)).as_deref(), Some("vera"));
        assert_eq!(present(people(), date(2026, 5, 10)).as_deref(), Some("anna"));
    }

    #[test]
    fn two_who_stand_in_for_each_other_are_both_away() {
        assert_eq!(
            present(vec![person("anna", Some("boris")), person("boris", Some("anna"))], date(2026, 5, 1)),
            None
        );
    }

    #[test]
    fn a_deputy_who_does_not_exist_is_nobody() {
        assert_eq!(present(vec![person("anna", Some("ghost"))], date(2026, 5, 1)), None);
    }
}
