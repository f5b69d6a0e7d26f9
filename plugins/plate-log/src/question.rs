//! What may be asked of the log.

use ocellus_sdk::prelude::*;

use crate::entries::Entries;
use crate::settings::WatchList;

/// Entries of an answer, where nothing else is asked for.
const USUAL: usize = 50;
/// Entries of one answer.
const MOST: usize = 1000;

/// A question; all of it may be left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    #[serde(default)]
    limit: Option<usize>,
    /// Only entries before this number: the last one of the answer before.
    #[serde(default)]
    before: Option<u64>,
    /// Only this plate, as the log shows it.
    #[serde(default)]
    plate: Option<String>,
    /// Only those on this list.
    #[serde(default)]
    list: Option<String>,
}

impl Question {
    pub(crate) fn read(request: Json) -> Result<Question, String> {
        if request.is_null() {
            return Ok(Question::default());
        }
        let question = Question::deserialize(request)
            .map_err(|error| format!("{error}; ask with limit, before, plate and list, all optional"))?;
        match question.limit {
            Some(limit) if limit == 0 || limit > MOST => Err(format!("limit is {limit}; give 1 to {MOST}")),
            _ => Ok(question),
        }
    }

    pub(crate) fn answer(&self, entries: &Entries, lists: &[WatchList]) -> Result<Json, String> {
        let is_known = |name: &String| {
            lists.iter().any(|list| list.name == *name)
                || entries.newest().any(|entry| entry.list.as_ref() == Some(name))
        };
        if let Some(list) = self.list.as_ref().filter(|name| !is_known(name)) {
            let names: Vec<&str> = lists.iter().map(|list| list.name.as_str()).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            return Err(format!("there is no list {list:?}; there is {names}"));
        }
        let found = entries
            .newest()
            .filter(|entry| self.before.is_none_or(|before| entry.number < before))
            .filter(|entry| self.plate.as_ref().is_none_or(|plate| entry.text == *plate))
            .filter(|entry| self.list.is_none() || entry.list == self.list)
            .take(self.limit.unwrap_or(USUAL));
        let mut answer = JsonMap::new();
        answer.insert("plates".to_owned(), found.map(crate::entries::Entry::answer).collect());
        answer.insert("kept".to_owned(), Json::from(entries.len()));
        answer.insert("count".to_owned(), Json::from(entries.count));
        Ok(Json::Object(answer))
    }
}
