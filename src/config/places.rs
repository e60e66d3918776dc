//! Where this user's files are (XDG base directories).

use std::path::PathBuf;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// `~/.config`
    pub config: PathBuf,
    /// `~/.local/share`
    pub data: PathBuf,
    /// `~/.local/state`
    pub state: PathBuf,
}

impl Places {
    /// None for who has no home.
    pub fn of_user(environment: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name| environment(name).filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let home = set("HOME");
        let folder = |name, below| set(name).or_else(|| home.as_ref().map(|home| home.join(below)));
        Some(Self {
            config: folder("XDG_CONFIG_HOME", ".config")?,
            data: folder("XDG_DATA_HOME", ".local/share")?,
            state: folder("XDG_STATE_HOME", ".local/state")?,
        })
    }

    pub fn settings_file(&self) -> PathBuf {
        self.config.join("patchcord/patchcord.toml")
    }

    /// What must outlive the program.
    pub fn state_folder(&self) -> PathBuf {
        self.state.join("patchcord")
    }
}
