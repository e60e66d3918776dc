//! Sentences for people, in English, Korean and Russian.
