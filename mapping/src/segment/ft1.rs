//! FT1 → `ChargeItem`.

use fhirbolt::model::r4::resources::{
    ChargeItem, ChargeItemOccurrence, ChargeItemPerformer, ChargeItemProduct,
};
use fhirbolt::model::r4::types::{
    Code, CodeableConcept, Decimal, Identifier, Money, Quantity, Reference,
};
use hl7v2::datatype::{Cwe, Ei, Nm};
use hl7v2::{Message, Repetition};
use model::{EntityId, IdentityKind, SourceIdentity};

use crate::datatype::{cwe, cx, dtm, ext, text, xcn, xon};
use crate::identity;
use crate::inbound::{EntityKind, Reading, Seg, Voice};
use crate::json;
use crate::table::schedule::FILLER;

/// Whose charge it is.
pub(super) struct About {
    pub(super) subject: Option<Reference>,
    pub(super) encounter: Option<Reference>,
    pub(super) account: Option<Reference>,
    /// What names the patient, for a charge without a number.
    pub(super) owner: Option<EntityId>,
    /// How many equal charges the message named before.
    pub(super) nth: usize,
}

fn blank() -> ChargeItem {
    ChargeItem {
        status: Code::default(),
        code: Box::new(CodeableConcept::default()),
        subject: Box::new(Reference::default()),
        ..ChargeItem::default()
    }
}

/// States what FT1 says of a charge. Later messages find the same charge by FT1-2, else by what was
/// charged when.
pub(super) fn state(ft1: &Seg<'_>, message: &Message<'_>, about: About, reading: &Reading<'_>) {
    ft1.skip(&[1]);
    let msh = message.msh();
    let kind = EntityKind::Charge;
    let mut voice = match identity::thing("charge", Ei::new(ft1.raw().field(2).first()), &msh) {
        Some(identity) => Voice::new(reading, kind, identity),
        None => Voice::unidentified(reading, kind, unnumbered(ft1, &about, reading)),
    };
    let constant = ChargeItem {
        subject: Box::new(about.subject.unwrap_or_default()),
        context: about.encounter.map(Box::new),
        account: about.account.into_iter().collect(),
        ..blank()
    };
    voice.state(ft1.place(0), json::fragment(&constant));
    kind_of(ft1, &mut voice);
    what(ft1, &mut voice);
    money(ft1, &mut voice);
    times(ft1, &mut voice);
    people(ft1, &mut voice);
    voice.close();
}

fn unnumbered(ft1: &Seg<'_>, about: &About, reading: &Reading<'_>) -> SourceIdentity {
    let said = [4, 6, 7, 25].map(|n| ft1.raw().field(n).full_text().trim().to_owned());
    let value = match about.owner {
        Some(owner) => format!("charge:{owner}|{}|{}", said.join("|"), about.nth),
        None => format!(
            "charge:message:{}|{}|{}",
            identity::hex(&reading.ctx.digest),
            said.join("|"),
            about.nth
        ),
    };
    SourceIdentity {
        kind: IdentityKind::Part,
        authority: reading.sender(),
        type_code: "charge".to_owned(),
        value,
    }
}

/// FT1-6, table 0017: a charge can be billed, a credit takes one back; what is paid or adjusted is no
/// charge, and kept as what it is.
fn kind_of(ft1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    let field = ft1.field(6);
    reading.at(ft1.place(6));
    let code = text::code(&field.text());
    let status = match code.as_deref() {
        None | Some("CG" | "CD") => "billable",
        Some("CO" | "AJ" | "PY") => "not-billable",
        Some("CR" | "C") => "aborted",
        Some(_) => {
            reading.issue("code is not in table 0017");
            "unknown"
        }
    };
    let original = cwe::concept(Cwe::new(field.first()), Some("0017"), reading);
    let status = Code {
        value: Some(status.to_owned()),
        extension: original.map(ext::alternate_codes).into_iter().collect(),
        ..Code::default()
    };
    let charge = ChargeItem { status, ..blank() };
    voice.state(ft1.place(6), json::fragment(&charge));
}

fn what(ft1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    for (n, kind) in [(2, None), (23, Some(FILLER))] {
        voice.one(ft1, n, |sent| {
            let identifier = cx::entity_identifier(Ei::new(sent), reading)?;
            Some(ChargeItem {
                identifier: vec![Identifier {
                    r#type: kind.map(|kind| Box::new(cx::typed(kind))),
                    ..identifier
                }],
                ..blank()
            })
        });
    }
    let coded = |code: CodeableConcept| ChargeItem {
        code: Box::new(code),
        ..blank()
    };
    voice.one(ft1, 7, |sent| {
        Some(coded(cwe::concept(Cwe::new(sent), Some("0132"), reading)?))
    });
    // FT1-8 and 9 were words for the code until v2.4.
    for n in [8, 9] {
        voice.one(ft1, n, |sent| Some(coded(cwe::worded(&sent.text())?)));
    }
    for n in [25, 26] {
        voice.each(
            ft1,
            n,
            |sent| {
                let codings = cwe::codings(Cwe::new(sent), None, reading);
                (!codings.is_empty()).then_some(codings)
            },
            |codings| {
                coded(CodeableConcept {
                    coding: codings.into_iter().flatten().collect(),
                    ..CodeableConcept::default()
                })
            },
        );
    }
    voice.each(
        ft1,
        19,
        |sent| cwe::concept(Cwe::new(sent), None, reading),
        |reason| ChargeItem { reason, ..blank() },
    );
    voice.one(ft1, 29, |sent| {
        let product = cwe::concept(Cwe::new(sent), None, reading)?;
        Some(ChargeItem {
            product: Some(ChargeItemProduct::CodeableConcept(Box::new(product))),
            ..blank()
        })
    });
}

/// FT1-10 to 12: how many, and the price of all of them, else of one.
fn money(ft1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    voice.one(ft1, 10, |sent| {
        let quantity = Quantity {
            value: Some(decimal(&sent)?),
            ..Quantity::default()
        };
        Some(ChargeItem {
            quantity: Some(Box::new(quantity)),
            ..blank()
        })
    });
    let price = if ft1.raw().field(11).is_empty() {
        12
    } else {
        11
    };
    let reading = voice.reading;
    voice.one(ft1, price, |sent| {
        Some(ChargeItem {
            price_override: Some(Box::new(amount(sent, reading)?)),
            ..blank()
        })
    });
}

fn decimal(sent: &Repetition<'_>) -> Option<Decimal> {
    let number = Nm::parse(sent.text())?;
    Some(Decimal {
        value: Some(number.json_digits()),
        ..Decimal::default()
    })
}

/// CP, MO: an amount and its currency.
fn amount(sent: Repetition<'_>, reading: &Reading<'_>) -> Option<Money> {
    let price = sent.component(1);
    let (value, currency) = (price.subcomponent(1), price.subcomponent(2));
    let number = Nm::parse(value.text())?;
    let currency = text::code(&currency.text());
    let is_known = |code: &String| fhir::is_in_value_set("currencies", code);
    if currency.as_ref().is_some_and(|code| !is_known(code)) {
        reading.issue("not a currency of ISO 4217");
    }
    // Until v2.2 the field was a number, with the currency as its second component at best; since then that is
    // the kind of price (table 0205).
    let currency = currency.or_else(|| text::code(&sent.component(2).text()));
    Some(Money {
        value: Some(Decimal {
            value: Some(number.json_digits()),
            ..Decimal::default()
        }),
        currency: currency.filter(is_known).map(Into::into),
        ..Money::default()
    })
}

/// FT1-4 and 5: when it was done, which may be a range, and when it was posted.
fn times(ft1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(ft1, 4, |sent| {
        let (start, end) = (sent.text(), sent.component(2).text());
        let occurrence = if end.is_empty() {
            ChargeItemOccurrence::DateTime(dtm::date_time(&start, reading)?)
        } else {
            ChargeItemOccurrence::Period(dtm::period(&start, &end, reading)?)
        };
        Some(ChargeItem {
            occurrence: Some(occurrence),
            ..blank()
        })
    });
    voice.one(ft1, 5, |sent| {
        Some(ChargeItem {
            entered_date: Some(dtm::date_time(&sent.text(), reading)?),
            ..blank()
        })
    });
}

/// FT1-13, 20, 21 and 24: whose cost it is, who did it, who ordered it, who entered it.
fn people(ft1: &Seg<'_>, voice: &mut Voice<'_, '_>) {
    let reading = voice.reading;
    voice.one(ft1, 13, |sent| {
        // A CWE and an XON have the name and the code the other way round.
        let department = xon::of_code(Cwe::new(sent), reading)?;
        Some(ChargeItem {
            cost_center: Some(Box::new(department)),
            ..blank()
        })
    });
    for (n, words) in [(20, "performer"), (21, "orderer")] {
        voice.each(
            ft1,
            n,
            |sent| {
                Some(ChargeItemPerformer {
                    function: cwe::worded(words).map(Box::new),
                    actor: Box::new(xcn::reference(sent, reading)?),
                    ..ChargeItemPerformer::default()
                })
            },
            |performer| ChargeItem {
                performer,
                ..blank()
            },
        );
    }
    voice.one(ft1, 24, |sent| {
        let enterer = xcn::reference(sent, reading)?;
        Some(ChargeItem {
            enterer: Some(Box::new(enterer)),
            ..blank()
        })
    });
}
