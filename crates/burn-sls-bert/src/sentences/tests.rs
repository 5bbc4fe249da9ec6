use super::*;
use std::collections::{HashMap, HashSet};

fn tokens(text: &str) -> Vec<&str> {
    text.split(' ').collect()
}

/// What a content word says by itself.
fn polarity(token: &str) -> Option<bool> {
    if PRAISING.contains(&token) || PRAISED.contains(&token) {
        Some(true)
    } else if COMPLAINING.contains(&token) || COMPLAINED.contains(&token) {
        Some(false)
    } else {
        None
    }
}

/// Reads the label off the words of a sentence.
fn read(text: &str) -> usize {
    let tokens = tokens(text);
    let says_something = |part: &[&str]| part.iter().any(|token| polarity(token).is_some());
    let turn = tokens
        .windows(2)
        .position(|pair| matches!(pair, [",", "but" | "yet"]));
    let concession = tokens
        .iter()
        .position(|token| matches!(*token, "although" | "though"));
    let main: &[&str] = match (turn, concession) {
        (Some(turn), _) => &tokens[turn + 2..],
        (None, Some(at)) if says_something(&tokens[..at]) => &tokens[..at],
        (None, Some(at)) => {
            let comma = tokens[at..].iter().position(|token| *token == ",").unwrap();
            &tokens[at + comma..]
        }
        (None, None) => &tokens,
    };
    let content = main
        .iter()
        .position(|token| polarity(token).is_some())
        .unwrap();
    let before = &main[..content];
    let has = |word: &str| before.contains(&word);
    let reversed = !has("less")
        && ["not", "never", "hardly", "far", "anything", "means", "too"]
            .iter()
            .chain(&["nobody", "few", "none"])
            .any(|word| has(word));
    usize::from(polarity(main[content]).unwrap() != reversed)
}

#[test]
fn the_same_seed_gives_the_same_sentences() {
    assert_eq!(generate(200, 7), generate(200, 7));
    assert_ne!(generate(200, 7), generate(200, 8));
    // Pins the stream: a change here changes every published result on this task.
    let first: Vec<_> = generate(1000, 0)
        .into_iter()
        .take(3)
        .map(|s| s.text)
        .collect();
    assert_eq!(
        first,
        [
            "to be honest , the critics enjoyed the lyrics .",
            "the plot was quite charming because the scenes are really good .",
            "the lyrics were really elegant .",
        ]
    );
}

#[test]
fn labels_are_balanced_and_no_sentence_occurs_twice() {
    let (train, validation) = splits(4000, 1001, 3);
    let praise = |set: &[Sentence]| set.iter().filter(|s| s.label == 1).count();
    assert_eq!((praise(&train), praise(&validation)), (2000, 500));

    let texts: HashSet<_> = train.iter().chain(&validation).map(|s| &s.text).collect();
    assert_eq!(texts.len(), 5001);
}

#[test]
fn sentences_have_four_to_twenty_words_of_a_small_vocabulary() {
    let sentences = generate(20_000, 5);
    let vocabulary: HashSet<_> = sentences.iter().flat_map(|s| tokens(&s.text)).collect();
    assert!(
        (100..=200).contains(&vocabulary.len()),
        "{} words",
        vocabulary.len()
    );
    for Sentence { text, .. } in &sentences {
        assert!((4..=MAX_WORDS).contains(&words(text)), "{text}");
    }
}

#[test]
fn every_content_word_is_as_frequent_in_praise_as_in_complaints() {
    let mut counts: HashMap<String, [f64; 2]> = HashMap::new();
    for Sentence { text, label } in generate(20_000, 11) {
        for token in tokens(&text)
            .into_iter()
            .filter(|token| polarity(token).is_some())
        {
            counts.entry(token.to_string()).or_default()[label] += 1.0;
        }
    }
    assert_eq!(counts.len(), 32);
    for (word, [complaints, praise]) in counts {
        let deviation = (praise - complaints).abs() / (praise + complaints).sqrt();
        assert!(
            deviation < 4.0,
            "{word}: {complaints} complaints, {praise} praise"
        );
    }
}

#[test]
fn the_text_alone_determines_the_label() {
    for Sentence { text, label } in generate(20_000, 2) {
        assert_eq!(read(&text), label, "{text}");
    }
}

#[test]
fn word_counts_do_not_solve_the_task() {
    let (train, validation) = splits(2000, 500, 1);
    let mut ids = HashMap::new();
    for token in train.iter().flat_map(|s| tokens(&s.text)) {
        let next = ids.len();
        ids.entry(token).or_insert(next);
    }
    let bag = |sentence: &Sentence| {
        let known = tokens(&sentence.text).into_iter();
        known
            .filter_map(|token| ids.get(token).copied())
            .collect::<Vec<_>>()
    };
    let bags: Vec<_> = train.iter().map(bag).collect();

    // Full-batch gradient descent on the logistic loss, until the gradient is small.
    let mut weights = vec![0.0; ids.len() + 1];
    let score = |weights: &[f64], bag: &[usize]| {
        weights[ids.len()] + bag.iter().map(|&id| weights[id]).sum::<f64>()
    };
    let mut largest = f64::INFINITY;
    for _ in 0..20_000 {
        let mut gradient = vec![0.0; weights.len()];
        for (bag, sentence) in bags.iter().zip(&train) {
            let probability = 1.0 / (1.0 + (-score(&weights, bag)).exp());
            let error = (probability - sentence.label as f64) / bags.len() as f64;
            gradient[ids.len()] += error;
            bag.iter().for_each(|&id| gradient[id] += error);
        }
        weights
            .iter_mut()
            .zip(&gradient)
            .for_each(|(weight, slope)| *weight -= 0.3 * slope);
        largest = gradient
            .iter()
            .fold(0.0, |most: f64, slope| most.max(slope.abs()));
        if largest < 1e-4 {
            break;
        }
    }
    assert!(largest < 1e-3, "not converged: {largest}");

    let right = |set: &[Sentence]| {
        let hit = |s: &&Sentence| (score(&weights, &bag(s)) > 0.0) == (s.label == 1);
        set.iter().filter(hit).count() as f64 / set.len() as f64
    };
    let accuracy = right(&validation);
    println!(
        "word counts: {:.3} training, {accuracy:.3} validation",
        right(&train)
    );
    assert!(accuracy < 0.75, "word counts reach {accuracy}");
}
