use tower_bearer::{ConfigError, SessionId};

/// What the keys of one store are called. All of them have one hash tag, so that a cluster keeps them on one node.
pub(crate) struct Keys {
    tag: String,
    pub(crate) clock: String,
    pub(crate) ends: String,
    pub(crate) log: String,
    pub(crate) probe: String,
    /// No key: channels are those of a server, and not of one of its databases.
    pub(crate) channel: String,
}

const LONGEST: usize = 64;

impl Keys {
    pub(crate) fn new(prefix: &str, database: i64) -> Result<Self, ConfigError> {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'{' | b'}');
        if prefix.is_empty() || prefix.len() > LONGEST || !prefix.bytes().all(is_plain) {
            return Err(ConfigError::new(
                "a prefix is 1 to 64 letters, digits and signs of ASCII, without braces and spaces",
            ));
        }
        let tag = format!("{{{prefix}}}:");
        let key = |name: &str| format!("{tag}{name}");
        Ok(Self {
            clock: key("clock"),
            ends: key("ends"),
            log: key("log"),
            probe: key("probe"),
            channel: key(&format!("told:{database}")),
            tag,
        })
    }

    /// What all of them begin with.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn session(&self, id: SessionId) -> String {
        format!("{}s:{id}", self.tag)
    }

    pub(crate) fn subject(&self, subject: &str) -> String {
        format!("{}u:{subject}", self.tag)
    }
}
