//! A module imports only from floors below its own, as the table in `docs/DESIGN.md` says.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use syn::{UseTree, visit::Visit};

/// The modules of the table from the ground up, each with its floor.
struct House(Vec<(usize, String)>);

impl House {
    fn read() -> Self {
        let design = fs::read_to_string(root().join("docs/DESIGN.md")).unwrap();
        let mut rows = Vec::new();
        for line in design.lines().filter(|line| line.starts_with("| ")) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let Ok(floor) = cells[1].parse() else { continue };
            let names = cells[2].split(',').map(|name| name.trim().trim_matches('`'));
            rows.extend(names.map(|name| (floor, name.to_owned())));
        }
        Self(rows)
    }

    /// The row a module belongs to: that of the longest name it starts with.
    fn place(&self, module: &str) -> Option<usize> {
        let within = |name: &str| {
            module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let rows = self.0.iter().enumerate().filter(|(_, (_, name))| within(name));
        rows.max_by_key(|(_, (_, name))| name.len()).map(|(place, _)| place)
    }

    /// What a source file of this module imports and may not.
    fn climbs(&self, module: &str, source: &str) -> BTreeSet<String> {
        let own = self.place(module).unwrap_or_else(|| panic!("{module} is not in the table"));
        let mut imports = Imports {
            module: module.split('/').map(str::to_owned).collect(),
            found: BTreeSet::new(),
        };
        imports.visit_file(&syn::parse_file(source).unwrap());
        // The table is in order: what stands later is on a higher floor or further along this one. What
        // is not in it is the roof, through which everything can be reached.
        imports
            .found
            .into_iter()
            .filter(|to| self.place(to).is_none_or(|place| place > own))
            .collect()
    }
}

/// Collects the modules of this crate that a file names.
struct Imports {
    module: Vec<String>,
    found: BTreeSet<String>,
}

impl Imports {
    fn add(&mut self, path: &[String]) {
        let mut at = match path.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("self") => self.module.clone(),
            Some("super") => self.module[..self.module.len() - 1].to_vec(),
            _ => return,
        };
        for segment in &path[1..] {
            match segment.as_str() {
                "super" => drop(at.pop()),
                segment => at.push(segment.to_owned()),
            }
        }
        self.found.insert(at.join("/"));
    }

    fn tree(&mut self, path: &mut Vec<String>, tree: &UseTree) {
        match tree {
            UseTree::Path(next) => {
                path.push(next.ident.to_string());
                self.tree(path, &next.tree);
                path.pop();
            }
            UseTree::Name(name) => {
                path.push(name.ident.to_string());
                self.add(path);
                path.pop();
            }
            UseTree::Rename(rename) => {
                path.push(rename.ident.to_string());
                self.add(path);
                path.pop();
            }
            UseTree::Glob(_) => self.add(path),
            UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.tree(path, item));
            }
        }
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.tree(&mut Vec::new(), &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|s| s.ident.to_string()).collect();
        self.add(&segments);
        syn::visit::visit_path(self, path);
    }

    /// The `crate` of `pub(crate)` is no import.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    /// Tests may reach wherever they want.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// `src/jose/key/rsa.rs` is the module `jose/key/rsa`.
fn module_of(path: &Path) -> String {
    let path = path.strip_prefix(root().join("src")).unwrap().with_extension("");
    path.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/")
}

#[test]
fn no_module_climbs() {
    let house = House::read();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 30, "the sources were found");
    for file in files {
        let module = module_of(&file);
        // Roofs: they only declare the modules below them and re-export.
        if ["lib", "jose", "web"].contains(&&*module) || module.ends_with("/tests") {
            continue;
        }
        let climbs = house.climbs(&module, &fs::read_to_string(&file).unwrap());
        assert!(climbs.is_empty(), "{module} climbs to {climbs:?}: see docs/DESIGN.md");
    }
}

#[test]
fn every_row_of_the_table_is_a_module() {
    for (floor, name) in House::read().0 {
        let path = root().join("src").join(&name).with_extension("rs");
        assert!(path.exists(), "floor {floor} names `{name}`, which is not there");
    }
}

#[test]
fn a_climbing_import_is_seen_in_every_spelling() {
    let house = House::read();
    let cases = [
        ("down", "keys", "use crate::{jose::key::VerifyingKey, lookup::Lookup};", 0),
        ("up", "keys", "use crate::verifier::Verifier;", 1),
        ("up, in a group", "keys", "use crate::{error::KeyError, web::{layer::JwtLayer}};", 1),
        ("up, renamed", "clock", "use crate::lookup::Lookup as L;", 1),
        ("up, a glob", "clock", "use crate::web::layer::*;", 1),
        ("up, in an expression", "token", "fn f() { crate::verifier::verify(); }", 1),
        ("up, in a type", "token", "struct S(crate::verifier::Verifier);", 1),
        ("up, by way of super", "web/gate", "use super::layer::JwtLayer;", 1),
        ("along, to one before", "web/layer", "use super::gate::Gate;", 0),
        ("along, to one behind", "jose/key", "use super::jwk;", 1),
        ("within", "jose/key", "use self::rsa::components;", 0),
        ("within, from inside", "jose/key/rsa", "use super::super::key::VerifyingKey;", 0),
        ("up, through the roof", "keys", "use crate::Verifier;", 1),
        ("up, in tests", "keys", "mod tests { use crate::verifier::Verifier; }", 0),
    ];
    for (name, module, source, climbs) in cases {
        assert_eq!(house.climbs(module, source).len(), climbs, "{name}");
    }
}
