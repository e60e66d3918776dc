//! The sample's people.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::desk_api::{
    Absence, ClientType, ClientTypeId, Department, Directory, DirectoryEntry, Job, Names, PersonId,
};

pub(super) fn directory(types: &[ClientType], today: Date) -> Directory {
    Directory {
        people: people(today),
        departments: departments(),
        client_types: types.to_vec(),
        purposes: Vec::new(),
    }
}

fn departments() -> Vec<Department> {
    let department = |id: &str, en: &str, ko: &str, ru: &str, head: &str| Department {
        id: id.to_owned(),
        names: Names { en: en.to_owned(), ko: Some(ko.to_owned()), ru: Some(ru.to_owned()) },
        head: Some(PersonId(head.to_owned())),
    };
    vec![
        department("wholesale", "Wholesale", "도매영업부", "Оптовый отдел", "orlova"),
        department("regional", "Regional sales", "지방영업부", "Региональный отдел", "sidorov"),
        department("finance", "Finance", "재무부", "Финансовый отдел", "kuznetsova"),
        department("support", "Sales support", "영업지원부", "Отдел поддержки продаж", "morozova"),
    ]
}

fn people(today: Date) -> Vec<DirectoryEntry> {
    let person =
        |id: &str, name: &str, job, extension: &str, department: &str, serves: &[&str]| DirectoryEntry {
            id: PersonId(id.to_owned()),
            name: name.to_owned(),
            job,
            extension: (!extension.is_empty()).then(|| extension.to_owned()),
            department: Some(department.to_owned()),
            serves: serves.iter().map(|id| ClientTypeId((*id).to_owned())).collect(),
            absences: Vec::new(),
        };
    let mut people = vec![
        person("ivanova", "Иванова Анна", Job::Manager, "201", "wholesale", &["key", "market"]),
        person("petrov", "Петров Сергей", Job::Manager, "202", "wholesale", &["key", "own_outlet", "retail"]),
        person("kim", "Ким Елена", Job::Manager, "203", "regional", &["regional", "retail"]),
        person("belov", "Белов Игорь", Job::Manager, "204", "wholesale", &["key"]),
        person("kuznetsova", "Кузнецова Ольга", Job::Finance, "301", "finance", &[]),
        person("orlova", "Орлова Мария", Job::Head, "302", "wholesale", &["key", "new"]),
        person("sidorov", "Сидоров Павел", Job::Head, "303", "regional", &["regional", "new"]),
        person("morozova", "Морозова Ирина", Job::Head, "", "support", &[]),
        person("volkov", "Волков Андрей", Job::Director, "", "wholesale", &[]),
        person("operator1", "Соколова Дарья", Job::Operator, "101", "support", &[]),
        person("operator2", "Лебедев Илья", Job::Operator, "102", "support", &[]),
        person("operator3", "Пак Наталья", Job::Operator, "103", "support", &[]),
    ];
    let mut away = |id: &str, from: i64, days: i64, deputy: &str| {
        if let Some(person) = people.iter_mut().find(|person| person.id.0 == id) {
            let from = today.saturating_add(from.days());
            let to = from.saturating_add(days.days());
            person.absences.push(Absence { from, to, deputy: Some(PersonId(deputy.to_owned())) });
        }
    };
    // One is away today, one soon, one was.
    away("petrov", -2, 9, "ivanova");
    away("kim", 14, 13, "sidorov");
    away("kuznetsova", -30, 6, "orlova");
    people
}
