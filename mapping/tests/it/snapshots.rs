//! One message, one bundle, whose resources are valid R4 (rule 31).

use mapping::bundle;

use crate::chart::{bytes, context, profile};

pub(crate) const ADMISSION: &str = r"
MSH|^~\&|EMR|AGENCY^2.16.840.1.113883.3.99^ISO|BRIDGE|HUB|20240110090000-0600||ADT^A01^ADT_A01|A1|P|2.5.1
EVN||20240110090000|||7^CLERK^CARL|20240110083000
PID|1|OLD1^^^EMR^PT|77^^^EMR^MR~900-12-3456^^^SSA^SS||VAN DAMME&VAN&DAMME^JANE^Q^JR^MRS^^L~DOE^JANE^^^^^M|ROE^MARY|196001020315|F|JANEY^DOE|2106-3^White^CDCREC~2028-9^Asian^CDCREC|5&Elm St^Apt 2^Waco^TX^76701^USA^H~PO Box 1^^Waco^TX^^^M|MCLENNAN|(254)555-0100^PRN^PH~^NET^Internet^jane@example.org|^WPN^PH^^^254^5550199^7|spa^Spanish^ISO639|M|CHR|ACC5^^^EMR^AN|900123456|D123^TX^20270101||N^Not Hispanic^HL70189|Waco TX|N|2|USA^^ISO3166|||20240601|Y
PD1|||HOME CLINIC^^HC1|1234567893^ABLE^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI
NK1|1|DOE^JOHN|SPO|5 Elm St^^Waco^TX|(254)555-0101|(254)555-0102|C|20200101
NK1|2||||||E|||||ACME INC
PV1|1|I|W1^R2^B3^AGENCY^^^MAIN^2|E|PRE1||1234567893^ABLE^ANN^^^DR^^^NPI&2.16.840.1.113883.4.6&ISO^L^^^NPI~44^BAKER^BOB|45^COLE^CY|46^DEAN^DI|MED||||7|A0||44^BAKER^BOB|P|V9^^^EMR^VN|||||||||||||||||01|HOSP2|LOW||||W2^R9||20240110083000
PV2|||R07.9^Chest pain^I10||||||||3||||||||||||||||E
AL1|1|DA|2670^Codeine^RXNORM|MO|Hives~Itch|20200101
DG1|1||I10^Hypertension^I10|High blood pressure|20240109|A|||||||||1|44^BAKER^BOB|||20240110|D7
PR1|1||99213^Visit^C4|Office visit|20240110100000|D||||||45^COLE^CY
OBX|1|NM|8867-4^Heart rate^LN||72.50|/min^^UCUM|60-100|N|||F|||20240110091500
IN1|1|P1^Plan One|INS9^^^NAIC|Good Insurance|9 High St^^Austin^TX||800-555-0000|G1||||20230101|20991231|||DOE^JOHN|SPO|||||||||||||||||||POL8
";

fn check(name: &str, message: &str) {
    let bytes = bytes(message);
    let parsed = hl7v2::Message::parse(&bytes).unwrap();
    let bundle = bundle(&parsed, &context(&bytes, profile())).unwrap();
    for entry in bundle["entry"].as_array().unwrap() {
        let faults = fhir::check(&entry["resource"], None);
        assert!(faults.is_empty(), "{faults:?}");
    }
    insta::assert_snapshot!(name, serde_json::to_string_pretty(&bundle).unwrap());
}

#[test]
fn an_admission_with_everything() {
    check("admission", ADMISSION);
}

#[test]
fn a_transfer() {
    check(
        "transfer",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500||ADT^A02|A2|P|2.3
EVN|A02|20240111101500||||20240111100000
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
PV1|1|I|W1^R2^B4^AGENCY|||W1^R2^B3^AGENCY|||||||||||||V9^^^EMR^VN
",
    );
}

/// Rule 30.
#[test]
fn a_merge() {
    check(
        "merge",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500||ADT^A40^ADT_A39|A3|P|2.5.1
EVN||20240111101500
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
MRG|66^^^EMR^MR
",
    );
}

#[test]
fn a_person_without_a_visit() {
    check(
        "person",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500||ADT^A31^ADT_A05|A4|P|2.5.1
EVN||20240111101500
PID|1||77^^^EMR^MR||DOE^JANE||1960|X^Other||||||||||||||||||||||N
PV1|1|N
",
    );
}

#[test]
fn an_appointment() {
    check(
        "appointment",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500-0600||SIU^S12^SIU_S12|A5|P|2.5.1
SCH|A1^EMR|F1^EMR|||||CHECKUP^Check-up^HL70276|Normal^Normal^HL70277|45|MIN|^^45^20240120140000-0600|7^ABLE^ANN||||8^BAKER^BOB||||9^CLERK^CARL|||||Booked|P77^EMR|F77^EMR
TQ1|1||||||20240120140000-0600|20240120144500-0600
NTE|1||Ring twice
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
PV1|1|O|||||||||||||||||V9^^^EMR^VN
RGS|1|A
AIS|1|A|99347^Home visit^C4|20240120140000-0600|||45|MIN
NTE|1||Bring the scale|PI
AIG|1|A|SC7^Scale^L|EQ^Equipment
AIL|1|A|HOME^^^AGENCY
AIP|1|A|1011^NURSE^NINA|RN^Nurse||20240120140000-0600|||30|MIN
",
    );
}

#[test]
fn a_document_of_a_person() {
    check(
        "document",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500-0600||MDM^T10^MDM_T02|A6|P|2.8
EVN||20240111101500-0600|||7^CLERK^CARL
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
PV1|1|O|||||||||||||||||V9^^^EMR^VN
TXA|1|HH485^Plan of care^L|AP|20240110|1003^SMITH^ROBERT|20240111100000-0600|20240111|20240111101000-0600|1003^SMITH^ROBERT|1010^BELL^BO||D2^EMR|D1^EMR|P77^EMR|F77^EMR|plan.pdf|LA|R|AV||typing error||||Plan of care
OBX|1|ED|11502-2^Document^LN||EMR^application^pdf^Base64^JVBERi0xLjQK||||||F
",
    );
}

#[test]
fn a_charge() {
    check(
        "charge",
        r"
MSH|^~\&|EMR|AGENCY|||20240111101500-0600||DFT^P03^DFT_P03|A7|P|2.5.1
EVN||20240111101500-0600
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F||||||||||ACC5^^^EMR^AN
PV1|1|O|||||||||||||||||V9^^^EMR^VN
FT1|1|T7||20240110|20240111|CG|G0299^Skilled nursing visit^HCPCS|||1|161.00&USD||NUR^Nursing||||||I50.9^Heart failure^I10|1011^NURSE^NINA|1003^SMITH^ROBERT|||9^CLERK^CARL
DG1|1||I50.9^Heart failure^I10|||F
GT1|1|G1|RICH^UNCLE||9 Gold St^^Waco^TX||||M||PAR
IN1|1|P1^Plan One|INS9^^^NAIC|Good Insurance||DOE^REP||G1||E1|ACME|20230101||||RICH^UNCLE|PAR|19500101|9 Gold St||1|1|1||||||||||||||POL8|||||||M|||||||M77
IN2||900-12-3456||||MC77
",
    );
}

pub(crate) const RESULTS: &str = r"
MSH|^~\&|LAB|HOSP^2.16.840.1.113883.3.98^ISO|BRIDGE|HUB|20240115083000-0600||ORU^R01^ORU_R01|R1|P|2.5.1
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
PV1|1|O|||||||||||||||||V9^^^EMR^VN
ORC|RE|P1^EMR|F1^LAB|G1^EMR|CM|||||||3850^ORDER^OLA^^^^^^EMR||555-0100||R1^Routine check^L|||||HOME CLINIC^^^^^EMR^FI^^^HC1|9 High St^^Austin^TX|555-0101|||||R|O
OBR|1|P1^EMR|F1^LAB|24323-8^Metabolic panel^LN|R|20240114|20240115070000||5^mL&&UCUM|12^DRAW^DAN|||Diabetic|20240115073000||3850^ORDER^OLA^^^^^^EMR||||||20240115083000||CH|F||||||I10^Hypertension^I10|77&READ&ROB&&&DR||88&TECH&TOM^20240115070000||||||||||||STAT^Stat^L|||||||ALT1^^^EMR
NTE|1|L|Fasting sample.
OBX|1|NM|2345-7^Glucose^LN|1|98.50|mg/dL^^UCUM|70-99|N||A|F|||20240115070000||88^TECH^TOM|AUTO^Automated^L|EQ1^LAB|20240115080000|ARM^Arm^L|O1^LAB||State Lab^L^^^^LAB^FI^^^L1|1 Main St^^Waco^TX|99^HEAD^HAL||||RSLT
NTE|1||Within range,
NTE|2||no action.
OBX|2|SN|2160-0^Creatinine^LN|2|<^0.5|mg/dL^^UCUM|0.6-1.2|L|||P
OBX|3|CWE|600-7^Culture^LN|3|112283007^E. coli^SCT~3092008^Staph. aureus^SCT||||||F
OBX|4|TX|18748-4^Report^LN||FINDINGS||||||F
OBX|5|TX|18748-4^Report^LN||None.||||||F
OBX|6|ED|60591-5^Summary^LN||LAB^AP^PDF^Base64^JVBERi0xLjQ=||||||F
SPM|1|S1&EMR^S2&LAB|S0&EMR|SER^Serum^HL70487||EDTA^EDTA^HL70371|VENIP^Venipuncture^HL70488|ARM^Arm^L||||4^mL&&UCUM||Clear|||20240115065500|20240115073000||Y||||AUT^Autolyzed^HL70493|||TUBE^Tube^L|||A1^^^LAB|X1^^^LAB|SH1^LAB
OBX|1|NM|2951-2^Sodium^LN||140|mmol/L^^UCUM|||||F
";

#[test]
fn a_report_with_everything() {
    check("results", RESULTS);
}

pub(crate) const ORDERS: &str = r"
MSH|^~\&|EMR|AGENCY|||20240115083000||OML^O21^OML_O21|O1|P|2.5.1
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
PV1|1|O|||||||||||||||||V9^^^EMR^VN
ORC|NW|P1^EMR|||||||20240115081000|10^ENTER^ED|11^CHECK^CY|3850^ORDER^OLA|||||Desk
TQ1|1||QD||||20240116|20240120|R
OBR|1|P1^EMR||24323-8^Metabolic panel^LN||20240116|||||G||Diabetic|||||||||||LAB|||||||I10^Hypertension^I10
NTE|1||Please call.
DG1|1||I10^Hypertension^I10|||A
OBX|1|ST|49541-6^Fasting^LN||yes||||||F
SPM|1|S1&EMR||BLD^Whole blood^HL70487
SAC||ACC1|C1
ORC|CA|P2^EMR
ORC|NW|P3^EMR
RXO|50111^Hydralazine^NDC|1|2|{tab}^tablet^UCUM|||^Take with food.||G||30|{tab}^tablet^UCUM|2
RXR|PO^Oral^HL70162
TQ1|1|1^{tab}&tablet&UCUM|BID
";

#[test]
fn orders_of_services_and_of_a_medication() {
    check("orders", ORDERS);
}

pub(crate) const IMMUNIZATIONS: &str = r"
MSH|^~\&|EMR|AGENCY|||20240115083000||VXU^V04^VXU_V04|V1|P|2.5.1
PID|1||77^^^EMR^MR||DOE^JANE||19600102|F
ORC|RE|PV1^EMR|FV1^EMR||||||20240110090000|||3850^ORDER^OLA
RXA|0|1|20240110085500|20240110085500|140^Influenza^CVX|0.5|mL^^UCUM||00^New record^NIP001|1011^NURSE^NINA|^^^CLINIC||||LOT7|20240630|SKB^GlaxoSmithKline^MVX||Z23^Encounter for immunization^I10|CP|A|20240110090000
RXR|IM^Intramuscular^HL70162|LD^Left deltoid^HL70163
OBX|1|CE|64994-7^Eligibility^LN|1|V01^Not VFC^HL70064||||||F
OBX|2|CE|69764-9^Document type^LN|2|253088698300^Flu leaflet^cdcgs1vis||||||F
OBX|3|TS|29769-7^Presented^LN|2|20240110||||||F
ORC|RE||9999
RXA|0|1|20240110||08^HepB^CVX|999||||||||||||00^Parental decision^NIP002||RE
";

#[test]
fn an_immunization_and_one_that_was_refused() {
    check("immunizations", IMMUNIZATIONS);
}
