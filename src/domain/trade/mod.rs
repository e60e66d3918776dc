//! What is sold, for how much, on whose credit and when it comes (duties 3, 5 to 14, 23).
//!
//! Both sides compute with these: the operator's window to show each line and total while the client speaks, the order
//! desk to decide. All amounts are decimals; where they are rounded, and how, is said in [`amount`].

pub mod amount;
pub mod credit;
pub mod delivery;
pub mod examine;
pub mod offer;
pub mod order;
pub mod price;
pub mod product;
pub mod promotion;
pub mod stock;
pub mod terms;
