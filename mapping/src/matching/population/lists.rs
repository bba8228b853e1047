//! Names and places, and how often they occur.

use rand::Rng;

/// Surnames by their frequency in the United States.
const SURNAMES: &str = "Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez \
Hernandez Lopez Gonzalez Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White \
Harris Sanchez Clark Ramirez Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill \
Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner \
Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan \
Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James \
Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez \
Powell Jenkins Perry Russell Sullivan Bell Coleman Butler Henderson Barnes Fisher Vasquez Simmons Romero \
Jordan Patterson Alexander Hamilton Graham Reynolds Griffin Wallace Moreno West Cole Hayes Bryant \
Herrera Gibson Ellis Tran Medina Aguilar Stevens Murray Ford Castro Marshall Owens Harrison Fernandez \
McDonald Woods Washington Kennedy Wells Vargas Henry Chen Freeman Webb Tucker Guzman Burns Crawford \
Olson Simpson Porter Hunter Gordon Mendez Silva Shaw Snyder Mason Dixon Munoz Hunt Hicks Holmes Palmer \
Wagner Black Robertson Boyd Rose Stone Salazar Fox Warren Mills Meyer Rice Schmidt Garza Daniels";

const MALE: &str = "James John Robert Michael William David Richard Joseph Thomas Charles Christopher \
Daniel Matthew Anthony Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward Ronald \
Timothy Jason Jeffrey Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin \
Samuel Gregory Frank Alexander Raymond Patrick Jack Dennis Jerry Tyler Aaron Jose Adam Henry Nathan \
Douglas Zachary Peter Kyle Walter Ethan Jeremy Harold Keith Christian Roger Noah Gerald Carl Terry Sean \
Austin Arthur Lawrence Jesse Dylan Bryan Joe Jordan Billy Bruce Albert Willie Gabriel Logan Alan Juan \
Wayne Roy Ralph Randy Eugene Vincent Russell Elijah Louis Bobby Philip Johnny Earl Clarence Leonard \
Stanley Leroy Herbert Jayden Hayden Aiden Luis Carlos Miguel Antonio Ernest Melvin Clifford Marvin Glenn";

const FEMALE: &str = "Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy \
Betty Margaret Sandra Ashley Kimberly Emily Donna Michelle Dorothy Carol Amanda Melissa Deborah \
Stephanie Rebecca Sharon Laura Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen \
Samantha Katherine Christine Debra Rachel Carolyn Janet Catherine Maria Heather Diane Ruth Julie Olivia \
Joyce Virginia Victoria Kelly Lauren Christina Joan Evelyn Judith Megan Andrea Cheryl Hannah Jacqueline \
Martha Gloria Teresa Ann Sara Madison Frances Kathryn Janice Jean Abigail Alice Julia Judy Sophia Grace \
Denise Amber Doris Marilyn Danielle Beverly Isabella Theresa Diana Natalie Brittany Charlotte Marie Kayla \
Alexis Lori Mildred Florence Edna Irene Lillian Rose Lois Phyllis Thelma Marjorie Bernice Ethel Ana Erin";

/// Names that twins bear because they sound alike.
pub(super) const RHYMES: [(&str, &str); 16] = [
    ("Jayden", "Kayden"),
    ("Jaylen", "Kaylen"),
    ("Maria", "Mariah"),
    ("Marisa", "Marissa"),
    ("Tyrell", "Terrell"),
    ("Deandre", "Leandre"),
    ("Alina", "Elina"),
    ("Carlos", "Carlo"),
    ("Janelle", "Danelle"),
    ("Eric", "Erica"),
    ("Daniel", "Daniela"),
    ("Kiara", "Tiara"),
    ("Brayden", "Brandon"),
    ("Anna", "Hanna"),
    ("Joan", "Joann"),
    ("Faith", "Faythe"),
];

/// Short names, the full name first.
pub(super) const SHORT: [(&str, &str); 48] = [
    ("Robert", "Bob"),
    ("Robert", "Bobby"),
    ("William", "Bill"),
    ("William", "Will"),
    ("James", "Jim"),
    ("James", "Jimmy"),
    ("John", "Jack"),
    ("John", "Johnny"),
    ("Richard", "Dick"),
    ("Richard", "Rick"),
    ("Michael", "Mike"),
    ("Thomas", "Tom"),
    ("Charles", "Chuck"),
    ("Charles", "Charlie"),
    ("Joseph", "Joe"),
    ("David", "Dave"),
    ("Edward", "Ed"),
    ("Daniel", "Dan"),
    ("Anthony", "Tony"),
    ("Christopher", "Chris"),
    ("Steven", "Steve"),
    ("Matthew", "Matt"),
    ("Andrew", "Andy"),
    ("Kenneth", "Ken"),
    ("Ronald", "Ron"),
    ("Donald", "Don"),
    ("Timothy", "Tim"),
    ("Jeffrey", "Jeff"),
    ("Gregory", "Greg"),
    ("Samuel", "Sam"),
    ("Benjamin", "Ben"),
    ("Nicholas", "Nick"),
    ("Lawrence", "Larry"),
    ("Elizabeth", "Beth"),
    ("Elizabeth", "Betty"),
    ("Margaret", "Peggy"),
    ("Margaret", "Maggie"),
    ("Patricia", "Pat"),
    ("Barbara", "Barb"),
    ("Susan", "Sue"),
    ("Deborah", "Debbie"),
    ("Jennifer", "Jenny"),
    ("Katherine", "Kathy"),
    ("Catherine", "Cathy"),
    ("Dorothy", "Dottie"),
    ("Judith", "Judy"),
    ("Rebecca", "Becky"),
    ("Pamela", "Pam"),
];

const BEGINNINGS: [&str; 40] = [
    "Abr", "Alb", "And", "Bar", "Beck", "Bor", "Brad", "Cal", "Cas", "Dal", "Del", "Dom", "Eck",
    "Fal", "Fitz", "Gal", "Gor", "Hal", "Har", "Hol", "Jan", "Kal", "Kow", "Kram", "Lam", "Lind",
    "Mal", "Mar", "Nor", "Os", "Pal", "Pet", "Quin", "Ros", "Sal", "Stan", "Tor", "Vand", "Wal",
    "Zim",
];
const MIDDLES: [&str; 16] = [
    "a", "ber", "del", "e", "en", "er", "i", "in", "ing", "le", "lo", "o", "or", "ra", "u", "ze",
];
const ENDS: [&str; 28] = [
    "bach", "berg", "by", "cki", "dale", "eau", "ell", "ero", "field", "ford", "gard", "ham",
    "hoff", "ini", "kins", "ley", "lund", "man", "ner", "nik", "quist", "rell", "rich", "sen",
    "son", "ton", "vitch", "wood",
];
const GIVEN_BEGINNINGS: [&str; 32] = [
    "Al", "Am", "Ar", "Bel", "Bri", "Cal", "Cor", "Da", "De", "El", "Em", "Fa", "Gen", "Gra", "Ha",
    "Is", "Ja", "Ka", "La", "Le", "Ma", "Mi", "Na", "Ni", "Or", "Pa", "Ra", "Ro", "Sha", "Ta",
    "Vi", "Za",
];
const MALE_ENDS: [&str; 12] = [
    "bert", "den", "dric", "lan", "lon", "man", "mar", "nard", "rell", "rick", "son", "vin",
];
const FEMALE_ENDS: [&str; 12] = [
    "bella", "dine", "lia", "line", "lyn", "mona", "na", "nette", "rene", "risa", "sha", "tricia",
];
const STREETS: [&str; 40] = [
    "Oak",
    "Maple",
    "Main",
    "Cedar",
    "Elm",
    "Pine",
    "Washington",
    "Lake",
    "Hill",
    "Walnut",
    "Park",
    "Spring",
    "Ridge",
    "Church",
    "Willow",
    "Mill",
    "River",
    "Sunset",
    "Jackson",
    "Railroad",
    "Cherry",
    "Highland",
    "Lincoln",
    "Forest",
    "Meadow",
    "Chestnut",
    "Franklin",
    "Jefferson",
    "Dogwood",
    "Hickory",
    "Valley",
    "Center",
    "Prospect",
    "Laurel",
    "Magnolia",
    "Poplar",
    "Orchard",
    "Locust",
    "Birch",
    "Adams",
];
pub(super) const STREET_TYPES: [(&str, &str); 6] = [
    ("Street", "St"),
    ("Avenue", "Ave"),
    ("Road", "Rd"),
    ("Drive", "Dr"),
    ("Lane", "Ln"),
    ("Court", "Ct"),
];
const CITIES: [&str; 12] = [
    "Upton",
    "Madeville",
    "Northfield",
    "Sampleton",
    "Fairmont",
    "Grove City",
    "Lakeside",
    "Millbrook",
    "Springdale",
    "Eastwick",
    "Harmony",
    "Ridgeway",
];

/// Words of which the first are the most frequent, as Zipf has it.
pub(super) struct Ranked {
    words: Vec<String>,
    /// Of each word, the share of all words up to it.
    shares: Vec<f64>,
}

impl Ranked {
    /// The share of rank r is in proportion to 1 / (r + flat).
    fn new(words: Vec<String>, flat: u32) -> Self {
        let mut sum = 0.0;
        let mut shares = Vec::with_capacity(words.len());
        for (rank, _) in (1_u32..).zip(&words) {
            sum += 1.0 / f64::from(rank + flat);
            shares.push(sum);
        }
        for share in &mut shares {
            *share /= sum;
        }
        Self { words, shares }
    }

    pub(super) fn pick(&self, rng: &mut impl Rng) -> &str {
        let at: f64 = rng.random();
        let at = self.shares.partition_point(|share| *share < at);
        self.words
            .get(at)
            .or(self.words.last())
            .map_or("", String::as_str)
    }
}

/// Everything that persons are made of.
pub(super) struct Lists {
    pub(super) surnames: Ranked,
    pub(super) male: Ranked,
    pub(super) female: Ranked,
    pub(super) streets: Ranked,
    pub(super) zips: Ranked,
}

impl Lists {
    pub(super) fn new() -> Self {
        let words = |text: &str| -> Vec<String> { text.split(' ').map(str::to_owned).collect() };
        let mut surnames = words(SURNAMES);
        for middle in MIDDLES {
            for end in ENDS {
                surnames.extend(BEGINNINGS.map(|beginning| format!("{beginning}{middle}{end}")));
            }
        }
        let given = |text: &str, ends: [&str; 12]| {
            let mut names = words(text);
            for end in ends {
                names.extend(GIVEN_BEGINNINGS.map(|beginning| format!("{beginning}{end}")));
            }
            Ranked::new(names, 12)
        };
        Self {
            surnames: Ranked::new(surnames, 12),
            male: given(MALE, MALE_ENDS),
            female: given(FEMALE, FEMALE_ENDS),
            streets: Ranked::new(STREETS.map(str::to_owned).to_vec(), 8),
            zips: Ranked::new(
                (0..120).map(|n| format!("7{:04}", 5001 + n * 7)).collect(),
                10,
            ),
        }
    }
}

/// The city of a postal code.
pub(super) fn city(zip: &str) -> &'static str {
    let number: usize = zip.parse().unwrap_or_default();
    CITIES
        .get(number % CITIES.len())
        .copied()
        .unwrap_or_default()
}
