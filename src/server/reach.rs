//! Whose clients concern whom: what the page shows and what is told as it happens.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::store::Bearer;
use crate::desk_api::{Directory, PersonId, Role};

/// The clients that somebody follows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reach {
    /// Whoever sees everything.
    pub all: bool,
    /// The person, and those whom the person stands in for today.
    pub managers: BTreeSet<String>,
    /// Where the person works.
    pub department: Option<String>,
    /// All clients of the department, not only those whom nobody looks after.
    pub leads: bool,
    /// The person's telephone.
    pub extension: Option<String>,
}

impl Reach {
    pub fn of(bearer: &Bearer, directory: &Directory, today: Date) -> Self {
        let id = PersonId(bearer.person.clone());
        let entry = directory.person(&id);
        let led = directory.departments.iter().find(|department| department.head.as_ref() == Some(&id));
        let department = led.map(|led| led.id.clone()).or_else(|| entry?.department.clone());
        let stands_in = |person: &&crate::desk_api::DirectoryEntry| {
            directory.present_for(&person.id, today).is_some_and(|present| present.id == id)
        };
        let others = directory.people.iter().filter(stands_in).map(|person| person.id.0.clone());
        let leads = bearer.role == Role::Head;
        Self {
            // A head whom the directory does not know leads everybody.
            all: matches!(bearer.role, Role::Admin | Role::Service) || (leads && department.is_none()),
            managers: others.chain([bearer.person.clone()]).collect(),
            leads,
            department,
            extension: entry.and_then(|entry| entry.extension.clone()),
        }
    }

    /// Whether a client of this manager and department is followed. One whom nobody looks after is followed by all of the
    /// department, or by everybody where there is none.
    pub fn covers(&self, manager: Option<&str>, department: Option<&str>) -> bool {
        let is_near = department.is_some() && department == self.department.as_deref();
        let is_anybodys = department.is_none() || self.department.is_none();
        self.all
            || match manager {
                Some(manager) => self.managers.contains(manager) || (self.leads && is_near),
                None => is_near || is_anybodys,
            }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::server::sample;

    fn reach(person: &str, role: Role) -> Reach {
        let today = date(2026, 5, 6);
        let directory = sample::directory(&sample::usual_types(), today);
        Reach::of(&Bearer { person: person.into(), role }, &directory, today)
    }

    #[test]
    fn a_manager_follows_own_clients_those_of_whom_is_away_and_those_whom_nobody_looks_after() {
        let ivanova = reach("ivanova", Role::Manager);
        assert!(ivanova.covers(Some("ivanova"), Some("wholesale")));
        assert!(ivanova.covers(Some("petrov"), Some("wholesale")), "who is away today");
        assert!(!ivanova.covers(Some("belov"), Some("wholesale")));
        assert!(ivanova.covers(None, Some("wholesale")) && ivanova.covers(None, None));
        assert!(!ivanova.covers(None, Some("regional")));
    }

    #[test]
    fn a_head_follows_the_department_and_whom_the_directory_does_not_know_everybody() {
        let orlova = reach("orlova", Role::Head);
        assert!(orlova.covers(Some("belov"), Some("wholesale")) && orlova.covers(None, Some("wholesale")));
        assert!(!orlova.covers(Some("kim"), Some("regional")) && !orlova.covers(None, Some("regional")));
        assert!(reach("nobody", Role::Head).covers(Some("kim"), Some("regional")));
        assert!(reach("nobody", Role::Admin).covers(Some("kim"), Some("regional")));
        assert!(!reach("nobody", Role::Manager).covers(Some("kim"), Some("regional")));
    }
}
