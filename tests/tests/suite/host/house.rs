//! The plan of the houses: the files of a crate import each other in one direction, and none is
//! long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::sources::{collect, root};

/// The crates that are looked at, the most lines of a file there, and at which depth a folder is one
/// room: in the optimizer, every file is one.
const HOUSES: [(&str, usize, usize); 4] = [
    ("crates/burn-sls-optim", 350, usize::MAX),
    ("crates/burn-sls-run", 350, 1),
    ("crates/burn-sls-lab", 350, 2),
    ("examples/glue", 300, 1),
];

/// The most lines of the example: a reader should get through it.
const EXAMPLE: usize = 2500;

/// A path of names, such as `crate::units::choice`, without the `crate`.
type Names = Vec<String>;

/// A file of the crate, which is a module.
struct File {
    lines: usize,
    /// The imports of its own crate, each as a path from the root and the name it has here.
    imports: Vec<(Names, String)>,
    /// Of these, what others can import from here in turn.
    exports: BTreeMap<String, Names>,
}

/// The files of the crate by their modules.
struct House(BTreeMap<Names, File>);

impl House {
    fn open(package: &str) -> Self {
        let source = root().join(package).join("src");
        let mut files = Vec::new();
        collect(&source, &mut files);
        let texts = files.iter().map(|file| {
            let text = fs::read_to_string(file).expect("a source file");
            (module(file.strip_prefix(&source).expect("below it")), text)
        });
        Self::of(texts.collect())
    }

    fn of(texts: BTreeMap<Names, String>) -> Self {
        let known: BTreeSet<&Names> = texts.keys().collect();
        let files = texts
            .iter()
            .map(|(module, text)| (module.clone(), File::read(module, text, &known)));
        Self(files.collect())
    }

    /// The file that has the item of a path, or that is the module of this path.
    fn owner(&self, path: &[String]) -> Names {
        let mut module = Names::new();
        for (depth, name) in path.iter().enumerate() {
            let inner: Names = path[..=depth].to_vec();
            if self.0.contains_key(&inner) {
                module = inner;
                continue;
            }
            return match self.0[&module].exports.get(name) {
                Some(from) => self.owner(from),
                None => module,
            };
        }
        module
    }

    /// The files that a file imports from.
    fn imported(&self, module: &Names) -> BTreeSet<Names> {
        let imports = self.0[module].imports.iter();
        let mut owners: BTreeSet<Names> = imports.map(|(path, _)| self.owner(path)).collect();
        owners.remove(module);
        owners
    }

    /// What each room imports from. A room is a file, or a folder at this depth with all that is
    /// below it.
    fn rooms(&self, depth: usize) -> BTreeMap<Names, BTreeSet<Names>> {
        let room = |module: &Names| -> Names { module.iter().take(depth).cloned().collect() };
        let mut rooms: BTreeMap<Names, BTreeSet<Names>> = BTreeMap::new();
        for module in self.0.keys() {
            let imported = self.imported(module);
            rooms
                .entry(room(module))
                .or_default()
                .extend(imported.iter().map(room));
        }
        for (name, imported) in &mut rooms {
            imported.remove(name);
        }
        rooms
    }

    /// A circle of imports, if there is one: every room imports from the next, and the last from
    /// the first.
    fn circle(&self, depth: usize) -> Option<Vec<Names>> {
        fn search(
            rooms: &BTreeMap<Names, BTreeSet<Names>>,
            at: &Names,
            way: &mut Vec<Names>,
            done: &mut BTreeSet<Names>,
        ) -> Option<Vec<Names>> {
            if let Some(start) = way.iter().position(|before| before == at) {
                return Some(way[start..].to_vec());
            }
            if !done.insert(at.clone()) {
                return None;
            }
            way.push(at.clone());
            let circle = rooms[at]
                .iter()
                .find_map(|next| search(rooms, next, way, done));
            way.pop();
            circle
        }
        let (rooms, mut done) = (self.rooms(depth), BTreeSet::new());
        rooms
            .keys()
            .find_map(|room| search(&rooms, room, &mut Vec::new(), &mut done))
    }
}

impl File {
    fn read(module: &Names, text: &str, known: &BTreeSet<&Names>) -> Self {
        let mut file = Self {
            lines: text.lines().count(),
            imports: Vec::new(),
            exports: BTreeMap::new(),
        };
        if module.last().is_some_and(|name| name == "tests") {
            return file;
        }
        for statement in uses(text) {
            let (exported, tree) = statement.split_once("use ").expect("a use");
            for (path, name) in leaves(tree) {
                let Some(path) = absolute(module, path, known) else {
                    continue; // of another crate
                };
                if exported.trim_start().starts_with("pub") {
                    file.exports.insert(name.clone(), path.clone());
                }
                file.imports.push((path, name));
            }
        }
        file
    }
}

/// The module that a file is: none of its names for `lib.rs`, and those of the folder for `mod.rs`.
fn module(file: &Path) -> Names {
    let file = file.with_extension("");
    let names = file.iter().map(|name| name.to_string_lossy().into_owned());
    let mut names: Names = names.collect();
    if matches!(names.last().map(String::as_str), Some("mod" | "lib")) {
        names.pop();
    }
    names
}

/// The `use` statements of a file, each on one line. What belongs to tests is left out, and so are
/// comments.
fn uses(text: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    while let Some(line) = lines.next() {
        if line == "#[cfg(test)]" {
            // The item that follows: a line, or down to a brace in the first column.
            let item = lines.by_ref().find(|line| !line.starts_with('#'));
            if item.is_some_and(|item| item.ends_with('{')) {
                let _ = lines.by_ref().find(|line| *line == "}");
            }
            continue;
        }
        let begin = line.trim_start();
        let visibility = ["use ", "pub use ", "pub(crate) use ", "pub(super) use "];
        if !visibility.iter().any(|word| begin.starts_with(word)) {
            continue;
        }
        let mut statement = begin.to_string();
        while !statement.ends_with(';') {
            statement += lines.next().expect("an end of the statement").trim();
        }
        statement.pop();
        statements.push(statement);
    }
    statements
}

/// The paths of a tree such as `a::{b, c::{self, D as E}}`, and the names that they get.
fn leaves(tree: &str) -> Vec<(Names, String)> {
    let names = |path: &str| -> Names {
        let names = path.split("::").map(str::trim);
        let names = names.filter(|name| !name.is_empty());
        names.map(str::to_string).collect()
    };
    let Some((before, inside)) = tree.split_once('{') else {
        let (path, name) = match tree.split_once(" as ") {
            Some((path, name)) => (names(path), name.trim().to_string()),
            None => (names(tree), String::new()),
        };
        let last = path.last().cloned().unwrap_or_default();
        return vec![(path, if name.is_empty() { last } else { name })];
    };
    let inside = inside.trim().strip_suffix('}').expect("a closing brace");
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for letter in inside.chars() {
        depth += match letter {
            '{' => 1,
            '}' => -1,
            _ => 0,
        };
        match letter {
            ',' if depth == 0 => parts.push(String::new()),
            _ => parts.last_mut().expect("a part").push(letter),
        }
    }
    let parts = parts.iter().map(|part| part.trim());
    let parts = parts.filter(|part| !part.is_empty()).flat_map(leaves);
    let below = |(path, name): (Names, String)| {
        let mut whole = names(before);
        whole.extend(path.into_iter().filter(|part| part != "self"));
        let name = match name.as_str() {
            "self" => whole.last().cloned().unwrap_or_default(),
            _ => name,
        };
        (whole, name)
    };
    parts.map(below).collect()
}

/// A path from the root of the crate; none if it leads to another crate.
fn absolute(module: &Names, path: Names, known: &BTreeSet<&Names>) -> Option<Names> {
    let mut from = module.clone();
    let mut names = path.into_iter().peekable();
    match names.peek().map(String::as_str) {
        Some("crate") => {
            from.clear();
            names.next();
        }
        Some("self") => drop(names.next()),
        Some("super") => {
            while names.next_if(|name| name == "super").is_some() {
                from.pop();
            }
        }
        Some(name) => {
            let inner = [&from[..], &[name.to_string()]].concat();
            if !known.contains(&inner) {
                return None;
            }
        }
        None => return None,
    }
    from.extend(names);
    Some(from)
}

#[test]
fn imports_lead_in_no_circle() {
    for (package, _, depth) in HOUSES {
        let house = House::open(package);
        let edges = house.0.keys().map(|module| house.imported(module).len());
        let edges: usize = edges.sum();
        assert!(edges > house.0.len(), "{package}: {edges} imports are read");
        if let Some(circle) = house.circle(depth) {
            let circle: Vec<String> = circle.iter().map(|names| names.join("::")).collect();
            panic!("{package}: {} -> {}", circle.join(" -> "), circle[0]);
        }
    }
}

#[test]
fn reports_and_choices_know_nothing_of_the_configuration() {
    let house = House::open("crates/burn-sls-optim");
    for module in [vec!["report"], vec!["units", "choice"]] {
        let module: Names = module.into_iter().map(str::to_string).collect();
        assert!(house.0.contains_key(&module), "{module:?}");
        let imported = house.imported(&module);
        let config = imported.iter().find(|names| names[0] == "config");
        assert_eq!(config, None, "{module:?}");
    }
}

#[test]
fn no_file_is_long() {
    for (package, longest, _) in HOUSES {
        for (module, file) in &House::open(package).0 {
            let lines = file.lines;
            let module = module.join("::");
            assert!(lines <= longest, "{package}: {module}: {lines} lines");
        }
    }
    let example = House::open("examples/glue").0;
    let lines: usize = example.values().map(|file| file.lines).sum();
    assert!(lines <= EXAMPLE, "the example has {lines} lines");
}

#[test]
fn a_circle_is_found_through_what_a_module_exports() {
    let circle = |last: &str| {
        let texts = [
            ("lib.rs", "mod a;\nmod b;\npub use b::X;\n"),
            ("a.rs", "use crate::b::X;\n"),
            ("b/mod.rs", "mod c;\npub(crate) use c::{V, W as X};\n"),
            ("b/c.rs", last),
        ];
        let texts = texts.map(|(file, text)| (module(Path::new(file)), text.to_string()));
        let circle = House::of(texts.into()).circle(usize::MAX);
        circle.map(|files| files.into_iter().collect::<BTreeSet<Names>>())
    };
    let names = |path: &[&str]| -> Names { path.iter().map(|name| name.to_string()).collect() };
    let expected = BTreeSet::from([names(&["a"]), names(&["b", "c"])]);
    assert_eq!(circle("use crate::a::Y;\n"), Some(expected));
    for without in [
        "use super::V;\n",
        "// use crate::a::Y;\n",
        "#[cfg(test)]\nmod tests {\n    use crate::a::Y;\n}\n",
    ] {
        assert_eq!(circle(without), None, "{without}");
    }
}

#[test]
fn a_tree_of_imports_is_read_to_its_leaves() {
    let read = |tree| -> Vec<(String, String)> {
        let leaves = leaves(tree).into_iter();
        leaves.map(|(path, name)| (path.join("::"), name)).collect()
    };
    let named = |path: &str, name: &str| (path.to_string(), name.to_string());
    assert_eq!(read("crate::a::B"), [named("crate::a::B", "B")]);
    assert_eq!(
        read("super::{a::{self, B as C}, D,}"),
        [
            named("super::a", "a"),
            named("super::a::B", "C"),
            named("super::D", "D")
        ]
    );
    let text = "//! use a::B;\nuse a::{\n    B,\n    C,\n};\n#[cfg(test)]\n\
                mod tests {\n    use d::E;\n}\npub(crate) use f::G;\n";
    assert_eq!(uses(text), ["use a::{B,C,}", "pub(crate) use f::G"]);
}
