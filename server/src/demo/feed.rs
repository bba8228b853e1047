//! The story's three messages: an admission, its discharge, and an update that comes after both
//! though it was said between them.

/// What makes one run's patient another than the last run's: digits of the time at which it began.
#[derive(Clone, Debug)]
pub(super) struct Feed {
    run: String,
}

impl Feed {
    pub(super) fn new(run: i64) -> Self {
        Self {
            run: format!("{:07}", run.rem_euclid(10_000_000)),
        }
    }

    /// The EMR's number of the patient.
    pub(super) fn mrn(&self) -> &str {
        &self.run
    }

    pub(super) fn admission(&self) -> String {
        self.message("A01", "1", "20260302081500", "20260302080000", "214", "")
    }

    pub(super) fn discharge(&self) -> String {
        self.message(
            "A03",
            "2",
            "20260316170500",
            "20260316170000",
            "214",
            "20260316170000",
        )
    }

    /// Said on the 9th: a new phone number.
    pub(super) fn late_update(&self) -> String {
        self.message("A08", "3", "20260309101500", "20260309101500", "469", "")
    }

    fn message(
        &self,
        trigger: &str,
        n: &str,
        stated: &str,
        occurred: &str,
        area_code: &str,
        discharged: &str,
    ) -> String {
        let run = &self.run;
        format!(
            "MSH|^~\\&|HCHB|BRANCH1|DRAWBRIDGE|APP|{stated}-0600||ADT^{trigger}^ADT_A01|DEMO{run}{n}|T|2.5.1\r\
             EVN|{trigger}|{stated}-0600||||{occurred}-0600\r\
             PID|1||{run}^^^HCHB^MR||Rivers^Ada^Q^^Mrs||19410812|F|||12 Elm Street^^Dallas^TX^75201^USA^H\
             ||^PRN^PH^^1^{area_code}^5550142|||M\r\
             PV1|1|H|DALLAS^^^HOME||||1234567893^Okafor^Ben^^^Dr^^^NPI^L^^^NPI||||||||||||V{run}^^^HCHB^VN\
             |||||||||||||||||||||||||20260302080000-0600|{discharged}\r\
             DG1|1||I50.9^Heart failure, unspecified^I10||20260302|A\r"
        )
    }
}
