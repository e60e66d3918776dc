//! A telephone: one call is one SIP session and one media session. Pure.
