use redis::Script;

/// A script with what it begins with. Those that end something, or make place, run while the memory of the server is full.
macro_rules! script {
    ($flags:literal, $($part:literal),+) => {
        Script::new(concat!("#!lua", $flags, "\n", $(include_str!(concat!("lua/", $part, ".lua")), "\n"),+))
    };
}

/// What is done on the server, each in one step.
pub(crate) struct Scripts {
    pub(crate) append: Script,
    pub(crate) create: Script,
    pub(crate) find: Script,
    pub(crate) list: Script,
    pub(crate) probe: Script,
    pub(crate) purge: Script,
    pub(crate) revoke: Script,
    pub(crate) revoke_subject: Script,
    pub(crate) rotate: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            append: script!(" flags=allow-oom", "time", "append"),
            create: script!("", "time", "session", "create"),
            find: script!(" flags=allow-oom", "time", "session", "find"),
            list: script!(" flags=allow-oom", "time", "session", "list"),
            probe: script!("", "probe"),
            purge: script!(" flags=allow-oom", "time", "session", "purge"),
            revoke: script!(" flags=allow-oom", "time", "session", "revoke"),
            revoke_subject: script!(" flags=allow-oom", "time", "session", "revoke_subject"),
            rotate: script!(" flags=allow-oom", "time", "session", "rotate"),
        }
    }
}
