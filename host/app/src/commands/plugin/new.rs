//! `ocellus plugin new`: a project with a small working rule.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::sdk;
use super::words::quoted;
use crate::args::plugin::{Language, NewArgs};
use crate::exit::Outcome;

/// Names that a crate or package cannot have beside those it depends on.
const TAKEN: [&str; 12] = [
    "alloc",
    "core",
    "ocellus-core",
    "ocellus-sdk",
    "proc_macro",
    "schemars",
    "serde",
    "serde_json",
    "std",
    "test",
    "node_modules",
    "wit-bindgen",
];

pub(crate) fn run(args: &NewArgs) -> anyhow::Result<Outcome> {
    let folder = args.dir.clone().unwrap_or_else(|| PathBuf::from(args.name.as_str()));
    expect_free(&folder)?;
    let names = Placeholders::of(args.name.as_str());
    let mut next = String::new();
    for (path, content) in sdk::template(args.lang) {
        let text = String::from_utf8(content).with_context(|| format!("the template's {path}"))?;
        let text = names.fill(&text);
        if path == "README.md" {
            next = commands(&text);
        }
        write(&folder.join(place(&path)), text.as_bytes())?;
    }
    for (path, content) in sdk::sources(args.lang)? {
        write(&folder.join("vendor").join(path), &content)?;
    }
    let mut out = std::io::stdout();
    let language = match args.lang {
        Language::Rust => "Rust",
        Language::Js => "JavaScript",
        Language::Python => "Python",
    };
    writeln!(out, "made {}, a rule in {language}; next:\n", folder.display())?;
    writeln!(out, "cd {}", quoted(&folder.to_string_lossy()))?;
    write!(out, "{}", with_program(&next)?)?;
    writeln!(out, "\nthe last one needs a host; `{} demo` in another terminal is one", program()?)?;
    Ok(Outcome::Done)
}

/// Refuses to write among files that are there.
fn expect_free(folder: &Path) -> anyhow::Result<()> {
    let there = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => {
            return Err(error)
                .with_context(|| format!("{} cannot be the project's folder", folder.display()));
        }
    };
    ensure!(!there, "folder {} is not empty; name another with --dir, or empty it", folder.display());
    Ok(())
}

/// Where a file of a template goes. Two have other names there, or tools would take them for the repository's own.
fn place(path: &str) -> &str {
    match path {
        "Cargo.toml.template" => "Cargo.toml",
        "gitignore" => ".gitignore",
        path => path,
    }
}

fn write(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let about = || format!("{} cannot be written", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(about)?;
    }
    fs::write(path, content).with_context(about)
}

/// What stands for the rule's name in a template.
struct Placeholders {
    /// The rule's name.
    name: String,
    /// The same as the name of a crate or npm package.
    package: String,
    /// The same as the file name of a library.
    lib: String,
}

impl Placeholders {
    fn of(name: &str) -> Placeholders {
        let plain = name.to_ascii_lowercase().replace('.', "-");
        let usable = plain.starts_with(|c: char| c.is_ascii_alphabetic()) && !TAKEN.contains(&plain.as_str());
        let package = if usable { plain } else { format!("rule-{plain}") };
        let lib = package.replace('-', "_");
        Placeholders { name: name.to_owned(), package, lib }
    }

    fn fill(&self, text: &str) -> String {
        let text = text.replace("{{name}}", &self.name);
        text.replace("{{package}}", &self.package).replace("{{lib}}", &self.lib)
    }
}

/// The first block of commands in a README.
fn commands(readme: &str) -> String {
    let block = readme.split_once("```sh\n").and_then(|(_, rest)| rest.split_once("```"));
    block.map_or_else(String::new, |(commands, _)| commands.to_owned())
}

/// The commands, with this program as it can be called from the project's folder.
fn with_program(commands: &str) -> anyhow::Result<String> {
    let program = program()?;
    let line = |line: &str| match line.strip_prefix("ocellus ") {
        Some(rest) => format!("{program} {rest}\n"),
        None => format!("{line}\n"),
    };
    Ok(commands.lines().map(line).collect())
}

/// `ocellus` where it was found on PATH, else where it is.
fn program() -> anyhow::Result<String> {
    let called = std::env::args_os().next().unwrap_or_default();
    if !called.to_string_lossy().contains('/') {
        return Ok("ocellus".to_owned());
    }
    let program = std::env::current_exe().context("where this program is")?;
    Ok(quoted(&program.to_string_lossy()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_rule_gives_a_name_that_cargo_and_npm_take() {
        for (name, package, lib) in [
            ("first-plugin", "first-plugin", "first_plugin"),
            ("gate-1.north", "gate-1-north", "gate_1_north"),
            ("3rd", "rule-3rd", "rule_3rd"),
            ("Serde", "rule-serde", "rule_serde"),
        ] {
            let names = Placeholders::of(name);
            assert_eq!((names.package.as_str(), names.lib.as_str()), (package, lib));
        }
    }

    #[test]
    fn nothing_of_a_template_is_left_to_fill() {
        let names = Placeholders::of("first");
        for language in [Language::Rust, Language::Js, Language::Python] {
            for (path, content) in sdk::template(language) {
                let text = names.fill(&String::from_utf8(content).unwrap());
                assert!(!text.contains("{{"), "{language:?}: {path}");
                assert!(
                    path != "README.md" || commands(&text).contains("ocellus plugin push"),
                    "{language:?}"
                );
            }
        }
    }
}
