//! Which columns each kind of file may have, as programs in three languages head them.

use super::Kind;
use super::table::Column;
use crate::server::settings::Orders;

/// Our word, Russian, Korean; `!`: it must be there.
type Words = (&'static str, &'static str, &'static str);

const CLIENTS: &[Words] = &[
    ("!code", "Код", "코드"),
    ("!name", "Наименование", "이름"),
    ("!type", "Тип", "유형"),
    ("phones", "Телефоны", "전화번호"),
    ("contact", "Контактное лицо", "담당자"),
    ("contact_position", "Должность", "직책"),
    ("contact_phone", "Телефон контактного лица", "담당자 전화"),
    ("manager", "Менеджер", "매니저"),
    ("department", "Отдел", "부서"),
    ("address", "Адрес доставки", "배송지"),
    ("route", "Маршрут", "배송 노선"),
    ("hours", "Часы приёма", "수령 시간"),
    ("pays_on_delivery", "Оплата при доставке", "착불"),
    ("shipping", "Способ отгрузки", "운송 방법"),
    ("time_zone", "Часовой пояс", "시간대"),
    ("note", "Примечание", "메모"),
    ("permissions", "Разрешения", "허가"),
    ("contract_column", "Колонка по договору", "계약 가격표"),
    ("least_life_days", "Минимальный срок годности", "최소 유통기한"),
];
const PRODUCTS: &[Words] = &[
    ("!code", "Код", "코드"),
    ("!name", "Наименование", "이름"),
    ("!tax", "Налог", "세금"),
    ("group", "Группа", "분류"),
    ("synonyms", "Синонимы", "동의어"),
    ("barcodes", "Штрихкоды", "바코드"),
    ("piece", "Штука", "낱개"),
    ("pack", "Упаковка", "팩"),
    ("case", "Коробка", "박스"),
    ("pallet", "Паллета", "팔레트"),
    ("kilogram", "Килограмм", "킬로그램"),
    ("unit", "Единица заказа", "주문 단위"),
    ("multiple", "Кратность", "배수"),
    ("weight", "Средний вес", "평균 중량"),
    ("weight_tolerance", "Отклонение веса", "중량 오차"),
    ("permission", "Разрешение", "허가"),
    ("substitutes", "Замены", "대체품"),
    ("new_since", "Новинка с", "신상품 시작일"),
    ("pushed", "Продвижение", "판촉 순위"),
    ("phrase", "Фраза", "안내 문구"),
];
const PRICES: &[Words] = &[
    ("!product", "Код товара", "상품 코드"),
    ("floor", "Минимальная цена", "최저가"),
    ("client", "Код клиента", "거래처 코드"),
    ("contract_price", "Цена по договору", "계약 가격"),
];
const STOCK: &[Words] = &[
    ("!product", "Код товара", "상품 코드"),
    ("!quantity", "Количество", "수량"),
    ("batch", "Партия", "로트"),
    ("expires", "Годен до", "유통기한"),
];
const STANDINGS: &[Words] = &[
    ("!client", "Код клиента", "거래처 코드"),
    ("!currency", "Валюта", "통화"),
    ("entity", "Код юрлица", "법인 코드"),
    ("entity_name", "Юрлицо", "법인명"),
    ("tax_number", "ИНН", "사업자등록번호"),
    ("contracts", "Договоры", "계약 번호"),
    ("on_account_of", "Код плательщика", "결제 법인 코드"),
    ("terms", "Условия оплаты", "결제 조건"),
    ("limit", "Лимит", "한도"),
    ("exposure", "Долг", "채무"),
    ("overdue", "Просрочено", "연체"),
    ("overdue_since", "Просрочено с", "연체 시작일"),
    ("disputed", "Оспаривается", "이의 금액"),
    ("own_debt", "Свой долг", "자체 채무"),
    ("paid_until", "Оплаты учтены по", "입금 반영일"),
    ("paid_invoices", "Оплачено счетов", "입금 건수"),
    ("paid_late", "Оплачено с опозданием", "지연 입금 건수"),
    ("days_late", "Дней опоздания", "지연 일수"),
    ("last_payment", "Последняя оплата", "최근 입금액"),
    ("last_payment_day", "День последней оплаты", "최근 입금일"),
    ("pays", "Плательщик", "결제 여부"),
];

/// A price column of the company among the columns of a file.
pub(super) fn price(id: &str) -> String {
    format!("price {id}")
}

pub(super) fn of(kind: Kind, orders: &Orders) -> Vec<Column> {
    let words = match kind {
        Kind::Clients => CLIENTS,
        Kind::Products => PRODUCTS,
        Kind::Prices => PRICES,
        Kind::Stock => STOCK,
        Kind::Standings => STANDINGS,
    };
    let column = |(id, ru, ko): &Words| Column {
        id: id.trim_start_matches('!').to_owned(),
        also: vec![(*ru).to_owned(), (*ko).to_owned()],
        is_needed: id.starts_with('!'),
    };
    let mut columns: Vec<Column> = words.iter().map(column).collect();
    if kind == Kind::Prices {
        columns.extend(orders.columns().iter().map(|column| Column {
            id: price(&column.id.0),
            also: vec![column.id.0.clone(), column.name.clone()],
            is_needed: false,
        }));
    }
    columns
}
