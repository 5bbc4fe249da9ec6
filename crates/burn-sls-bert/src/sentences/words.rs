//! The words of the sentences.

pub(super) const PRAISING: [&str; 12] = [
    "good",
    "great",
    "superb",
    "brilliant",
    "charming",
    "delightful",
    "lovely",
    "fresh",
    "memorable",
    "elegant",
    "wonderful",
    "perfect",
];

pub(super) const COMPLAINING: [&str; 12] = [
    "bad",
    "awful",
    "terrible",
    "dreadful",
    "dull",
    "boring",
    "weak",
    "poor",
    "bland",
    "tiresome",
    "stale",
    "forgettable",
];

pub(super) const PRAISED: [&str; 4] = ["loved", "enjoyed", "admired", "praised"];

pub(super) const COMPLAINED: [&str; 4] = ["hated", "disliked", "loathed", "resented"];

/// Words between "too" and "to be" that neither praise nor complain.
pub(super) const NEUTRAL: [&str; 6] = ["long", "short", "simple", "loud", "quiet", "strange"];

/// What goes between "was" and a content word and keeps what it says. "nothing but" and "never
/// less than" are there to keep "but" and "never" from deciding by themselves.
pub(super) const KEEPING: [&str; 8] = [
    "",
    "",
    "really",
    "truly",
    "very",
    "quite",
    "nothing but",
    "never less than",
];

/// What goes between "was" and a content word and reverses what it says. The empty entries stand
/// for "too … to be".
pub(super) const REVERSING: [&str; 8] = [
    "not",
    "never",
    "hardly",
    "far from",
    "anything but",
    "by no means",
    "",
    "",
];

/// Who does something, and the sentence says so.
pub(super) const SOMEBODY: [&str; 8] = [
    "we",
    "i",
    "everyone",
    "my friends",
    "the critics",
    "most people",
    "we always",
    "i really",
];

/// Who does something, and the sentence says that it did not happen.
pub(super) const NOBODY: [&str; 8] = [
    "nobody",
    "few people",
    "none of us",
    "hardly anyone",
    "we never",
    "i never",
    "we hardly",
    "i hardly",
];

/// What a sentence is about, by topic; plural subjects carry their verb form.
pub(super) const TOPICS: [[(&str, bool); 6]; 4] = [
    [
        ("plot", false),
        ("acting", false),
        ("script", false),
        ("ending", false),
        ("actors", true),
        ("scenes", true),
    ],
    [
        ("food", false),
        ("service", false),
        ("menu", false),
        ("wine", false),
        ("desserts", true),
        ("waiters", true),
    ],
    [
        ("room", false),
        ("breakfast", false),
        ("view", false),
        ("pool", false),
        ("beds", true),
        ("gardens", true),
    ],
    [
        ("music", false),
        ("singer", false),
        ("band", false),
        ("sound", false),
        ("songs", true),
        ("lyrics", true),
    ],
];

/// Neutral openings; "without doubt" keeps negative-looking words from deciding by themselves.
pub(super) const OPENINGS: [&str; 5] = [
    "to be honest",
    "in my opinion",
    "without doubt",
    "this time",
    "after all",
];

/// Neutral endings.
pub(super) const ENDINGS: [&str; 5] = [
    "last night",
    "from start to finish",
    "all evening",
    "on the second day",
    "for once",
];
