//! Versions, as Cargo.lock has them.

use serde::Deserialize;

use crate::{
    contender::{Contender, Signatures},
    world::Failure,
};

const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock"));

#[derive(Debug, Deserialize)]
pub(crate) struct Versions {
    package: Vec<Package>,
}

#[derive(Debug, Deserialize)]
struct Package {
    name: String,
    version: String,
    #[serde(default)]
    dependencies: Vec<String>,
}

impl Versions {
    /// Of this program as it was built.
    pub(crate) fn read() -> Result<Self, Failure> {
        Ok(toml::from_str(LOCK)?)
    }

    /// A contender's package, and who checks its signatures.
    pub(crate) fn of(&self, contender: &Contender) -> Option<String> {
        let (name, series) = contender.package.split_once(' ').unwrap_or((contender.package, ""));
        let own = self.of_dependency("tower-bearer-field", name, series)?;
        let Signatures::By { package, backend } = contender.signatures else {
            return Some(format!("{name} {own}"));
        };
        let version = self.below(name, own, package)?;
        Some(format!("{name} {own}, signatures by {package} {version}{backend}"))
    }

    /// The version that one package has of another, the newest if it has several.
    fn of_dependency(&self, package: &str, dependency: &str, series: &str) -> Option<&str> {
        let package = self.package.iter().find(|one| one.name == package)?;
        self.direct(package, dependency, series)
    }

    /// The nearest one below a package.
    fn below(&self, name: &str, version: &str, wanted: &str) -> Option<&str> {
        let mut level =
            vec![self.package.iter().find(|one| one.name == name && one.version == version)?];
        for _ in 0..4 {
            if let Some(found) = level.iter().find_map(|one| self.direct(one, wanted, "")) {
                return Some(found);
            }
            level = level
                .iter()
                .flat_map(|one| one.dependencies.iter().filter_map(|text| self.named(text)))
                .collect();
        }
        None
    }

    fn direct(&self, package: &Package, dependency: &str, series: &str) -> Option<&str> {
        let named = package.dependencies.iter().filter_map(|text| self.named(text));
        let found = named.filter(|one| one.name == dependency && one.version.starts_with(series));
        found.map(|one| one.version.as_str()).max_by_key(|version| parts(version))
    }

    /// `name` where there is one version of it, `name version` where there are several.
    fn named(&self, text: &str) -> Option<&Package> {
        let mut words = text.split(' ');
        let (name, version) = (words.next()?, words.next());
        self.package
            .iter()
            .find(|one| one.name == name && version.is_none_or(|version| one.version == version))
    }
}

fn parts(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_has_the_version_of_whoever_depends_on_it() {
        let versions: Versions = toml::from_str(
            r#"
            [[package]]
            name = "tower-bearer-field"
            version = "0.1.0"
            dependencies = ["peer", "tokens 9.1.0", "tokens 11.2.0"]
            [[package]]
            name = "peer"
            version = "0.4.0"
            dependencies = ["core"]
            [[package]]
            name = "core"
            version = "0.1.0"
            dependencies = ["tokens 9.1.0"]
            [[package]]
            name = "tokens"
            version = "9.1.0"
            [[package]]
            name = "tokens"
            version = "11.2.0"
            "#,
        )
        .unwrap();
        assert_eq!(versions.of_dependency("tower-bearer-field", "tokens", ""), Some("11.2.0"));
        assert_eq!(versions.of_dependency("tower-bearer-field", "tokens", "9."), Some("9.1.0"));
        assert_eq!(versions.below("peer", "0.4.0", "tokens"), Some("9.1.0"));
        assert_eq!(versions.below("peer", "0.4.0", "nothing"), None);
    }

    #[test]
    fn the_lock_knows_all_contenders() {
        let versions = Versions::read().unwrap();
        for contender in crate::contender::ALL {
            assert!(versions.of(contender).is_some(), "{}", contender.name);
        }
    }
}
