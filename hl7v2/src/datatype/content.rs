//! Documents inside a message, and pointers to those outside.

use std::borrow::Cow;

use super::{Hd, composite::view};

view! {
    /// ED: a document as text in some encoding.
    Ed
    texts {
        /// ED.2: table 0191, or the major media type.
        data_type = 2;
        /// ED.3: table 0291, or the minor media type.
        subtype = 3;
        /// ED.4: `A`, `Hex`, `Base64`.
        encoding = 4;
    }
    views {
        /// ED.1.
        source: Hd = 1;
    }
}

impl<'m> Ed<'m> {
    /// ED.5 as text, line breaks and unescaped separators included.
    pub fn data(self) -> Cow<'m, str> {
        self.composite()
            .map_or(Cow::Borrowed(""), |value| value.full_text(5))
    }

    /// ED.5 without white space: Base64 and hex that senders wrap in lines, by escapes or blanks.
    pub fn compact_data(self) -> Cow<'m, str> {
        let data = self.data();
        if memchr::memchr3(b' ', b'\n', b'\r', data.as_bytes()).is_none() && !data.contains('\t') {
            return data;
        }
        Cow::Owned(data.split_ascii_whitespace().collect())
    }
}

view! {
    /// RP: where a document is.
    Rp
    texts {
        /// RP.1: path or address.
        pointer = 1;
        /// RP.3: table 0191, or the major media type.
        data_type = 3;
        /// RP.4: table 0291, or the minor media type.
        subtype = 4;
    }
    views {
        /// RP.2.
        application: Hd = 2;
    }
}
