//! Bundles of search results and histories: stored texts are spliced in as they stand.

use axum::body::Bytes;
use jiff::Timestamp;
use serde_json::json;

/// How an entry came into the Bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Entry<'a> {
    /// A match of the search.
    Match {
        /// Its URL.
        url: &'a str,
        /// Its text.
        body: &'a str,
    },
    /// An `OperationOutcome` about the search itself.
    Outcome {
        /// Its text.
        body: &'a str,
    },
    /// A version in a history.
    Version {
        /// Its URL.
        url: &'a str,
        /// Its text; none for a deletion.
        body: Option<&'a str>,
        /// The method that made it.
        method: &'static str,
        /// `Type/id` or `Type`.
        request: &'a str,
        /// `201`, `200` or `204`.
        status: &'static str,
        /// Its number.
        version: i32,
        /// Its time.
        at: Timestamp,
    },
}

/// A Bundle in the making.
#[derive(Debug)]
pub(super) struct Bundle {
    text: String,
    n_entries: usize,
}

impl Bundle {
    /// An empty Bundle of this type (`searchset`, `history`), made now.
    pub(super) fn new(
        kind: &str,
        now: Timestamp,
        total: Option<u64>,
        links: &[(&str, String)],
    ) -> Self {
        let links: Vec<_> = links
            .iter()
            .map(|(rel, url)| json!({ "relation": rel, "url": url }))
            .collect();
        let mut head = json!({
            "resourceType": "Bundle",
            "id": uuid::Uuid::new_v4(),
            "meta": { "lastUpdated": now },
            "type": kind,
        });
        if let (Some(head), Some(total)) = (head.as_object_mut(), total) {
            head.insert("total".to_owned(), total.into());
        }
        if let (Some(head), false) = (head.as_object_mut(), links.is_empty()) {
            head.insert("link".to_owned(), links.into());
        }
        let mut text = head.to_string();
        text.pop();
        Self { text, n_entries: 0 }
    }

    /// Adds an entry.
    pub(super) fn push(&mut self, entry: Entry<'_>) {
        self.text.push_str(if self.n_entries == 0 {
            ",\"entry\":["
        } else {
            ","
        });
        self.n_entries += 1;
        match entry {
            Entry::Match { url, body } => {
                self.open(url);
                self.resource(body);
                self.text.push_str(",\"search\":{\"mode\":\"match\"}}");
            }
            Entry::Outcome { body } => {
                self.text.push('{');
                self.resource(body);
                self.text.push_str(",\"search\":{\"mode\":\"outcome\"}}");
            }
            Entry::Version {
                url,
                body,
                method,
                request,
                status,
                version,
                at,
            } => {
                self.open(url);
                if let Some(body) = body {
                    self.resource(body);
                    self.text.push(',');
                }
                let about = json!({
                    "request": { "method": method, "url": request },
                    "response": {
                        "status": status, "etag": format!("W/\"{version}\""), "lastModified": at,
                    },
                });
                self.text
                    .push_str(about.to_string().trim_start_matches('{'));
            }
        }
    }

    /// The whole text.
    pub(super) fn finish(mut self) -> Bytes {
        if self.n_entries != 0 {
            self.text.push(']');
        }
        self.text.push('}');
        self.text.into()
    }

    /// The URL of an entry needs no escapes: it is our base, a type's name and a UUID; but a host
    /// name comes from the caller, so it is written as JSON all the same.
    fn open(&mut self, url: &str) {
        self.text.push_str("{\"fullUrl\":");
        self.text.push_str(&json!(url).to_string());
        self.text.push(',');
    }

    fn resource(&mut self, body: &str) {
        self.text.push_str("\"resource\":");
        self.text.push_str(body);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn parsed(bundle: Bundle) -> Value {
        serde_json::from_slice(&bundle.finish()).unwrap()
    }

    #[test]
    fn an_empty_bundle_has_no_entry() {
        let links = [("self", "http://h/fhir/Patient?x=\"".to_owned())];
        let bundle = parsed(Bundle::new(
            "searchset",
            Timestamp::UNIX_EPOCH,
            Some(0),
            &links,
        ));
        assert_eq!(bundle["total"], 0);
        assert_eq!(bundle["link"][0]["url"], "http://h/fhir/Patient?x=\"");
        assert_eq!(bundle.get("entry"), None);
    }

    #[test]
    fn bodies_are_spliced_as_they_stand() {
        let mut bundle = Bundle::new("searchset", Timestamp::UNIX_EPOCH, None, &[]);
        let body = "{\"resourceType\":\"Patient\",\"x\":98.50}";
        bundle.push(Entry::Match {
            url: "http://h/fhir/Patient/1",
            body,
        });
        bundle.push(Entry::Outcome { body: "{}" });
        let text = String::from_utf8(bundle.finish().to_vec()).unwrap();
        assert!(text.contains(body));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["entry"][1]["search"]["mode"], "outcome");
    }

    #[test]
    fn a_deleted_version_has_no_resource() {
        let mut bundle = Bundle::new("history", Timestamp::UNIX_EPOCH, Some(1), &[]);
        bundle.push(Entry::Version {
            url: "http://h/fhir/Patient/1",
            body: None,
            method: "DELETE",
            request: "Patient/1",
            status: "204",
            version: 2,
            at: Timestamp::UNIX_EPOCH,
        });
        let entry = &parsed(bundle)["entry"][0];
        assert_eq!(entry["response"]["etag"], "W/\"2\"");
        assert_eq!(entry.get("resource"), None);
    }
}
