//! Cards from the company's own system, kept in the desk's database so that register, chains and reports know their clients.

use std::collections::BTreeMap;

use super::{CompanySystem, Found, Got};
use crate::clock;
use crate::desk_api::{CardPart, ClientCard, ClientId, Gap, GapWhy, ProblemCode};
use crate::domain::number::PhoneNumber;
use crate::server::app::Desk;
use crate::server::problem::Refusal;

/// Who has this number, by the company's system and by the desk. Those of whom it says nothing any more are left out.
pub(crate) async fn by_number(
    desk: &Desk,
    company: &CompanySystem,
    number: PhoneNumber,
    limit: u32,
) -> Result<Vec<ClientCard>, Refusal> {
    let (found, _) = company.by_number(number, &desk.plan, desk.today()).await;
    let mut gaps = BTreeMap::new();
    let away = found.as_ref().err().copied();
    for found in found.unwrap_or_default() {
        let (client, lacks) = keep(desk, company, &found, Some(number)).await?;
        gaps.insert(client, lacks);
    }
    let mut cards = desk.store.clients_by_number(number, &desk.plan, limit).await?;
    for client in
        gaps.keys().filter(|client| cards.iter().all(|card| card.id != **client)).collect::<Vec<_>>()
    {
        cards.extend(desk.store.client(*client, &desk.plan).await?);
    }
    let mut known = Vec::new();
    for card in cards {
        let lacks = match (gaps.remove(&card.id), away) {
            (Some(lacks), _) => lacks,
            (None, _) if desk.store.own_id(card.id).await?.is_none() => Vec::new(),
            (None, Some(why)) => everything(why),
            (None, None) => continue,
        };
        known.push(ClientCard { gaps: lacks, ..card });
    }
    match away {
        // Nobody may be taken for a new client because the company could not be asked.
        Some(_) if known.is_empty() => Err(ProblemCode::CompanySystemAway.into()),
        _ => Ok(known),
    }
}

/// One client, as the company's system knows it now.
pub(crate) async fn by_id(
    desk: &Desk,
    company: &CompanySystem,
    id: ClientId,
) -> Result<Option<ClientCard>, Refusal> {
    let gaps = match desk.store.own_id(id).await? {
        Some(own_id) => {
            let found = company.by_own_id(own_id, desk.today()).await;
            keep(desk, company, &found, None).await?.1
        }
        None => Vec::new(),
    };
    let card = desk.store.client(id, &desk.plan).await?;
    Ok(card.map(|card| ClientCard { gaps, ..card }))
}

/// Writes what was got. Where nothing was, a client that is known already stays as it is.
async fn keep(
    desk: &Desk,
    company: &CompanySystem,
    found: &Found,
    number: Option<PhoneNumber>,
) -> Result<(ClientId, Vec<Gap>), Refusal> {
    let Found { own_id, values } = found;
    if let (Some(why), Some(client)) = (found.nothing(), desk.store.company_client(own_id).await?) {
        return Ok((client, everything(why)));
    }
    let directory = desk.store.directory().await?;
    let got =
        Got { own_id, values, meaning: company.meaning(), directory: &directory, number, plan: &desk.plan };
    let merge = |before| got.client(before);
    Ok(desk.store.keep_company_client(own_id, number, merge, &desk.plan, clock::wall()).await?)
}

fn everything(why: GapWhy) -> Vec<Gap> {
    vec![Gap { part: CardPart::Everything, why }]
}
